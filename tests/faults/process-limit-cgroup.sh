#!/bin/sh
# The cgroup's limit of processes is reached: fork fails with EAGAIN. Expected: clients are held
# with a reason and served when there is room; no spin.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

need_plain
need_root
two_services </dev/null
start "$work/ini"
note_fds
for root in /sys/fs/cgroup/pids /sys/fs/cgroup; do
    cgroup=$root/stdinetd-faults-$$
    mkdir "$cgroup" 2>/dev/null && [ -e "$cgroup/pids.max" ] && break
    rmdir "$cgroup" 2>/dev/null
    cgroup=
done
[ -n "$cgroup" ] || skip 'no cgroup with a limit of processes can be made here'
echo "$daemon" >"$cgroup/cgroup.procs"
echo 1 >"$cgroup/pids.max"
crowd 10
check 'clients are held, with a reason' logged 'cannot start a handler for upper.*Resource temp'
check 'nothing spins' idles
echo max >"$cgroup/pids.max"
check 'they are served' crowd_is_served
check 'is served' answers
check 'the other is served' answers "$other"
check 'no leak' no_leak
end
result=$?
rmdir "$cgroup"
exit "$result"
