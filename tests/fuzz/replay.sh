#!/bin/sh
# Each fuzz target on each of its seeds, without a fuzzer: what was found once stays found. The name
# of a target is the name of its folder in seeds/.
set -u
cd "${srcdir:-.}" || exit 99
programs=${STDINETD_FUZZ:-./build/tests/fuzz}
failed=0

for directory in tests/fuzz/seeds/*/; do
    target=$(basename "$directory")
    for seed in "$directory"*; do
        if "$programs/replay-$target" "$seed"; then
            echo "ok - $target of $(basename "$seed")"
        else
            echo "not ok - $target of $(basename "$seed")"
            failed=1
        fi
    done
done
exit "$failed"
