#!/usr/bin/env bash
# Prints the size of a binary, and how long it needs from the start to the output of
# --version, and to a daemon's first greeting of a platform. The platform and the org
# are those of tests/it/start.rs.
#
#   scripts/dist/start-time.sh BINARY
set -euo pipefail
binary=$(realpath "$1")
cd "$(dirname "$0")/../.."

echo "size: $(stat --format %s "$binary") bytes"
runs=20
begin=$(date +%s%N)
for _ in $(seq $runs); do "$binary" --version >/dev/null; done
end=$(date +%s%N)
awk -v ns=$((end - begin)) -v runs=$runs \
    'BEGIN { printf "from the start to the output of --version: %.1f ms, mean of %d\n", ns / runs / 1e6, runs }'
TESTED_BINARY=$binary cargo test --quiet --test it start:: -- --nocapture 2>&1 |
    grep '^from the start\|^test result'
