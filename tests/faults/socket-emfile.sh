#!/bin/sh
# socket() fails with EMFILE when addresses are bound. Expected: pending, said once for each;
# tried again, no spin; served by itself when it works.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

shimmed
two_services </dev/null
inject socket EMFILE
start "$work/ini"
check 'it is pending, with a reason' logged 'upper: cannot bind.*Too'
check 'nothing spins' idles
check 'it is said once' logged_at_most 'upper: cannot bind' 1
lift
check 'it is bound by itself' logged 'upper: bound'
check 'so is the other' logged 'other: bound'
note_fds
recovers
