#!/bin/sh
# epoll_ctl fails with ENOSPC for a client that is to be held until its first byte. Expected: it
# is refused with a reason; later ones are held and served.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

shimmed
printf '[defaults]\nstart-on = data\n' >"$work/data"
two_services <"$work/data"
start "$work/ini"
note_fds
inject epoll_add ENOSPC
check 'it is closed' fault closed "$port"
check 'with a reason' logged 'upper: refused reason=memory'
lift
recovers
