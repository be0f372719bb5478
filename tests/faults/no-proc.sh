#!/bin/sh
# /proc is not mounted. Expected: it starts and serves.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

in_own_mounts <<'SETUP'
mount -t tmpfs none /proc
SETUP
two_services </dev/null
start "$work/ini"
check 'it has no /proc' test ! -e "$(inside /proc/self)"
note_fds
check 'a reload works' reload
recovers
