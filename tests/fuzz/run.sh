#!/bin/sh
# run.sh [TARGET…]: fuzzes each target (all that have seeds) for FUZZ_TIME seconds, from a build with
# --enable-fuzzers. What it learns stays in corpus/ beside the programs, and is where the next run
# goes on; an input that fails is left there as crash-…, to become a seed when it is mended.
set -u
cd "${srcdir:-.}" || exit 99
programs=${STDINETD_FUZZ:-./build-fuzz/tests/fuzz}
seconds=${FUZZ_TIME:-60}
failed=0

[ "$#" -gt 0 ] || set -- tests/fuzz/seeds/*/
for target in "$@"; do
    target=$(basename "$target")
    corpus=$programs/corpus/$target
    mkdir -p "$corpus" || exit 99
    # Seeds in the tree are only read: new inputs go to the first directory.
    if "$programs/$target" -max_total_time="$seconds" -print_final_stats=1 -timeout=10 \
        -dict="tests/fuzz/$target.dict" -artifact_prefix="$programs/" \
        "$corpus" "tests/fuzz/seeds/$target"; then
        echo "ok - $target for $seconds seconds"
    else
        echo "not ok - $target"
        failed=1
    fi
done
exit "$failed"
