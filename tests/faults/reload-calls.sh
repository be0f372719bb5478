#!/bin/sh
# Each kind of call that a reload makes fails at its n-th time, n from 1 to 6, while an address is
# added. Expected: reloaded, or a reason and everything as before; no service is lost; no leak.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

shimmed
many_keys
start "$work/ini"
reload
note_fds
for row in open:EMFILE fcntl_dupfd:EMFILE fcntl_setfl:EINVAL read:EIO socket_unix:EMFILE bind:ENOSPC \
    listen:EADDRINUSE lookup:EIO; do
    for n in 0 1 2 3 4 5; do
        # An address more, and one less.
        if grep -q another "$work/more/a.ini"; then
            sed -i 's/ unix:.*another//' "$work/more/a.ini"
        else
            sed -i "s,^listen =.*,& unix:$work/more/another," "$work/more/a.ini"
        fi
        inject "${row%:*}" "${row#*:}" "$n" 1
        reload || not_ok "$row $n: it comes to its end"
        answers || not_ok "$row $n: it serves on"
    done
done
lift
sed -n 's/.* error \(.*: \)/# \1/p' "$log" | sort | uniq -c | sort -rn | head -n 20
check 'some were refused' grep -q 'reload failed' "$log"
check 'no reload lost a service' test -z "$(grep 'notice reloaded' "$log" | grep -v ' 3 services')"
sed -i 's/ unix:.*another//' "$work/more/a.ini"
check 'the last one is good' reload
recovers
