#!/bin/sh
# git.sh: git daemon as a handler. A push, a clone and eight clones at the same time carry a random
# file of 2 MB without a change.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/clients/lib.sh"

need perl sha256sum
need_git
make_work_directory
plain_git
port=$(free_ports 1)
url=git://127.0.0.1:$port/random
clones=8

cat >"$work/git.ini" <<EOF
[git]
listen = 127.0.0.1:$port
exec = git daemon --inetd --export-all --enable=receive-pack --log-destination=stderr --base-path=.
EOF

sum() {
    sha256sum <"$1/random.bin"
}

# has_all DIRECTORY: the commit and the file that were pushed.
has_all() {
    [ "$(git -C "$1" rev-parse HEAD)" = "$commit" ] && [ "$(sum "$1")" = "$sum" ]
}

clone() {
    timeout 10 git clone -q "$url" "$1"
}

clone_all() {
    jobs=
    for i in $(seq "$clones"); do
        clone "$work/clone$i" &
        jobs="$jobs $!"
    done
    result=0
    for job in $jobs; do
        wait "$job" || result=1
    done
    return "$result"
}

git init -q --bare "$work/served/random.git"
give "$work/served"
git init -q "$work/local"
head -c 2000000 /dev/urandom >"$work/local/random.bin"
git -C "$work/local" add random.bin
git -C "$work/local" commit -q -m random
commit=$(git -C "$work/local" rev-parse HEAD)
sum=$(sum "$work/local")

start "$work/git.ini" -o "directory=$work/served"
check 'git push' timeout 10 git -C "$work/local" push -q "$url" HEAD
check 'the server has the commit' \
    test "$(timeout 10 git ls-remote "$url" HEAD | cut -f 1)" = "$commit"
check 'git clone' clone "$work/clone"
check 'the clone has the commit and the file' has_all "$work/clone"
check "$clones clones at the same time" clone_all
for i in $(seq "$clones"); do
    check "clone $i has the commit and the file" has_all "$work/clone$i"
done
end
