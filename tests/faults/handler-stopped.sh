#!/bin/sh
# Handlers stop themselves (SIGSTOP). Expected: they keep their places and nobody else's;
# max-runtime ends them.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

two_services <<INI
[stops]
listen = unix:$work/stops
exec = sh -c 'kill -STOP \$\$; echo HELLO'
max-connections = 3
max-runtime = 2s
kill-after = 500ms

INI
start "$work/ini"
note_fds
behind stopped fault crowd "$work/stops" 3 x nothing
check 'they run' logged 'stops: start.*active=3/3'
check 'the others are served' answers
check 'nothing spins' idles
check 'max-runtime ends them' logged 'stops: end.*outcome=timeout'
wait "$job" 2>/dev/null
fds=$((fds + 2))
recovers
