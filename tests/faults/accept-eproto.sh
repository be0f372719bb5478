#!/bin/sh
# accept4 fails with EPROTO: one client's error, which is gone with it. Expected: the next one is
# accepted; where it never ends, a pause, no spin, and service when it is over.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

begin
accept_goes_on EPROTO
