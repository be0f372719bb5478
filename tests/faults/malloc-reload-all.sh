#!/bin/sh
# malloc gives NULL from the n-th call of a reload on, as when memory stays short. Expected: a
# reason and everything as before; no leak.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

begin
for n in 0 1 2 3 5 8 13; do
    inject malloc ENOMEM "$n"
    check "from call $n on it is refused" reload
    lift
    check 'and served on' answers
done
check 'they failed' test "$(grep -c 'reload failed' "$log")" -eq 7
recovers
