#!/bin/sh
# accept4 fails with ENOMEM while clients wait. Expected: accepting pauses, said once, without a
# spin; all are served when it works again.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

begin
accept_pauses ENOMEM 'Cannot allocate memory'
