#!/bin/sh
# finger.sh: in.fingerd as a handler. It starts finger, which says that there is no such user on
# standard error: with stderr = connection the client sees that.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/clients/lib.sh"

need perl finger in.fingerd
need_netcat
make_work_directory
read -r port logged <<EOF
$(free_ports 2)
EOF
cat >"$work/finger.ini" <<EOF
[defaults]
exec = in.fingerd

[finger]
listen = 127.0.0.1:$port
stderr = connection

[logged]
listen = 127.0.0.1:$logged
EOF

# finger_says PORT LINE PATTERN
finger_says() {
    printf '%s\r\n' "$2" | nc -N -w 10 127.0.0.1 "$1" >"$work/answer"
    grep -q "$3" "$work/answer" && return
    sed 's/^/# /' "$work/answer"
    return 1
}

says_nothing() {
    test -z "$(printf '%s\r\n' "$2" | nc -N -w 10 127.0.0.1 "$1")"
}

start "$work/finger.ini"
check 'a user' finger_says "$port" root '^Login: root[[:space:]]'
check 'the long form of a user' finger_says "$port" '/W root' '^Directory: '
check 'a user who is not there' finger_says "$port" nobody-of-that-name 'no such user'
check 'without stderr = connection the client is told nothing' \
    says_nothing "$logged" nobody-of-that-name
check 'but the log is' in_time grep -q 'logged.*no such user' "$work/log"
end
