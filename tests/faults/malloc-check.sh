#!/bin/sh
# malloc gives NULL at its n-th call of --check, n from 1 to all. Expected: exit 0, or a reason
# and a status of its own; never a crash.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

shimmed
many_keys
n=0
bad=0
while :; do
    inject malloc ENOMEM "$n" 1
    $STDINETD_WRAPPER "$STDINETD" --check -c "$work/ini" -o user=daemon >"$work/out" 2>&1
    status=$?
    was_hit malloc || break
    n=$((n + 1))
    if [ "$status" -gt 78 ] || { [ "$status" -ne 0 ] && [ ! -s "$work/out" ]; }; then
        echo "# call $n: status $status: $(cat "$work/out")"
        bad=1
    fi
done
echo "# $n calls"
check 'each of many calls was tried' test "$n" -gt 20
check 'it is fine, or says why not' test "$bad" -eq 0
exit "$failures"
