#!/bin/sh
# The daemon has no fds any more (its limit is lowered to what it has). Expected: accepting
# pauses, said once, no spin; who waited is served when it is raised.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

need_plain
need prlimit
two_services </dev/null
start "$work/ini"
note_fds
limit=$(sed -n 's/^Max open files *\([0-9]*\).*/\1/p' "/proc/$daemon/limits")
prlimit -p "$daemon" --nofile="3:$limit"
crowd 20
check 'it is said' logged 'accept paused: Too many open files'
check 'nothing spins' idles
check 'it is said once' logged_at_most 'accept paused' 1
check 'a reload comes to its end' reload
prlimit -p "$daemon" --nofile="$limit:$limit"
check 'who waited is served' crowd_is_served
check 'a reload works' reload
recovers
