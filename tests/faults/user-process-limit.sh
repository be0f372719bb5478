#!/bin/sh
# The user of a service has all processes that its rlimit-nproc allows. Expected: the stage says
# so, the service rests; others are served.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

two_are_running() {
    tr ' ' '\n' <"/proc/$daemon/task/$daemon/children" >"$work/children"
    running=0
    while read -r pid; do
        [ "$(cat "/proc/$pid/comm")" != tr ] || running=$((running + 1))
    done <"$work/children"
    [ "$running" -eq 2 ]
}

need_root
two_services <<INI
[few]
listen = unix:$work/few
exec = tr a-z A-Z
rlimit-nproc = 1

INI
start "$work/ini"
note_fds
# execve(2) looks at the limit only of who became the user when it had more than that already: two
# at least, and they must be the user's by then.
behind one fault hold "$port" 2 x
in_time two_are_running
behind two fault hold "$work/few" 1 x
two=$job
check 'the stage says so' logged 'few: start failed.*stage=process-limit'
check 'the other is served' answers "$other"
check 'nothing spins' idles
kill "$two" "${jobs##* }" 2>/dev/null
sed -i '/^rlimit-nproc/d' "$work/ini"
reload
check 'served without the limit' in_time answers "$work/few"
for job in $jobs; do
    kill "$job" 2>/dev/null
done
# [few] was not among those whose first start note_fds has seen: its channel for stderr.
fds=$((fds + 2))
recovers
