#!/bin/sh
# malloc gives NULL at each second call while clients are served. Expected: each is served, late
# or at once, or refused with a reason; no crash, no leak; all is well afterwards.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

begin
for n in 0 1 2 3 4 5 6 7 8 9; do
    inject malloc ENOMEM "$n" 3
    fault crowd "$port" 10 hello HELLO 8000 >>"$work/counts"
done
inject malloc ENOMEM
fault crowd "$port" 5 hello HELLO 2000 >>"$work/counts"
lift
sed -n '/answered/s/^/# /p' "$work/counts"
check 'nearly all were answered' test "$(grep -c '^10 of 10' "$work/counts")" -ge 8
recovers
