#!/bin/sh
# Handlers close their stderr, or shut it down for all that share it. Expected: they and others
# are served; the next one's words are logged.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

need perl
two_services <<INI
[closes]
listen = unix:$work/closes
exec = sh -c 'exec 2>&-; tr a-z A-Z'

[shuts]
listen = unix:$work/shuts
exec = perl -e 'open S, ">&=2"; shutdown S, 2; print uc scalar <STDIN>'

INI
start "$work/ini"
note_fds "$work/closes" "$work/shuts"
check 'one that closes is served' answers "$work/closes"
check 'one that shuts it down is served' answers "$work/shuts"
check 'again' answers "$work/shuts"
check 'others are served' answers
check 'nothing spins' idles
recovers
