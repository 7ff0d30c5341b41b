#!/usr/bin/env bash
# Runs each fuzz target for a while; `make fuzz` calls it.
#
#   SECONDS_EACH=60 scripts/fuzz.sh [TARGET…]
#
# Without a nightly toolchain: sanitizers are off, and RUSTC_BOOTSTRAP allows the
# flags that measure coverage. New inputs stay below fuzz/target; an input that
# fails is written to fuzz/artifacts.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${SECONDS_EACH:-60}

if ! cargo fuzz --version >/dev/null 2>&1; then
    echo "fuzz: cargo-fuzz is missing; install it with: cargo install cargo-fuzz" >&2
    exit 1
fi
export RUSTC_BOOTSTRAP=1
[ $# -gt 0 ] || set -- $(cd fuzz/fuzz_targets && ls | sed 's/\.rs$//')

failed=()
for target in "$@"; do
    echo "== $target, $seconds s"
    found=fuzz/target/corpus/$target
    mkdir -p "$found"
    quiet=()
    # It tells each wrong configuration on stderr.
    [ "$target" != config_file ] || quiet=(-close_fd_mask=2)
    cargo fuzz run -s none "$target" "$found" "fuzz/corpus/$target" -- \
        -max_total_time="$seconds" -timeout=20 -rss_limit_mb=4096 -print_final_stats=1 \
        "${quiet[@]}" || failed+=("$target")
done
[ ${#failed[@]} -eq 0 ] || { echo "fuzz: failed: ${failed[*]}" >&2; exit 1; }
echo "fuzz: no failure"
