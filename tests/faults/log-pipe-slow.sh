#!/bin/sh
# The reader of the log's FIFO is slow: 4 KiB in a tenth of a second. Expected: all clients are
# served, at once; no spin.
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
read_slowly() {
    exec <"$work/pipe"
    while dd bs=4096 count=1 2>/dev/null | grep -q .; do
        sleep 0.1
    done
}
read_slowly &
jobs=$!
start "$work/ini"
crowd 500
check 'all are served' crowd_is_served
check 'nothing spins' idles
note_fds
recovers
