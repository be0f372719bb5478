#!/bin/sh
# A hundred open files are passed on to it. Expected: handlers have none of them.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

need_plain
two_services <<INI
[sees]
listen = unix:$work/sees
exec = sh -c 'read word; grep ^Sig /proc/self/status; ls /proc/self/fd | wc -l; umask'

INI
STDINETD_WRAPPER="fault run leak --"
start "$work/ini"
note_fds "$work/sees"
fault ask "$work/sees" x >"$work/seen"
check 'no signal is ignored' grep -qx 'SigIgn:.*0000000000000000' "$work/seen"
check 'no signal is blocked' grep -qx 'SigBlk:.*0000000000000000' "$work/seen"
check 'the handler has its fds only' grep -qx 4 "$work/seen"
check 'its umask is 022' grep -qx 0022 "$work/seen"
check 'ends are seen' logged 'sees: end.*outcome=ok'
check 'a reload works' reload

recovers
