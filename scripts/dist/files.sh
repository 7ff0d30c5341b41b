#!/usr/bin/env bash
# Writes the manual pages and the completions, as the program itself makes them.
#
#   scripts/dist/files.sh BINARY DIRECTORY
set -euo pipefail
mkdir -p "$2/man" "$2/completions"
"$1" man "$2/man"
"$1" completion bash >"$2/completions/baton-salesforce.bash"
"$1" completion fish >"$2/completions/baton-salesforce.fish"
# The name that zsh looks for.
"$1" completion zsh >"$2/completions/_baton-salesforce"
