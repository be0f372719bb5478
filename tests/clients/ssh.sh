#!/bin/sh
# ssh.sh: sshd -i as a handler, with a key of our own: a command, 5 MB through standard input and
# output of the other side, and scp there and back. sshd asks its socket who is there.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/clients/lib.sh"

need perl ssh scp ssh-keygen sshd cmp timeout
make_work_directory
port=$(free_ports 1)
user=$(id -un)

# sshd puts the part of it that talks to strangers there.
if is_root; then
    make_directory_for_now /run/sshd
fi
for key in host user other; do
    ssh-keygen -q -t ed25519 -N '' -C "$key" -f "$work/$key" || exit 1
done
cat >"$work/sshd_config" <<EOF
HostKey "$work/host"
AuthorizedKeysFile "$work/user.pub"
PermitRootLogin prohibit-password
AuthenticationMethods publickey
StrictModes no
UsePAM no
UseDNS no
PermitUserRC no
PrintMotd no
PidFile none
Subsystem sftp internal-sftp
EOF
echo "[127.0.0.1]:$port $(cat "$work/host.pub")" >"$work/known_hosts"
cat >"$work/ssh_config" <<EOF
Host server
HostName 127.0.0.1
Port $port
User $user
IdentitiesOnly yes
IdentityAgent none
UserKnownHostsFile "$work/known_hosts"
GlobalKnownHostsFile none
StrictHostKeyChecking yes
BatchMode yes
LogLevel ERROR
ConnectTimeout 10
EOF
cat >"$work/ssh.ini" <<EOF
[ssh]
listen = 127.0.0.1:$port
exec = $(command -v sshd) -i -e -f "$work/sshd_config"
user = $user
EOF
head -c 5000000 /dev/urandom >"$work/random.bin"

# with_key NAME PROGRAM [ARGUMENT]...
with_key() {
    key=$work/$1
    program=$2
    shift 2
    timeout 20 "$program" -F "$work/ssh_config" -i "$key" "$@"
}

says() {
    expected=$1
    shift
    [ "$(with_key user ssh -n server "$@")" = "$expected" ]
}

ends_with() {
    with_key user ssh -n server "exit $1"
    [ $? -eq "$1" ]
}

comes_from_here() {
    # shellcheck disable=SC2016 # the other side expands it
    with_key user ssh -n server 'echo "$SSH_CONNECTION"' | grep -qx "127.0.0.1 [0-9]* 127.0.0.1 $port"
}

pipe() {
    with_key user ssh server cat <"$work/random.bin" >"$work/piped.bin"
}

copy_there() {
    with_key user scp "$work/random.bin" "server:$work/there.bin"
}

copy_back() {
    with_key user scp "server:$work/there.bin" "$work/back.bin"
}

is_refused() {
    ! with_key other ssh -n server true 2>"$work/refusal" && grep -q 'Permission denied' "$work/refusal"
}

start "$work/ssh.ini"
check 'ssh: a command is executed' says 'Hello, you' echo 'Hello, you'
check 'ssh: its exit status comes back' ends_with 7
check 'ssh: sshd knows both addresses of the connection' comes_from_here
check 'ssh: another key is refused' is_refused
check 'ssh: 5 MB go through cat' pipe
check 'ssh: and come out as they went in' cmp "$work/random.bin" "$work/piped.bin"
check 'scp: 5 MB there' copy_there
check 'scp: they arrived' cmp "$work/random.bin" "$work/there.bin"
check 'scp: and back' copy_back
check 'scp: they came back' cmp "$work/random.bin" "$work/back.bin"
end
