#!/bin/sh
# The file is missing at a reload. Expected: refused with a reason, everything stays, what runs is
# not touched.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

two_services </dev/null
start "$work/ini"
note_fds
rm "$work/ini"
refuses_reload
