#!/usr/bin/env bash
# Prints the licences of everything that is linked into the binary for a target: each
# text once, below the names of those that it is for.
#
#   scripts/dist/licenses.sh x86_64-unknown-linux-musl
set -euo pipefail
cd "$(dirname "$0")/../.."

sources=${CARGO_HOME:-$HOME/.cargo}/registry/src
declare -A names
order=()

# add NAME FILE: remembers that NAME has this text.
add() {
    local sum
    sum=$(sha256sum <"$2")
    sum=${sum%% *}
    if [ -z "${names[$sum]:-}" ]; then
        order+=("$sum $2")
        names[$sum]=$1
    elif [[ ", ${names[$sum]}, " != *", $1, "* ]]; then
        names[$sum]+=", $1"
    fi
}

echo "baton-salesforce contains the following works. Where several licences are given, one of them"
echo "is enough (OR), or all count (AND)."
echo
while IFS='|' read -r package license; do
    read -r name version _ <<<"$package"
    [ "$name" != baton-salesforce ] || continue
    echo "- $name ${version#v}: $license"
    directory=$(echo "$sources"/*/"$name-${version#v}")
    if [ ! -d "$directory" ]; then
        echo "$name ${version#v}: its sources are not in $sources" >&2
        exit 1
    fi
    # C libraries are below the crates that bind them.
    while IFS= read -r file; do
        add "$name" "$file"
    done < <(find "$directory" -maxdepth 4 -type f \
        \( -iname 'licen[cs]e*' -o -iname 'copying*' -o -iname 'notice*' -o -iname 'copyright*' \) \
        ! -name '*.rs' ! -name '*.py' ! -name '*.go' | LC_ALL=C sort)
done < <(cargo tree --locked --edges normal --target "$1" --prefix none --format '{p}|{l}' |
    sed 's: (\*)$::' |
    LC_ALL=C sort -u)
echo "- the Rust standard library: MIT OR Apache-2.0"
echo "- the C library (musl: MIT)"
musl=/usr/share/doc/musl/copyright
[ ! -f "$musl" ] || add "musl" "$musl"

for entry in "${order[@]}"; do
    echo
    echo "------------------------------------------------------------------------------"
    echo "${names[${entry%% *}]}:"
    echo
    cat "${entry#* }"
done
