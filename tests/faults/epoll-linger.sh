#!/bin/sh
# epoll_ctl fails with ENOSPC for a connection that is to linger. Expected: it is closed without
# lingering, its client has the answer; no leak.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

export STDINETD_ENGINE=clone # fork has watches of its own
shimmed
two_services <<INI
[short]
listen = unix:$work/short
exec = echo HELLO
linger-close = 1h

INI
start "$work/ini"
fault ask "$work/short" '' >/dev/null
note_fds
inject epoll_add ENOSPC 0 1
behind client fault hold "$work/short" 1 'not read'
check 'it happens' in_time was_hit epoll_add
lift
check 'nothing is kept of it' no_leak
recovers
