#!/bin/sh
# The clock steps back an hour, then forward a day. Expected: stamps follow it; rates, limits and
# services don't notice.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

shimmed
# has_hours COUNT: of the stamps in the log.
has_hours() {
    [ "$(cut -c1-13 "$log" | sort -u | wc -l)" -ge "$1" ]
}
two_services <<'INI'
[defaults]
rate = 1000/1s
max-runtime = 1h

INI
start "$work/ini"
note_fds
inject clock_realtime -3600
check 'is served an hour earlier' answers
check 'its stamp is' in_time has_hours 2
inject clock_realtime 86400
check 'and a day later' answers
check 'its stamp is' in_time has_hours 3
check 'no durations went wrong' test -z "$(grep -E 'duration_ms=[0-9]{6}' "$log")"
check 'nothing spins' idles
lift
recovers
