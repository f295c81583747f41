#!/usr/bin/env bash
# Removes from a folder with production dependencies what a running service never opens: ONNX Runtime's binaries for
# other platforms (two thirds of everything), the command line tools of protobufjs, source maps and type declarations.
set -euo pipefail

if [ $# -ne 1 ] || [ ! -d "$1/node_modules" ]; then
  echo 'usage: docker/trim.sh DIR, where DIR/node_modules is' >&2
  exit 2
fi
modules="$1/node_modules"

platform="$(node -p 'process.platform')"
architecture="$(node -p 'process.arch')"
for binaries in "$modules"/onnxruntime-node/bin/napi-v*; do
  if [ ! -f "$binaries/$platform/$architecture/onnxruntime_binding.node" ]; then
    echo "docker/trim.sh: onnxruntime-node has no binaries for $platform/$architecture" >&2
    exit 1
  fi
  find "$binaries" -mindepth 1 -maxdepth 1 ! -name "$platform" -exec rm -rf {} +
  find "$binaries/$platform" -mindepth 1 -maxdepth 1 ! -name "$architecture" -exec rm -rf {} +
done

rm -rf "$modules/protobufjs/cli"
find "$modules" -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete
