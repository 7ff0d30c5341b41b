#!/usr/bin/env bash
# Collects the files that deploy/Dockerfile copies.
#
#   scripts/dist/image-context.sh BINARY DIRECTORY
#
# The authorities are Mozilla's, from the Debian package ca-certificates, without those
# that this computer trusts besides.
set -euo pipefail
binary=$(realpath "$1")
mkdir -p "$2"
context=$(realpath "$2")
cd "$(dirname "$0")/../.."

roots=/usr/share/ca-certificates/mozilla
if [ ! -d "$roots" ]; then
    echo "$roots is missing: install the package ca-certificates" >&2
    exit 1
fi
strip -o "$context/baton-salesforce" "$binary"
cat "$roots"/*.crt >"$context/ca-certificates.crt"
cp LICENSE "$context/LICENSE"
scripts/dist/licenses.sh "${STATIC_TARGET:?run it with scripts/with-static-target.sh}" \
    >"$context/THIRD-PARTY-LICENSES.txt"
