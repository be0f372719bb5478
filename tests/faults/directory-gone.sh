#!/bin/sh
# The directory that a service runs in is removed. Expected: one line that names the stage, the
# service rests; served by itself when it is back.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

mkdir "$work/place"
two_services <<INI
[handler]
listen = unix:$work/socket
exec = tr a-z A-Z
directory = $work/place

INI
start "$work/ini"
note_fds "$work/socket"
rmdir "$work/place"
check 'its client is closed' fault closed "$work/socket"
check 'with the stage' logged 'handler: start failed.*stage=directory'
check 'the others are served' answers
check 'nothing spins' idles
mkdir "$work/place"
check 'served by itself' in_time answers "$work/socket"
recovers
