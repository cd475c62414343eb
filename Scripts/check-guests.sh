#!/bin/sh
# check-guests.sh: the committed guest binaries are what their sources give. Compared only where the compiler is the
# one they were made with (another release lays out other code); elsewhere they are only built.
set -eu
cd "$(dirname "$0")/.."
compiler=riscv64-linux-gnu-gcc
made_with=$(cat Guests/compiler)
command -v $compiler >/dev/null || { echo "guests: no $compiler, not rebuilt"; exit 0; }
here=$($compiler --version | head -n 1)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r Guests/demo Guests/bench "$work/"
for guest in demo bench; do
    rm "$work/$guest/$guest.bin"
    make -s -C "$work/$guest"
    if [ "$here" = "$made_with" ]; then
        cmp "Guests/$guest/$guest.bin" "$work/$guest/$guest.bin" ||
            { echo "guests: Guests/$guest/$guest.bin is not what its source gives: make -C Guests/$guest" >&2; exit 1; }
    fi
done
[ "$here" = "$made_with" ] && echo "guests: binaries match their sources" || echo "guests: built ($here, not $made_with)"
