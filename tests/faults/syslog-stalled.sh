#!/bin/sh
# The syslog daemon stands still, its queue is full. Expected: served on, no spin; it gets lines
# when it goes on, with the number of what was lost.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

own_dev
two_services <<INI
[stdinetd]
log = syslog

INI
serves() { answers; }
log=$work/lines
: >"$log"
behind lines fault datagrams "$work/dev/log"
reader=$job
start "$work/ini"
kill -s STOP "$reader"
for round in 1 2 3 4; do
    crowd 500
    check "all are served, round $round" crowd_is_served
done
check "nothing spins" idles
kill -s CONT "$reader"
check "it is told what was lost" logged "messages lost"
note_fds
recovers
