#!/bin/sh
# svn.sh: svnserve -i as a handler. A random file of 2 MB and a name with spaces are committed from
# one working copy and come out in another.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/clients/lib.sh"

need perl svn svnadmin svnserve cmp timeout
make_work_directory
port=$(free_ports 1)
url=svn://127.0.0.1:$port/repository

mkdir "$work/served"
svnadmin create "$work/served/repository" || exit 1
printf '[general]\nanon-access = write\n' >"$work/served/repository/conf/svnserve.conf"
give "$work/served"
cat >"$work/svn.ini" <<EOF
[svn]
listen = 127.0.0.1:$port
exec = svnserve -i -r "$work/served"
EOF

# No configuration of whoever runs the tests, no questions.
client() {
    timeout 20 svn --config-dir "$work/config" --non-interactive "$@"
}

fill() {
    mkdir "$work/one/a directory" &&
        head -c 2000000 /dev/urandom >"$work/one/random.bin" &&
        echo one >"$work/one/a directory/a file with spaces" &&
        client add -q "$work/one/random.bin" "$work/one/a directory"
}

# log_has LINE
log_has() {
    client log "$url" >"$work/log.txt" && grep -qx "$1" "$work/log.txt"
}

are_same() {
    cmp "$work/one/random.bin" "$work/two/random.bin" &&
        cmp "$work/one/a directory/a file with spaces" "$work/two/a directory/a file with spaces"
}

change() {
    echo two >>"$work/two/a directory/a file with spaces" &&
        client commit -q -m 'the second' "$work/two" && client update -q "$work/one"
}

start "$work/svn.ini"
check 'svn checkout of nothing' client checkout -q "$url" "$work/one"
check 'files are added' fill
check 'svn commit' client commit -q -m 'the first' "$work/one"
check 'svn log tells of the commit' log_has 'the first'
check 'svn checkout' client checkout -q "$url" "$work/two"
check 'the second working copy has the same files' are_same
check 'a commit from there, and an update here' change
check 'svn log tells of that, too' log_has 'the second'
check 'both working copies have the same files' are_same
end
