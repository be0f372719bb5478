#!/bin/sh
# stdin, stdout and stderr are closed when it is started. Expected: 0 to 2 are never a listener or
# a connection; it serves.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

need_plain
two_services <<INI
[stdinetd]
log = $work/lines

INI
serves() { answers; }
log=$work/lines
STDINETD_WRAPPER='fault run closed --'
start "$work/ini"
for fd in 0 1 2; do
    check "fd $fd is /dev/null" test "$(readlink "/proc/$daemon/fd/$fd")" = /dev/null
done
note_fds
recovers
