#!/bin/sh
# httpd.sh: micro-httpd as a handler, which answers one request a connection: the bytes of a file
# with curl, and as many connections as wrk can make in two seconds without one that goes wrong.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/clients/lib.sh"

need perl curl wrk micro-httpd cmp
make_work_directory
port=$(free_ports 1)
url=http://127.0.0.1:$port

mkdir "$work/served"
head -c 2000000 /dev/urandom >"$work/served/random.bin"
echo '<p>Hello, you</p>' >"$work/served/index.html"
cat >"$work/httpd.ini" <<EOF
[httpd]
listen = 127.0.0.1:$port
exec = micro-httpd "$work/served"
EOF

# No configuration of whoever runs the tests, and no proxy.
client() {
    curl -q -sS --noproxy '*' --max-time 10 "$@"
}

status_is() {
    [ "$(client -o /dev/null -w '%{http_code}' "$url/$2")" = "$1" ]
}

load() {
    wrk -t 1 -c 4 -d 2s --timeout 10s "$url/index.html" >"$work/wrk" 2>&1
}

# requests_at_least COUNT: answered ones.
requests_at_least() {
    made=$(sed -n 's/^ *\([0-9]*\) requests in .*/\1/p' "$work/wrk")
    [ "${made:-0}" -ge "$1" ]
}

start "$work/httpd.ini" -o log-level=notice
check 'curl gets a file' client -f -o "$work/got.bin" "$url/random.bin"
check 'byte for byte' cmp "$work/served/random.bin" "$work/got.bin"
check 'a file that is not there is 404' status_is 404 nothing
check 'wrk' load
sed 's/^/# /' "$work/wrk"
# One that opens no new connections when the server closes one gets no farther than 4.
check 'wrk made more requests than connections at once' requests_at_least 20
check 'no request failed' test -z "$(grep -E 'Socket errors|Non-2xx' "$work/wrk")"
end
