#!/bin/sh
# The disk that the log is on is full. Expected: clients are served; when there is room again,
# what follows is logged, with the number of what was lost.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

in_own_mounts <<SETUP
mkdir -p $work/small
mount -t tmpfs -o size=64k none $work/small
SETUP
two_services <<INI
[stdinetd]
log = $work/small/log

INI
serves() { answers; }
start "$work/ini"
log=$(inside "$work/small/log")
cat /dev/zero >"$(inside "$work/small/fill")" 2>/dev/null
check 'clients are served' crowd 200
check 'all of them' crowd_is_served
check 'nothing spins' idles
rm "$(inside "$work/small/fill")"
check 'served on' answers
check 'what was lost is said' logged 'messages lost'
note_fds
recovers
