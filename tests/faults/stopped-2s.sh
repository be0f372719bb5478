#!/bin/sh
# The daemon stands still for two seconds (SIGSTOP) while 1,000 clients come. Expected: all are
# served within seconds.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

two_services </dev/null
start "$work/ini"
note_fds
kill -s STOP "$daemon"
crowd 1000
sleep 2
kill -s CONT "$daemon"
check 'all were served' crowd_is_served
recovers
