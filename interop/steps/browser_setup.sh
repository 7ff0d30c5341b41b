# Finds or installs the browser and what drives it. Sourced by the steps that need them.

CHROMIUM=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [ -z "$CHROMIUM" ] && [ "${CI:-}" = true ] && command -v apt-get >/dev/null; then
    echo "installing chromium"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
    CHROMIUM=$(command -v chromium)
fi
if [ -z "$CHROMIUM" ]; then
    echo "interop: the browser steps need Chromium; install it: apt-get install chromium" >&2
    exit 1
fi
export CHROMIUM

# Installs them once, and again when the pinned versions change.
(
    cd browser
    if ! cmp -s package-lock.json node_modules/installed.json; then
        npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
        cp package-lock.json node_modules/installed.json
    fi
)

# sync_and_report NAME   Syncs the simulated org that runs, and writes the report NAME.html.
sync_and_report() {
    "$CONNECTOR" -f "$FILES/$1.c1z" --workers 4 >/dev/null
    "$CONNECTOR" report -f "$FILES/$1.c1z" -o "$FILES/$1.html"
}
