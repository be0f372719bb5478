#!/bin/sh
# ftp.sh: vsftpd as a handler, with curl: a listing, a file of 2 MB there and back, both ways to open
# a data connection, and what is not allowed. The data connections don't go through stdinetd.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/clients/lib.sh"

need perl curl vsftpd cmp
curl -V | grep -q '^Protocols:.* ftp ' || skip 'curl has no ftp'
make_work_directory
port=$(free_ports 1)
url=ftp://127.0.0.1:$port

# vsftpd wants a user with a home, a root that this user can't write to, and an empty directory.
user=$(id -un)
if is_root; then
    user=ftp
    id "$user" >/dev/null 2>&1 || skip 'there is no user ftp'
fi
mkdir -p "$work/served/incoming" "$work/empty"
head -c 2000000 /dev/urandom >"$work/served/random.bin"
head -c 2000000 /dev/urandom >"$work/sent.bin"
chown "$user" "$work/served/incoming"
cat >"$work/vsftpd.conf" <<EOF
listen=NO
listen_ipv6=NO
anonymous_enable=YES
local_enable=NO
no_anon_password=YES
anon_root=$work/served
ftp_username=$user
secure_chroot_dir=$work/empty
write_enable=YES
anon_upload_enable=YES
anon_umask=022
xferlog_enable=NO
tcp_wrappers=NO
EOF
if ! is_root; then
    echo run_as_launching_user=YES >>"$work/vsftpd.conf"
fi
cat >"$work/ftp.ini" <<EOF
[ftp]
listen = 127.0.0.1:$port
exec = vsftpd "$work/vsftpd.conf"
user = $(id -un)
EOF

# No configuration of whoever runs the tests, and no proxy.
client() {
    curl -q -sS --noproxy '*' --max-time 10 "$@"
}

lists() {
    client --list-only "$url/" >"$work/list" && grep -qx random.bin "$work/list" &&
        grep -qx incoming "$work/list"
}

# gets [ARGUMENT]...: the file, as it is.
gets() {
    rm -f "$work/got.bin"
    client "$@" -o "$work/got.bin" "$url/random.bin" && cmp "$work/served/random.bin" "$work/got.bin"
}

# answer_is CODE ARGUMENT...: see RFC 959.
answer_is() {
    expected=$1
    shift
    [ "$(client -o /dev/null -w '%{response_code}' "$@" 2>/dev/null)" = "$expected" ]
}

# Two files over one connection.
gets_two() {
    client -o "$work/a" "$url/random.bin" -o "$work/b" "$url/random.bin" && cmp "$work/a" "$work/b"
}

start "$work/ftp.ini"
check 'a listing' lists
check 'a download (EPSV)' gets
check 'a download (PASV)' gets --disable-epsv
check 'two downloads over one connection' gets_two
check 'a file that is not there' answer_is 550 "$url/nothing"
check 'an upload' client -T "$work/sent.bin" "$url/incoming/arrived.bin"
check 'what arrived is what was sent' cmp "$work/sent.bin" "$work/served/incoming/arrived.bin"
check 'an upload elsewhere is refused' answer_is 553 -T "$work/sent.bin" "$url/random.bin"
check 'a name and a password are refused' answer_is 530 --user nobody:secret "$url/"
end
