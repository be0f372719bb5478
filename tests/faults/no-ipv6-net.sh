#!/bin/sh
# IPv6 is disabled in the network namespace. Expected: a service of every address serves IPv4.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

need_namespaces -n
need ip
two_services <<INI
[every]
listen = 7777
exec = tr a-z A-Z

INI
cat >"$work/wrapper" <<'SETUP'
ip link set lo up
echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
exec "$@"
SETUP
STDINETD_WRAPPER="unshare -n sh $work/wrapper"
start "$work/ini"
inside_answers() {
    [ "$(nsenter -n -t "$daemon" fault ask "$1" hello)" = HELLO ]
}
check 'every address means IPv4' inside_answers 7777
check 'a reload keeps it' reload
check 'nothing spins' idles
check 'is served' inside_answers 7777
check 'the other is served' inside_answers "$other"
end
