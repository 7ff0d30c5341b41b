#!/usr/bin/env bash
# Runs a command with the variables that make the other scripts build static release
# binaries:
#
#   scripts/with-static-target.sh make demo
#
# STATIC_TARGET  the target, and so the directory of the binaries below target/
# STATIC_FLAGS   the flags of cargo build
#
# The target is musl's, because glibc needs parts of itself at run time to resolve
# names. If CI cannot get it, glibc is linked statically, and a notice says so.
set -euo pipefail

if [ "$(uname -s)" != Linux ]; then
    echo "static binaries are built on Linux only" >&2
    exit 1
fi
arch=$(uname -m)
musl=$arch-unknown-linux-musl
gnu=$arch-unknown-linux-gnu

has_target() {
    [ -d "$(rustc --print sysroot)/lib/rustlib/$1/lib" ]
}

if ! has_target "$musl"; then
    echo "adding the target $musl" >&2
    timeout 180 rustup target add "$musl" >&2 || true
fi
if has_target "$musl"; then
    if ! command -v musl-gcc >/dev/null && [ "${CI:-}" = true ]; then
        echo "installing musl-tools" >&2
        (apt-get update -qq && apt-get install -y -qq --no-install-recommends musl-tools) >/dev/null
    fi
    if ! command -v musl-gcc >/dev/null; then
        echo "musl-gcc is missing: install the package musl-tools" >&2
        exit 1
    fi
    export STATIC_TARGET=$musl STATIC_FLAGS="--target $musl"
    export "CC_${musl//-/_}=musl-gcc"
elif [ "${CI:-}" = true ]; then
    cat >&2 <<TEXT
==============================================================================
NOTICE: the target $musl cannot be downloaded here.
The checks go on with glibc, linked statically. Releases need the real target.
==============================================================================
TEXT
    export STATIC_TARGET=$gnu
    # No space in it, so that it stays one word.
    export STATIC_FLAGS="--target $gnu --config target.$gnu.rustflags=\"-Ctarget-feature=+crt-static\""
else
    echo "the target $musl is missing: rustup target add $musl" >&2
    exit 1
fi
exec "$@"
