#!/bin/sh
# The log goes to a FIFO whose reader dies, and another comes. Expected: clients are served; the
# next reader gets lines, with the number of what was lost.
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

INI
serves() { answers; }
behind first cat "$work/pipe"
first=$job
start "$work/ini"
check 'the reader reads' in_time grep -q 'ready: ' "$work/first"
kill -s KILL "$first"
wait "$first" 2>/dev/null
crowd 100
check 'without a reader all are served' crowd_is_served
check 'nothing spins' idles
behind second cat "$work/pipe"
log=$work/second
check 'served on' answers
# With a line that comes when the reader is there; which it may not have been yet.
is_told() {
    answers && grep -q 'messages lost' "$log"
}
check 'the next reader is told what was lost' in_time is_told
note_fds
recovers
