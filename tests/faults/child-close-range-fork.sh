#!/bin/sh
# close_range fails with EIO in the child. Expected: it ends, the stage is said, its client is
# closed, the service rests; afterwards all is well.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

export STDINETD_ENGINE=fork
child_call close_range EIO fd 1
