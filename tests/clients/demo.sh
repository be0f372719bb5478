#!/bin/sh
# demo.sh: the demo, started as './bootstrap demo' does but on other ports, does what etc/demo.ini
# and etc/demo/try.txt promise, each service with its real client.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/clients/lib.sh"

need perl curl mkfifo
need_git
need_netcat
make_work_directory
plain_git
read -r upper page git calc <<EOF
$(free_ports 4)
EOF
sed "s/:7777\$/:$upper/; s/:8080\$/:$page/; s/:9418\$/:$git/; s/:7778\$/:$calc/" \
    "$srcdir/etc/demo.ini" >"$work/demo.ini"

send() {
    nc -N -w 10 127.0.0.1 "$1"
}

# gives WHAT EXPRESSION: one line to the calculator that is open as fd 3 and 4.
gives() {
    printf '%s\n' "$2" >&3
    read -r answer <&4
    # shellcheck disable=SC2254 # a pattern
    case $answer in
    $1) return 0 ;;
    esac
    echo "# '$2' gives '$answer'"
    return 1
}

mkdir "$work/handlers"
# Whoever starts the demo may have no home and no name.
check 'the demo is prepared' \
    env -u HOME -u GIT_AUTHOR_NAME -u GIT_AUTHOR_EMAIL -u GIT_COMMITTER_NAME \
    -u GIT_COMMITTER_EMAIL sh "$srcdir/etc/demo/prepare.sh" "$work/handlers"
start "$work/demo.ini" -o "directory=$work/handlers"

check 'upper: nc gets capitals' test "$(echo 'Hello, you' | send "$upper")" = 'HELLO, YOU'

check 'page: curl gets it' \
    curl -q -fsS --noproxy '*' --max-time 10 -o "$work/page" "http://127.0.0.1:$page/"
check 'page: it says who is asking' grep -q '127\.0\.0\.1' "$work/page"

check 'git: clone' timeout 10 git clone -q "git://127.0.0.1:$git/hello" "$work/clone"
check 'git: the clone has one commit' test "$(git -C "$work/clone" rev-list --count HEAD)" = 1
check 'git: and the files of the demo' cmp "$srcdir/etc/demo/page.sh" "$work/clone/page.sh"

# A conversation: each answer comes while the connection stays open, or nc gives up and read fails.
trap '' PIPE
mkfifo "$work/ask" "$work/answer"
nc -N -w 5 127.0.0.1 "$calc" <"$work/ask" >"$work/answer" &
client=$!
exec 3>"$work/ask" 4<"$work/answer"
check 'calc: precedence' gives 14 '2 + 3 * 4'
check 'calc: parentheses' gives 14 '2 * (3 + 4)'
check 'calc: from left to right' gives 2.5 '10 - 5 - 5 / 2'
check 'calc: signs' gives 7 '-(-3)--4'
check 'calc: fractions' gives 0.3 '.1+0.2'
check 'calc: a line of telnet' gives 2 "1+1$(printf '\r')"
check 'calc: division by zero' gives 'error: *' '1 / (2 - 2)'
check 'calc: nothing' gives 'error: *' ''
check 'calc: two numbers' gives 'error: *' '1 2'
check 'calc: an open parenthesis' gives 'error: *' '(1'
check 'calc: 150 open parentheses' gives 'error: *' "$(printf '%0150d' 0 | tr 0 '(')"
check 'calc: nothing is executed' gives 'error: *' "\$(touch '$work/executed'); \`id\`"
check 'calc: nothing was executed' test ! -e "$work/executed"
check 'calc: it goes on after errors' gives 42 '6*7'
exec 3>&- 4<&-
check 'calc: it ends with the client' wait "$client"
check 'calc: several lines at once' \
    test "$(printf '1+1\n2*2\nx\n' | send "$calc" | tr '\n' ' ' | sed 's/error: .*/error/')" = \
    '2 4 error'
end
