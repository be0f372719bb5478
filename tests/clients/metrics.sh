#!/bin/sh
# metrics.sh: a service whose handler is `stdinetctl metrics --http`, before real clients and parsers:
# promtool takes the text format, Python's client library, which is strict, OpenMetrics; and before
# clients that send something else. As root its handler is nobody, in the control-group.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/clients/lib.sh"

need perl curl
need_netcat
case $STDINETCTL in
/*) ;;
*) STDINETCTL=$PWD/$STDINETCTL ;;
esac
make_work_directory
# shellcheck disable=SC2046 # words
set -- $(free_ports 4)
port=$1
upper=$2
deaf_metrics=$3
deaf_page=$4
url=http://127.0.0.1:$port
cp "$STDINETCTL" "$work/stdinetctl"
cat >"$work/metrics.ini" <<EOF
[stdinetd]
control = $work/control
$(is_root && echo 'control-group = nogroup')

[upper "\\"]
listen = 127.0.0.1:$upper
exec = tr a-z A-Z
deny = 127.0.0.2
warm = entry

[metrics]
listen = 127.0.0.1:$port
exec = $work/stdinetctl -s $work/control metrics --http
linger-close = 0
$(is_root && echo 'group = nogroup')

$(for number in $(seq 300); do
    printf '[many %d]\nlisten = unix:%s/many.%d\nexec = cat\n' "$number" "$work" "$number"
done)

[deaf-metrics]
listen = 127.0.0.1:$deaf_metrics
exec = $work/stdinetctl -s $work/control metrics --http
send-buffer = 4096
$(is_root && echo 'group = nogroup')

[deaf-page]
listen = 127.0.0.1:$deaf_page
exec = $work/stdinetctl -s $work/control page --http
send-buffer = 4096
$(is_root && echo 'group = nogroup')
EOF

fetch() {
    curl -q -sS --noproxy '*' --max-time 20 "$@"
}

# gives STATUS ARGUMENT...: what curl is told with those.
gives() {
    expected=$1
    shift
    [ "$(fetch -o /dev/null -w '%{http_code}' "$@")" = "$expected" ]
}

# sends STATUS BYTES: what comes first, for bytes that no client sends.
sends() {
    [ "$(printf '%b' "$2" | nc -N -w 20 127.0.0.1 "$port" | head -n 1 | cut -d ' ' -f 2)" = "$1" ]
}

has_type() {
    fetch -o /dev/null -D - "$@" "$url/metrics" | tr -d '\r' | grep -i '^content-type: ' |
        grep -q "$type"
}

# deaf PORT: asks there, and reads what has come only when $work/hold ends.
deaf() {
    perl -MSocket -e '
        socket(my $server, PF_INET, SOCK_STREAM, 0) or die;
        setsockopt($server, SOL_SOCKET, SO_RCVBUF, 2048) or die;
        connect($server, sockaddr_in(shift, INADDR_LOOPBACK)) or die;
        syswrite($server, "GET / HTTP/1.0\r\n\r\n") or die;
        1 while sysread(STDIN, my $bytes, 4096);
        print $bytes while sysread($server, $bytes, 65536);' "$1" <"$work/hold" >"$work/deaf.$1" &
}
# Ended by itself, as one that has answered, with less than the whole written.
gave_up() {
    grep -q " $1: end .*outcome=ok" "$work/log"
}
is_cut() {
    length=$(tr -d '\r' <"$1" | sed -n 's/^Content-Length: //p')
    [ "${length:-0}" -gt 0 ] && [ "$(wc -c <"$1")" -lt "$length" ]
}

start "$work/metrics.ini"
echo x | nc -N -w 10 127.0.0.1 "$upper" >/dev/null
nc -N -w 10 -s 127.0.0.2 127.0.0.1 "$upper" </dev/null

check 'GET' fetch -D "$work/headers" -o "$work/text" "$url/metrics"
check 'is answered with 200' grep -q '^HTTP/1.1 200 OK' "$work/headers"
check 'its Content-Length is right' grep -qi "^content-length: $(wc -c <"$work/text")" "$work/headers"
check 'the connection is closed' grep -qi '^connection: close' "$work/headers"
check 'a counter' grep -q '^stdinetd_connections_total{service="upper \\"\\\\\\""} 1$' "$work/text"
check 'a refusal' \
    grep -q '^stdinetd_refused_total{service="upper \\"\\\\\\"",reason="denied"} 1$' "$work/text"
check 'how many are warm' grep -q '^stdinetd_warm_ready{service="upper \\"\\\\\\""} [0-9]' "$work/text"
check 'starts, warm or cold' test \
    "$(awk '/^stdinetd_warm_total/ { sum += $NF } END { print sum }' "$work/text")" = 1
check 'no address' sh -c "! grep -q '127\\.0\\.0' '$work/text'"
type='text/plain; version=0.0.4'
check 'the text format by itself' has_type
type='application/openmetrics-text; version=1.0.0'
check 'OpenMetrics for who asks for it' \
    has_type -H 'Accept: application/openmetrics-text;version=1.0.0;q=0.9,*/*;q=0.1'
