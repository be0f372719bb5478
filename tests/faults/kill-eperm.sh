#!/bin/sh
# kill() fails with EPERM when max-runtime is over (a handler that became another user under a
# security module). Expected: tried again, no spin, ended when it works.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

shimmed
two_services <<INI
[lasts]
listen = unix:$work/lasts
exec = sleep 1000
max-runtime = 500ms
kill-after = 500ms

INI
start "$work/ini"
note_fds
inject kill EPERM
behind one fault hold "$work/lasts" 1 x
check 'it is tried' logged 'lasts: max-runtime exceeded.*SIGKILL'
check 'nothing spins' idles
check 'the others are served' answers
check 'two lines tell of it' logged_at_most 'max-runtime exceeded' 2
lift
check 'it is ended' logged 'lasts: end.*outcome=timeout'
fds=$((fds + 2))
recovers
