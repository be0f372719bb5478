#!/bin/sh
# time.sh: the handlers time and daytime, over TCP and UDP: the four bytes of RFC 868 and the line of
# RFC 867 are the time of this machine for netcat, and rdate, which asks for the time, agrees.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/clients/lib.sh"

need perl rdate od timeout
need_netcat
need_handlers time daytime
make_work_directory
# The handlers' environment has none either.
unset TZ
read -r time daytime <<EOF
$(free_ports 2)
EOF
cat >"$work/time.ini" <<EOF
[stdinetd]
stop-timeout = 100ms

[time]
listen = 127.0.0.1:$time
exec = "$STDINETD_HANDLERS/time"

[time-udp]
listen = udp:127.0.0.1:$time
exec = "$STDINETD_HANDLERS/time"

[daytime]
listen = 127.0.0.1:$daytime
exec = "$STDINETD_HANDLERS/daytime"

[daytime-udp]
listen = udp:127.0.0.1:$daytime
exec = "$STDINETD_HANDLERS/daytime"
EOF

ask_stream() {
    nc -w 10 127.0.0.1 "$1" </dev/null >"$work/answer"
}

# One datagram there, whatever is in it, and one back.
ask_datagram() {
    echo | nc -u -W 1 -w 10 127.0.0.1 "$1" >"$work/answer"
}

# Seconds since 1970 of what was answered, each as its protocol has it. 2208988800 is 1970 for the
# time protocol, whose 32 bits are full in 2036.
seconds_of_time() {
    [ "$(wc -c <"$work/answer")" -eq 4 ] || return 1
    # shellcheck disable=SC2046 # four numbers
    set -- $(od -An -t u1 "$work/answer")
    echo $((($1 * 16777216 + $2 * 65536 + $3 * 256 + $4 + 4294967296 - 2208988800) % 4294967296))
}

seconds_of_daytime() {
    [ "$(wc -l <"$work/answer")" -eq 1 ] && date -d "$(tr -d '\r\n' <"$work/answer")" +%s
}

ask_rdate() {
    timeout 10 rdate "$@" 127.0.0.1 >"$work/answer" 2>&1
}

# is_now SECONDS_OF ASK [ARGUMENT]...: what is answered lies between before and after. Both are
# rounded down, as the answer is.
is_now() {
    seconds_of=$1
    shift
    before=$(date +%s)
    "$@" && told=$("$seconds_of") && after=$(date +%s) &&
        [ "$before" -le "$told" ] && [ "$told" -le "$after" ] && return
    od -An -c "$work/answer" | sed "s/^/# $before ${told-?} ${after-?}: /"
    return 1
}

twice() {
    "$@" && "$@"
}

start "$work/time.ini"
check 'time: a client of TCP' is_now seconds_of_time ask_stream "$time"
check 'time: two clients of UDP' twice is_now seconds_of_time ask_datagram "$time"
check 'time: rdate' is_now seconds_of_daytime ask_rdate -p -o "$time"
check 'time: rdate by UDP' is_now seconds_of_daytime ask_rdate -p -u -o "$time"
check 'daytime: a client of TCP' is_now seconds_of_daytime ask_stream "$daytime"
check 'daytime: two clients of UDP' twice is_now seconds_of_daytime ask_datagram "$daytime"
end
