#!/usr/bin/env bash
# A second connector on our library, examples/directory.rs: the SDK's host syncs
# it with 1 and 8 workers to the rows of its CSV file, grants and revokes, and
# grpcurl finds its services.
set -euo pipefail
source steps/allowed.sh

# In the dev profile, and with the workspace: as the tests have it built already.
(cd .. && cargo build --workspace --example directory)
connector=$TARGET/debug/examples/directory
cd "$FILES"

# 300 users in the groups n%40 and n%7, so that the listing of users has two pages.
awk 'BEGIN {
    print "kind,id,name,email,groups,note"
    for (n = 0; n < 300; n++) {
        held = "g" n % 40 (n % 40 == n % 7 ? "" : ";g" n % 7)
        printf "user,u%d,User %d,u%d@example.test,%s,\"kept, too\"\n", n, n, n, held
    }
    for (n = 0; n < 40; n++) printf "group,g%d,Group %d,,,\n", n, n
}' >directory.csv
cp directory.csv directory-before.csv

awk -F, '
    $1 == "group" { print "resource group/" $2; print "entitlement group:" $2 ":member" }
    $1 == "user" {
        print "resource user/" $2
        count = split($5, held, ";")
        for (i = 1; i <= count; i++) print "grant group:" held[i] ":member:user:" $2
    }' directory.csv | LC_ALL=C sort >directory-csv.txt

for workers in 1 8; do
    "$TOOLS/sync" --binary "$connector" --engine pebble --workers "$workers" \
        --out "directory-$workers.c1z" "${ALLOWED[@]}" -- --csv directory.csv
    "$TOOLS/list" --full "directory-$workers.c1z" >"directory-$workers.txt"
done
diff directory-1.txt directory-8.txt
sed -nE -e 's/^(resource) .*"id":\{"resource":"([^"]*)","resource_type":"([^"]*)"\}.*/\1 \3\/\2/p' \
    -e 's/^(entitlement) .*"id":"([^"]*)".*/\1 \2/p' -e 's/^(grant [^ ]*) .*/\1/p' \
    directory-8.txt | LC_ALL=C sort | diff directory-csv.txt -
echo "directory: $(wc -l <directory-8.txt) rows are the same, and those of the CSV file"

"$TOOLS/provision" --binary "$connector" "${ALLOWED[@]}" "${UNCHECKED[@]}" \
    --entitlement group:g8:member --principal user/u0 -- --csv directory.csv --provisioning
diff directory-before.csv directory.csv
echo "ok  the file is as it was"

address=127.0.0.1:$((20000 + RANDOM % 20000))
"$connector" serve --csv directory.csv --listen "$address" &
server=$!
trap 'kill "$server" 2>/dev/null || true; wait "$server" || true' EXIT
for _ in $(seq 50); do
    "$TOOLS/grpcurl" -plaintext "$address" list >directory-services.txt 2>/dev/null && break
    kill -0 "$server"
    sleep 0.1
done
grep -qx c1.connector.v2.GrantManagerService directory-services.txt
"$TOOLS/grpcurl" -plaintext -d '{"resource_type_id": "group"}' "$address" \
    c1.connector.v2.ResourcesService/ListResources >directory-groups.json
grep -q '"Group 39"' directory-groups.json
echo "ok  grpcurl lists groups"
