#!/usr/bin/env bash
# Our runner against a connector that is not ours: one made with the SDK, whose
# binary is also the SDK's host and so says what the file must hold.
set -euo pipefail
source steps/allowed.sh

# In the dev profile, and with the workspace: as the tests have it built already.
(cd .. && cargo build --workspace --example drive)
drive=$TARGET/debug/examples/drive

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
# Not --cycle: there the two hosts differ on purpose (docs/adr/007). Our connector's rows have no
# cycles, which the other steps prove by allowing no warning.
compare_hosts foreign-large --users 5000
# Sync after sync into one file, by both hosts in turn: each goes on with what the other left.
for host in ours ours sdk ours ours sdk; do
    if [ "$host" = sdk ]; then
        "$TOOLS/reference-connector" --file foreign-large-ours.c1z --storage-engine sqlite --users 5000
    else
        "$drive" --binary "$TOOLS/reference-connector" --file foreign-large-ours.c1z --workers 4 -- --users 5000
    fi
    "$TOOLS/list" --full "${ROUTING[@]}" foreign-large-ours.c1z | diff foreign-large-sdk.txt -
    echo "foreign-large: the rows are the same after another sync ($host)"
done
# Nestings that nobody thought of.
for seed in {1..12}; do
    compare_hosts "foreign-squads-$seed" --users 40 --squads "$seed"
done
