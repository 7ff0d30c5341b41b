#!/usr/bin/env bash
# Builds what is released into dist/: an archive and a Debian package with the static
# binary, the directory for the container image, an SBOM, and the checksums of all.
#
#   scripts/with-static-target.sh scripts/dist.sh        (make dist)
#
# The time in the files is that of the commit.
set -euo pipefail
cd "$(dirname "$0")/.."

case ${STATIC_TARGET:?run it with scripts/with-static-target.sh} in
*-musl) ;;
*)
    echo "a release needs the target of musl, not $STATIC_TARGET" >&2
    exit 1
    ;;
esac
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
target=$(cargo metadata --format-version 1 --no-deps |
    sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
name=baton-salesforce-$version-${STATIC_TARGET%%-*}-linux
PATH=$target/tools/bin:$PATH

# tool NAME VERSION: installs it into the target directory if it is not there.
tool() {
    if ! command -v "$1" >/dev/null; then
        echo "== installing $1 $2"
        cargo install --quiet --locked --root "$target/tools" "$1@$2"
    fi
}
tool cargo-deb 3.8.0
tool cargo-cyclonedx 0.5.9

echo "== the binary"
# The profile is that of `make interop` and `make demo`: what is tested is what is released.
# shellcheck disable=SC2086 # several flags
cargo build --locked --release $STATIC_FLAGS --bin baton-salesforce
binary=$target/$STATIC_TARGET/release/baton-salesforce

echo "== what comes with it"
rm -rf dist
scripts/dist/image-context.sh "$binary" dist/image
scripts/dist/files.sh dist/image/baton-salesforce dist/stage

echo "== the archive"
mkdir "dist/$name"
cp -r dist/stage/* deploy/systemd dist/image/{baton-salesforce,LICENSE,THIRD-PARTY-LICENSES.txt} \
    deploy/README.md "dist/$name/"
tar --create --directory dist --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 \
    --numeric-owner --mode='u=rwX,go=rX' "$name" | gzip --no-name --best >"dist/$name.tar.gz"
rm -r "dist/${name:?}"

echo "== the Debian package"
cargo deb --quiet --locked --no-build --no-strip --target "$STATIC_TARGET" --output dist/

echo "== the SBOM"
cargo cyclonedx --quiet --format json --spec-version 1.5 --target "$STATIC_TARGET" \
    --override-filename sbom.cdx
# References are paths of this computer, which nobody else has.
sed "s#$PWD#/src#g" sbom.cdx.json >"dist/baton-salesforce-$version.cdx.json"
rm -f sbom.cdx.json simulator/sbom.cdx.json

rm -r dist/stage
(cd dist && find . -type f ! -name SHA256SUMS -printf '%P\n' | LC_ALL=C sort |
    xargs sha256sum >SHA256SUMS)
(cd dist && find . -type f -printf '%10s  %P\n' | sort -k 2)

echo "== the start"
scripts/dist/start-time.sh dist/image/baton-salesforce
