#!/usr/bin/env bash
# Builds the file system of the image from the lines of deploy/Dockerfile, and runs the
# binary in it as a container would: read-only, as the image's user, without a network.
# Needs root and Linux, and no container engine.
#
#   scripts/dist/image-check.sh CONTEXT SIMULATOR
#
# CONTEXT is the directory that scripts/dist/image-context.sh fills. The simulated org runs
# outside of the file system, on the same loopback interface.
set -euo pipefail
cd "$(dirname "$0")/../.."
context=$(realpath "$1")
simulator_binary=$(realpath "$2")

# Namespaces of its own, unless this container refuses them. Then /tmp of the image is an
# ordinary directory, and the network is that of this computer.
if [ -z "${IMAGE_CHECK_ISOLATED:-}" ]; then
    if unshare --net --mount --pid --fork true 2>/dev/null; then
        IMAGE_CHECK_ISOLATED=yes exec unshare --net --mount --pid --fork "$0" "$context" "$simulator_binary"
    fi
    echo "NOTICE: unshare is refused here; the image is checked with chroot alone, with the" >&2
    echo "NOTICE: network of this computer and a root file system that can be written" >&2
    IMAGE_CHECK_ISOLATED=no
fi

FILES=$(mktemp -d)
root=$FILES/root
# shellcheck source=scripts/simulated-org.sh
source scripts/simulated-org.sh
clean_up() {
    stop_simulator
    if mountpoint --quiet "$root"; then umount --recursive "$root"; fi
    if mountpoint --quiet "$root/proc"; then umount "$root/proc"; fi
    rm -rf --one-file-system "$FILES"
}
trap clean_up EXIT

# The instructions, each on one line.
instructions() {
    sed -e '/^#/d' -e '/^$/d' deploy/Dockerfile | sed -e ':more' -e '/\\$/N; s/\\\n */ /; t more'
}

# Does what the COPY lines say.
build_root() {
    local words last chmod source
    mkdir "$root"
    while read -ra words; do
        chmod=
        [[ ${words[1]} != --chmod=* ]] || { chmod=${words[1]#*=}; words=("COPY" "${words[@]:2}"); }
        last=${words[-1]}
        for source in "${words[@]:1:${#words[@]}-2}"; do
            install -D --mode="${chmod:?each COPY needs --chmod}" "$context/$source" \
                "$root/${last}$([[ $last != */ ]] || echo "$source")"
        done
    done < <(instructions | grep '^COPY ')
    # What the container engine adds.
    mkdir -p "$root/proc" "$root/tmp" "$root/data"
    # A Secret of the example for Kubernetes.
    for org in acme globex; do
        install -D --mode=0444 "deploy/kubernetes/example/$org/config.yaml" \
            "$root/etc/baton-salesforce/$org.yaml"
    done
}

# mount_root: as with a read-only root file system and two volumes.
mount_root() {
    if [ "$IMAGE_CHECK_ISOLATED" = yes ]; then
        mount --bind "$root" "$root"
        mount -t proc proc "$root/proc"
        mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
        mount -t tmpfs -o "mode=0700,uid=${user%:*},gid=${user#*:}" tmpfs "$root/data"
        mount -o remount,bind,ro "$root"
        ip link set lo up
    else
        # The program starts itself through /proc/self/exe.
        mount -t proc proc "$root/proc"
        chmod 1777 "$root/tmp"
        chown "$user" "$root/data"
    fi
}

# inside [NAME=VALUE…] -- ARGUMENTS…: the image with these variables besides its own.
inside() {
    local variables=()
    while [ "$1" != -- ]; do
        variables+=("$1")
        shift
    done
    shift
    (cd / && env -i "${environment[@]}" "${variables[@]}" setpriv --no-new-privs \
        "$(command -v chroot)" --userspec="$user" --groups= "$root" "${entrypoint[@]}" "$@")
}

# expect CODE TEXT [NAME=VALUE…] -- ARGUMENTS…: fails unless it ends with this code and
# prints this text.
expect() {
    local code=0 output=$FILES/output wanted=$1 text=$2
    shift 2
    inside "$@" >"$output" 2>&1 || code=$?
    if [ "$code" != "$wanted" ] || ! grep -qF -- "$text" "$output"; then
        {
            echo "image-check: $*"
            echo "expected: exit code $wanted, and the text: $text"
            echo "but: exit code $code, and"
            cat "$output"
        } >&2
        exit 1
    fi
    echo "ok: $text"
}

user=$(instructions | sed -n 's/^USER //p')
read -ra environment <<<"$(instructions | sed -n 's/^ENV //p')"
mapfile -t entrypoint < <(instructions | sed -n 's/^ENTRYPOINT \[\(.*\)\]$/\1/p' |
    sed 's/, */\n/g' | tr -d '"')
[ -n "$user" ] && [ "${#environment[@]}" -gt 0 ] && [ -n "${entrypoint[0]}" ]
build_root
mount_root
(cd "$root" && find . -xdev -type f -printf '%10s  %m  %P\n')

echo "== alone"
expect 0 "baton-salesforce version $(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)" \
    -- --version
expect 0 "--instance-url" -- --help
expect 0 '.SH EXAMPLES' -- man
inside -- capabilities | diff - baton_capabilities.json
echo "ok: capabilities"
expect 2 "instance-url" --
org=(BATON_INSTANCE_URL=acme.my.salesforce.com BATON_AUTH_METHOD=client-credentials-group
    BATON_SALESFORCE_CLIENT_ID=x BATON_SALESFORCE_CLIENT_SECRET=y)
expect 2 "install the package ca-certificates, set SSL_CERT_FILE" "${org[@]}" SSL_CERT_FILE=/none -- --file=/data/none.c1z
# The key is the example of RFC 8037, appendix A.
key='{"kty":"OKP","crv":"Ed25519","kid":"key-1","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwaaPJcHURo"}'
secret=secret-token:conductorone.com:v1:$(printf %s "$key" | base64 --wrap=0 | tr '+/' '-_' | tr -d =)
daemon=(BATON_CLIENT_ID=brave-lake-1234@acme.conductor.one/spc "BATON_CLIENT_SECRET=$secret")
expect 13 "TMPDIR names another directory" "${org[@]}" "${daemon[@]}" TMPDIR=/none --
expect 2 "ca-certificates" "${org[@]}" "${daemon[@]}" SSL_CERT_FILE=/none --
expect 2 "creating /none.c1z.lock.tmp" "${org[@]}" -- --file=/none.c1z

echo "== the settings of the example for Kubernetes"
for org in acme globex; do
    # Then the connection fails. With wrong settings, nothing but them would be told.
    expect 2 "https://$org.my.salesforce.com, API version" \
        BATON_CONFIG_PATH=/etc/baton-salesforce/$org.yaml -- doctor --json
done

echo "== a sync of a simulated org"
SIMULATOR=$simulator_binary
start_simulator --users 200
org=(BATON_INSTANCE_URL="$BATON_INSTANCE_URL" BATON_AUTH_METHOD="$BATON_AUTH_METHOD"
    BATON_SALESFORCE_CLIENT_ID="$BATON_SALESFORCE_CLIENT_ID"
    BATON_SALESFORCE_CLIENT_SECRET="$BATON_SALESFORCE_CLIENT_SECRET")
expect 0 "wrote /data/sync.c1z" "${org[@]}" -- --file=/data/sync.c1z --workers=4
expect 0 "Modify All Data" -- access --file=/data/sync.c1z --permission=ModifyAllData
stop_simulator
echo "image-check: the binary works in the image"
