#!/bin/sh
# tftp.sh: in.tftpd as a handler that waits: it gets the UDP socket, answers from sockets of its own,
# stays for the next client, and ends when none comes. With curl: files of several hundred blocks
# there and back, while one in.tftpd stays and after another has ended.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/clients/lib.sh"

need perl curl in.tftpd cmp
curl -V | grep -q '^Protocols:.* tftp' || skip 'curl has no tftp'
is_root || skip 'in.tftpd needs root: it changes its root directory and its user'
make_work_directory
read -r stays ends <<EOF
$(free_ports 2)
EOF

mkdir "$work/served"
# The first ends with a short block; the second is a whole number of blocks, so an empty one ends it.
head -c 400001 /dev/urandom >"$work/served/random.bin"
head -c 204800 /dev/urandom >"$work/sent.bin"
give "$work/served"
cat >"$work/tftp.ini" <<EOF
[stdinetd]
stop-timeout = 100ms              ; in.tftpd waits for a quarter of an hour

[stays]
user = root                       ; until it has changed its root directory
listen = udp:127.0.0.1:$stays
exec = in.tftpd -s -c -u nobody "$work/served"

[ends]
user = root
listen = udp:127.0.0.1:$ends
exec = in.tftpd -s -t 1 -u nobody "$work/served"
EOF

client() {
    curl -q -sS --noproxy '*' --max-time 10 "$@"
}

# gets PORT [ARGUMENT]...: the file, as it is.
gets() {
    url=tftp://127.0.0.1:$1/random.bin
    shift
    rm -f "$work/got.bin"
    client "$@" -o "$work/got.bin" "$url" && cmp "$work/served/random.bin" "$work/got.bin"
}

gets_at_once() {
    jobs=
    for i in 1 2 3 4; do
        client -o "$work/got$i.bin" "tftp://127.0.0.1:$stays/random.bin" &
        jobs="$jobs $!"
    done
    result=0
    for job in $jobs; do
        wait "$job" || result=1
    done
    for i in 1 2 3 4; do
        cmp "$work/served/random.bin" "$work/got$i.bin" || result=1
    done
    return "$result"
}

puts() {
    client -T "$work/sent.bin" "tftp://127.0.0.1:$1/$2"
}

# in.tftpd writes what it was sent when the client is already told that all is well.
arrived() {
    in_time cmp -s "$work/sent.bin" "$work/served/$1"
}

# curl_fails_with STATUS COMMAND [ARGUMENT]...: see EXIT CODES in curl(1).
curl_fails_with() {
    expected=$1
    shift
    "$@" 2>/dev/null
    [ $? -eq "$expected" ]
}

# has_seen COUNT SERVICE EVENT: so many starts or ends are in the log.
has_seen() {
    [ "$(grep -c " $2: $3 " "$work/log")" -eq "$1" ]
}

start "$work/tftp.ini"
check 'get' gets "$stays"
check 'get with blocks of another size' gets "$stays" --tftp-blksize 1024
check 'four at once' gets_at_once
check 'put' puts "$stays" arrived.bin
check 'what arrived is what was sent' arrived arrived.bin
check 'a file that is not there' curl_fails_with 68 client -o "$work/nothing" "tftp://127.0.0.1:$stays/nothing"
check 'one in.tftpd has served them all' has_seen 1 stays start

check 'get from one that ends soon' gets "$ends"
check 'it ends' in_time has_seen 1 ends end
check 'get from the next one' gets "$ends"
check 'it is the next one' has_seen 2 ends start
check 'put without -c is refused' curl_fails_with 68 puts "$ends" refused.bin
end
