#!/bin/sh
# install-qemu-10.sh DIR [VERSION-PREFIX]
#
# Puts QEMU 10.0.2's qemu-system-riscv64 beside the system's own, as DIR/bin/qemu-system-riscv64: the peer that
# Martlet is measured and tested against. The packages are Debian 12's backports, fetched by name with this
# machine's apt (its archive, its proxy, its keyring) and unpacked into DIR; nothing is installed on the system,
# no root is needed. MIRROR= names another archive. Does nothing when DIR already holds that version.
set -eu
umask 022
die() { echo "install-qemu-10: $*" >&2; exit 1; }
[ $# -ge 1 ] || die "usage: install-qemu-10.sh DIR [VERSION-PREFIX]"
out=$1
want=${2:-10.0.2}
suite=${SUITE:-bookworm}
keyring=${KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}
if [ -x "$out/bin/qemu-system-riscv64" ] && "$out/bin/qemu-system-riscv64" --version 2>/dev/null | grep -q "$want"; then
    exit 0
fi
for tool in apt-get apt-cache dpkg-deb; do command -v $tool >/dev/null || die "needs $tool (Debian or a relative)"; done
[ -r "$keyring" ] || die "no Debian archive keyring at $keyring (package debian-archive-keyring)"
mirror=${MIRROR:-}
[ -n "$mirror" ] || mirror=$(apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
    awk -v r="$suite" '$1 == r && $2 == "main" { print $3; exit }')
[ -n "$mirror" ] || die "apt here has no source for $suite; set MIRROR to a Debian archive"

work=$(mktemp -d "${TMPDIR:-/tmp}/qemu-10.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial" "$work/etc/parts"
cat > "$work/etc/sources.list" <<LIST
deb [signed-by=$keyring] $mirror $suite main
deb [signed-by=$keyring] $mirror $suite-backports main
LIST
printf '#clear %s;\n' APT::Update::Pre-Invoke APT::Update::Post-Invoke APT::Update::Post-Invoke-Success \
    DPkg::Pre-Invoke DPkg::Post-Invoke > "$work/etc/apt.conf"
# The system's own package status is read (what is installed need not be fetched), never written.
options="-qq -c $work/etc/apt.conf -o APT::Sandbox::User=$(id -un) -o Debug::NoLocking=true
 -o Dir::State=$work/state -o Dir::State::status=/var/lib/dpkg/status -o Dir::State::lists=$work/state/lists
 -o Dir::Cache=$work/cache -o Dir::Etc::sourcelist=$work/etc/sources.list -o Dir::Etc::sourceparts=$work/etc/parts
 -o Dir::Etc::preferences=$work/etc/none -o Dir::Etc::preferencesparts=$work/etc/parts -o Acquire::Languages=none"
# shellcheck disable=SC2086
apt-get $options -o APT::Update::Error-Mode=any update || die "apt update failed"
# shellcheck disable=SC2086
version=$(apt-cache $options madison qemu-system-riscv | awk '{ print $3 }' | grep -E "^1:${want}([^0-9]|\$)" | head -n 1)
# shellcheck disable=SC2086
[ -n "$version" ] || die "$suite-backports has no QEMU $want; it has: $(apt-cache $options madison qemu-system-riscv | awk '{ print $3 }' | tr '\n' ' ')"
# shellcheck disable=SC2086
apt-get $options -y -t "$suite-backports" --no-install-recommends --download-only \
    --allow-remove-essential --allow-change-held-packages --reinstall \
    install "qemu-system-riscv=$version" "qemu-system-data=$version" opensbi >"$work/log" 2>&1 ||
    { cat "$work/log" >&2; die "download failed"; }

mkdir -p "$work/root"
for deb in "$work"/cache/archives/*.deb; do dpkg-deb -x "$deb" "$work/root"; done
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
cat > "$out.new/bin/qemu-system-riscv64" <<'WRAPPER'
#!/bin/sh
here=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
libraries=
for d in "$here"/root/usr/lib/*-linux-gnu "$here"/root/lib/*-linux-gnu; do
    [ -d "$d" ] && libraries=$libraries${libraries:+:}$d
done
for d in "$here"/root/usr/lib/*-linux-gnu/qemu; do [ -d "$d" ] && export QEMU_MODULE_DIR="$d"; done
LD_LIBRARY_PATH=$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} \
    exec "$here/root/usr/bin/qemu-system-riscv64" -L "$here/root/usr/share/qemu" -L "$here/root/usr/share/seabios" "$@"
WRAPPER
chmod 755 "$out.new/bin/qemu-system-riscv64"
rm -rf "$out"
mv "$out.new" "$out"
"$out/bin/qemu-system-riscv64" --version | head -n 1
