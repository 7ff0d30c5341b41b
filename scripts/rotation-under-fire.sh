#!/usr/bin/env bash
# Refreshes one rotating refresh token from two loops of processes that are killed at
# random moments, until the org has answered REFRESHES (50) times. Fails if a used
# token was sent again, or if a sign-in ended.
set -euo pipefail
cd "$(dirname "$0")/.."
REFRESHES=${REFRESHES:-50} cargo test --test it -- --ignored --nocapture rotation_under_fire
