#!/bin/sh
# /run is read-only, where the pid file is to be. Expected: a start that needs it exits with 71
# and a reason; one that doesn't serves.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

in_own_mounts <<'SETUP'
mount -t tmpfs none /run
mount -o remount,ro /run
SETUP
two_services </dev/null
# shellcheck disable=SC2086 # words
$STDINETD_WRAPPER "$STDINETD" -c "$work/ini" -o user=nobody --check
printf '\n[stdinetd]\npid-file = /run/stdinetd.pid\n' | cat "$work/ini" - >"$work/needs"
# shellcheck disable=SC2086 # words
$STDINETD_WRAPPER "$STDINETD" -c "$work/needs" -o user=nobody 2>"$work/log"
check 'who needs it exits with 71' test $? -eq 71
check 'with a reason' logged '/run/stdinetd.pid: Read-only file system'
start "$work/ini"
note_fds
recovers
