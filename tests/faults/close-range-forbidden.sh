#!/bin/sh
# A filter forbids close_range, as those of older container runtimes do with calls that they don't know:
# EPERM. Expected: processes are started by fork, and each client is served.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

need_plain
need strace
two_services </dev/null
STDINETD_WRAPPER="$STDINETD_WRAPPER env STDINETD_ENGINE=fork"
start "$work/ini"
note_fds
behind strace strace -f -p "$daemon" -o "$work/calls" -e trace=close_range \
    -e inject=close_range:error=EPERM
in_time grep -q attached "$work/strace" || skip 'strace cannot attach'
check 'a client is served' answers
check 'others, too' others_are_served
kill "$job"
wait "$job" 2>/dev/null
check 'it was forbidden' grep -q 'EPERM .*INJECTED' "$work/calls"
check 'no start failed' logged_at_most 'start failed' 0
recovers
