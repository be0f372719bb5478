#!/bin/sh
# epoll_wait() fails with EINTR twenty times. Expected: nobody notices: clients are served, ends
# are seen, nothing spins.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

begin
inject epoll_wait EINTR 0 20
check 'clients are served' answers
check 'it happened' in_time was_hit epoll_wait
lift
check 'nothing spins' idles
recovers
