#!/bin/sh
# Somebody removes the path of a unix socket that is served. Expected: others are not touched; a
# reload makes it again.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

two_services <<INI
[path]
listen = unix:$work/socket
exec = tr a-z A-Z

INI
start "$work/ini"
note_fds "$work/socket"
rm "$work/socket"
check 'others are served' answers
check 'a reload comes to its end' reload
check 'the path is served again' in_time answers "$work/socket"
recovers
