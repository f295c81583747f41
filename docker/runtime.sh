#!/usr/bin/env bash
# Prepares a Debian or Ubuntu image for the service: jemalloc, which gives memory back that the C library's allocator
# would keep, and folders for what is mounted. USER and GROUP are numbers.
set -euo pipefail

if [ $# -ne 2 ]; then
  echo 'usage: docker/runtime.sh USER GROUP' >&2
  exit 2
fi

apt-get update
apt-get install --yes --no-install-recommends libjemalloc2
rm -rf /var/lib/apt/lists/*

install -d -m 0700 -o "$1" -g "$2" /cache /data
install -d -m 0755 /models

# LD_PRELOAD names the library without its folder, which differs between architectures.
LD_PRELOAD=libjemalloc.so.2 node -e 'if (!/jemalloc/.test(fs.readFileSync("/proc/self/maps", "utf8"))) process.exit(1)'
