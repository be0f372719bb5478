#!/bin/sh
# recvmsg() fails with ENOMEM on the channel that stderr comes by. Expected: no spin; the words
# come when there is memory.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

shimmed
two_services <<INI
[talks]
listen = unix:$work/talks
exec = sh -c 'echo a word >&2; tr a-z A-Z'

INI
start "$work/ini"
note_fds
fds=$((fds + 2))
inject recvmsg ENOMEM
check 'it is served' answers "$work/talks"
check 'nothing spins' idles
check 'others are served' answers
lift
check 'the words come' logged 'talks: a word'
recovers
