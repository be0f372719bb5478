#!/bin/sh
# epoll_ctl fails with ENOSPC for the channel that a service's stderr comes by. Expected: the
# first clients are held and served later; the other service is not touched.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

export STDINETD_ENGINE=clone
shimmed
two_services </dev/null
start "$work/ini"
answers "$other"
fds=$(count_fds)
inject epoll_add ENOSPC
crowd 5
check 'clients are held, with a reason' logged 'cannot start a handler for upper (stderr: No space'
check 'the other is served' answers "$other"
check 'nothing spins' idles
lift
check 'who was held is served' crowd_is_served
fds=$((fds + 2))
recovers
