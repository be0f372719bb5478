#!/bin/sh
# There are no fds, no watches, no memory for clients of the control socket. Expected: no spin;
# services don't notice; it answers when there are some.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

shimmed
two_services <<INI
[stdinetd]
control = $work/control

INI
start "$work/ini"
note_fds
asks() {
    fault ask "$work/control" '{"command":"status"}
' "${1:-5000}" | grep -q upper
}
check 'it answers' asks
for row in accept4:EMFILE epoll_add:ENOSPC malloc:ENOMEM send:ENOBUFS recvmsg:ENOMEM; do
    inject "${row%:*}" "${row#*:}"
    asks 500
    check "$row: nothing spins" idles
    lift
    check "$row: it answers again" in_time asks
    check "$row: is served" answers
done
recovers
