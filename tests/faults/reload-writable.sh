#!/bin/sh
# The file is writable by others at a reload, and we are root. Expected: refused with a reason,
# everything stays.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

need_root
two_services </dev/null
start "$work/ini"
note_fds
chmod o+w "$work/ini"
refuses_reload
