#!/bin/sh
# epoll_ctl fails with ENOSPC when a listener is to be watched again. Expected: said once, tried
# again each second, no spin; the client that came meanwhile is served.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

export STDINETD_ENGINE=clone # fork has watches of its own
shimmed
count_watches() {
    cat "/proc/$daemon/fdinfo/"* | grep -c '^tfd:'
}
fewer_are_watched() {
    [ "$(count_watches)" -lt "$watched" ]
}
cat >"$work/one" <<'INI'
[defaults]
max-connections = 1
INI
two_services <"$work/one"
start "$work/ini"
note_fds
behind holder fault hold "$port" 1 x
holder=$job
check 'one runs' in_time has_handlers
watched=$(count_watches)
crowd 1
check 'the second one has to wait' in_time fewer_are_watched
inject epoll_add ENOSPC
kill "$holder"
check 'it is said' logged 'cannot add a socket to epoll: No space left on device'
check 'the other is served' answers "$other"
check 'nothing spins' idles
check 'it was said once' logged_at_most 'cannot add a socket to epoll' 1
lift
check 'who waited is served' crowd_is_served
recovers
