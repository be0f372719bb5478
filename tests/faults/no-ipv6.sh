#!/bin/sh
# The kernel has no IPv6. Expected: a service of every address serves IPv4; one of an IPv6 address
# is pending, said once; no spin.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

shimmed
cat >"$work/ini" <<INI
[upper]
listen = $port
exec = tr a-z A-Z

[other]
listen = 127.0.0.1:$other
exec = tr a-z A-Z

[six]
listen = [::1]:$other
exec = tr a-z A-Z
INI
inject socket_inet6 EAFNOSUPPORT
start "$work/ini"
check 'an IPv6 address is pending' logged 'six: cannot bind.*Address family not supported'
note_fds
check 'nothing spins' idles
check 'it is said once' logged_at_most 'six: cannot bind' 1
lift
check 'it is bound when there is IPv6' logged 'six: bound'
fds=$((fds + 1))
recovers
