#!/usr/bin/env bash
# The SDK's CLI reads our file. (The released CLI is a binary of an older SDK,
# neither of which the module proxy offers; what breaks it is looked for here.)
set -euo pipefail
source steps/allowed.sh
cd "$FILES"
file=standard-ours.c1z
[ -f "$file" ] || "$CONNECTOR" --file "$file" --workers 4
# The CLI logs a row that refers to a missing one as an error, and goes on.
baton() {
    "$TOOLS/baton" --file "$file" "$@" 2>cli.err || { cat cli.err >&2; return 1; }
    if grep ERROR cli.err >&2; then return 1; fi
}

"$TOOLS/list" "$file" >cli.txt
count() { grep -c "^$1 " cli.txt || true; }
user=$(sed -n '/^resource .*"id":{"resource":"\([^"]*\)","resource_type":"user"}.*/{s//\1/p;q}' cli.txt)

for command in resource-types resources entitlements grants principals syncs \
    "access --resource-type user --resource $user"; do
    # shellcheck disable=SC2086 # the words of a command
    baton $command >cli.out
    # shellcheck disable=SC2086
    baton --output-format json $command >cli.json
    [ -s cli.out ] && [ "$(head -c 1 cli.json)" = "{" ]
    echo "ok  baton ${command%% *}"
done

# The statistics are the reader's own count of the rows.
baton --output-format json stats >cli.json
for pair in resourceTypes=type resources=resource entitlements=entitlement grants=grant; do
    grep -Eq "\"${pair%=*}\": ?\"$(count "${pair#*=}")\"" cli.json
done
echo "ok  baton stats"

rm -f export.* pebble.c1z
for format in csv xlsx c1z; do
    baton export "$format" --out "export.$format"
    [ -s "export.$format" ]
done
"$TOOLS/list" export.c1z | diff cli.txt -
echo "ok  baton export"

# Converting rewrites every row into the SDK's newer format.
baton to-pebble --out pebble.c1z >/dev/null
"$TOOLS/list" --full --stubs pebble.c1z >pebble.txt
"$TOOLS/list" --full --stubs "$file" | diff pebble.txt -
echo "ok  baton to-pebble"

# The explorer is a web server; it answers with rows once it has read the file.
port=$((20000 + RANDOM % 20000))
"$TOOLS/baton" --file "$file" explorer --port "$port" >explorer.out 2>&1 &
explorer=$!
trap 'kill "$explorer" 2>/dev/null || true' EXIT
for _ in $(seq 50); do
    if exec 3<>"/dev/tcp/127.0.0.1/$port"; then break; fi 2>/dev/null
    sleep 0.1
done
printf 'GET /api/resources HTTP/1.0\r\n\r\n' >&3
cat <&3 >explorer.http
grep -q '^HTTP/1.. 200' explorer.http
grep -q '"resource_type"' explorer.http
echo "ok  baton explorer"

# The released CLI cannot print rows with annotations newer than itself.
if grep -Eo 'TypeScoped(Grants|Entitlements)|EntitlementExclusionGroup|GrantReplaced|(NonHumanIdentity|Agent|LicenseProfile)Trait' \
    cli.txt | sort | uniq -c; then
    echo "note: the released CLI's JSON output fails on the types that these rows carry"
fi
