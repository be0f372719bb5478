#!/bin/sh
# ctl.sh: the command line of stdinetctl: what it says, and where; exit statuses.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/clients/lib.sh"

make_work_directory

# ends STATUS STREAM PATTERN ARGUMENT...: with that status, and the pattern on that stream alone.
ends() {
    expected=$1
    stream=$2
    pattern=$3
    shift 3
    "$STDINETCTL" "$@" >"$work/out" 2>"$work/err" </dev/null
    status=$?
    other=err
    [ "$stream" = out ] || other=out
    [ "$status" -eq "$expected" ] && [ ! -s "$work/$other" ] && grep -q -- "$pattern" "$work/$stream"
}

check '--help is a summary' ends 0 out '^usage: stdinetctl ' --help
check '-h is --help' ends 0 out '^  import FILE' -h
check '--version' ends 0 out '^stdinetctl [0-9.]*$' --version
check '--list-commands' ends 0 out '^import$' --list-commands
check 'no command' ends 64 err 'which COMMAND' --json
check 'an unknown command' ends 64 err 'frobnicate: no such command' frobnicate
check 'an unknown option' ends 64 err 'frob' --frob import
check 'an option without its value' ends 64 err 'requires an argument' -s
check 'a command without its arguments' ends 64 err '^stdinetctl: usage: stdinetctl import FILE' import

says_no_room() {
    "$STDINETCTL" --help >/dev/full 2>/dev/null
    [ $? -eq 71 ]
}
check 'a standard output that is full' says_no_room

# Every row of the table stands in --help.
for command in $("$STDINETCTL" --list-commands); do
    check "--help has $command" ends 0 out "^  $command " --help
done
[ "$failures" -eq 0 ]
