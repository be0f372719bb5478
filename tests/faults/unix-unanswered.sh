#!/bin/sh
# A client of a unix socket sends a file of FUSE along, whose server never answers who closes it; he
# is refused, or held. Expected: nobody waits for that: others are served.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

need_namespaces -m
[ -e /dev/fuse ] || skip 'there is no /dev/fuse'
two_services <<INI
[denied]
listen = unix:$work/denied
exec = cat
deny = unix

[proxied]
listen = unix:$work/proxied
exec = cat
proxy-protocol = yes
proxy-from = unix

INI
start "$work/ini"
note_fds
: >"$work/file"
behind one fault unanswered "$work/denied" 50 "$work/file"
check 'clients come' in_time grep -q connected "$work/one"
check 'they are refused' in_time logged 'denied: refused reason=denied'
check 'others are served' answers
behind two fault unanswered "$work/proxied" 50 "$work/file"
check 'clients come' in_time grep -q connected "$work/two"
check 'they are refused' in_time logged 'proxied: refused reason=proxy'
check 'others are served' answers
recovers
