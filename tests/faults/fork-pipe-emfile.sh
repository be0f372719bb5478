#!/bin/sh
# The fork engine has no fds for its pipe. Expected: clients are held, as without a process.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

export STDINETD_ENGINE=fork
begin
no_process pipe2 EMFILE 'Too many open files'
