#!/bin/sh
# Each kind of call that an upgrade makes fails at its n-th time, in the daemon or in the build
# that is asked. Expected: upgraded, or a reason and everything as before; a held session lives;
# no leak.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

begin
behind held fault hold "$other" 3 x
in_time grep -q connected "$work/held"
fds=$(count_fds)
for row in memfd_create:EMFILE pipe2:EMFILE fcntl_dupfd:EMFILE clone:EAGAIN fork:EAGAIN \
    epoll_create1:EMFILE epoll_add:ENOSPC signalfd:EMFILE open:EMFILE read:EIO write:EIO \
    mmap:ENOMEM getrlimit:EINVAL; do
    for n in 0 1 2 3; do
        inject "${row%:*}" "${row#*:}" "$n" 1
        upgrade || not_ok "$row $n: it is decided"
        lift
        answers || not_ok "$row $n: it serves on"
    done
done
echo "# upgraded $(grep -c 'notice upgraded' "$log") times, not $(grep -c 'upgrade failed' "$log") times"
check 'some were refused' logged 'upgrade failed'
check 'some were not' logged 'notice upgraded'
check 'the held ones live' logged_at_most ' other: end' 1
check 'nothing spins' idles
check 'no fd is lost' test "$(count_fds)" -le "$((fds + 2))"
kill "$job"
recovers
