#!/bin/sh
# The umask is 0 when it is started. Expected: its log, its pid file, and what a handler makes are
# not writable by others.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

two_services <<INI
[stdinetd]
log = $work/lines
pid-file = $work/pid

[makes]
listen = unix:$work/makes
exec = sh -c 'read word; : >$work/made/file; echo HELLO'

INI
mkdir "$work/made"
give "$work/made"
serves() { answers; }
log=$work/lines
umask 0
start "$work/ini"
umask 022
note_fds "$work/makes"
fault ask "$work/makes" x >/dev/null
check 'the handler made a file' in_time test -e "$work/made/file"
check 'nobody else may write' test -z "$(find "$work/lines" "$work/pid" "$work/made/file" -perm /022)"
recovers
