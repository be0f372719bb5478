# hostile.sh: what a good service's clients notice of a hostile handler beside it. Read by run.sh.
# shellcheck shell=sh disable=SC2154 # run.sh's variables

# NAME|KEYS (a line of the ini each, separated by '@')|EXEC. One handler at a time, so that on two
# cores there is one left: what a busy machine itself costs is no matter of a super-server.
hostiles="
burns-cpu|max-runtime = 2s|sh -c \"trap '' TERM; while :; do :; done\"
grandchildren|kill-mode = group|sh -c 'for i in 1 2 3 4 5; do sleep 1000 & done'
fork-bomb|max-runtime = 2s@rlimit-nproc = 50@user = nobody@stderr = null|sh -c 'f() { f & f; }; f 2>/dev/null; sleep 1000'
allocates|rlimit-as = 64M|perl -e '\$x .= \"x\" x 1048576 while 1'
floods-stderr|max-runtime = 2s|sh -c 'exec yes flooding >&2'
stops-itself|max-runtime = 2s|sh -c 'kill -STOP \$\$; sleep 1000'
closes-and-sleeps|max-runtime = 2s|sh -c 'exec <&- >&-; sleep 1000'
never-read|max-runtime = 2s|head -c 200M /dev/zero
"

# start_beside KEYS EXEC: the good service on $port, the hostile one on the next.
start_beside() {
    next_port
    good=$port
    next_port
    {
        printf '[stdinetd]\nlog-level = notice\n[defaults]\nmax-connections = 0\n'
        printf '[good]\nuser = %s\nlisten = 127.0.0.1:%s\nexec = %s\n' "$me" "$good" "$bench/tiny"
        printf '[hostile]\nlisten = 127.0.0.1:%s\nkill-after = 500ms\nkill-mode = group\nexec = %s\n' \
            "$port" "$2"
        case $1 in *user\ =*) ;; *) printf 'user = %s\n' "$me" ;; esac
        printf '%s\n' "$1" | tr '@' '\n' | grep -v '^kill-mode'
    } >"$work/stdinetd.ini"
    spawn "$stdinetd" -c "$work/stdinetd.ini"
    hostile=$port
    port=$good
    await
}

# Someone who keeps a hostile handler busy: connects again when it has ended.
attack() {
    while :; do
        perl -MIO::Socket::INET -e '
            my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$ARGV[0]") or exit;
            sysread $socket, my $byte, 1; sleep 1' "$hostile"
    done
}

hostile() {
    for round in $(seq "$rounds"); do
        printf 'hostile: round %s of %s\n' "$round" "$rounds" >&2
        printf '%s\n' "$hostiles" | while IFS='|' read -r kind keys program; do
            [ -n "$kind" ] || continue
            start_beside "$keys" "$program" || continue
            measure hostile-quiet "$kind" 1 "$((connections / 4))" first_p50 first_p99
            attack &
            attacker=$!
            measure hostile "$kind" 1 "$((connections / 4))" first_p50 first_p99
            kill "$attacker"
            wait "$attacker" 2>/dev/null
            stop
        done
        # stop ran behind a pipe, in a shell of its own: that server is gone here too.
        # shellcheck disable=SC2034 # run.sh has it
        server=
    done
    printf '\n'
    awk -v scenario=hostile -f "$here/median.awk" -f "$here/beside.awk" "$results"
}
