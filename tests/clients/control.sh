#!/bin/sh
# control.sh: stdinetctl's commands against a daemon: what they print, and the exit status that
# scripts go by.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/clients/lib.sh"

need perl
need_netcat
case $STDINETCTL in
/*) ;;
*) STDINETCTL=$PWD/$STDINETCTL ;;
esac
make_work_directory
# shellcheck disable=SC2046 # words
set -- $(free_ports 3)
upper=$1
cat=$2
socket=$work/control
cat >"$work/control.ini" <<EOF
[stdinetd]
control = $socket

[upper]
listen = 127.0.0.1:$upper
exec = tr a-z A-Z
description = shouts

[cat]
listen = 127.0.0.1:$cat
exec = cat
max-connections = 2
EOF

# ends STATUS ARGUMENT...: with that status; $work/out and $work/err have what was said.
ends() {
    expected=$1
    shift
    "$STDINETCTL" -s "$socket" "$@" >"$work/out" 2>"$work/err" </dev/null
    [ $? -eq "$expected" ]
}

# says PATTERN, complains PATTERN: in the last output, or on its standard error and nothing else.
says() {
    grep -q -- "$1" "$work/out" && [ ! -s "$work/err" ]
}
complains() {
    grep -q -- "$1" "$work/err" && [ ! -s "$work/out" ]
}
is_silent() {
    [ ! -s "$work/out" ] && [ ! -s "$work/err" ]
}
# One object a line.
is_json() {
    [ "$(wc -l <"$work/out")" -eq 1 ] && grep -q '^{"ok":.*}$' "$work/out"
}

ask() {
    [ "$(echo hello | nc -N -w 10 127.0.0.1 "$1")" = "$2" ]
}

check 'nobody answers: 69' ends 69 status
check 'and says where' complains "no stdinetd is running here (no socket $socket)"
# A copy, which an upgrade finds missing.
cp "$STDINETD" "$work/stdinetd"
STDINETD=$work/stdinetd
start "$work/control.ini"

check 'status' ends 0 status
check 'status shows services' says '^upper  *serving  *0/64 '
check 'status SERVICE' ends 0 status upper
check 'it has the description' says '^description  *shouts'
check 'it has the address' says "127.0.0.1:$upper (accepting)"
check 'status of none: 1' ends 1 status none
check 'says that there is none' complains 'unknown service "none"'
check '--json status' ends 0 --json status
check 'it is one line of JSON' is_json

# Not wider than the terminal, of which there is none, or COLUMNS.
check 'connections of nobody' ends 0 connections
check 'it has its titles' says '^SERVICE .* PEER'
mkfifo "$work/hold"
nc -N 127.0.0.1 "$cat" <"$work/hold" >"$work/held" &
client=$!
exec 9>"$work/hold"
printf 'x\n' >&9
in_time grep -q x "$work/held"
check 'connections' ends 0 connections cat
check 'the one that there is' says '^cat .*127\.0\.0\.1:[0-9]* .*running'
check 'sources' ends 0 sources
check 'the one that there is' says '^cat  *127\.0\.0\.1  *1$'

check 'explain' ends 0 explain cat 192.0.2.1
check 'it would be admitted' says '^A client from 192.0.2.1 (source 192.0.2.1) is admitted'
check 'ban' ends 0 ban 192.0.2.0/24 1h
check 'silently' is_silent
check 'explain what is refused: 1' ends 1 explain cat 192.0.2.1
check 'by which rule' says 'is refused (banned)'
check '--json explain' ends 1 --json explain cat 192.0.2.1
check 'it is one line of JSON' is_json
check 'explain no address: 1' ends 1 explain cat example.org
check 'says why' complains 'address: is not an IP address'
check 'bans' ends 0 bans
check 'the one that there is' says '^192.0.2.0/24  *59m 5[0-9]s$'
check 'unban' ends 0 unban 192.0.2.0/24
check 'unban again: 1' ends 1 unban 192.0.2.0/24
check 'ban no prefix: 1' ends 1 ban 192.0.2.1/24
check 'ban for no time: 1' ends 1 ban 192.0.2.1 soon
check 'ban without a source: 64' ends 64 ban --kill
check 'an unknown option: 64' ends 64 ban --frob 192.0.2.1

check 'pause' ends 0 pause upper
check 'status shows it' ends 0 status
check 'paused' says '^upper  *paused '
(ask "$upper" HELLO && : >"$work/served") 9>&- &
check 'resume' ends 0 resume upper
check 'who waited is served' in_time test -e "$work/served"
check 'pause nothing: 64' ends 64 pause
check 'pause none: 1' ends 1 pause none
check 'drain who has nobody' ends 0 drain upper
check 'resume after drain' ends 0 resume upper
# Until the handler ends.
(ends 0 drain cat && : >"$work/drained") 9>&- &
in_time sh -c "'$STDINETCTL' -s '$socket' status | grep -q '^cat  *draining'"
check 'drain waits' test ! -e "$work/drained"
exec 9>&-
wait "$client"
check 'until there is no handler' in_time test -e "$work/drained"
"$STDINETCTL" -s "$socket" resume cat

(sleep 60 & echo $! >"$work/sleeper"; wait) | nc 127.0.0.1 "$cat" >/dev/null &
in_time sh -c "'$STDINETCTL' -s '$socket' connections | grep -q '^cat .*running'"
check 'kill' ends 0 kill cat
check 'how many' says '^sent SIGTERM to 1 handler$'
kill "$(cat "$work/sleeper")"
check 'kill what is not ours: 1' ends 1 kill 1

check 'reload' ends 0 reload
check 'silently' is_silent
echo 'what = this' >>"$work/control.ini"
check 'reload of what is wrong: 1' ends 1 reload
check 'with the problems' complains "control.ini:13: unknown key 'what'"
check 'it goes on' ask "$upper" HELLO
check '--json reload of what is wrong: 1' ends 1 --json reload
check 'it is one line of JSON' is_json

sed -i '$d' "$work/control.ini"
if [ -z "${STDINETD_WRAPPER-}" ]; then
    check 'upgrade' ends 0 upgrade
    check 'silently' is_silent
    check 'it has upgraded' grep -q ' upgraded' "$work/log"
    mv "$work/stdinetd" "$work/away"
    check 'upgrade to nothing: 1' ends 1 upgrade
    check 'with the reason' complains 'No such file or directory'
    check 'it goes on' ask "$upper" HELLO
else
    skip_part 'no upgrades under a wrapper'
fi

if have bash; then
    check 'completion of a service' completes 'cat upper ' -s "$socket" pause ''
    check 'completion of its beginning' completes 'upper ' -s "$socket" explain u
    check 'no completion of what follows' completes ' ' -s "$socket" explain upper u
    check 'completion of an option of ban' completes '--help --kill ' -s "$socket" ban --
fi

check 'metrics' ends 0 metrics
check 'they have an end' says '^# EOF$'
check 'page' ends 0 page
check 'it is one' says '^<!doctype html>$'
check 'top without a terminal: 64' ends 64 top
check 'metrics of what: 64' ends 64 metrics --what

check 'stop --wait' ends 0 stop --wait
# A zombie at most: this shell is its parent.
has_ended() {
    ! grep -qs '^State:[[:space:]]*[^Z[:space:]]' "/proc/$daemon/status"
}
check 'the daemon has ended' has_ended
check 'its socket is gone' test ! -e "$socket"
end
