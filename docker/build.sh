#!/usr/bin/env bash
# Makes the folder that the image holds, from this source tree: the compiled service, the shipped models and production
# dependencies, for the platform that it runs on. Start it by: node DIR/dist/services/server.js
set -euo pipefail

if [ $# -ne 1 ]; then
  echo 'usage: docker/build.sh DIR, a new or empty folder' >&2
  exit 2
fi
if [ -n "$(ls -A "$1" 2>/dev/null || true)" ]; then
  echo "docker/build.sh: $1 is not empty" >&2
  exit 2
fi
mkdir -p "$1"
out="$(cd "$1" && pwd)"
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The compiler is a development dependency.
[ -x node_modules/.bin/tsc ] || npm ci --include=dev
npm run --silent build

mkdir -p "$out/models" "$out/docker"
cp -R dist "$out/dist"
rm -f "$out/dist/.tsbuildinfo"
cp -R models/zoo "$out/models/zoo"
cp docker/healthcheck.mjs "$out/docker/"
cp package.json package-lock.json .npmrc LICENSE "$out/"

(cd "$out" && npm ci --omit=dev --prefer-offline --loglevel=error)
docker/trim.sh "$out"
