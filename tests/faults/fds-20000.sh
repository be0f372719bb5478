#!/bin/sh
# 20,000 clients are held, until there are no more fds. Expected: said once, no spin; others are
# served when some have gone; memory stays small.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

need_plain
# shellcheck disable=SC3045 # dash and bash have them
hard=$(ulimit -Hn)
[ "$hard" != unlimited ] && [ "$hard" -le 20000 ] || hard=20000
# shellcheck disable=SC3045
ulimit -n "$hard"
two_services <<INI
[held]
listen = unix:$work/held
exec = tr a-z A-Z
start-on = data
data-timeout = 1h


INI
start "$work/ini"
note_fds "$work/held"
behind one fault hold "$work/held" $((hard / 2 - 100))
one=$job
behind two fault hold "$work/held" $((hard / 2 - 100))
check 'they are connected' in_time grep -q connected "$work/one"
check 'all of them' in_time grep -q connected "$work/two"
check 'others are served' answers
check 'who finds no room is refused' logged 'held: refused reason=held more='
check 'nothing spins, when that is done' in_time idles
echo "# $(count_fds) fds, $(sed -n 's/VmRSS:[^0-9]*//p' "/proc/$daemon/status")"
check 'at most half of the fds are held' test "$(count_fds)" -le $((hard / 2 + 100))
check 'memory stays small' test "$(sed -n 's/VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$daemon/status")" -lt 65536
kill "$one" "$job"
wait "$one" "$job" 2>/dev/null
recovers
