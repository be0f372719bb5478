#!/bin/sh
# A service's program is removed. Expected: one line, the client is closed, the service rests,
# others are served; back at once with the program.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

a_program
mv "$work/handler" "$work/gone"
program_fails 'No such file'
mv "$work/gone" "$work/handler"
program_recovers
