#!/usr/bin/env bash
# Shows a full sync from scratch: a simulated org, a connector process, a file.
# Needs cargo, but no credentials. Needs the network only to download crates.
#
#   scripts/demo.sh [FLAGS OF baton-salesforce…]
#
# DEMO_USERS   users of the simulated org (1000)
# BIN_DIR      a directory with both binaries; if unset, they are built
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/simulated-org.sh
source scripts/simulated-org.sh

make_files

users=${DEMO_USERS:-1000}
build_binaries
file=${BIN_DIR%/*}/demo/sync.c1z
mkdir -p "${file%/*}"
rm -f "$file"

echo "== a simulated org with $users users"
start_simulator --users "$users"
echo "listening on $BATON_INSTANCE_URL"

echo "== baton-salesforce -f $file --workers 4${*:+ $*}"
"$CONNECTOR" -f "$file" --workers 4 --log-level warn "$@"

report=${file%.c1z}.html
echo "== baton-salesforce report -f $file -o $report"
"$CONNECTOR" report -f "$file" -o "$report" --report-title "A simulated org" >/dev/null

stop_simulator
echo "== the org was asked: $(tail -n 1 "$FILES/simulator.out")"
cat <<TEXT

What happened: baton-salesforce started itself as a connector process, as every
Baton host does, read all users, groups, roles, profiles and permission sets, and
who holds what, and wrote them to
  $file
Any Baton tool reads this file, for example: baton resources --file FILE
The report for reviewers, to open in a browser:
  $report

The same with a real org (docs/setup.md says where the values come from):
  export BATON_INSTANCE_URL=acme.my.salesforce.com
  export BATON_AUTH_METHOD=client-credentials-group
  export BATON_SALESFORCE_CLIENT_ID=…
  export BATON_SALESFORCE_CLIENT_SECRET=…
  $CONNECTOR
TEXT
