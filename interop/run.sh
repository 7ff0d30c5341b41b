#!/usr/bin/env bash
# Proof against what we did not write: the SDK's syncer, reader and CLI, and
# grpcurl, all against our binary and a simulated org. `make interop` runs it.
#
#   interop/run.sh [STEP…]     steps: rows foreign cli provision grpcurl
#
# INTEROP_PRESET   the simulated org: tiny (default), demo, …
# INTEROP_PROFILE  cargo's profile: release (default) or dev
# INTEROP_KEEP     a directory for the files, which then stay
set -euo pipefail
cd "$(dirname "$0")"
source steps/setup.sh

require_go
build_tools
build_ours
make_directory
start_simulator

[ $# -gt 0 ] || set -- rows foreign cli provision grpcurl
for step in "$@"; do
    echo "== $step"
    "steps/$step.sh"
done
stop_simulator
echo "interop: all steps passed"
