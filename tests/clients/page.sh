#!/bin/sh
# page.sh: a service whose handler is `stdinetctl page --http`: what the page has in it, that
# everything is escaped, and, where there is a headless Chromium, that it is shown, by day and by
# night, without a complaint of the browser, and refreshes itself. Pictures are kept in
# STDINETD_PICTURES, where that is a directory, for somebody to look at.
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
set -- $(free_ports 3)
port=$1
upper=$2
full=$3
url=http://127.0.0.1:$port/
cp "$STDINETCTL" "$work/stdinetctl"
cat >"$work/page.ini" <<EOF
[stdinetd]
control = $work/control
$(is_root && echo 'control-group = nogroup')

[upper]
listen = 127.0.0.1:$upper
exec = tr a-z A-Z
description = "<script>alert('\"&')</script>"

[full]
listen = 127.0.0.1:$full
exec = cat
max-connections = 1
when-full = refuse

[away]
listen = unix:$work/no/such/directory
exec = cat

[page]
listen = 127.0.0.1:$port
exec = $work/stdinetctl -s $work/control page --http
$(is_root && echo 'group = nogroup')
EOF

fetch() {
    curl -q -sS --noproxy '*' --max-time 20 "$@"
}

has() {
    grep -qF -- "$1" "$work/page"
}
has_not() {
    ! has "$1"
}

start "$work/page.ini"
for _ in 1 2 3; do
    echo x | nc -N -w 10 127.0.0.1 "$upper" >/dev/null
done
mkfifo "$work/hold"
nc -N 127.0.0.1 "$full" <"$work/hold" >"$work/held" &
client=$!
exec 9>"$work/hold"
echo x >&9
in_time grep -q x "$work/held"
nc -N -w 10 127.0.0.1 "$full" </dev/null 9>&-
"$STDINETCTL" -s "$work/control" ban '192.0.2.0/24' 1h

check 'GET' fetch -D "$work/headers" -o "$work/page" "$url"
check 'is answered with 200' grep -q '^HTTP/1.1 200 OK' "$work/headers"
check 'it is HTML in UTF-8' grep -qi '^content-type: text/html; charset=utf-8' "$work/headers"
check 'its Content-Length is right' grep -qi "^content-length: $(wc -c <"$work/page")" "$work/headers"
check 'nothing comes from elsewhere' grep -q "^Content-Security-Policy: default-src 'none'" "$work/headers"
check 'it is whole' has '</body></html>'
check 'a service' has '<h3>upper</h3>'
check 'how full it is' has 'active <b>1</b> of 1'
check 'its state' has '<span class="state full">full</span>'
check 'a refusal by its reason' has '<span>full <b>1</b></span>'
check 'why an address is pending' has 'no such directory'
check 'the busiest source' has '<td class="what">127.0.0.1</td><td class="what">full</td>'
check 'a ban' has '<td class="what">192.0.2.0/24</td>'
check 'an event' has 'control command=ban source=192.0.2.0/24'
check 'a plot' has '<svg class="plot"'
check 'what is not ours is escaped' has '&lt;script&gt;alert(&#39;&quot;&amp;&#39;)&lt;/script&gt;'
check 'and stands nowhere else' has_not '<script>alert'
check 'it names no other place' sh -c "! grep -oE '(src|href|url)[=(]|https?:' '$work/page'"
check 'another path' test "$(fetch -o /dev/null -w '%{http_code}' "${url}favicon.ico")" = 404

browser=$(command -v chromium-headless-shell || command -v chromium || command -v chromium-browser)
# Its sandbox is for pages that aren't ours, and not for root.
browse() {
    timeout 120 "$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars \
        --no-proxy-server --user-data-dir="$work/browser" --enable-logging=stderr \
        "$@" 2>"$work/browser.log" 9>&-
}
is_quiet() {
    ! grep -E 'CONSOLE|Refused to' "$work/browser.log"
}
# picture NAME SCHEME SIZE: 0 is the dark scheme of Blink's settings, 1 the light one.
picture() {
    browse --blink-settings="preferredColorScheme=$2" --window-size="$3" \
        --screenshot="$work/$1.png" "$url" && [ "$(wc -c <"$work/$1.png")" -gt 20000 ]
}
starts() {
    grep -c ' page: start ' "$work/log"
}
# The time of the page runs ahead, so that it asks twice more.
is_refreshed() {
    before=$(starts)
    browse --virtual-time-budget=12000 --dump-dom "$url" >"$work/dom" &&
        grep -qF '<h3>upper</h3>' "$work/dom" && grep -qF '<body class="">' "$work/dom" &&
        [ "$(starts)" -ge $((before + 3)) ]
}
if [ -n "$browser" ]; then
    check 'by day' picture light 1 1100,1500
    check 'without a complaint' is_quiet
    check 'by night' picture dark 0 1100,1500
    check 'which looks different' sh -c "! cmp -s '$work/light.png' '$work/dark.png'"
    check 'on a phone' picture phone 1 400,2200
    check 'the script refreshes it' is_refreshed
    check 'without a complaint' is_quiet
    if [ -d "${STDINETD_PICTURES:-}" ]; then
        cp "$work"/*.png "$STDINETD_PICTURES"
    fi
else
    skip_part 'there is no chromium'
fi
exec 9>&-
wait "$client"
end
