#!/bin/sh
# Users can't be looked up at a reload (LDAP is down: EIO). Expected: refused with that reason,
# not for an unknown user; everything stays.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

shimmed
two_services </dev/null
start "$work/ini"
note_fds
inject lookup EIO
refuses_reload_with "cannot look up 'nobody': Input/output error"
