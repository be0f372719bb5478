#!/bin/sh
# rsync.sh: rsync --daemon as a handler; it serves standard input when that is a socket. A tree with
# a random file of 5 MB and names with spaces goes there and comes back without a change.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/clients/lib.sh"

need perl rsync sha256sum
unset RSYNC_PROXY RSYNC_CONNECT_PROG
make_work_directory
port=$(free_ports 1)
url=rsync://127.0.0.1:$port/data/

mkdir -p "$work/served/data"
cat >"$work/served/rsyncd.conf" <<EOF
use chroot = no
reverse lookup = no
log file = $work/served/log
[data]
path = $work/served/data
read only = no
EOF
give "$work/served"
cat >"$work/rsync.ini" <<EOF
[rsync]
listen = 127.0.0.1:$port
exec = rsync --daemon --config=rsyncd.conf
EOF

transfer() {
    rsync -a --timeout=10 "$@"
}

# Names and contents.
sums() {
    (cd "$1" && find . -type f -exec sha256sum {} + | sort)
}

mkdir -p "$work/local/a directory/with spaces"
head -c 5000000 /dev/urandom >"$work/local/random.bin"
echo one >"$work/local/a file with spaces"
echo two >"$work/local/a directory/with spaces/ at both ends "
: >"$work/local/a directory/empty"
sums=$(sums "$work/local")

start "$work/rsync.ini" -o "directory=$work/served"
check 'rsync to the daemon' transfer "$work/local/" "$url"
check 'what arrived is what was sent' test "$(sums "$work/served/data")" = "$sums"
check 'rsync from the daemon' transfer "$url" "$work/back/"
check 'what came back is what was sent' test "$(sums "$work/back")" = "$sums"
check 'once more, and nothing is left to do' \
    test -z "$(transfer --checksum --itemize-changes "$url" "$work/back/" 2>&1)"
end
