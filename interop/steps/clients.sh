#!/usr/bin/env bash
# Runs Salesforce clients against a simulated org of their own: plain HTTP,
# simple-salesforce and scim2-tester from PyPI, and jsforce from npm.
set -euo pipefail
source steps/setup.sh

cd clients
# Installs them once, and again when the pinned versions change.
if ! cmp -s requirements.txt .venv/installed.txt; then
    python3 -m venv --clear .venv
    .venv/bin/pip install --quiet --disable-pip-version-check -r requirements.txt
    cp requirements.txt .venv/installed.txt
fi
if ! cmp -s package-lock.json node_modules/installed.json; then
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
    cp package-lock.json node_modules/installed.json
fi

# This org has enough users for several pages.
FILES=$FILES/clients
mkdir -p "$FILES"
# Isolated, because the module org.py of this directory needs the running org.
.venv/bin/python -I make_key.py "$FILES"
INTEROP_PRESET=demo start_simulator --jwt-certificate "$FILES/jwt.crt"
trap stop_simulator EXIT

.venv/bin/python raw_http.py
.venv/bin/python simple_salesforce_client.py
.venv/bin/python scim_client.py
node jsforce_client.mjs
