#!/bin/sh
# setgroups fails with EPERM in the child. Expected: it ends, the stage is said, its client is
# closed, the service rests; afterwards all is well.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

need_root
child_call setgroups EPERM groups 1
