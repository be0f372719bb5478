#!/bin/sh
# wait4() fails with ECHILD twenty times. Expected: nobody notices: clients are served, ends are
# seen, nothing spins.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

begin
inject wait4 ECHILD 0 20
check 'clients are served' answers
check 'it happened' in_time was_hit wait4
lift
check 'nothing spins' idles
recovers
