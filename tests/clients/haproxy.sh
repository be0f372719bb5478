#!/bin/sh
# haproxy.sh: health checks of HAProxy. httpchk on check-http and agent-check on check-agent see what
# a command says. A script that answers without reading its request is UP with linger-close; without
# it the kernel resets the connection under the answer, and the server is DOWN.
#
# HAProxy (2.6) is content with a status line that came before the reset, and often with a whole
# answer that it reads together with the reset: that is why such checks flap. So here it must look at
# the end of a body without a length, and the script ends a moment after its answer.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/clients/lib.sh"

need perl haproxy
need_handlers check-http check-agent
make_work_directory
read -r http agent silent lingers resets <<EOF
$(free_ports 5)
EOF

# The commands that are asked: files of the test say what they find.
cat >"$work/says.sh" <<EOF
cat '$work/says'
EOF
cat >"$work/blind.sh" <<'EOF'
printf 'HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nall is well\n'
sleep 0.2
EOF
cat >"$work/haproxy.ini" <<EOF
[http]
listen = 127.0.0.1:$http
exec = "$STDINETD_HANDLERS/check-http" test -e "$work/alive"

[agent]
listen = 127.0.0.1:$agent
exec = "$STDINETD_HANDLERS/check-agent" sh "$work/says.sh"

[silent]
listen = 127.0.0.1:$silent
exec = "$STDINETD_HANDLERS/check-agent" test -e "$work/alive"

[lingers]
listen = 127.0.0.1:$lingers
exec = sh "$work/blind.sh"
linger-close = 2s

[resets]
listen = 127.0.0.1:$resets
exec = sh "$work/blind.sh"
EOF

# A blind server is DOWN after one failure and stays so. Nothing is ever sent to port 9: agents
# alone say what becomes of those servers, and HAProxy says "no check" for them when they are UP.
cat >"$work/haproxy.cfg" <<EOF
global
    stats socket "$work/haproxy.sock" mode 600
defaults
    mode http
    timeout connect 10s
    timeout client 10s
    timeout server 10s
    timeout check 10s
    default-server inter 100ms fastinter 100ms downinter 100ms agent-inter 100ms
backend http
    option httpchk GET /
    server s 127.0.0.1:$http check fall 1 rise 1
backend agent
    server s 127.0.0.1:9 agent-check agent-port $agent
backend silent
    server s 127.0.0.1:9 agent-check agent-port $silent
backend lingers
    option httpchk GET /
    http-check expect ! string wrong
    server s 127.0.0.1:$lingers check fall 1 rise 1000
backend resets
    option httpchk GET /
    http-check expect ! string wrong
    server s 127.0.0.1:$resets check fall 1 rise 1000
EOF

# column BACKEND NAME: what 'show stat' has for its server.
column() {
    perl -MIO::Socket::UNIX -e '
        my ($path, $backend, $name) = @ARGV;
        my $socket = IO::Socket::UNIX->new($path) or exit 1;
        print $socket "show stat\n";
        my $i = -1;
        while (my $line = <$socket>) {
            my @fields = split /,/, $line =~ s/^# //r;
            ($i) = grep { $fields[$_] eq $name } 0 .. $#fields if $. == 1;
            print $fields[$i], "\n" if $fields[0] eq $backend && $fields[1] eq "s";
        }' "$work/haproxy.sock" "$1" "$2"
}

# has BACKEND COLUMN PATTERN: a "* " before it says that the next check is on its way.
has() {
    value=$(column "$1" "$2")
    value=${value#\* }
    # shellcheck disable=SC2254 # a pattern
    case $value in
    $3) return 0 ;;
    esac
    return 1
}

# becomes BACKEND STATUS COLUMN CHECK: in time; the column says with which result of a check.
becomes() {
    in_time has_both "$@" && return
    echo "# $1 is '$(column "$1" status)', its $3 is '$(column "$1" "$3")'"
    return 1
}

has_both() {
    has "$1" status "$2" && has "$1" "$3" "$4"
}

# checked_often SERVICE: ten connections have ended.
checked_often() {
    [ "$(grep -c " $1: end " "$work/log")" -ge 10 ]
}

: >"$work/alive"
echo up >"$work/says"
start "$work/haproxy.ini"
accompany haproxy -db -f "$work/haproxy.cfg"

check 'check-http: UP when the command ends with 0' becomes http UP check_status L7OK
check 'check-agent: up' becomes agent 'no check' agent_status L7OK
check 'check-agent: UP when a silent command ends with 0' becomes silent 'no check' agent_status L7OK
rm "$work/alive"
check 'check-http: DOWN when it ends with 1' becomes http DOWN check_status L7STS
check 'check-http: that is a 503' in_time has http check_code 503
check 'check-agent: DOWN when it ends with 1' becomes silent 'DOWN*' agent_status L7STS
: >"$work/alive"
check 'check-http: and UP again' becomes http UP check_status L7OK
check 'check-agent: and UP again' becomes silent 'no check' agent_status L7OK
echo down >"$work/says"
check 'check-agent: down' becomes agent 'DOWN*' agent_status L7STS
echo up >"$work/says"
check 'check-agent: up again' becomes agent 'no check' agent_status L7OK
# Neither a word that HAProxy knows nor a '#' that it sees: ours comes first.
echo 'failed#disk' >"$work/says"
check 'check-agent: down in other words' becomes agent 'DOWN*' agent_status L7STS
echo drain >"$work/says"
check 'check-agent: drain' becomes agent 'DRAIN*' agent_status L7OK

check 'without linger-close: DOWN' becomes resets 'DOWN*' check_status SOCKERR
check 'without linger-close: because of a reset' in_time has resets last_chk '*reset by peer*'
check 'with linger-close: ten checks' in_time checked_often lingers
check 'with linger-close: UP' becomes lingers UP check_status L7OK
check 'with linger-close: none has failed' has lingers chkfail 0
end
