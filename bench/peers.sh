# peers.sh: how each super-server is started for the benchmark, with its limits lifted. Read by
# run.sh.
#
# start_NAME PORT LOGGED PROGRAM… starts the peer in the background on 127.0.0.1:PORT (or on every
# address, where it can't choose) and leaves its pid in $server. LOGGED is yes or no: a line a
# connection, by what the peer offers; a peer that can't log at all fails then. All run as the user
# of the benchmark, and log into a file. $work is a directory for what they need.
# shellcheck shell=sh disable=SC2154 # $work and $stdinetd are run.sh's

# The peers in the order of the tables: name, program to look for, package.
peers='
tcpserver                 tcpserver                  ucspi-tcp
tcpsvd                    tcpsvd                     ipsvd
s6-tcpserver              s6-tcpserver               s6-networking
xinetd                    xinetd                     xinetd
openbsd-inetd             inetd                      openbsd-inetd
inetutils-inetd           inetutils-inetd            inetutils-inetd
systemd-socket-activate   systemd-socket-activate    systemd
socat                     socat                      socat
ncat                      ncat                       ncat
'
me=$(id -un)

# How many services more listen, on other ports, in a server that can have several.
extra=0
extra_port=30000

# more PROGRAM TEXT: prints TEXT for each of them, with PORT, USER and PROGRAM put in.
more() {
    [ "$extra" -gt 0 ] || return 0
    seq "$((extra_port + 1))" "$((extra_port + extra))" | awk -v user="$me" -v program="$1" -v text="$2" '{
        line = text
        gsub(/PORT/, $1, line)
        gsub(/USER/, user, line)
        gsub(/PROGRAM/, program, line)
        print line
    }'
}

# spawn COMMAND…: in the background, output to the log.
spawn() {
    "$@" </dev/null >>"$work/server.log" 2>&1 &
    server=$!
}

start_stdinetd() {
    port=$1 logged=$2
    shift 2
    level=notice
    [ "$logged" = no ] || level=info
    {
        printf '[stdinetd]\nlog-level = %s\n' "$level"
        printf '[defaults]\nuser = %s\nmax-connections = 0\n' "$me"
        printf '[bench]\nlisten = 127.0.0.1:%s\nexec = %s\n' "$port" "$*"
        more "$1" '[sPORT]
listen = 127.0.0.2:PORT
exec = PROGRAM'
    } >"$work/stdinetd.ini"
    spawn "$stdinetd" -c "$work/stdinetd.ini"
}

start_bare() {
    port=$1 logged=$2
    shift 2
    [ "$logged" = no ] || return 1
    spawn "$bench/bare" "$port" "$@"
}

start_tcpserver() {
    port=$1 verbose=-q
    [ "$2" = no ] || verbose=-v
    shift 2
    spawn tcpserver "$verbose" -H -R -l 0 -c 30000 -b 4096 127.0.0.1 "$port" "$@"
}

start_tcpsvd() {
    port=$1 logged=$2
    shift 2
    if [ "$logged" = yes ]; then
        spawn tcpsvd -v -l 0 -c 30000 -b 4096 127.0.0.1 "$port" "$@"
    else
        spawn tcpsvd -l 0 -c 30000 -b 4096 127.0.0.1 "$port" "$@"
    fi
}

start_s6_tcpserver() {
    port=$1 verbose=-q
    [ "$2" = no ] || verbose=-v
    shift 2
    spawn s6-tcpserver "$verbose" -c 10000 -C 10000 -b 4096 127.0.0.1 "$port" "$@"
}

start_xinetd() {
    port=$1 logged=$2
    shift 2
    {
        printf 'defaults\n{\n    instances = UNLIMITED\n    per_source = UNLIMITED\n'
        printf '    cps = 0 0\n'
        if [ "$logged" = yes ]; then
            printf '    log_type = FILE %s/xinetd.log\n' "$work"
            printf '    log_on_success = PID HOST EXIT DURATION\n'
        fi
        printf '}\n'
        printf 'service bench\n{\n type = UNLISTED\n socket_type = stream\n protocol = tcp\n wait = no\n'
        printf ' port = %s\n bind = 127.0.0.1\n user = %s\n server = %s\n}\n' "$port" "$me" "$1"
        more "$1" 'service sPORT
{
 type = UNLISTED
 socket_type = stream
 protocol = tcp
 wait = no
 port = PORT
 bind = 127.0.0.2
 user = USER
 server = PROGRAM
}'
    } >"$work/xinetd.conf"
    spawn xinetd -dontfork -f "$work/xinetd.conf" -pidfile "$work/xinetd.pid"
}

# inetd_lines PORT PROGRAM: an inetd.conf.
inetd_lines() {
    printf '127.0.0.1:%s stream tcp nowait.1000000 %s %s %s\n' "$1" "$me" "$2" "$2"
    more "$2" '127.0.0.2:PORT stream tcp nowait.1000000 USER PROGRAM PROGRAM'
}

# It has no line a connection; -l is libwrap's, for what it refuses.
start_openbsd_inetd() {
    port=$1 logged=$2
    shift 2
    [ "$logged" = no ] || return 1
    inetd_lines "$port" "$1" >"$work/openbsd-inetd.conf"
    spawn inetd -i -R 0 "$work/openbsd-inetd.conf"
}

start_inetutils_inetd() {
    port=$1 logged=$2
    shift 2
    [ "$logged" = no ] || return 1
    inetd_lines "$port" "$1" >"$work/inetutils-inetd.conf"
    # It stays in the foreground only to debug, which costs; and it writes its pid late, or never.
    inetutils-inetd -R 1000000 -p "$work/inetutils-inetd.pid" "$work/inetutils-inetd.conf"
    server=
    for _ in $(seq 50); do
        server=$(pgrep -n -f "$work/inetutils-inetd.conf") && break
        sleep 0.1
    done
    [ -n "$server" ]
}

start_systemd_socket_activate() {
    port=$1
    shift 2
    # It can't be made to say nothing but by throwing it away; its lines are written all the same.
    spawn systemd-socket-activate --accept --inetd -l "127.0.0.1:$port" "$@"
}

start_socat() {
    port=$1 logged=$2
    shift 2
    if [ "$logged" = yes ]; then
        spawn socat -d -d -lf "$work/socat.log" \
            "TCP-LISTEN:$port,bind=127.0.0.1,fork,reuseaddr,backlog=4096" "EXEC:$*,nofork"
    else
        spawn socat "TCP-LISTEN:$port,bind=127.0.0.1,fork,reuseaddr,backlog=4096" "EXEC:$*,nofork"
    fi
}

start_ncat() {
    port=$1 verbose=
    [ "$2" = no ] || verbose=-v
    shift 2
    # shellcheck disable=SC2086 # an option or nothing
    spawn ncat $verbose -l -k -m 10000 -e "$*" 127.0.0.1 "$port"
}

# start NAME PORT LOGGED PROGRAM…
start() {
    name=$1
    shift
    "start_$(printf '%s' "$name" | tr - _)" "$@"
}

# Prints the names of the peers that are here.
installed_peers() {
    printf '%s' "$peers" | while read -r name program package; do
        [ -n "$name" ] || continue
        if command -v "$program" >/dev/null; then
            printf '%s\n' "$name"
        else
            printf 'not here: %s (package %s)\n' "$name" "$package" >&2
        fi
    done
}
