#!/bin/sh
# The file is there twice: every section is repeated at a reload. Expected: refused with a reason,
# everything stays, what runs is not touched.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

two_services </dev/null
start "$work/ini"
note_fds
cat "$work/ini" "$work/ini" >"$work/both" && cp "$work/both" "$work/ini"
refuses_reload
