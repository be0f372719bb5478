#!/bin/sh
# The disk that a unix socket's path is on is full. Expected: pending, with a reason; served by
# itself when there is room.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

in_own_mounts <<SETUP
mkdir -p $work/small
mount -t tmpfs -o nr_inodes=2,mode=777 none $work/small
: >$work/small/fill
SETUP
two_services <<INI
[path]
listen = unix:$work/small/socket
exec = tr a-z A-Z

INI
start "$work/ini"
check 'it is pending' logged 'path: cannot bind.*No space left on device'
check 'others are served' answers
check 'nothing spins' idles
rm "$(inside "$work/small/fill")"
check 'it is bound by itself' logged 'path: bound'
note_fds
recovers
