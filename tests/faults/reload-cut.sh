#!/bin/sh
# The file is cut in the middle of a line at a reload. Expected: refused with a reason, everything
# stays, what runs is not touched.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

two_services </dev/null
start "$work/ini"
note_fds
truncate -s $(($(wc -c <"$work/ini") - 16)) "$work/ini"; echo exe >>"$work/ini"
refuses_reload
