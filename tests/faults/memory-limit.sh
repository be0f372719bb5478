#!/bin/sh
# The daemon's address space is limited to what it has (RLIMIT_AS). Expected: no crash; who can't
# be served is refused or waits, with a reason; all is well afterwards.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

need_plain
need prlimit
two_services </dev/null
start "$work/ini"
note_fds
size=$(($(sed -n 's/^VmSize:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$daemon/status") * 1024))
prlimit -p "$daemon" --as="$size:unlimited"
fault crowd "$port" 300 hello HELLO 8000 >"$work/crowd"
sed 's/^/# /' "$work/crowd"
check 'the daemon lives' kill -0 "$daemon"
check 'nothing spins' idles
prlimit -p "$daemon" --as=unlimited:unlimited
crowd 300
check 'then all are served' crowd_is_served
recovers
