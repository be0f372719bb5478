#!/bin/sh
# The interpreter of a service's program is gone. Expected: one line, the service rests; served by
# itself when it is right.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

a_program
cp "$work/handler" "$work/good"
sed -i '1s/.*/#!\/nowhere\/sh/' "$work/handler"
program_fails 'No such file'
mv "$work/good" "$work/handler"
program_recovers
