#!/bin/sh
# The log file and its directory are removed while it runs. Expected: served on; a reload can't
# open it anew, says so and changes nothing; with the directory it is made again.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

mkdir "$work/logs"
two_services <<INI
[stdinetd]
log = $work/logs/log

INI
serves() { answers; }
start "$work/ini"
note_fds
mv "$work/logs" "$work/gone"
check 'served on' answers
log=$work/gone/log
check 'a reload comes to its end' reload
check 'and is refused, with a reason' logged 'reload failed.*cannot open the log file'
mkdir "$work/logs"
log=$work/logs/log
: >"$log"
check 'with the directory a reload works' reload
check 'and the log is there' logged 'reloaded: 2 services'
recovers
