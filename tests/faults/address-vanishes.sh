#!/bin/sh
# The address of a service goes away and comes back; and one isn't there at the start. Expected:
# the daemon lives, others are served; served again with the address, the late one by itself.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

need_namespaces -n
need ip nsenter
two_services <<INI
[vanishes]
listen = 10.77.0.1:7777
exec = tr a-z A-Z

[late]
listen = 10.77.0.2:7777
exec = tr a-z A-Z

INI
cat >"$work/wrapper" <<'SETUP'
ip link set lo up
ip addr add 10.77.0.1/32 dev lo
exec "$@"
SETUP
STDINETD_WRAPPER="unshare -n sh $work/wrapper"
start "$work/ini"
inside_answers() {
    [ "$(nsenter -n -t "$daemon" fault ask "$1" hello)" = HELLO ]
}
check 'one is there' inside_answers 10.77.0.1:7777
check 'the other is pending' logged 'late: cannot bind.*Cannot assign requested address'
nsenter -n -t "$daemon" ip addr del 10.77.0.1/32 dev lo
check 'others are served' inside_answers "$port"
check 'nothing spins' idles
nsenter -n -t "$daemon" ip addr add 10.77.0.1/32 dev lo
nsenter -n -t "$daemon" ip addr add 10.77.0.2/32 dev lo
check 'it is served again' inside_answers 10.77.0.1:7777
check 'so is the late one' logged 'late: bound'
check 'by itself' inside_answers 10.77.0.2:7777
end
