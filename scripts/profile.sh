#!/usr/bin/env bash
# Shows where the CPU time of a sync goes: of the connector process and of its host, by
# what the time is spent for, in percent. Needs Linux's perf.
#
#   scripts/profile.sh
#
# PROFILE_USERS  the size of the simulated org (20000)
# BIN_DIR        a directory with both binaries, not stripped; if unset, they are built
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/simulated-org.sh
source scripts/simulated-org.sh

command -v perf >/dev/null || {
    echo "profile: there is no profile without perf (Debian: apt-get install linux-perf)" >&2
    exit "${PROFILE_MISSING:-1}"
}
make_files

# What a function is for, by its name and by the library that it is in.
classify() {
    awk -F ';' '
        function kind(symbol, dso) {
            if (symbol ~ /^\[k\]/ || dso ~ /kernel/) return "kernel"
            if (symbol ~ /ZSTD|HUF_|FSE_|XXH|zstd/) return "zstd"
            if (symbol ~ /_rjem_|_rjem|je_|malloc|calloc|free|tcache|arena_|extent_/) return "allocator"
            if (symbol ~ /sqlite3|vdbe|Vdbe|btree|Btree|balance|moveTo|pager|Pager|pcache|cellSize|insertCell|sorter|Sorter/) return "SQLite"
            if (symbol ~ /memcpy|memmove|memcmp|memset|bcmp/) return "copying and comparing"
            if (symbol ~ /prost|Message|encode|decode|merge_loop/ && symbol ~ /prost|pb::/) return "protobuf"
            if (symbol ~ /serde|csv/) return "JSON and CSV"
            if (symbol ~ /rustls|aws_lc|aes|sha|hyper|h2::|http|reqwest|tonic|tower|mio|flate|inflate|crc/) return "HTTP and gRPC"
            if (symbol ~ /tokio|std::|core::|alloc::/) return "runtime"
            if (symbol ~ /baton_salesforce/) return "own code"
            return "other"
        }
        {
            share = $1; gsub(/[ %]/, "", share)
            symbol = $2; dso = $3
            if (share + 0 > 0) sum[kind(symbol, dso)] += share
        }
        END { for (name in sum) printf "%6.1f %%  %s\n", sum[name], name }
    ' | sort -rn
}

build_binaries
start_simulator --users "${PROFILE_USERS:-20000}"
perf record -q -F 499 -o "$FILES/perf.data" -- \
    "$CONNECTOR" -f "$FILES/sync.c1z" --workers 8 --log-level warn >"$FILES/sync.out" 2>&1 || {
    cat "$FILES/sync.out" >&2
    exit 1
}
stop_simulator
echo "CPU time of connector and host, ${PROFILE_USERS:-20000} users:"
perf report -q -i "$FILES/perf.data" --stdio -t ';' -F overhead,sym,dso --percent-limit 0 2>/dev/null |
    grep -v '^#' | classify
