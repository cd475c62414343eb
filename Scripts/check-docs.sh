#!/bin/sh
# check-docs.sh [OUT]: the libraries' DocC catalogues and comments, with all of their links, from what `swift build` made.
# With OUT the documentation is left there, one archive for each library. Exit status 1 when a link leads nowhere.
# SCRATCH= names the build folder.
set -eu
cd "$(dirname "$0")/.."
scratch=${SCRATCH:-.build}
command -v docc >/dev/null || { echo "docs: no docc in this toolchain, not checked"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
out=${1:-$work/out}
mkdir -p "$out"
target=$(swiftc -print-target-info | sed -n 's/.*"unversionedTriple": "\(.*\)".*/\1/p' | head -n 1)
modules=$scratch/debug/Modules
wrong=0
for catalogue in Sources/*/*.docc; do
    name=$(basename "$catalogue" .docc)
    mkdir -p "$work/$name"
    includes=
    for map in "$scratch"/debug/*.build/module.modulemap Sources/*/module.modulemap Sources/*/include/module.modulemap \
        "$scratch"/checkouts/*/Sources/*/include/module.modulemap; do
        [ -f "$map" ] && includes="$includes -Xcc -fmodule-map-file=$map"
    done
    # shellcheck disable=SC2086
    swift-symbolgraph-extract -module-name "$name" -target "$target" -I "$modules" $includes -minimum-access-level public \
        -output-dir "$work/$name" 2>"$work/log" || { cat "$work/log" >&2; exit 1; }
    docc convert "$catalogue" --additional-symbol-graph-dir "$work/$name" --fallback-display-name "$name" \
        --fallback-bundle-identifier "martlet.$name" --output-path "$out/$name.doccarchive" >"$work/log" 2>&1 || wrong=1
    # A parameter whose name says it all may stay without words.
    grep -A 1 -E "^(warning|error):" "$work/log" | grep -v "^--" | paste -d ' ' - - | grep -v "is missing documentation" && wrong=1
done
[ $wrong = 0 ] && echo "docs: all links lead somewhere"
exit $wrong
