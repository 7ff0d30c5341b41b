#!/usr/bin/env bash
# grpcurl knows our services by reflection alone: it lists and describes all of
# them and makes the calls that README shows.
set -euo pipefail

address=127.0.0.1:$((20000 + RANDOM % 20000))
"$CONNECTOR" serve --listen "$address" &
server=$!
trap 'kill "$server" 2>/dev/null || true; wait "$server" || true' EXIT
PATH=$TOOLS:$PATH
for _ in $(seq 50); do
    grpcurl -plaintext "$address" list >"$FILES/services.txt" 2>/dev/null && break
    kill -0 "$server"
    sleep 0.1
done

# The sixteen of the contract, and what describes them.
services="ConnectorService ResourceTypesService ResourcesService ResourceGetterService
    EntitlementsService GrantsService GrantManagerService ResourceManagerService
    ResourceDeleterService AccountManagerService CredentialManagerService
    EventService TicketsService ActionService AssetService"
for service in $services; do
    grep -qx "c1.connector.v2.$service" "$FILES/services.txt"
done
grep -qx c1.ratelimit.v1.RateLimiterService "$FILES/services.txt"
grep -qx grpc.health.v1.Health "$FILES/services.txt"

while read -r service; do
    grpcurl -plaintext "$address" describe "$service" >"$FILES/service.txt"
    # Every request and reply can be described too: no file is missing.
    for message in $(grep -o ' \.[A-Za-z0-9_.]*' "$FILES/service.txt" | sort -u); do
        grpcurl -plaintext "$address" describe "${message#.}" >/dev/null
    done
done <"$FILES/services.txt"
echo "ok  described $(wc -l <"$FILES/services.txt") services"

# README's own lines, with this address for theirs. A line may be continued. Writes, and lines with
# an id left out (…) for people to fill in, are made by steps/provision.sh in their own way.
sed -e ':join' -e '/\\$/{N;s/\\\n *//;b join' -e '}' ../README.md |
    grep -E '^ *(\$ )?grpcurl ' | grep -v '…\|AccountManagerService' | sed "s/^ *\(\$ \)\{0,1\}//; s/127\.0\.0\.1:50051\|localhost:50051/$address/" >"$FILES/calls.txt"
[ "$(wc -l <"$FILES/calls.txt")" -ge 5 ] || { echo "README shows fewer than five calls" >&2; exit 1; }
while read -r call; do
    bash -c "$call" </dev/null >"$FILES/call.out"
    [ -s "$FILES/call.out" ]
    echo "ok  $call"
done <"$FILES/calls.txt"
