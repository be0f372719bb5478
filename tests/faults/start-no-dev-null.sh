#!/bin/sh
# There is no /dev/null, as in a bare container. Expected: the daemon does not start, and names the
# file.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

two_services </dev/null
in_own_mounts <<SETUP
mount -t tmpfs none /dev
SETUP
# shellcheck disable=SC2086 # words
$STDINETD_WRAPPER "$STDINETD" -c "$work/ini" -o control=none -o user=nobody >"$work/log" 2>&1
status=$?
check 'it exits with 71' test "$status" -eq 71
check 'the file is named' grep -q 'error cannot open /dev/null: No such file or directory' "$work/log"
[ "$failures" -eq 0 ]
