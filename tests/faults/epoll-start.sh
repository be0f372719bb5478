#!/bin/sh
# epoll_ctl fails with ENOMEM at its n-th call while the daemon starts, n from 1 to all. Expected:
# it exits with 71 and a reason, or it serves by itself.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

shimmed
two_services </dev/null
n=0
: >"$work/hits"
while [ "$n" -lt 12 ]; do
    inject epoll_add ENOMEM "$n" 1
    sweep_start epoll_add "$n"
    n=$((n + 1))
done
check 'each start served or told why it did not' test "$failures" -eq 0
check 'some of them were hit' test -s "$work/hits"
