#!/bin/sh
# Fork fails with EAGAIN when it is to go into the background. Expected: exit 71 and a reason.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

shimmed
two_services <<INI
[stdinetd]
log = $work/log

INI
inject fork EAGAIN
# shellcheck disable=SC2086 # words
$STDINETD_WRAPPER "$STDINETD" --daemon -c "$work/ini" -o user=nobody 2>"$work/said"
check 'it exits with 71' test $? -eq 71
check 'with a reason' logged '\-\-daemon: Resource temporarily unavailable'
exit "$failures"
