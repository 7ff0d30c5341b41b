# Builds the release binaries and starts a simulated org, for the other scripts in
# this directory. It is sourced, not run. Sets CONNECTOR and SIMULATOR, and the
# variables that point the connector to the org.

# Uses the binaries in BIN_DIR, if set; otherwise builds them, static ones if
# scripts/with-static-target.sh runs the script.
build_binaries() {
    if [ -z "${BIN_DIR:-}" ]; then
        # shellcheck disable=SC2086 # several flags
        cargo build --release ${STATIC_FLAGS:-} --workspace --bins
        BIN_DIR=$(target_directory)/${STATIC_TARGET:+$STATIC_TARGET/}release
    fi
    CONNECTOR=$BIN_DIR/baton-salesforce
    SIMULATOR=$BIN_DIR/salesforce-simulator
}

target_directory() {
    cargo metadata --format-version 1 --no-deps |
        sed 's/.*"target_directory":"\([^"]*\)".*/\1/'
}

# Makes FILES, a directory that goes with the script, as does the process host, if
# there is one. No setting for a real org from the shell is used.
make_files() {
    local name
    for name in $(compgen -e | grep '^BATON_' || true); do unset "$name"; done
    FILES=$(mktemp -d)
    trap clean_up EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

clean_up() {
    [ -z "${host:-}" ] || kill "$host" 2>/dev/null || true
    stop_simulator
    rm -rf "$FILES"
}

# start_simulator FLAGS…   needs FILES, a directory for the simulator's output. The
# first line of the output contains its address and its credentials.
start_simulator() {
    local line='' word
    "$SIMULATOR" --listen 127.0.0.1:0 "$@" >"$FILES/simulator.out" &
    simulator=$!
    until [ -n "$line" ]; do
        kill -0 "$simulator" 2>/dev/null || {
            echo "the simulated org did not start" >&2
            return 1
        }
        sleep 0.1
        line=$(head -n 1 "$FILES/simulator.out")
    done
    for word in $line; do
        case $word in
        http://*) export BATON_INSTANCE_URL=$word ;;
        client_id=*) export BATON_SALESFORCE_CLIENT_ID=${word#*=} ;;
        client_secret=*) export BATON_SALESFORCE_CLIENT_SECRET=${word#*=} ;;
        esac
    done
    export BATON_AUTH_METHOD=client-credentials-group
}

# Stops the simulator, which then prints how many calls it received.
stop_simulator() {
    [ -n "${simulator:-}" ] || return 0
    kill -INT "$simulator" 2>/dev/null || true
    wait "$simulator" 2>/dev/null || true
    simulator=
}
