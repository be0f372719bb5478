#!/bin/sh
# There is no memory for the stack of a child. Expected: clients are held, as without a process.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

export STDINETD_ENGINE=clone
shimmed
two_services </dev/null
start "$work/ini"
answers "$other"
no_stack() {
    inject mmap ENOMEM
    # One stack is there already, so it takes more than one client at once.
    crowd 10
}
note_fds
no_stack
check 'all are served, late or at once' crowd_is_served
check 'nothing spins' idles
lift
recovers
