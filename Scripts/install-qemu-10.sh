#!/bin/sh
# install-qemu-10.sh DIR [SUITE [VERSION-PREFIX]]
#
# Puts a QEMU 10.0's qemu-system-riscv64 beside the system's own, as DIR/bin/qemu-system-riscv64: a peer that Martlet
# is measured and tested against. SUITE is Debian's: `bookworm-backports` (the default, QEMU 10.0.2) or `trixie`
# (10.0.13, or what its point releases have by now). The packages and all libraries that they need are fetched by name
# with this machine's apt (its archive, its proxy, its keyring) and unpacked into DIR; nothing is installed on the
# system, no root is needed. MIRROR= names another archive. Does nothing when DIR already holds such a version.
set -eu
umask 022
die() { echo "install-qemu-10: $*" >&2; exit 1; }
[ $# -ge 1 ] || die "usage: install-qemu-10.sh DIR [SUITE [VERSION-PREFIX]]"
out=$1
suite=${2:-bookworm-backports}
case $suite in
    *-backports) want=${3:-10.0.2} suites="${suite%-backports} $suite" ;;
    *) want=${3:-10.0} suites="$suite $suite-updates" ;;
esac
keyring=${KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}
if [ -x "$out/bin/qemu-system-riscv64" ] &&
    "$out/bin/qemu-system-riscv64" --version 2>/dev/null | grep -q "version $want\\([^0-9]\\|\$\\)"; then
    exit 0
fi
for tool in apt-get apt-cache dpkg-deb; do command -v $tool >/dev/null || die "needs $tool (Debian or a relative)"; done
[ -r "$keyring" ] || die "no Debian archive keyring at $keyring (package debian-archive-keyring)"
mirror=${MIRROR:-}
if [ -z "$mirror" ]; then
    codename=$(. /etc/os-release; echo "${VERSION_CODENAME:-}")
    mirror=$(apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
        awk -v r="$codename" '$1 == r && $2 == "main" { print $3; exit }')
fi
[ -n "$mirror" ] || die "apt here has no source for its own release; set MIRROR to a Debian archive"

work=$(mktemp -d "${TMPDIR:-/tmp}/qemu-10.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial" "$work/etc/parts"
# Nothing counts as installed: the C library and all the others come along, so the system's release does not matter.
: > "$work/state/status"
for s in $suites; do echo "deb [signed-by=$keyring] $mirror $s main"; done > "$work/etc/sources.list"
printf '#clear %s;\n' APT::Update::Pre-Invoke APT::Update::Post-Invoke APT::Update::Post-Invoke-Success \
    DPkg::Pre-Invoke DPkg::Post-Invoke > "$work/etc/apt.conf"
options="-qq -c $work/etc/apt.conf -o APT::Sandbox::User=$(id -un) -o Debug::NoLocking=true
 -o Dir::State=$work/state -o Dir::State::status=$work/state/status -o Dir::State::lists=$work/state/lists
 -o Dir::Cache=$work/cache -o Dir::Etc::sourcelist=$work/etc/sources.list -o Dir::Etc::sourceparts=$work/etc/parts
 -o Dir::Etc::preferences=$work/etc/none -o Dir::Etc::preferencesparts=$work/etc/parts -o Acquire::Languages=none"
# shellcheck disable=SC2086
apt-get $options -o APT::Update::Error-Mode=any update || die "apt update failed"
# shellcheck disable=SC2086
versions=$(apt-cache $options madison qemu-system-riscv | awk '{ print $3 }')
version=$(echo "$versions" | grep -E "^1:${want}([^0-9]|\$)" | head -n 1)
[ -n "$version" ] || die "$suite has no QEMU $want; it has:" $versions
# shellcheck disable=SC2086
apt-get $options -y -t "$suite" --no-install-recommends --download-only \
    install "qemu-system-riscv=$version" "qemu-system-data=$version" opensbi >"$work/log" 2>&1 ||
    { cat "$work/log" >&2; die "download failed"; }

# Both of these may be real directories in packages of an older release and links in a newer one.
mkdir -p "$work/root/usr/lib" "$work/root/usr/lib64"
ln -s usr/lib "$work/root/lib"
ln -s usr/lib64 "$work/root/lib64"
for deb in "$work"/cache/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$work/root" --keep-directory-symlink --no-same-owner
done
[ -x "$work/root/usr/bin/qemu-system-riscv64" ] || die "the packages hold no qemu-system-riscv64"
# Firmware links that point at the system would find the system's older OpenSBI: make them files.
for link in "$work"/root/usr/share/qemu/opensbi-riscv64-*; do
    [ -L "$link" ] || continue
    target=$(readlink "$link")
    case $target in
        /*) file=$work/root$target ;;
        *) file=$(dirname "$link")/$target ;;
    esac
    [ -f "$file" ] && { cp "$file" "$link.new"; mv "$link.new" "$link"; }
done
rm -rf "$out.new"
mkdir -p "$out.new/bin"
mv "$work/root" "$out.new/root"
# The loader that belongs to the libraries is named: another release's would not take them.
cat > "$out.new/bin/qemu-system-riscv64" <<'WRAPPER'
#!/bin/sh
here=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
libraries=
for d in "$here"/root/usr/lib/*-linux-gnu; do libraries=$libraries${libraries:+:}$d; done
for d in "$here"/root/usr/lib/*-linux-gnu/qemu; do [ -d "$d" ] && export QEMU_MODULE_DIR="$d"; done
for loader in "$here"/root/usr/lib64/ld-linux-*.so.* "$here"/root/usr/lib/ld-linux-*.so.*; do
    [ -e "$loader" ] && exec "$loader" --library-path "$libraries" "$here/root/usr/bin/qemu-system-riscv64" \
        -L "$here/root/usr/share/qemu" -L "$here/root/usr/share/seabios" "$@"
done
echo "$0: no loader of programs in $here/root" >&2
exit 1
WRAPPER
chmod 755 "$out.new/bin/qemu-system-riscv64"
rm -rf "$out"
mv "$out.new" "$out"
"$out/bin/qemu-system-riscv64" --version | head -n 1
