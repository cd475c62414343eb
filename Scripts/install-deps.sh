#!/bin/sh
# install-deps.sh [libvirt]: Debian packages that building, testing, the demo and the measurements need; with `libvirt`
# those that `make test-libvirt` needs instead. Quiet and quick when all are there; installs what is missing when it may
# (root, or sudo that does not ask); else says what to install.
set -eu
# libslirp's description asks for glib's, which Debian's libslirp-dev does not bring. qemu-system-misc is QEMU 7.2, a
# peer of the tests; ipxe-qemu has the ROM of its network cards on PCI.
packages="libslirp-dev libglib2.0-dev zlib1g-dev libzstd-dev libgnutls28-dev pkg-config opensbi qemu-system-misc ipxe-qemu cpio xz-utils zstd
 python3 python3-venv socat ca-certificates gcc-riscv64-linux-gnu"
case ${1:-} in
'') ;;
# libvirt.py makes its certificates with openssl, and its daemons need mounts and a `unshare` of their own.
libvirt) packages="libvirt-daemon-system libvirt-clients openssl mount util-linux" ;;
*) echo "usage: install-deps.sh [libvirt]" >&2; exit 2 ;;
esac
if ! command -v dpkg-query >/dev/null; then
    # libvirt.py itself says what it does not find.
    [ -z "${1:-}" ] || exit 0
    for file in pkg-config python3 cpio xz; do command -v $file >/dev/null || echo "install-deps: $file is missing" >&2; done
    pkg-config --exists slirp 2>/dev/null || echo "install-deps: the development files of libslirp are missing" >&2
    exit 0
fi
missing=
for p in $packages; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || missing="$missing $p"
done
[ -n "$missing" ] || exit 0
root=
if [ "$(id -u)" != 0 ]; then
    if sudo -n true 2>/dev/null; then root=sudo
    else echo "install-deps: needs$missing (as root: apt-get install$missing)" >&2; exit 1; fi
fi
echo "installing$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
install() {
    # shellcheck disable=SC2086
    $root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install $missing >"$log" 2>&1
}
# Package lists may be absent or old: fetch them once, then try again.
install || { $root apt-get -qq update >>"$log" 2>&1; install; } || { cat "$log" >&2; exit 1; }
