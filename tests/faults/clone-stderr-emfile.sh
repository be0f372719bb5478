#!/bin/sh
# There is no fd for the copy of stderr that a child is given. Expected: clients are held, as
# without a process.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

export STDINETD_ENGINE=clone
begin
no_process fcntl_dupfd EMFILE 'Too many open files'
