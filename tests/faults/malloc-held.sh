#!/bin/sh
# malloc gives NULL for clients that are to be held until their first byte. Expected: they are
# refused with a reason; later ones are served.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

shimmed
printf '[defaults]\nstart-on = data\n' >"$work/data"
two_services <"$work/data"
start "$work/ini"
note_fds
inject malloc ENOMEM
fault hold "$port" 200 >/dev/null &
jobs=$!
check 'some are refused, with a reason' logged 'upper: refused reason=memory'
check 'the daemon lives' kill -0 "$daemon"
kill "$jobs"
lift
recovers
