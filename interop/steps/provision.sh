#!/usr/bin/env bash
# The sequences of writes, each followed by a sync that must show the result.
set -euo pipefail
source steps/allowed.sh

# A profile that a new person of the simulated org can have: one that others do.
"$TOOLS/sync" --binary "$CONNECTOR" --engine sqlite --out "$FILES/before.c1z" \
    "${ALLOWED[@]}" "${UNCHECKED[@]}"
"$TOOLS/list" "$FILES/before.c1z" >"$FILES/before.txt"
name='"display_name":"Standard User","id":{"resource":"\([^"]*\)","resource_type":"profile"}'
profile=$(sed -n "/^resource .*$name.*/{s//\1/p;q}" "$FILES/before.txt")
[ -n "$profile" ] || { echo "no profile named Standard User in the org" >&2; exit 1; }

account="{\"email\":\"interop.person@example.test\",\"profileId\":\"$profile\",\"alias\":\"interop\",
    \"first_name\":\"Interop\",\"last_name\":\"Person\",\"timezone\":\"America/New_York\"}"

"$TOOLS/provision" --binary "$CONNECTOR" "${ALLOWED[@]}" "${UNCHECKED[@]}" \
    --pick permission --pick permission_set_group --pick group --pick role \
    --account "$account" --delete-account \
    --action update_user_status \
    --action-args '{"resource_id":"{{account}}","is_active":false}' \
    -- --provisioning
