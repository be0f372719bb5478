#!/bin/sh
# The fork engine can't watch its pipe: no epoll watches left for the user. Expected: clients are
# held, as without a process.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

export STDINETD_ENGINE=fork
begin
no_process epoll_add ENOSPC 'No space left on device'
