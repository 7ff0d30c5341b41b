#!/usr/bin/env bash
# Measures syncs of orgs of several sizes: API calls, their depth (the longest chain
# of calls each of which began after another one had ended), seconds, CPU seconds of
# the connector process, of its host and of the simulated org, and peak memory. The
# second sync goes into the file of the first, whose rows it keeps.
#
#   scripts/bench.sh             measures this build
#   scripts/bench.sh --save      saves this build as the baseline of later runs
#
# If there is a baseline, each sync is measured with it as well, right afterwards: on
# a machine with other load, only figures of one run can be compared. The last lines
# say how this build compares. The profile is of this build (scripts/profile.sh).
#
# BENCH_USERS    sizes ("1000 20000 100000")
# BENCH_LATENCY  milliseconds added to each API call ("0 60")
# BENCH_WORKERS  ("8 1")
# BENCH_SYNCS    syncs into one file (2); the third is the first that drops an old one
# BENCH_BASELINE the connector of the baseline (target/bench-baseline)
# BIN_DIR        a directory with both binaries; if unset, they are built
#
# CPU time and memory of both processes are read from /proc every 200 ms, because
# reading more often would slow them down. The last moment of a process may be
# missing. The CPU time of the org is that of its answers, without its creation.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/simulated-org.sh
source scripts/simulated-org.sh

[ -r /proc/self/status ] || {
    echo "bench: needs Linux's /proc" >&2
    exit 1
}
make_files
ticks=$(getconf CLK_TCK)

# sample PID: sets memory (KiB) and cpu (clock ticks); fails if PID is gone.
sample() {
    local line status stat fields
    status=$(cat "/proc/$1/status" 2>/dev/null) || return 1
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    memory=
    while read -r line; do
        case $line in VmHWM:*) memory=${line//[!0-9]/} ;; esac
    done <<<"$status"
    # A zombie process has no memory line.
    [ -n "$memory" ] || return 1
    # The name in parentheses may contain spaces, so fields are counted after it.
    read -ra fields <<<"${stat##*) }"
    cpu=$((fields[11] + fields[12]))
}

# watch PID: samples the process and its child until it ends.
watch() {
    local child='' memory cpu
    host_memory=0 host_cpu=0 child_memory=0 child_cpu=0
    while kill -0 "$1" 2>/dev/null; do
        if sample "$1"; then host_memory=$memory host_cpu=$cpu; fi
        [ -n "$child" ] || child=$(cat "/proc/$1/task/"*/children 2>/dev/null | tr -d ' ' || true)
        if [ -n "$child" ] && sample "$child"; then child_memory=$memory child_cpu=$cpu; fi
        sleep 0.2
    done
}

mib() { echo $((($1 + 1023) / 1024)); }
seconds() { awk -v t="$1" -v hz="$ticks" 'BEGIN { printf "%.2f", t / hz }'; }

# measure BUILD USERS LATENCY WORKERS SYNC: syncs into the file of the build and prints
# one row.
measure() {
    local output=$FILES/sync.err connector=$CONNECTOR file=$FILES/$1.c1z begin end
    [ "$1" = this ] || connector=$baseline
    shift
    start_simulator --users "$1" --latency "$2"
    org_before=0
    if sample "$simulator"; then org_before=$cpu; fi
    begin=$(date +%s%N)
    "$connector" -f "$file" --workers "$3" --log-level warn >"$output" 2>&1 &
    host=$!
    watch "$host"
    wait "$host" || {
        cat "$output" >&2
        return 1
    }
    end=$(date +%s%N)
    host=
    org_cpu=0
    if sample "$simulator"; then org_cpu=$((cpu - org_before)); fi
    stop_simulator
    printf '| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n' \
        "$build" "$1" "$2" "$3" "$4" \
        "$(sed -n 's/^\([0-9]*\) API calls.*/\1/p' "$output")" \
        "$(sed -n 's/.* depth \([0-9]*\),.*/\1/p' "$FILES/simulator.out")" \
        "$(awk -v ns=$((end - begin)) 'BEGIN { printf "%.2f", ns / 1e9 }')" \
        "$(seconds "$child_cpu")" "$(seconds "$host_cpu")" "$(seconds "$org_cpu")" \
        "$(mib "$child_memory")" "$(mib "$host_memory")" | tee -a "$FILES/rows"
    rm -f "$FILES/simulator.out"
}

# Seconds and CPU seconds of this build in percent of the baseline's.
compare() {
    awk -F ' *[|] *' '
        { key = $3 " users, " $4 " ms, " $5 " workers, sync " $6; time[$2, key] = $9; cpu[$2, key] = $10 + $11 }
        $2 == "baseline" {
            printf "%s: %.0f %% of the time, %.0f %% of the CPU time of the baseline\n", key,
                100 * time["this", key] / time["baseline", key],
                100 * cpu["this", key] / cpu["baseline", key]
        }' "$FILES/rows"
}

build_binaries
baseline=${BENCH_BASELINE:-$(target_directory)/bench-baseline}
if [ "${1:-}" = --save ]; then
    cp "$CONNECTOR" "$baseline"
    echo "saved $CONNECTOR as $baseline"
    exit
fi
builds=this
[ ! -x "$baseline" ] || builds="this baseline"
echo "| build | users | latency ms | workers | sync | API calls | depth | s | connector CPU s | host CPU s | org CPU s | connector peak MiB | host peak MiB |"
echo "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
for users in ${BENCH_USERS:-1000 20000 100000}; do
    for latency in ${BENCH_LATENCY:-0 60}; do
        for workers in ${BENCH_WORKERS:-8 1}; do
            for sync in $(seq "${BENCH_SYNCS:-2}"); do
                for build in $builds; do
                    measure "$build" "$users" "$latency" "$workers" "$sync"
                done
            done
            rm -f "$FILES"/*.c1z
        done
    done
done
compare
PROFILE_MISSING=0 BIN_DIR=$BIN_DIR scripts/profile.sh
