#!/bin/sh
# Two daemons with the same addresses and no pid file. Expected: those of the second are pending,
# said once; when the first one ends, the second serves by itself.
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
first=$daemon
mv "$work/log" "$work/first"
start "$work/ini"
check 'its port is pending' logged 'upper: cannot bind.*Address already in use'
check 'its path is pending' logged 'path: cannot bind.*Address already in use'
check 'nothing spins' idles
check 'the path is the first one'"'"'s' answers "$work/socket"
kill "$first"
check 'it takes over' logged 'upper: bound'
check 'the path, too' logged 'path: bound'
check 'the path is served' in_time answers "$work/socket"
in_time answers "$other"
note_fds
recovers
