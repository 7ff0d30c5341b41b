#!/usr/bin/env bash
# Opens reports in Chromium: of the demo org, of an org whose names are written to
# do harm, and of a file of another connector with names of 10,000 letters.
set -euo pipefail
source steps/setup.sh
source steps/browser_setup.sh

FILES=$FILES/browser
mkdir -p "$FILES"
trap stop_simulator EXIT

INTEROP_PRESET=demo start_simulator
sync_and_report demo
stop_simulator

# The first line of the next one is waited for.
: >"$FILES/simulator.out"
INTEROP_PRESET=tiny start_simulator
node browser/hostile.mjs
sync_and_report hostile
stop_simulator

# In the dev profile, and with the workspace: as the tests have it built already.
(cd .. && cargo build --workspace --example directory)
node browser/long_names.mjs >"$FILES/long.csv"
(cd "$FILES" && "$TARGET/debug/examples/directory" --csv long.csv -f long.c1z >/dev/null)
"$CONNECTOR" report -f "$FILES/long.c1z" -o "$FILES/long.html"

node browser/report.mjs "$FILES/demo.html" "$FILES/hostile.html" "$FILES/long.html"
