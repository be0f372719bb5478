#!/bin/sh
# A hundred clients connect and reset while the daemon stands still. Expected: no handler is
# started, at most two lines; the next client is served.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

need_plain
two_services </dev/null
start "$work/ini"
note_fds
lines=$(wc -l <"$log")
kill -s STOP "$daemon"
fault reset "$port" 100
kill -s CONT "$daemon"
check 'the other is served' answers "$other"
check 'no handler was started' test "$(grep -c ' upper: start' "$log")" -le 1
check 'they are no event' test "$(wc -l <"$log")" -le $((lines + 4))
recovers
