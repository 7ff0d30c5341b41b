# What every step needs: the tools, our binaries, a place for files, and a
# simulated org. Sourced by run.sh; the steps see the exported variables.

# Prints the steps that this machine can run: the clients need Python and Node,
# the browser needs Node, the others need Go. In CI, a missing language is an error.
default_steps() {
    local steps="rows foreign cli provision grpcurl directory"
    if ! command -v go >/dev/null; then
        missing "Go"
        steps=
    fi
    if ! command -v npm >/dev/null; then
        missing "Node"
    elif ! command -v python3 >/dev/null; then
        missing "Python"
        steps="$steps browser"
    else
        steps="$steps clients browser"
    fi
    echo "$steps"
}

missing() {
    echo "interop: $1 is not installed, its steps are skipped" >&2
    if [ "${CI:-}" = true ]; then exit 1; fi
}

needs_go() {
    local step
    for step in "$@"; do
        case $step in
        clients | browser | picture) ;;
        *) return 0 ;;
        esac
    done
    return 1
}

# grpcurl has a module of its own, because it wants a newer gRPC than the SDK
# was released with, and the SDK shall run with its own.
build_tools() {
    export TOOLS=$PWD/bin
    mkdir -p "$TOOLS"
    go build -buildvcs=false -o "$TOOLS/" ./cmd/...
    go build -buildvcs=false -o "$TOOLS/baton" github.com/conductorone/baton-sdk/cmd/baton
    (cd grpcurl && go build -buildvcs=false -o "$TOOLS/grpcurl" github.com/fullstorydev/grpcurl/cmd/grpcurl)
}

build_ours() {
    local profile=${INTEROP_PROFILE:-release} target directory
    # Static binaries, if scripts/with-static-target.sh runs this.
    # shellcheck disable=SC2086 # several flags
    (cd .. && cargo build --profile "$profile" ${STATIC_FLAGS:-} --workspace --bins)
    target=$(cd .. && cargo metadata --format-version 1 --no-deps |
        sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
    directory=$target/${STATIC_TARGET:+$STATIC_TARGET/}${profile/#dev/debug}
    export TARGET=$target
    export CONNECTOR=$directory/baton-salesforce SIMULATOR=$directory/salesforce-simulator
}

make_directory() {
    FILES=$(mktemp -d)
    if [ -n "${INTEROP_KEEP:-}" ]; then
        rmdir "$FILES"
        mkdir -p "$INTEROP_KEEP"
        FILES=$(cd "$INTEROP_KEEP" && pwd)
    fi
    export FILES
    trap clean_up EXIT
}

clean_up() {
    stop_simulator
    [ -n "${INTEROP_KEEP:-}" ] || rm -rf "$FILES"
}

# start_simulator FLAGS…   The simulator's first line names its address and its credentials as words
# with an equals sign.
start_simulator() {
    "$SIMULATOR" --listen 127.0.0.1:0 --preset "${INTEROP_PRESET:-tiny}" "$@" >"$FILES/simulator.out" &
    simulator=$!
    local line= word
    until [ -n "$line" ]; do
        kill -0 "$simulator" || { echo "interop: the simulator did not start" >&2; exit 1; }
        sleep 0.1
        line=$(head -n 1 "$FILES/simulator.out")
    done
    for word in $line; do
        case $word in
        http://*) export BATON_INSTANCE_URL=$word ;;
        client_id=*) export BATON_SALESFORCE_CLIENT_ID=${word#*=} ;;
        client_secret=*) export BATON_SALESFORCE_CLIENT_SECRET=${word#*=} ;;
        username=*) export BATON_SALESFORCE_USERNAME=${word#*=} ;;
        password=*) export BATON_SALESFORCE_PASSWORD=${word#*=} ;;
        security_token=*) export BATON_SECURITY_TOKEN=${word#*=} ;;
        esac
    done
    export BATON_AUTH_METHOD=client-credentials-group BATON_LOG_LEVEL=warn BATON_LOG_FORMAT=json
}

stop_simulator() {
    [ -n "${simulator:-}" ] || return 0
    kill -INT "$simulator" 2>/dev/null || true
    wait "$simulator" || true
    simulator=
    tail -n 1 "$FILES/simulator.out"
}
