#!/bin/sh
# fail2ban.sh: fail2ban itself with our action, on a log of failures: who is banned is refused, on
# IPv4 and IPv6, with his running handler ended where the jail says so, until it is unbanned.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/clients/lib.sh"

need perl fail2ban-client fail2ban-server
need_netcat
case $STDINETCTL in
/*) ;;
*) STDINETCTL=$PWD/$STDINETCTL ;;
esac
make_work_directory
port=$(free_ports 1)
cat >"$work/served.ini" <<EOF
[stdinetd]
control = $work/control

[cat]
listen = 127.0.0.1:$port
exec = cat
EOF
mkdir -p "$work/f2b/action.d" "$work/f2b/filter.d" "$work/f2b/jail.d"
cp "$srcdir/etc/fail2ban/action.d/stdinetd.conf" "$work/f2b/action.d"
cat >"$work/f2b/action.d/stdinetd.local" <<EOF
[Init]
stdinetctl = $STDINETCTL -s $work/control
EOF
cat >"$work/f2b/filter.d/failure.conf" <<'EOF'
[Definition]
failregex = ^ failure of <ADDR>$
EOF
cat >"$work/f2b/fail2ban.conf" <<EOF
[Definition]
loglevel = INFO
logtarget = $work/f2b.log
syslogsocket = auto
socket = $work/f2b.sock
pidfile = $work/f2b.pid
dbfile = None
dbpurgeage = 1d
dbmaxmatches = 10
EOF
cat >"$work/f2b/jail.conf" <<EOF
[DEFAULT]
ignoreself = false
usedns = no
maxretry = 2
findtime = 1h
bantime = 1h
backend = polling
enabled = true

[failures]
filter = failure
logpath = $work/failures
action = stdinetd[kill=--kill]
EOF
: >"$work/failures"

ask_fail2ban() {
    fail2ban-client -c "$work/f2b" -s "$work/f2b.sock" -p "$work/f2b.pid" "$@" >"$work/f2b.out" 2>&1
}
fail() {
    for _ in 1 2 3; do
        printf '%s failure of %s\n' "$(date '+%Y-%m-%d %H:%M:%S')" "$1" >>"$work/failures"
    done
}
is_banned() {
    "$STDINETCTL" -s "$work/control" bans | grep -q "^$1 "
}
is_not_banned() {
    ! is_banned "$1"
}
is_served() {
    [ "$(echo hello | nc -N -w 10 127.0.0.1 "$port")" = hello ]
}
is_refused() {
    ! is_served
}

start "$work/served.ini"
accompany fail2ban-server -c "$work/f2b" -s "$work/f2b.sock" -p "$work/f2b.pid" -f start
patience=60
check 'fail2ban takes the action' in_time ask_fail2ban status failures

(sleep 100 & echo $! >"$work/sleeper"; wait) | nc -w 100 127.0.0.1 "$port" >/dev/null &
running=$!
in_time grep -q ' cat: start ' "$work/log"
fail 192.0.2.7
check 'who fails is banned' in_time is_banned 192.0.2.7
check 'nobody else' is_served
fail 2001:db8::7
check 'so on IPv6' in_time is_banned 2001:db8::7
fail 127.0.0.1
check 'who has a handler' in_time is_banned 127.0.0.1
check 'is refused' is_refused
check 'and his handler is ended' in_time grep -q 'cat: end .*outcome=killed' "$work/log"
kill "$(cat "$work/sleeper")"
wait "$running"
ask_fail2ban set failures unbanip 127.0.0.1
check 'who is unbanned' in_time is_not_banned 127.0.0.1
check 'is served' is_served

# What is forgotten here needs no unban there.
"$STDINETCTL" -s "$work/control" unban 192.0.2.7
check 'an unban that is done already' ask_fail2ban set failures unbanip 192.0.2.7
ask_fail2ban stop
check 'fail2ban lifts the others when it ends' in_time is_not_banned 2001:db8::7
wait "$companion"
companion=
check 'fail2ban had nothing to complain of' sh -c "! grep -E ' (ERROR|CRITICAL) ' '$work/f2b.log'"
end
