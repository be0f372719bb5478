#!/bin/sh
# A thousand HUPs in a second, under load. Expected: they are taken together; no client fails, a
# held session lives.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

two_services </dev/null
start "$work/ini"
note_fds
behind held fault hold "$other" 20 x
in_time grep -q connected "$work/held"
storm() {
    i=0
    while [ "$i" -lt 1000 ]; do
        kill -s HUP "$daemon"
        i=$((i + 1))
    done
}
storm &
storm=$!
failed=0
for i in 1 2 3 4 5 6 7 8 9 10; do
    fault crowd "$port" 20 hello HELLO >/dev/null || failed=$((failed + 1))
done
wait "$storm"
check 'no client failed' test "$failed" -eq 0
check 'it was reloaded' logged 'reloaded: 2 services'
echo "# $(grep -c ' reloaded: ' "$log") reloads"
check 'the held ones live' test "$(grep -c ' other: end' "$log")" -eq 1
kill "$job"
recovers
