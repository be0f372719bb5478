#!/bin/sh
# A handler writes to its stderr without end. Expected: it is slowed down, the log has a bounded
# share of it; others are served at once; little CPU.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

two_services <<INI
[talks]
listen = unix:$work/talks
exec = sh -c 'while :; do echo words without end >&2; done'

INI
start "$work/ini"
note_fds
behind one fault hold "$work/talks" 1 x
check 'its words are logged' logged 'talks: words without end'
check 'others are served' crowd 100
check 'all of them' crowd_is_served
before=$(ticks)
sleep 2
echo "# $(($(ticks) - before)) ticks in 2 s, $(wc -l <"$log") lines"
check 'it uses little CPU' test $(($(ticks) - before)) -le 60
check 'the log is bounded' test "$(wc -l <"$log")" -le 20000
kill -s KILL "$(sed -n 's/.*talks: start.* pid=\([0-9]*\).*/\1/p' "$log")"
kill "$job"
fds=$((fds + 2))
recovers
