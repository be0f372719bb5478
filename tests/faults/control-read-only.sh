#!/bin/sh
# The control socket's directory is read-only. Expected: said, and served without one.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

in_own_mounts <<SETUP
mkdir -p $work/run
mount -t tmpfs none $work/run
mount -o remount,ro $work/run
SETUP
two_services <<INI
[stdinetd]
control = $work/run/stdinetd.sock

INI
start "$work/ini"
check 'it is said' logged 'control.*Read-only file system'
note_fds
check 'nothing spins' idles
check 'it is said once' logged_at_most 'Read-only file system' 1
check 'a reload works' reload
recovers
