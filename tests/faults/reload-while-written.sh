#!/bin/sh
# The file changes while it is read: somebody writes it in place, in pieces, all the time.
# Expected: each reload takes a whole configuration or refuses with a reason; the daemon serves on.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

two_services </dev/null
start "$work/ini"
note_fds
cp "$work/ini" "$work/good"
write_all_the_time() {
    while :; do
        : >"$work/ini"
        while IFS= read -r line; do
            printf '%s\n' "$line" >>"$work/ini"
        done <"$work/good"
    done
}
write_all_the_time &
jobs=$!
i=0
while [ "$i" -lt 50 ]; do
    reload || not_ok "reload $i comes to its end"
    i=$((i + 1))
done
kill "$jobs"
wait "$jobs" 2>/dev/null
cp "$work/good" "$work/ini"
check 'the whole file is taken' reload
check 'both services are there' grep -q 'reloaded: 2 services' "$log"
echo "# $(grep -c 'reload failed' "$log") of 50 were refused"
recovers
