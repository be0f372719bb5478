#!/bin/sh
# activate.sh: systemd-socket-activate listens and, when the first client comes, becomes stdinetd,
# which takes over the sockets: one by its name (fd:web), one by its address. That first client is
# answered: nothing was closed and opened anew. A reload keeps them.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/clients/lib.sh"

need perl systemd-socket-activate
need_netcat
test -z "${STDINETD_WRAPPER-}" || skip 'the sockets are for stdinetd itself, not for a wrapper'
make_work_directory
read -r named address both own <<EOF
$(free_ports 4)
EOF

# What each handler says: its service, how many variables tell it of sockets, and how many sockets it
# has: the connection alone (ls writes into a pipe).
cat >"$work/who.sh" <<'EOF'
echo "$STDINETD_SERVICE:$(env | grep -c '^LISTEN_'):$(ls -l /proc/self/fd | grep -c socket:)"
EOF
cat >"$work/activate.ini" <<EOF
[defaults]
exec = sh "$work/who.sh"
stderr = null

[named]
listen = fd:web

[address]
listen = 127.0.0.1:$address

[both]
listen = fd:more 127.0.0.1:$own
EOF

# shellcheck disable=SC2154 # lib.sh has them
activate() {
    set -- -c "$work/activate.ini" -o control=none
    if is_root; then
        set -- "$@" -o user=nobody
    fi
    systemd-socket-activate -l "127.0.0.1:$named" -l "127.0.0.1:$address" -l "127.0.0.1:$both" \
        --fdname=web:other:more -E STDINETD_ENGINE "$STDINETD" "$@" >"$work/log" 2>&1 &
    daemon=$!
}

# listens PORT: without a connection to it.
listens() {
    grep -qi "^ *[0-9]*: 0100007F:$(printf '%04X' "$1") 00000000:0000 0A " /proc/net/tcp
}

# answers SERVICE PORT
answers() {
    answer=$(nc -N -w 10 127.0.0.1 "$2" </dev/null)
    [ "$answer" = "$1:0:1" ] && return
    echo "# '$answer'"
    return 1
}

reload() {
    kill -s HUP "$daemon" && in_time grep -q ' reloaded: ' "$work/log"
}

: >"$work/log"
activate
check 'systemd-socket-activate listens' in_time listens "$both"
check 'stdinetd is not started yet' test -z "$(grep ' ready: ' "$work/log")"
check 'the first client is answered, on a socket that was named' answers named "$named"
check 'it was stdinetd that came' serves
check 'a socket that was found by its address' answers address "$address"
check 'a service with one that was named' answers both "$both"
check 'and one of its own' answers both "$own"
check 'all of them are served' test -z "$(grep -i 'in use' "$work/log")"
check 'a reload' reload
check 'keeps what was named' answers named "$named"
check 'and what was found by its address' answers address "$address"
end
