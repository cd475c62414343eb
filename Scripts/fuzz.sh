#!/bin/sh
# Builds and runs a fuzz target; what it finds is left in .fuzz/TARGET-findings.
# usage: Scripts/fuzz.sh TARGET SECONDS [option of libFuzzer]...
set -eu
cd "$(dirname "$0")/.."
target=$1 seconds=$2
shift 2
build=.build-fuzz
# lld: gold cannot link what the sanitizers make. The address sanitizer finds what the language does not forbid in
# code that is marked unsafe.
[ "${FUZZ_BUILD:-yes}" = no ] || ${SWIFT:-swift} build -c release --package-path Fuzz --scratch-path $build \
    --product "fuzz-$target" -Xswiftc -sanitize=fuzzer,address -Xswiftc -use-ld=lld
program=$build/release/fuzz-$target
corpus=.fuzz/$target seeds=Tests/Fixtures/fuzz/$target
mkdir -p "$corpus" ".fuzz/$target-findings"
[ "$target" != devices ] || { mkdir -p .fuzz/devices-seeds && $program --seeds .fuzz/devices-seeds; }
[ "$target" != qcow2 ] || { mkdir -p .fuzz/qcow2-seeds && zstd -dcq Tests/Fixtures/streams/savevm.qcow2.zst > .fuzz/qcow2-seeds/savevm; }
folders=$corpus
for folder in "$seeds" ".fuzz/$target-seeds"; do [ ! -d "$folder" ] || folders="$folders $folder"; done
# Swift's own backtraces would take minutes with the sanitizer's instrumentation; libFuzzer keeps the input anyway.
# shellcheck disable=SC2086
SWIFT_BACKTRACE=enable=no exec $program -max_total_time="$seconds" -timeout=20 -rss_limit_mb=1024 \
    -malloc_limit_mb=256 -print_final_stats=1 -artifact_prefix=".fuzz/$target-findings/" "$@" $folders
