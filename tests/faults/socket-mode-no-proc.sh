#!/bin/sh
# A reload shuts a unix socket to others, and its mode can't be set: there is no /proc. Expected:
# refused with a reason, everything stays.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

in_own_mounts <<'SETUP'
mount -t tmpfs none /proc
SETUP
two_services <<INI
[unix]
listen = unix:$work/socket
exec = tr a-z A-Z
socket-mode = 0666

INI
start "$work/ini"
note_fds
mode_is() {
    [ "$(stat -c %a "$work/socket")" = "$1" ]
}
check 'a reload that changes no mode works' reload
sed -i 's/socket-mode = 0666/socket-mode = 0600/' "$work/ini"
check 'the reload comes to its end' reload
check 'it is refused' logged 'error reload failed, nothing changed: .'
check 'the reason is said' logged "unix: cannot set owner and mode of $work/socket: "
check 'the mode is as it was' mode_is 666
recovers
