#!/bin/sh
# The disk that the pid file is on is full. Expected: the start ends with 71 and a reason; with
# room it serves.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

in_own_mounts <<SETUP
mkdir -p $work/small
mount -t tmpfs -o size=64k none $work/small
[ -e $work/empty ] || cat /dev/zero >$work/small/fill 2>/dev/null || true
SETUP
two_services <<INI
[stdinetd]
pid-file = $work/small/pid

INI
# shellcheck disable=SC2086 # words
$STDINETD_WRAPPER "$STDINETD" -c "$work/ini" -o user=nobody 2>"$work/log"
check 'it exits with 71' test $? -eq 71
check 'with a reason' logged "$work/small/pid: No space left on device"
: >"$work/empty"
start "$work/ini"
note_fds
recovers
