#!/bin/sh
# rt_sigprocmask fails with EINVAL in the child. Expected: it ends, the stage is said, its client
# is closed, the service rests; afterwards all is well.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

export STDINETD_ENGINE=clone # fork has such calls of its own before the child
child_call rt_sigprocmask EINVAL signals 1
