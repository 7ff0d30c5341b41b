#!/usr/bin/env bash
# Lints what is in deploy/ with public tools: hadolint, kustomize, the schemas of
# Kubernetes, kube-score, systemd-analyze. Needs Go, Python and systemd, and the first
# time the Go module proxy and PyPI.
#
#   scripts/dist/lint.sh BINARY      the binary that the systemd units shall start
set -euo pipefail
binary=$(realpath "$1")
cd "$(dirname "$0")/../.."

for tool in go python3 systemd-analyze; do
    command -v "$tool" >/dev/null || {
        echo "lint: $tool is not installed" >&2
        exit 1
    }
done
FILES=$(mktemp -d)
trap 'rm -rf "$FILES"' EXIT
tools=deploy/lint/bin

echo "== tools"
mkdir -p "$tools"
(cd deploy/lint && go build -buildvcs=false -o bin/ sigs.k8s.io/kustomize/kustomize/v5 \
    github.com/zegl/kube-score/cmd/kube-score)
[ -x "$tools/python/bin/pip" ] || python3 -m venv "$tools/python"
"$tools/python/bin/pip" install --quiet --requirement deploy/lint/requirements.txt

echo "== versions"
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
grep -q "newTag: $version\$" deploy/kubernetes/example/kustomization.yaml || {
    echo "lint: the example for Kubernetes has another tag than $version" >&2
    exit 1
}
for document in README.md deploy/README.md; do
    other=$(grep -oE 'baton-salesforce[-_:][0-9]+\.[0-9]+\.[0-9]+' "$document" |
        grep -vF -e "-$version" -e "_$version" -e ":$version" || true)
    if [ -n "$other" ]; then
        echo "lint: $document names another version than $version: $other" >&2
        exit 1
    fi
done

echo "== Dockerfile"
"$tools/python/bin/hadolint" deploy/Dockerfile

echo "== Kubernetes"
"$tools/kustomize" build deploy/kubernetes/example >"$FILES/example.yaml"
"$tools/python/bin/kubernetes-validate" --strict "$FILES/example.yaml"
"$tools/kube-score" score --exit-one-on-warning --output-format ci \
    --enable-optional-test container-seccomp-profile \
    --enable-optional-test container-ports-check "$FILES/example.yaml" >"$FILES/score" || {
    grep -v '^\[\(OK\|SKIPPED\)\]' "$FILES/score" >&2
    exit 1
}
echo "kube-score: $(grep -c '^\[OK\]' "$FILES/score") checks passed"

echo "== systemd"
# An instance of each unit, with the binary that is there.
for unit in deploy/systemd/*; do
    name=$(basename "$unit")
    sed "s#^ExecStart=/usr/bin/baton-salesforce#ExecStart=$binary#" "$unit" \
        >"$FILES/${name/@/@acme}"
    grep -q '\.timer$' <<<"$name" || grep -q "^ExecStart=$binary" "$FILES/${name/@/@acme}"
    cp "$unit" "$FILES/"
done
# It ends with 0 also if it complains.
complaints=$(cd "$FILES" && systemd-analyze verify --man=no ./*@acme.* 2>&1) || true
if [ -n "$complaints" ]; then
    echo "$complaints" >&2
    exit 1
fi
for unit in "$FILES"/*@acme.service; do
    # In tenths: what the units have now. The network is what they are for.
    systemd-analyze security --offline=true --no-pager --threshold=12 "$unit" >"$FILES/security" || {
        cat "$FILES/security" >&2
        exit 1
    }
    sed -n 's/^→ //p' "$FILES/security"
done
echo "lint: nothing to complain about"
