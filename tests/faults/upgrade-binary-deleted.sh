#!/bin/sh
# The program is deleted before an upgrade, and is there again later. Expected: not upgraded, with
# a reason; everything stays; the next one works.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

need_plain
cp "$STDINETD" "$work/stdinetd"
STDINETD=$work/stdinetd
two_services </dev/null
start "$work/ini"
note_fds
rm "$work/stdinetd"
check 'an upgrade is decided' upgrade
check 'it is refused with a reason' logged 'upgrade failed, nothing changed.*No such file'
check 'served on' answers
mkdir "$work/stdinetd"
check 'a directory in its place' upgrade
check 'is refused' logged_at_least 'upgrade failed' 2
rmdir "$work/stdinetd"
head -c 100000 /dev/urandom >"$work/stdinetd"
chmod 755 "$work/stdinetd"
check 'noise in its place' upgrade
check 'is refused' logged_at_least 'upgrade failed' 3
cp "${STDINETD_FAULTS%/tests/faults}/stdinetd" "$work/again"
mv "$work/again" "$work/stdinetd"
check 'the right one again' upgrade
check 'is taken' logged 'notice upgraded from'
recovers
