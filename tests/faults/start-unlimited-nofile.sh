#!/bin/sh
# The limit of open files is infinite (the shim says so: nobody may raise it that high here).
# Expected: it starts in under 100 ms of CPU (xinetd takes minutes) and serves.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

shimmed
# What handlers would get back is the lie, too.
printf '[defaults]\nrlimit-nofile = 1000\n' >"$work/defaults"
two_services <"$work/defaults"
inject getrlimit_unlimited EPERM
start "$work/ini"
echo "# $(ticks) ticks"
check 'it happened' in_time was_hit getrlimit_unlimited
check 'it has used little CPU' test "$(ticks)" -le 10
note_fds
lift
recovers
