#!/bin/sh
# The reader of the log's FIFO stands still, until more is lost than the ring holds. Expected: all
# clients are served; no spin; it is told what was lost when it goes on.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

need mkfifo
mkfifo "$work/pipe"
chmod 666 "$work/pipe"
two_services <<INI
[stdinetd]
log = $work/pipe
log-level = debug

INI
serves() { answers; }
behind lines cat "$work/pipe"
start "$work/ini"
reader=$job
kill -s STOP "$reader"
for round in 1 2 3 4; do
    crowd 500
    check "all are served, round $round" crowd_is_served
done
check 'nothing spins' idles
kill -s CONT "$reader"
log=$work/lines
check 'served on' answers
check 'it is told what was lost' logged 'messages lost'
note_fds
recovers
