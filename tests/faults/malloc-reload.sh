#!/bin/sh
# malloc gives NULL at its n-th call of a reload, n from 1 to all. Expected: reloaded, or a reason
# and everything as before; no leak.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

shimmed
many_keys
start "$work/ini"
reload # opens the stderr file, which the services then have
note_fds
n=0
while :; do
    inject malloc ENOMEM "$n" 1
    if ! reload || ! answers; then
        not_ok "call $n: it goes on"
        break
    fi
    was_hit malloc || break
    n=$((n + 1))
done
lift
echo "# $n calls; $(grep -c 'reload failed' "$log") reloads failed, of $n"
sed -n 's/.*reload failed/# reload failed/p' "$log" | sort | uniq -c
check 'each of many calls was tried' test "$n" -gt 30
check 'the last one was good' test -n "$(reload_lines | tail -n 1 | grep ' notice ')"
check 'each reload had all services' test -z "$(grep 'notice reloaded' "$log" | grep -v ' 3 services')"
recovers
