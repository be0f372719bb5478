#!/bin/sh
# More sockets are to listen than the daemon may have fds. Expected: what finds none is pending
# with a reason; no spin; others are served.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

need_plain
need_namespaces -n
need ip nsenter prlimit
two_services </dev/null
cat >>"$work/ini" <<INI

[range]
listen = 127.0.0.1:1000-2999
exec = tr a-z A-Z
INI
cat >"$work/wrapper" <<'SETUP'
ip link set lo up
exec prlimit --nofile=1500:1500 "$@"
SETUP
STDINETD_WRAPPER="unshare -n sh $work/wrapper"
start "$work/ini"
inside_answers() {
    [ "$(nsenter -n -t "$daemon" fault ask "$1" hello)" = HELLO ]
}
check 'those without an fd are pending' logged 'range: cannot bind.*Too many open files'
check 'others are served' inside_answers "$port"
check 'so is the range' inside_answers 1000
check 'nothing spins' idles
check 'one line for each at most' logged_at_most pending 2002
sed -i 's/1000-2999/1000-1099/' "$work/ini"
check 'with less to listen on' reload
check 'it is served' inside_answers 1050
check 'and so are others' inside_answers "$other"
end
