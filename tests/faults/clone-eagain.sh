#!/bin/sh
# clone() fails with EAGAIN: no process can be had. Expected: clients are held and served later;
# after 5 s one is given up with a reason; no spin.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

export STDINETD_ENGINE=clone
begin
no_process clone EAGAIN 'Resource'
