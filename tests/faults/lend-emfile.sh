#!/bin/sh
# There is no fd to lend a wait-mode socket with. Expected: said, no spin; its clients are served
# when there is one.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

shimmed
two_services <<INI
[waits]
listen = unix:$work/waits
wait = yes
exec = perl -e 'accept C, STDIN; print C uc scalar <C>'

INI
start "$work/ini"
note_fds "$work/waits"
inject fcntl_dupfd EMFILE
behind client fault ask "$work/waits" hello
check 'it is said' logged 'accept paused: Too many open files'
check 'nothing spins' idles
lift
check 'the client is served' in_time grep -q HELLO "$work/client"
recovers
