#!/bin/sh
# Each kind of call that a start makes fails at its n-th time, n from 1 to 8. Expected: it exits
# with a reason, or serves.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

shimmed
many_keys
: >"$work/hits"
for row in epoll_create1:EMFILE signalfd:ENOMEM getrandom:ENOSYS getrlimit:EINVAL open:EMFILE \
    fcntl_dupfd:EMFILE fcntl_setfl:EINVAL read:EIO mmap:ENOMEM lookup:EIO; do
    for n in 0 1 2 3 4 5 6 7; do
        inject "${row%:*}" "${row#*:}" "$n" 1
        sweep_start "${row%:*}" "$row $n"
    done
done
check 'many of them were hit' test "$(wc -l <"$work/hits")" -ge 20
check 'each start served, or told why it did not' test "$failures" -eq 0
[ "$failures" -eq 0 ]
