#!/bin/sh
# A port is taken at the start, and freed. Expected: pending, said once, the others are served;
# bound by itself within seconds.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

need nc
port_is_taken() {
    grep -q ":$(printf %04X "$port") 00000000:0000 0A" /proc/net/tcp
}
two_services </dev/null
behind squatter nc -l -k 127.0.0.1 "$port"
squatter=$job
check 'somebody has the port' in_time port_is_taken
start "$work/ini"
check 'it is pending' logged 'upper: cannot bind.*Address already in use'
check 'the other is served' answers "$other"
check 'nothing spins' idles
check 'it is said once' logged_at_most 'upper: cannot bind' 1
kill "$squatter"
check 'it is bound by itself' logged 'upper: bound'
note_fds
recovers
