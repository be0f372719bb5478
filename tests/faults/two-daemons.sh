#!/bin/sh
# Two daemons with the same file and pid file. Expected: the second one exits with 71 and a
# reason, the first one is not touched.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

two_services <<INI
[stdinetd]
pid-file = $work/pid

[path]
listen = unix:$work/socket
exec = tr a-z A-Z

INI
start "$work/ini"
note_fds "$work/socket"
# shellcheck disable=SC2046 # a word or none
$STDINETD_WRAPPER "$STDINETD" -c "$work/ini" $(is_root && echo -o user=nobody) 2>"$work/second"
check 'the second one exits with 71' test $? -eq 71
check 'with a reason' grep -q "another stdinetd is running ($work/pid is locked)" "$work/second"
check 'the pid file is still the first one'"'"'s' grep -qx "$daemon" "$work/pid"
check 'its path is served' answers "$work/socket"
recovers
