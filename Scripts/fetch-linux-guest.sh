#!/bin/sh
# fetch-linux-guest.sh DIR [MODULE...]
#
# The Linux guest of the demo, the end-to-end tests and the measurements (its own parts: Guests/linux).
# Gets Debian trixie's riscv64 kernel and busybox-static by package name and makes in DIR:
#   Image          the kernel, ready for -kernel
#   initramfs.gz   a small initramfs (init, busybox, needed modules, dirty, netloop, blkloop)
#   config         the kernel's build configuration
#   versions       package names and versions used
#   modules.order  the modules included, in loading order
#   made-of        checksum of what it was made of here; nothing is done while it is true
# Extra MODULE names (for instance ext4 9p 9pnet_virtio) are added with what they depend on.
#
# The mirror, proxies and so on come from this machine's own apt configuration; apt's state,
# cache and source list are private to a temporary directory, so the host's are not touched.
# apt checks the archive's signature with the Debian archive keyring. Needs: apt, dpkg-deb,
# xz, cpio, gzip. Optional: riscv64-linux-gnu-gcc, or clang with lld, for the compiled
# `dirty` and `netloop`. Exit status 3 when there is no archive to fetch from, 1 for all else.
set -eu
umask 022
suite=${SUITE:-trixie}
kernel_meta=${KERNEL:-linux-image-riscv64}
die() { echo "fetch-linux-guest: $*" >&2; exit 1; }
no_archive() { echo "fetch-linux-guest: $*" >&2; exit 3; }
[ $# -ge 1 ] || die "usage: fetch-linux-guest.sh DIR [MODULE...]"
out=$1; shift
extra=$*
here=$(cd "$(dirname "$0")/../Guests/linux" && pwd)
command -v apt-get >/dev/null || no_archive "this is not a Debian"
for t in apt-cache dpkg-deb xz cpio gzip; do command -v $t >/dev/null || die "needs $t"; done
mkdir -p "$out"; out=$(cd "$out" && pwd)
made_of=$({ cat "$0" "$here"/*; echo "$suite $kernel_meta $extra"; } | cksum)
if [ -f "$out/Image" ] && [ -f "$out/initramfs.gz" ] && [ "$made_of" = "$(cat "$out/made-of" 2>/dev/null)" ]; then exit 0; fi
echo "fetching the Linux kernel of Debian $suite for riscv64 (once, about 110 MB) …" >&2
work=$(mktemp -d "${TMPDIR:-/tmp}/linux-guest.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
chmod 755 "$work"

# 1. The archive this host already uses for its own release.
keyring=${KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}
[ -r "$keyring" ] || no_archive "no Debian archive keyring at $keyring (package debian-archive-keyring)"
mirror=${MIRROR:-}
if [ -z "$mirror" ]; then
  codename=$(. /etc/os-release; echo "${VERSION_CODENAME:-}")
  [ -n "$codename" ] || die "cannot tell this host's release; set MIRROR"
  mirror=$(apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
    awk -v r="$codename" '$1 == r && $2 == "main" { print $3; exit }')
fi
[ -n "$mirror" ] || no_archive "apt here has no source for its own release; set MIRROR to a Debian archive"

# 2. A private apt: one source, riscv64 only, empty status. /etc/apt/apt.conf* still applies,
#    so a proxy that the host needs is used.
mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial" "$work/etc/parts" "$work/debs"
: > "$work/state/status"
echo "deb [arch=riscv64 signed-by=$keyring] $mirror $suite main" > "$work/etc/sources.list"
# Hooks in the host's configuration (container images clear the host's cache after each update) are dropped.
printf '#clear %s;\n' APT::Update::Pre-Invoke APT::Update::Post-Invoke APT::Update::Post-Invoke-Success \
  DPkg::Pre-Invoke DPkg::Post-Invoke > "$work/etc/apt.conf"
apt_opts="-qq -c $work/etc/apt.conf -o APT::Architecture=riscv64 -o APT::Architectures::=riscv64
 -o APT::Sandbox::User=$(id -un)
 -o Dir::State=$work/state -o Dir::State::status=$work/state/status -o Dir::State::lists=$work/state/lists
 -o Dir::Cache=$work/cache -o Dir::Etc::sourcelist=$work/etc/sources.list
 -o Dir::Etc::sourceparts=$work/etc/parts -o Dir::Etc::preferencesparts=$work/etc/parts
 -o Dir::Etc::preferences=$work/etc/none
 -o Acquire::Languages=none -o Acquire::AllowInsecureRepositories=false
 -o APT::Get::AllowUnauthenticated=false"
# apt-get update reports some failures only as warnings: ask for an error instead.
# shellcheck disable=SC2086
if apt-get $apt_opts -o APT::Update::Error-Mode=any update 2>"$work/update.log"; then
  # shellcheck disable=SC2086
  kernel=$(apt-cache $apt_opts depends "$kernel_meta" 2>/dev/null | awk '$1 == "Depends:" && $2 ~ /^linux-image-/ { print $2; exit }')
  [ -n "$kernel" ] || kernel=$kernel_meta
  # shellcheck disable=SC2086
  (cd "$work/debs" && apt-get $apt_opts download "$kernel" busybox-static) || die "download failed"
else
  # A mirror in the middle of its own update offers an index that its signed Release does not list. Take that index
  # as it is, then, and check the packages against it: a damaged download is found, a lying mirror is not. Say so.
  grep "^E:" "$work/update.log" | cut -c 1-160 | tail -n 3 >&2 || true
  echo "fetch-linux-guest: this archive's index does not match its signature (a mirror being updated, or a keyring older" >&2
  echo "fetch-linux-guest: than $suite); taking its index unsigned, checking packages by the SHA-256 in it" >&2
  helper=/usr/lib/apt/apt-helper
  [ -x $helper ] || die "no $helper"
  conf="-qq -c $work/etc/apt.conf -o APT::Sandbox::User=$(id -un)"
  # shellcheck disable=SC2086
  $helper $conf download-file "${mirror%/}/dists/$suite/main/binary-riscv64/Packages.xz" "$work/Packages.xz" >&2 || no_archive "nothing to be had from $mirror"
  xz -dc "$work/Packages.xz" > "$work/Packages"
  entry() { awk -v RS= -v want="Package: $1" 'index($0 "\n", want "\n") == 1 { print; exit }' "$work/Packages"; }
  kernel=$(entry "$kernel_meta" | sed -n 's/^Depends: \(linux-image-[^ ,]*\).*/\1/p')
  [ -n "$kernel" ] || kernel=$kernel_meta
  for package in "$kernel" busybox-static; do
    file=$(entry "$package" | sed -n 's/^Filename: //p')
    sum=$(entry "$package" | sed -n 's/^SHA256: //p')
    [ -n "$file" ] && [ -n "$sum" ] || die "no package $package in $suite for riscv64"
    # shellcheck disable=SC2086
    $helper $conf download-file "${mirror%/}/$file" "$work/debs/${file##*/}" "SHA256:$sum" >&2 || die "cannot fetch $package"
  done
fi

# 3. Unpack.
for d in "$work"/debs/*.deb; do
  dpkg-deb -x "$d" "$work/root"
  dpkg-deb -W --showformat='${Package} ${Version} ${Architecture}\n' "$d"
done > "$work/versions"
release=$(ls "$work/root/boot" | sed -n 's/^config-//p' | head -n 1)
[ -n "$release" ] || die "no kernel in $kernel"
image=$work/root/boot/vmlinuz-$release
[ -e "$image" ] || image=$work/root/boot/vmlinux-$release
config=$work/root/boot/config-$release
moddir=
for m in "$work/root/usr/lib/modules/$release" "$work/root/lib/modules/$release"; do
  [ -d "$m/kernel" ] && { moddir=$m; break; }
done
[ -n "$moddir" ] || die "no modules for $release"

# 4. Modules, each after what it depends on. A name that is built in has no file and is skipped.
ird=$work/ird
mkdir -p "$ird/modules" "$ird/bin" "$ird/dev" "$ird/proc" "$ird/sys" "$ird/tmp"
(cd "$moddir" && find kernel -name '*.ko*') > "$work/ko"
: > "$ird/modules/order"
add() { # add NAME: names use _ whatever the file uses
  name=$(echo "$1" | tr - _)
  grep -qx "$name" "$ird/modules/order" && return 0
  file=$(sed -n "/\/$(echo "$name" | sed 's/_/[-_]/g')\.ko[.a-z]*\$/p" "$work/ko" | head -n 1)
  if [ -z "$file" ]; then echo "  $name: built in or absent" >&2; return 0; fi
  case $file in
    *.xz) xz -dc "$moddir/$file" ;;
    *.zst) zstd -dcq "$moddir/$file" ;;
    *.gz) gzip -dc "$moddir/$file" ;;
    *) cat "$moddir/$file" ;;
  esac > "$work/$name.ko"
  deps=$(tr '\0' '\n' < "$work/$name.ko" | LC_ALL=C sed -n 's/^depends=//p' | tr ',' ' ')
  for d in $deps; do (add "$d"); done
  mv "$work/$name.ko" "$ird/modules/$name.ko"
  echo "$name" >> "$ird/modules/order"
}
for m in virtio virtio_ring virtio_mmio virtio_pci virtio_blk virtio_net virtio_rng virtio_console \
         virtio_balloon virtio_scsi af_packet qemu_fw_cfg $extra; do (add $m); done

# 5. Programs.
cp "$work/root/usr/bin/busybox" "$ird/bin/busybox" 2>/dev/null || cp "$work/root/bin/busybox" "$ird/bin/busybox"
cp "$here/init" "$ird/init"; cp "$here/blkloop" "$here/udhcpc-script" "$ird/bin/"
flags="-O2 -march=rv64gc -mabi=lp64d -static -nostdlib -ffreestanding -fno-stack-protector -fno-pic -Wl,--build-id=none -Wl,--no-relax"
cc_ok=
for cc in "${RISCV_CC:-}" riscv64-linux-gnu-gcc "clang --target=riscv64-linux-gnu -fuse-ld=lld"; do
  [ -n "$cc" ] || continue
  # shellcheck disable=SC2086
  if $cc $flags -o "$ird/bin/dirty" "$here/dirty.c" 2>"$work/cc.log" &&
    $cc $flags -o "$ird/bin/netloop" "$here/netloop.c" 2>>"$work/cc.log"; then cc_ok=$cc; break; fi
done
if [ -n "$cc_ok" ]; then echo "  dirty, netloop: compiled with ${cc_ok%% *}" >&2
else echo "  no riscv64 compiler: no netloop, and the shell version of dirty" >&2; cp "$here/dirty.sh" "$ird/bin/dirty"; fi
chmod 755 "$ird/init" "$ird"/bin/*

# 6. Output. Sorted names, one time stamp and no owner: the same packages give the same bytes.
find "$ird" -exec touch -h -d @0 {} +
(cd "$ird" && find . | LC_ALL=C sort | cpio --quiet -o -H newc --reproducible -R 0:0) | gzip -9n > "$out/initramfs.gz.new"
cp "$image" "$out/Image.new"
cp "$config" "$out/config"; cp "$work/versions" "$out/versions"; cp "$ird/modules/order" "$out/modules.order"
mv "$out/Image.new" "$out/Image"; mv "$out/initramfs.gz.new" "$out/initramfs.gz"; echo "$made_of" > "$out/made-of"
echo "kernel $release; modules: $(tr '\n' ' ' < "$out/modules.order")"
ls -l "$out/Image" "$out/initramfs.gz"
