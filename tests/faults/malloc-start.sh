#!/bin/sh
# malloc gives NULL at its n-th call of a start, n from 1 to all. Expected: it serves by itself,
# or exits with a reason; never a crash.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

shimmed
many_keys
n=0
misses=0
: >"$work/hits"
# Some calls come after it serves, so the end is where several in a row were not reached.
while [ "$misses" -lt 3 ] && [ "$n" -lt 2000 ]; do
    inject malloc ENOMEM "$n" 1
    sweep_start malloc "$n"
    misses=$((misses + 1))
    [ "$(tail -n 1 "$work/hits")" != "$n" ] || misses=0
    n=$((n + 1))
done
check 'each of many calls was tried' test "$n" -gt 50
check 'each start served, or told why it did not' test "$failures" -eq 0
[ "$failures" -eq 0 ]
