#!/usr/bin/env bash
# Installs TensorFlow for Node: the JavaScript of @tensorflow/tfjs-node-gpu from npm, and its unmodified addon compiled
# against the libraries and headers of a current TensorFlow wheel from PyPI. The addon speaks Node-API and
# TensorFlow's C interface, both stable, so one build serves every Node version.
# package.json and package-lock.json stay as they are; `npm ci` removes what this installs.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: npm run setup:tensorflow -- [--cuda] [--force]
  --cuda    the wheel with CUDA kernels (`tensorflow`) instead of `tensorflow-cpu`; the CUDA 12 and cuDNN 9 libraries
            must be found by the dynamic linker at run time
  --force   build again, even when the addon is there and loads
environment: TF_VERSION (2.21.0), TF_WHEEL (tensorflow-cpu), PYTHON (python3), CXX (g++)
TEXT
}

die() {
  printf 'setup:tensorflow: %s\n' "$1" >&2
  exit 1
}

package='@tensorflow/tfjs-node-gpu'
package_version='4.22.0'
headers_version='1.9.0'
napi_version=8
tf_version="${TF_VERSION:-2.21.0}"
tf_wheel="${TF_WHEEL:-tensorflow-cpu}"
python="${PYTHON:-python3}"
cxx="${CXX:-g++}"
force=false

for argument in "$@"; do
  case "$argument" in
    --cuda) tf_wheel='tensorflow' ;;
    --force) force=true ;;
    -h | --help) usage && exit 0 ;;
    *) usage >&2 && die "unknown argument: $argument" ;;
  esac
done

check_tools() {
  [ "$(uname -s)" = Linux ] || die "this builds on Linux only; here is $(uname -s). Training runs in any Linux container."
  command -v npm >/dev/null || die 'npm is missing.'
  command -v "$python" >/dev/null || die "$python is missing (Debian: apt-get install python3 python3-pip)."
  "$python" -m pip --version >/dev/null 2>&1 || die "$python has no pip (Debian: apt-get install python3-pip)."
  command -v "$cxx" >/dev/null || die "the compiler $cxx is missing (Debian: apt-get install g++)."
}

loads() {
  TF_CPP_MIN_LOG_LEVEL=2 node -e "
    const util = require('node:util');
    util.isNullOrUndefined ??= (value) => value === null || value === undefined;
    util.isArray ??= Array.isArray;
    const tf = require('$package');
    if (tf.getBackend() !== 'tensorflow' || tf.tensor([1, 2]).sum().dataSync()[0] !== 3) process.exit(1);
    console.log('TensorFlow', tf.backend().binding.TF_Version, 'on', process.version);
  "
}

install_javascript() {
  # `--save-prod` makes npm take it as a dependency: it skips optional peers. `--no-save` keeps that out of package.json.
  npm install --save-prod --no-save --ignore-scripts --no-audit --no-fund --loglevel=error "$package@$package_version" ||
    die "npm could not install $package@$package_version."
}

fetch_libraries() { # into $addon/deps
  echo "fetching $tf_wheel $tf_version from PyPI (several hundred megabytes)"
  "$python" -m pip download -q --disable-pip-version-check --no-deps --only-binary=:all: \
    --python-version 3.11 --implementation cp --abi cp311 -d "$scratch" "$tf_wheel==$tf_version" ||
    die "PyPI has no wheel $tf_wheel==$tf_version for $(uname -m) with glibc, or cannot be reached."
  rm -rf "$addon/deps"
  "$python" - "$scratch"/tensorflow*.whl "$addon/deps" <<'PYTHON'
import os, shutil, sys, zipfile
wheel, deps = zipfile.ZipFile(sys.argv[1]), sys.argv[2]
libraries = ('libtensorflow_cc.so.2', 'libtensorflow_framework.so.2')
include = 'tensorflow/include/'
headers = ('tensorflow/c/', 'tensorflow/core/platform/ctstring', 'xla/tsl/', 'xla/c/', 'tsl/')
for name in wheel.namelist():
    inner = name.removeprefix(include)
    if os.path.dirname(name) == 'tensorflow' and os.path.basename(name) in libraries:
        target = os.path.join(deps, 'lib', os.path.basename(name))
    elif inner != name and inner.startswith(headers) and name.endswith(('.h', '.inc')):
        target = os.path.join(deps, 'include', inner)
    else:
        continue
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with wheel.open(name) as source, open(target, 'wb') as out:
        shutil.copyfileobj(source, out, 1 << 24)
PYTHON
  [ -f "$addon/deps/lib/libtensorflow_cc.so.2" ] || die "the wheel $tf_wheel $tf_version holds no libtensorflow_cc.so.2."
}

node_headers() { # prints the folder of node_api.h: beside node, or from npm
  local beside
  beside="$(node -p "require('node:path').resolve(process.execPath, '../../include/node')")"
  if [ -f "$beside/node_api.h" ]; then
    echo "$beside"
  else
    npm install --prefix "$scratch" --ignore-scripts --no-audit --no-fund --loglevel=error "node-api-headers@$headers_version" >&2 ||
      die 'there are no headers of Node beside node, and npm could not fetch node-api-headers.'
    echo "$scratch/node_modules/node-api-headers/include"
  fi
}

compile_addon() {
  local headers out
  headers="$(node_headers)"
  out="$addon/lib/napi-v$napi_version"
  mkdir -p "$out"
  echo 'compiling the addon'
  # The flags of its binding.gyp; the library names are those of the wheel.
  "$cxx" -shared -fPIC -O2 -std=gnu++17 -fno-exceptions -w \
    -DNAPI_VERSION=$napi_version -DNODE_GYP_MODULE_NAME=tfjs_binding -DBUILDING_NODE_EXTENSION \
    -I"$headers" -I"$addon" -I"$addon/deps/include" \
    "$addon/binding/tfjs_backend.cc" "$addon/binding/tfjs_binding.cc" -o "$scratch/tfjs_binding.node" \
    -L"$addon/deps/lib" -l:libtensorflow_cc.so.2 -l:libtensorflow_framework.so.2 '-Wl,-rpath,$ORIGIN/../../deps/lib' ||
    die "the addon did not compile with $cxx against $tf_wheel $tf_version."
  mv "$scratch/tfjs_binding.node" "$out/tfjs_binding.node"
}

cd "$(dirname "${BASH_SOURCE[0]}")/.."
command -v node >/dev/null || die 'node is missing.'
[ -d node_modules ] || die 'there is no node_modules: run npm ci first.'
addon="$PWD/node_modules/$package"
stamp="$addon/deps/built-with"
built_with="$package_version $tf_wheel $tf_version $(uname -m)"

if [ "$force" = false ] && [ "$(cat "$stamp" 2>/dev/null)" = "$built_with" ] && loads; then
  echo "already installed: $built_with"
  exit 0
fi

check_tools
# Not in the system's temporary folder, which may be small: the wheel is several hundred megabytes.
scratch="$(mktemp -d "$PWD/node_modules/.setup-tensorflow-XXXXXX")"
trap 'rm -rf "$scratch"' EXIT
install_javascript
fetch_libraries
compile_addon
loads || die 'the addon was built, but does not load (the lines above say why).'
echo "$built_with" >"$stamp"
echo "installed: $built_with"
