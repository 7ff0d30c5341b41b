#!/usr/bin/env bash
# The SDK's syncer and our own runner must write the same rows.
set -euo pipefail
source steps/setup.sh
source steps/allowed.sh
cd "$FILES"

list() { "$TOOLS/list" "${ROUTING[@]}" "$@"; }

# compare_rows NAME CONNECTOR-FLAGS…
compare_rows() {
    local name=$1 workers
    shift
    for workers in 1 4 8; do
        "$TOOLS/sync" --binary "$CONNECTOR" --engine pebble --workers "$workers" \
            --out "$name-$workers.c1z" "${ALLOWED[@]}" -- "$@"
        list --full --stubs "$name-$workers.c1z" >"$name-$workers.txt"
    done
    # As hosts older than TypeScopedGrants ask.
    "$TOOLS/sync" --binary "$CONNECTOR" --engine pebble --workers 4 --per-resource \
        --out "$name-older.c1z" "${ALLOWED[@]}" -- "$@"
    list --full --stubs "$name-older.c1z" >"$name-older.txt"
    "$TOOLS/sync" --binary "$CONNECTOR" --engine sqlite --workers 4 \
        --out "$name-sdk.c1z" "${ALLOWED[@]}" "${UNCHECKED[@]}" -- "$@"
    list --full "$name-sdk.c1z" >"$name-sdk.txt"

    "$CONNECTOR" --file "$name-ours.c1z" --workers 4 "$@"
    list --full "$name-ours.c1z" >"$name-ours.txt"
    list --full --stubs "$name-ours.c1z" >"$name-ours-stubs.txt"

    for host in 1 4 8 older; do
        diff "$name-$host.txt" "$name-ours-stubs.txt"
    done
    diff "$name-sdk.txt" "$name-ours.txt"

    # Answers and reports from a file of the SDK are those from ours.
    for file in sdk ours; do
        "$CONNECTOR" access -f "$name-$file.c1z" --all --output csv >"$name-$file.csv"
        "$CONNECTOR" report -f "$name-$file.c1z" -o "$name-$file.html"
    done
    diff "$name-sdk.csv" "$name-ours.csv"
    echo "$name: $(wc -l <"$name-ours.txt") rows are the same"
    [ -s "$name-ours.txt" ]
}

compare_rows standard
compare_rows active --sync-deactivated-users=false

# An org of its own that has every optional feature, read with every option.
FILES=$FILES/everything
mkdir "$FILES"
cd "$FILES"
start_simulator --feature territories --feature agents
trap stop_simulator EXIT
BATON_AUTH_METHOD=username-password-group compare_rows everything \
    --sync-connected-apps --sync-chatter-groups --sync-non-standard-users --user-username-for-email \
    --sync-object-permissions --sync-security-insights
for kind in territory agent collaboration_group security_insight; do
    grep -q "$kind" everything-ours.txt || { echo "interop: no $kind in everything" >&2; exit 1; }
done
compare_rows nothing --sync-licenses=false --sync-territories=false --sync-agents=false

# Rows of query jobs come in no order; hosts store the same ones. The org is large enough for jobs.
stop_simulator
FILES=$FILES/jobs
mkdir "$FILES"
cd "$FILES"
INTEROP_PRESET=demo start_simulator
jobs=(--bulk-threshold 1)
"$TOOLS/sync" --binary "$CONNECTOR" --engine pebble --workers 8 --out sdk.c1z "${ALLOWED[@]}" -- "${jobs[@]}"
list --full --stubs sdk.c1z >sdk.txt
"$CONNECTOR" --file jobs.c1z --workers 8 --log-level debug "${jobs[@]}" 2>jobs.log
grep -q "a query job" jobs.log || { echo "interop: no query job" >&2; exit 1; }
"$CONNECTOR" --file pages.c1z --workers 8 --bulk-threshold 0
for file in jobs pages; do
    list --full --stubs "$file.c1z" >"$file.txt"
    diff sdk.txt "$file.txt"
done
echo "jobs: $(wc -l <sdk.txt) rows are the same"
