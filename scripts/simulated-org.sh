# Our release binaries and a simulated org, for the scripts beside this one.
# Sourced, not run. Sets CONNECTOR and SIMULATOR, and the variables with which
# the connector finds the org.

# BIN_DIR names a directory with both binaries, if they are built already.
build_binaries() {
    if [ -z "${BIN_DIR:-}" ]; then
        cargo build --release --workspace --bins
        BIN_DIR=$(target_directory)/release
    fi
    CONNECTOR=$BIN_DIR/baton-salesforce
    SIMULATOR=$BIN_DIR/salesforce-simulator
}

target_directory() {
    cargo metadata --format-version 1 --no-deps |
        sed 's/.*"target_directory":"\([^"]*\)".*/\1/'
}

# start_simulator FLAGS…   needs FILES, a directory for the simulator's output.
# Its first line names its address and its credentials.
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

# Ends the simulator, which then prints how often it was called.
stop_simulator() {
    [ -n "${simulator:-}" ] || return 0
    kill -INT "$simulator" 2>/dev/null || true
    wait "$simulator" 2>/dev/null || true
    simulator=
}
