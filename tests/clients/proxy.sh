#!/bin/sh
# proxy.sh: HAProxy in front of us, as a TCP proxy that says for whom a connection is: send-proxy is
# version 1 of the PROXY protocol, send-proxy-v2 version 2. A handler, the log and the limits see the
# client and not HAProxy, whose data comes in one segment with the header: not a byte may be lost or
# added. HAProxy's checks are connections for nobody, and no event.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/clients/lib.sh"

need perl haproxy sha256sum
need_netcat
make_work_directory
read -r who sum one front_who1 front_who2 front_sum1 front_sum2 front_one1 front_one2 <<EOF
$(free_ports 9)
EOF

# What a handler knows of its client; then it has what the client says, so that the proxy sees no
# reset. A request of its own tells a client from a check, which says nothing.
cat >"$work/who.sh" <<'EOF'
read -r request || exit 0
printf '%s %s %s %s %s %s\n' "$request" "$PROTO" "$REMOTE_ADDR" "$TCPREMOTEIP" "$TCPREMOTEPORT" "$TCPLOCALIP"
cat >/dev/null
EOF
cat >"$work/one.sh" <<'EOF'
read -r request || exit 0
echo "$request"
cat >/dev/null
EOF
cat >"$work/proxy.ini" <<EOF
[defaults]
proxy-protocol = yes
proxy-from = 127.0.0.1

[who]
listen = 127.0.0.1:$who
exec = sh "$work/who.sh"

[sum]
listen = 127.0.0.1:$sum
exec = sha256sum

[one]
listen = 127.0.0.1:$one
exec = sh "$work/one.sh"
max-connections-per-source = 1
EOF

# HAProxy is there first and finds nobody: a server is UP only when ten checks have gone well, and
# goes on being checked.
cat >"$work/haproxy.cfg" <<EOF
global
    stats socket "$work/haproxy.sock" mode 600
defaults
    mode tcp
    timeout connect 10s
    timeout client 30s
    timeout server 30s
    timeout check 10s
    default-server check inter 50ms fastinter 50ms downinter 50ms fall 1 rise 10
listen who1
    bind 127.0.0.1:$front_who1
    server s 127.0.0.1:$who send-proxy
listen who2
    bind 127.0.0.1:$front_who2
    server s 127.0.0.1:$who send-proxy-v2 check-send-proxy
listen sum1
    bind 127.0.0.1:$front_sum1
    server s 127.0.0.1:$sum send-proxy check-send-proxy
listen sum2
    bind 127.0.0.1:$front_sum2
    server s 127.0.0.1:$sum send-proxy-v2
listen one1
    bind 127.0.0.1:$front_one1
    server s 127.0.0.1:$one send-proxy no-check
listen one2
    bind 127.0.0.1:$front_one2
    server s 127.0.0.1:$one send-proxy-v2 no-check
EOF

# servers COLUMN: what 'show stat' has for each that is checked, in one line.
servers() {
    perl -MIO::Socket::UNIX -e '
        my ($path, $name) = @ARGV;
        my $socket = IO::Socket::UNIX->new($path) or exit 1;
        print $socket "show stat\n";
        my ($i, @values) = -1;
        while (my $line = <$socket>) {
            my @fields = split /,/, $line =~ s/^# //r;
            ($i) = grep { $fields[$_] eq $name } 0 .. $#fields if $. == 1;
            push @values, $fields[$i] if @fields > 1 && $fields[0] !~ /^one/ && $fields[1] eq "s";
        }
        print "@values\n";' "$work/haproxy.sock" "$1"
}

have() {
    value=$(servers "$1")
    # shellcheck disable=SC2254 # a pattern
    case $value in
    $2) return 0 ;;
    esac
    return 1
}

become() {
    in_time have "$@" && return
    echo "# $1 is '$(servers "$1")', check_status '$(servers check_status)'"
    return 1
}

# client ADDRESS PORT: standard input to a port, from an address, until the other side closes.
client() {
    timeout 20 nc -N -s "$1" 127.0.0.1 "$2"
}

# is_known ADDRESS PORT: a handler knows a client's address and port, which must be one that we know.
is_known() {
    set -- "$1" "$2" "$(free_ports 1)"
    got=$(echo hello | timeout 20 nc -N -s "$1" -p "$3" 127.0.0.1 "$2")
    [ "$got" = "hello TCP $1 $1 $3 127.0.0.1" ] && return
    echo "# from $1 port $3: '$got'"
    return 1
}

sum_is_right() {
    [ "$(client "$1" "$2" <"$work/random.bin")" = "$(sha256sum <"$work/random.bin")" ]
}

# keep ADDRESS PORT NAME: a client that stays; its answer says that it has a handler.
keep() {
    mkfifo "$work/$3"
    : >"$work/$3.got"
    timeout 60 nc -s "$1" 127.0.0.1 "$2" <"$work/$3" >"$work/$3.got" &
    kept=$!
    exec 9>"$work/$3"
    echo kept >&9
    in_time grep -q kept "$work/$3.got"
}

leave() {
    exec 9>&-
    kill "$kept"
    wait "$kept" 2>/dev/null
    true
}

is_served() {
    [ "$(echo hello | client "$1" "$2")" = hello ]
}

is_not_served() {
    [ -z "$(echo hello | client "$1" "$2")" ]
}

# is_said SERVICE REASON ADDRESS
is_said() {
    grep -q " $1: refused reason=$2 peer=$3:" "$work/log"
}

# Nothing that was said of the services that are checked; lines that are expected apart.
nothing_is_said() {
    ! grep -E ' (who|sum): ' "$work/log" | grep -v ' who: refused reason=proxy peer=127\.0\.0\.2:'
}

# counts_by_source PORT NAME
counts_by_source() {
    check "$2: a client of 127.0.0.2 has the one place of it" keep 127.0.0.2 "$1" "$2"
    check "$2: another one of it is refused" is_not_served 127.0.0.2 "$1"
    check "$2: one of 127.0.0.3 is served" is_served 127.0.0.3 "$1"
    leave
    check "$2: when the first one has gone, so is another one of it" in_time is_served 127.0.0.2 "$1"
}

head -c 1000000 /dev/urandom >"$work/random.bin"
accompany haproxy -db -f "$work/haproxy.cfg"
check 'HAProxy finds nobody' become status 'DOWN* DOWN* DOWN* DOWN*'
start "$work/proxy.ini" -o log-level=notice
check 'ten checks of each server went well' become status 'UP UP UP UP'
for source in 127.0.0.2 127.0.0.3; do
    check "v1: a handler knows $source" is_known "$source" "$front_who1"
    check "v2: a handler knows $source" is_known "$source" "$front_who2"
    check "v1: 1 MB of $source" sum_is_right "$source" "$front_sum1"
    check "v2: 1 MB of $source" sum_is_right "$source" "$front_sum2"
done
check 'one who comes past the proxy is not served' is_not_served 127.0.0.2 "$who"
check 'and that is said' in_time is_said who proxy 127.0.0.2
counts_by_source "$front_one1" v1
counts_by_source "$front_one2" v2
check 'the log names the client, not the proxy' in_time is_said one source-full 127.0.0.2
check 'no check has failed since the first' have chkdown '1 1 1 1'
check 'nothing is said about checks' nothing_is_said
end
