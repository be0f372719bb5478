#!/bin/sh
# fork() fails with EAGAIN: no process can be had. Expected: clients are held and served later;
# after 5 s one is given up with a reason; no spin.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

export STDINETD_ENGINE=fork
begin
no_process fork EAGAIN 'Resource'
