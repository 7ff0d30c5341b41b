#!/usr/bin/env bash
# Installs, from Debian's packages, what scripts/dist-check.sh needs and what is missing.
# For CI; a developer is told what is missing instead.
set -euo pipefail
packages=()
need() { command -v "$1" >/dev/null || packages+=("$2"); }
need readelf binutils
need ip iproute2
need man man-db
need setpriv util-linux
need systemd-analyze systemd
[ -d /usr/share/ca-certificates/mozilla ] || packages+=(ca-certificates)
if [ "${#packages[@]}" -gt 0 ]; then
    echo "installing ${packages[*]}" >&2
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
fi
