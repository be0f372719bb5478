#!/bin/sh
# malloc gives NULL at its n-th call of an upgrade, in the daemon or in the build that is asked.
# Expected: upgraded, or a reason and everything as before; no leak.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

begin
n=0
while [ "$n" -lt 500 ]; do
    inject malloc ENOMEM "$n" 1
    upgrade || not_ok "call $n: it is decided"
    was_hit malloc || break
    lift
    answers || not_ok "call $n: it serves on"
    [ "$failures" -eq 0 ] || break
    n=$((n + 1))
done
lift
echo "# $n calls; $(grep -c 'upgrade failed' "$log") were refused"
check 'each of many calls was tried' test "$n" -gt 20
check 'the last one is taken' upgrade
recovers
