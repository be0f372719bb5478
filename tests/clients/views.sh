#!/bin/sh
# views.sh: how stdinetctl shows what a daemon answers, to the byte: as text, on terminals of several
# widths in colour, live, and as a page. The answers are those of views/answers.txt, and what becomes
# of them stands in views/expected.txt; STDINETD_VIEWS names a file that gets what it is now.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/clients/lib.sh"

need perl script stty
case $STDINETCTL in
/*) ;;
*) STDINETCTL=$PWD/$STDINETCTL ;;
esac
views=$(cd "$srcdir" && pwd)/tests/clients/views
make_work_directory
cd "$work" || exit 99
accompany perl "$views/daemon.pl" "$work/control" "$views/answers.txt"
in_time test -S "$work/control"

# shows ARGUMENT...: the command and what it prints where there is no terminal, and its status.
shows() {
    printf '\n$ stdinetctl %s\n' "$*"
    "$STDINETCTL" -s control "$@" </dev/null 2>&1
    status=$?
    [ "$status" -eq 0 ] || echo "status $status"
}

# on_terminal COLUMNS COMMAND...: the same on a terminal of that size, with colours as they are.
on_terminal() {
    columns=$1
    shift
    printf '\n%s columns$ stdinetctl %s\n' "$columns" "$*"
    env -u COLUMNS -u NO_COLOR TERM=xterm SHELL=/bin/sh script -qec \
        "stty rows 24 cols $columns; exec '$STDINETCTL' -s control $*" /dev/null </dev/null |
        tr -d '\r\004' | sed 's/^\^D\x08*//'
}

is_drawn() {
    grep -q resting typescript 2>/dev/null && grep -q 'not yet\|others' typescript
}

# Its first picture: what changes from one to the next is of no fixed length.
lives() {
    printf '\n%s columns$ stdinetctl top\n' "$1"
    rm -f typescript keys
    mkfifo keys
    env -u COLUMNS -u NO_COLOR TERM=xterm SHELL=/bin/sh script -qefc \
        "stty rows 24 cols $1; exec '$STDINETCTL' -s control top" typescript <keys >/dev/null &
    shown=$!
    exec 8>keys
    in_time is_drawn
    echo q >&8
    wait "$shown"
    exec 8>&-
    tr -d '\r' <typescript | awk '/^Script / { next } { print } /\x1b\[J/ { exit }' |
        sed 's/\x1b\[J.*//; s/\x1b\[K$//'
}

show_all() {
    for service in upper full away rest; do
        shows status "$service"
    done
    for command in status connections 'connections --parked' sources bans 'explain full 192.0.2.9'; do
        # shellcheck disable=SC2086 # words
        shows $command
        for columns in 120 70 40; do
            on_terminal $columns "$command"
        done
    done
    for command in 'kill 7' 'ban 192.0.2.9' 'ban --kill 192.0.2.9 1h' 'unban unix' 'pause upper' \
        'drain x' reload upgrade stop '--json stop' '--json bans' '--json drain x' '--json reload' \
        '--json explain full 192.0.2.9'; do
        # shellcheck disable=SC2086 # words
        shows $command
    done
    for columns in 120 70 40; do
        lives $columns
    done
    shows page | sed 's/nonce="[0-9a-f]*"/nonce=""/g; s/As of [0-9-]* [0-9:]*/As of then/'
}

show_all >shown 2>&1
if [ -n "${STDINETD_VIEWS:-}" ]; then
    cp shown "$STDINETD_VIEWS"
fi
check 'everything looks as it should' diff "$views/expected.txt" shown
[ "$failures" -eq 0 ]
