#!/usr/bin/env bash
# Tests against other people's programs: the Baton SDK's syncer, reader and CLI,
# and grpcurl against our binary and a simulated org; Salesforce clients against
# the simulated org; Chromium opens reports. `make interop` runs it.
#
#   interop/run.sh [STEP…]     steps: rows foreign cli provision grpcurl directory
#                              clients browser; picture renews that of README
#
# INTEROP_PRESET   the simulated org: tiny (default), demo, …
# INTEROP_PROFILE  cargo's profile: release (default) or dev
# INTEROP_KEEP     a directory for the files, which then stay
set -euo pipefail
cd "$(dirname "$0")"
source steps/setup.sh

if [ $# -eq 0 ]; then
    steps=$(default_steps)
    [ -n "$steps" ] || exit 0
    # shellcheck disable=SC2086 # one word for each step
    set -- $steps
fi
if needs_go "$@"; then build_tools; fi
build_ours
make_directory
start_simulator

for step in "$@"; do
    echo "== $step"
    "steps/$step.sh"
done
stop_simulator
echo "interop: all steps passed"
