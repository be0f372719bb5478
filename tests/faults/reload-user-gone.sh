#!/bin/sh
# A service's user isn't known any more at a reload. Expected: refused with a reason, everything
# stays.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

shimmed
two_services </dev/null
start "$work/ini"
note_fds
sed -i 's/^exec.*/&\nuser = daemon/' "$work/ini"
inject lookup ENOENT
refuses_reload_with "unknown user 'daemon'"
