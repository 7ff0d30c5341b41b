#!/usr/bin/env bash
# Renews the picture of README: the report of the demo org.
set -euo pipefail
source steps/setup.sh
source steps/browser_setup.sh

INTEROP_PRESET=demo start_simulator
trap stop_simulator EXIT
sync_and_report picture
mkdir -p ../docs/images
node browser/picture.mjs "$FILES/picture.html" ../docs/images/report.png 1280 light 1200