fetch -H 'Accept: application/openmetrics-text' -o "$work/openmetrics" "$url/"
check 'which has an end' test "$(tail -n 1 "$work/openmetrics")" = '# EOF'

if have promtool; then
    # It says what it doesn't like, with status 3 where it is a matter of taste.
    check 'promtool has nothing to say' \
        test "$(promtool check metrics <"$work/text" 2>&1; echo $?)" = 0
fi
python=/usr/bin/python3
if $python -c 'import prometheus_client' 2>/dev/null; then
    check 'the strict parser takes OpenMetrics' $python -c '
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
families = {f.name: f for f in text_string_to_metric_families(open(sys.argv[1]).read())}
sample = families["stdinetd_connections"].samples[0]
assert sample.labels == {"service": "upper \"\\\""}, sample
assert families["stdinetd_handler_seconds"].type == "histogram"' "$work/openmetrics"
else
    skip_part 'there is no prometheus_client for Python'
fi

check 'HEAD' gives 200 -I "$url/"
check 'HEAD has no body' test "$(fetch -I "$url/" | tail -n 1 | tr -d '\r' | wc -c)" -le 1
check 'another path' gives 404 "$url/other"
check 'POST' gives 405 -d x "$url/"
head -c 900000 /dev/zero >"$work/big"
check 'POST of 900 kB is still answered' gives 405 --data-binary "@$work/big" -H 'Expect:' "$url/"
check 'HTTP/1.0' gives 200 -0 "$url/"
check 'no Host' sends 400 'GET / HTTP/1.1\r\n\r\n'
check 'HTTP/2.0' sends 505 'GET / HTTP/2.0\r\nHost: a\r\n\r\n'
check 'noise' sends 400 '\026\003\001\002\000\001\n\n'
check 'a head without end' sends 431 "GET / HTTP/1.1\r\nHost: a\r\nX: $(head -c 20000 /dev/zero | tr '\0' a)"
check 'nothing' test -z "$(nc -N -w 10 127.0.0.1 "$port" </dev/null)"
# Slow ones have ten seconds for the request, and as long for the answer, and nobody waits for them.
mkfifo "$work/hold"
deaf "$deaf_metrics"
deaf "$deaf_page"
exec 9>"$work/hold"
(sleep 30 & echo $! >"$work/sleeper"; wait) | nc 127.0.0.1 "$port" >"$work/slow" &
slow=$!
check 'beside a slow one' gives 200 "$url/"
patience=20
check 'a slow one is told so' in_time grep -q '^HTTP/1.1 408 ' "$work/slow"
kill "$(cat "$work/sleeper")"
wait "$slow"
check 'who reads no metrics is left' in_time gave_up deaf-metrics
check 'who reads no page is left' in_time gave_up deaf-page
exec 9>&-
check 'they had not been written whole' in_time is_cut "$work/deaf.$deaf_metrics"
check 'nor the page' in_time is_cut "$work/deaf.$deaf_page"

sed -i 's/^control = .*/control = none/' "$work/metrics.ini"
kill -HUP "$daemon"
check 'without a control socket' in_time gives 503 "$url/"
end
