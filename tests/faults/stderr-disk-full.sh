#!/bin/sh
# The disk that a service's stderr file is on is full. Expected: its handlers run all the same;
# the other is not touched.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

in_own_mounts <<SETUP
mkdir -p $work/small
mount -t tmpfs -o size=64k none $work/small
: >$work/small/errors
chmod 666 $work/small/errors
cat /dev/zero >$work/small/fill 2>/dev/null || true
SETUP
two_services <<INI
[talks]
listen = unix:$work/talks
exec = sh -c 'echo a word that finds no room >&2; tr a-z A-Z'
stderr = $work/small/errors

INI
start "$work/ini"
check 'it answers' answers "$work/talks"
check 'a crowd of them' crowd 50 "$work/talks"
check 'is answered' crowd_is_served
rm "$(inside "$work/small/fill")"
answers "$work/talks"
check 'with room it is written' grep -q 'a word' "$(inside "$work/small/errors")"
note_fds
recovers
