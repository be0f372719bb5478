#!/bin/sh
# A service's program is no program (ENOEXEC). Expected: one line, the service rests; served by
# itself when it is right.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

a_program
cp "$work/handler" "$work/good"
echo 'no program' >"$work/handler"
program_fails 'Exec format error'
mv "$work/good" "$work/handler"
program_recovers
