#!/usr/bin/env bash
# Adds TensorFlow with CUDA kernels to a folder made by docker/build.sh: tfjs-node-gpu, its addon built against a current
# TensorFlow. Needs g++ and Python with pip; --tools installs them (Debian, as root).
set -euo pipefail

usage='usage: docker/tensorflow.sh [--tools] DIR, a folder made by docker/build.sh'
if [ "${1:-}" = --tools ]; then
  apt-get update
  apt-get install --yes --no-install-recommends g++ python3 python3-pip
  rm -rf /var/lib/apt/lists/*
  shift
fi
if [ $# -ne 1 ] || [ ! -d "$1/node_modules" ]; then
  echo "$usage" >&2
  exit 2
fi
out="$(cd "$1" && pwd)"
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The script installs into the folder that it lies in; NODE_ENV keeps npm from adding development dependencies.
mkdir -p "$out/training"
cp training/setup-tensorflow.sh "$out/training/"
NODE_ENV=production bash "$out/training/setup-tensorflow.sh" --cuda
rm -rf "$out/training" "$out/node_modules/@tensorflow/tfjs-node-gpu/deps/include"
docker/trim.sh "$out"
