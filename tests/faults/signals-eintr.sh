#!/bin/sh
# read() of the signals fails with EINTR twenty times. Expected: none is lost: a reload and the
# ends of handlers are seen.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

begin
inject read EINTR 0 20
check 'clients are served' crowd 20
check 'all of them' crowd_is_served
check 'a reload is seen' reload
check 'it happened' in_time was_hit read
check 'nothing spins' idles
recovers
