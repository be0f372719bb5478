#!/bin/sh
# A service's program isn't executable any more. Expected: one line, the client is closed, the
# service rests; back at once when it is.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

a_program
chmod 644 "$work/handler"
program_fails 'Permission denied'
chmod 755 "$work/handler"
program_recovers
