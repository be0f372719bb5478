#!/bin/sh
# There is no /dev/log when it starts; it comes, goes, and comes again. Expected: served all the
# time; lines come when it is there, with those from before.
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
start "$work/ini"
crowd 50
check "without it all are served" crowd_is_served
check "nothing spins" idles
behind lines fault datagrams "$work/dev/log"
first=$job
check "what was said before comes when it is there" logged "ready: 2 services"
kill -s KILL "$first"
rm "$work/dev/log"
check "without it again, served" answers
behind lines fault datagrams "$work/dev/log"
check "made again, it gets lines" logged "upper: end"
note_fds
recovers
