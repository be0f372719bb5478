#!/bin/sh
# The file system that the log is on becomes read-only. Expected: served on; a reload can't open
# the log, says so in the old one, and changes nothing.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

in_own_mounts <<SETUP
mkdir -p $work/small
mount -t tmpfs none $work/small
SETUP
need nsenter
two_services <<INI
[stdinetd]
log = $work/small/log

INI
serves() { answers; }
start "$work/ini"
note_fds
log=$(inside "$work/small/log")
nsenter -m -t "$daemon" mount -o remount,ro "$work/small" 2>/dev/null ||
    nsenter -m -t "$daemon" mount -o bind,ro "$work/small" "$work/small"
check 'served on' answers
reloads=0
kill -s HUP "$daemon"
check 'a reload is served through' answers
check 'the daemon lives' kill -0 "$daemon"
nsenter -m -t "$daemon" mount -o remount,rw "$work/small"
recovers
