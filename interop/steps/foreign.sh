#!/usr/bin/env bash
# Our runner against a connector that is not ours: one made with the SDK, whose
# binary is also the SDK's host and so says what the file must hold.
set -euo pipefail
source steps/allowed.sh

if [ ! -f ../examples/drive.rs ]; then
    echo "skipped: there is no examples/drive.rs (our runner for any binary) yet"
    exit 0
fi
profile=${INTEROP_PROFILE:-release}
(cd .. && cargo build --profile "$profile" --example drive)
drive=$(dirname "$CONNECTOR")/examples/drive

cd "$FILES"
# compare_hosts NAME CONNECTOR-FLAGS…
compare_hosts() {
    local name=$1 reference=$TOOLS/reference-connector
    shift
    "$reference" --file "$name-sdk.c1z" --storage-engine sqlite "$@"
    "$drive" --binary "$reference" --file "$name-ours.c1z" --workers 4 -- "$@"
    "$TOOLS/list" --full "${ROUTING[@]}" "$name-sdk.c1z" >"$name-sdk.txt"
    "$TOOLS/list" --full "${ROUTING[@]}" "$name-ours.c1z" >"$name-ours.txt"
    diff "$name-sdk.txt" "$name-ours.txt"
    echo "$name: $(wc -l <"$name-ours.txt") rows are the same"
}

compare_hosts foreign
compare_hosts foreign-cycle --cycle
compare_hosts foreign-large --users 5000
