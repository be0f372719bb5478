#!/bin/sh
# send() to syslog fails with EPERM. Expected: served on, no spin; it gets lines when it works
# again.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

own_dev
shimmed
two_services <<INI
[stdinetd]
log = syslog

INI
serves() { answers; }
behind lines fault datagrams "$work/dev/log"
start "$work/ini"
inject send EPERM
crowd 100
check 'all are served' crowd_is_served
check 'it happened' in_time was_hit send
check 'nothing spins' idles
lift
log=$work/lines
check 'no line was lost' in_time logged_at_least 'upper: end' 101
note_fds
recovers
