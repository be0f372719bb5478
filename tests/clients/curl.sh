#!/bin/sh
# curl.sh: the demo's page, which is a shell script, before a real HTTP client: GET, HEAD, other
# methods, and 20 requests at once.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/clients/lib.sh"

need perl curl xargs
make_work_directory
port=$(free_ports 1)
url=http://127.0.0.1:$port/
clients=20

mkdir "$work/served"
cp "$srcdir/etc/demo/page.sh" "$work/served"
give "$work/served"
head -c 900000 /dev/zero >"$work/big"
cat >"$work/curl.ini" <<EOF
[page]
listen = 127.0.0.1:$port
exec = sh page.sh
EOF

# No configuration of whoever runs the tests, and no proxy.
fetch() {
    curl -q -sS --noproxy '*' --max-time 10 "$@"
}

# method_gives STATUS ARGUMENT...
method_gives() {
    expected=$1
    shift
    [ "$(fetch -o /dev/null -w '%{http_code}' "$@" "$url")" = "$expected" ]
}

header() {
    sed -n "s/^$1: \([^[:cntrl:]]*\).*/\1/p" "$work/headers"
}

start "$work/curl.ini" -o "directory=$work/served"

check 'GET' fetch -D "$work/headers" -o "$work/page" "$url"
check 'GET is answered with 200' grep -q '^HTTP/1.1 200 ' "$work/headers"
check 'its Content-Length is that of the page' \
    test "$(header Content-Length)" -eq "$(wc -c <"$work/page")"
check 'the page is whole' grep -q '</html>' "$work/page"
check 'the page says who is asking' grep -q '127\.0\.0\.1, port [0-9]' "$work/page"
check 'the page says which connection it is' grep -q 'number 1<' "$work/page"

check 'HEAD' fetch --head -o "$work/headers" "$url"
check 'HEAD is answered with 200' grep -q '^HTTP/1.1 200 ' "$work/headers"
check 'HEAD tells a length' test "$(header Content-Length)" -gt 0
# With -X curl waits for a body, and complains that none comes.
check 'HEAD has no body' \
    test "$(fetch -X HEAD -o /dev/null -w '%{size_download}' "$url" 2>/dev/null)" = 0

check 'POST is answered with 405' method_gives 405 --data something
check 'POST of 900 kB is answered with 405' method_gives 405 --data-binary "@$work/big"
check 'DELETE is answered with 405' method_gives 405 -X DELETE

# A line for each: the status, and the number of the connection.
seq "$clients" | xargs -P "$clients" -I '{}' curl -q -sS --noproxy '*' --max-time 10 \
    -w '\nstatus %{http_code}\n' -o "$work/page.{}" "$url" >"$work/statuses"
check "$clients requests at once are answered with 200" \
    test "$(grep -c '^status 200$' "$work/statuses")" -eq "$clients"
check 'each by a connection of its own' \
    test "$(cat "$work"/page.* | grep -o 'number [0-9]*<' | sort -u | wc -l)" -eq "$clients"
end
