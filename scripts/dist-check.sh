#!/usr/bin/env bash
# Checks what is installed and deployed: the files in deploy/, the manual pages and the
# completions, and the image, in whose file system it runs the binary. Needs root, Linux,
# Go, Python and systemd. The binaries are those of `make interop` and `make demo`.
#
#   scripts/with-static-target.sh scripts/dist-check.sh
#
# BIN_DIR   a directory with static binaries; if unset, they are built
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/simulated-org.sh
source scripts/simulated-org.sh

WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

if [ "${CI:-}" = true ]; then scripts/dist/setup.sh; fi
build_binaries

echo "== static binaries"
for binary in "$CONNECTOR" "$SIMULATOR"; do
    if readelf --program-headers "$binary" | grep -q 'INTERP'; then
        echo "dist-check: $binary needs a dynamic linker" >&2
        exit 1
    fi
done

scripts/dist/lint.sh "$CONNECTOR"

echo "== manual pages and completions"
scripts/dist/files.sh "$CONNECTOR" "$WORK/files"
for page in "$WORK"/files/man/*.1; do
    complaints=$(LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings --local-file "$page" 2>&1 >/dev/null)
    if [ -n "$complaints" ]; then
        printf '%s\n%s\n' "$page" "$complaints" >&2
        exit 1
    fi
done
bash -n "$WORK/files/completions/baton-salesforce.bash"
find "$WORK/files" -type f -printf '%10s  %P\n'

echo "== the image"
scripts/dist/image-context.sh "$CONNECTOR" "$WORK/image"
scripts/dist/image-check.sh "$WORK/image" "$SIMULATOR"

echo "== the start"
scripts/dist/start-time.sh "$WORK/image/baton-salesforce"
echo "dist-check: all checks passed"
