# flood.sh: clients that want nothing but to come: what they cost, and what others notice of them.
# Read by run.sh.
# shellcheck shell=sh disable=SC2154 # run.sh's variables

# Words before a command, so that it runs in a network of its own. There a flood leaves nothing
# behind in the machine's tables, and every 2001:db8::/32 is an address of ours.
inside=
network=

open_network() {
    unshare -n sh -c '
        ip link set lo up &&
        ip -6 addr add 2001:db8::1/128 dev lo nodad &&
        ip -6 route add local 2001:db8::/32 dev lo &&
        echo ready &&
        exec sleep 3600' >"$work/network" 2>&1 &
    network=$!
    inside="nsenter -t $network -n"
    until grep -q '^ready$' "$work/network"; do
        if ! kill -0 "$network" 2>/dev/null; then
            printf '%s: not measured: no network of its own: %s\n' "$1" "$(cat "$work/network")" >&2
            inside=
            return 1
        fi
        sleep 0.1
    done
}

close_network() {
    kill "$network" 2>/dev/null
    wait "$network" 2>/dev/null
    inside=
}

# client COMMAND…: in that network, if there is one.
client() {
    # shellcheck disable=SC2086 # words before a command
    $inside "$@"
}

# serve SERVICES: stdinetd with these sections; the port for await is 127.0.0.1:$port.
serve() {
    printf '[stdinetd]\nlog-level = notice\n[defaults]\nuser = %s\nexec = %s\n%s\n' \
        "$me" "$bench/tiny" "$1" >"$work/stdinetd.ini"
    # shellcheck disable=SC2086 # words before a command
    spawn $inside "$stdinetd" -c "$work/stdinetd.ini"
    await
}

log_lines() {
    wc -l <"$work/server.log"
}

# --- flood: one source's flood beside one client of another --------------------------------------

# The same bounds in each server's own words, as far as it has them: 4 at once and 100 a second from
# one source, or from all where it knows no source.
guarded_stdinetd() {
    serve "[bench]
listen = 127.0.0.1:$port
max-connections-per-source = 4
rate-per-source = 100/1s
penalty = short:15s"
}

guarded_openbsd_inetd() {
    printf '127.0.0.1:%s stream tcp nowait %s %s %s\n' "$port" "$me" "$bench/tiny" "$bench/tiny" \
        >"$work/openbsd-inetd.conf"
    # shellcheck disable=SC2086 # words before a command
    spawn $inside inetd -i -R 6000 "$work/openbsd-inetd.conf"
    await
}

guarded_xinetd() {
    {
        printf 'defaults\n{\n instances = 64\n per_source = 4\n cps = 100 10\n}\n'
        printf 'service bench\n{\n type = UNLISTED\n socket_type = stream\n protocol = tcp\n wait = no\n'
        printf ' port = %s\n bind = 127.0.0.1\n user = %s\n server = %s\n}\n' "$port" "$me" "$bench/tiny"
    } >"$work/xinetd.conf"
    # shellcheck disable=SC2086 # words before a command
    spawn $inside xinetd -dontfork -f "$work/xinetd.conf" -pidfile "$work/xinetd.pid"
    await
}

# good SCENARIO SERVER COUNT: a client of 127.0.0.1, every 20 ms.
good() {
    line=$(client "$bench/load" -n "$3" -p 20 127.0.0.1 "$port")
    for metric in first_p50 first_p99 errors; do
        note "$1" "$2" "$metric" "$(value "$metric" "$line")"
    done
}

# flood_beside ROW FLOODED: what the client of $port sees quiet, and then beside a flood to FLOODED.
flood_beside() {
    good flood-quiet "$1" 250
    # shellcheck disable=SC2086 # words before a command; no function, for its pid
    $inside "$bench/flood" -r "${FLOOD_RATE:-20000}" -t 10 -s 127.0.0.2 127.0.0.1 "$2" \
        >"$work/flooded" &
    flooder=$!
    before=$(cpu)
    good flood "$1" 450
    after=$(cpu)
    wait "$flooder"
    for metric in rate answered open; do
        note flood-from "$1" "$metric" "$(value "$metric" "$(cat "$work/flooded")")"
    done
    note flood-from "$1" cpu_ms "$(((after - before) / 1000000))"
    note flood-from "$1" log_lines "$(log_lines)"
}

flood_one() {
    next_port
    : >"$work/server.log"
    "guarded_$(printf '%s' "$1" | tr - _)" && flood_beside "$1" "$port"
}

# The machine's own part: the flood goes to another stdinetd, and the client's one has no other.
flood_elsewhere() {
    next_port
    flooded=$port
    guarded_stdinetd || return 1
    other=$server
    next_port
    : >"$work/server.log"
    guarded_stdinetd && flood_beside elsewhere "$flooded"
    kill "$other"
    wait "$other" 2>/dev/null
}

flood() {
    open_network flood || return 0
    for round in $(seq "$rounds"); do
        printf 'flood: round %s of %s\n' "$round" "$rounds" >&2
        for name in $(servers | grep -E '^(stdinetd|openbsd-inetd|xinetd)$'); do
            flood_one "$name" || printf 'flood: not measured: %s\n' "$name" >&2
            stop
        done
        flood_elsewhere
        stop
    done
    close_network
    printf '\nflood: 450 clients of one source beside %s connections a second from another, 10 s\n' \
        "${FLOOD_RATE:-20000}"
    awk -v scenario=flood -f "$here/median.awk" -f "$here/beside.awk" "$results"
    printf '\nThe flood itself: tried a second, how many of it had an answer, and the server meanwhile\n'
    awk -v scenario=flood-from -v metrics="rate answered cpu_ms log_lines" -f "$here/median.awk" \
        -f "$here/flood.awk" "$results"
}

# --- sources: each client is another ---------------------------------------------------------------

# known COUNT MILLISECONDS: a source that has been here before; and how the same looks to an IPv4 one.
known() {
    client "$bench/load" -n "$1" -p "$2" -r x -f -a 2001:db8:ffff:ffff::1 2001:db8::1 "$data"
}

say_answered() {
    printf '  %s: %s of %s refused, first byte %s us (p50), %s us (p99)\n' "$1" \
        "$(value errors "$2")" "$(value connections "$2")" "$(value first_p50 "$2")" \
        "$(value first_p99 "$2")"
}

sources_of_daemon() {
    next_port
    data=$port
    next_port
    : >"$work/server.log"
    serve "[data]
listen = [2001:db8::1]:$data 127.0.0.1:$data
start-on = data
max-connections-per-source = 4
rate-per-source = 100/2000s
$1
[await]
listen = 127.0.0.1:$port" || return 1
    line=$(known 5 10)
    began=$(rss) before=$(cpu)
    printf 'each of %s connections from a /64 of its own; 100/2000s, so each is remembered for 20 s%s\n' \
        "${SOURCES:-1000000}" "${1:+; $1}"
    say_answered 'before it, the known source' "$line"
    # shellcheck disable=SC2086 # words before a command; no function, for its pid
    $inside "$bench/flood" -t 60 -n "${SOURCES:-1000000}" -w -s 2001:db8::1 -v 4294900000 \
        2001:db8::1 "$data" >"$work/flooded" &
    flooder=$!
    sleep 2
    line=$(known 50 400)
    say_answered 'beside it, the known source' "$line"
    say_answered 'beside it, an IPv4 client' "$(client "$bench/load" -n 50 -p 50 -r x -f 127.0.0.1 "$data")"
    say_answered 'beside it, a new source' \
        "$(client "$bench/load" -n 10 -r x -f -a 2001:db8:eeee:eeee::1 2001:db8::1 "$data")"
    wait "$flooder"
    printf '  the flood: %s' "$(cat "$work/flooded")"
    tried=$(value tried "$(cat "$work/flooded")")
    printf '\n  RSS %s KiB before, %s at the peak' "$began" "$(status VmHWM)"
    printf ', CPU %s us each, %s log lines\n' "$((($(cpu) - before) / tried / 1000))" \
        "$(log_lines)"
    for pause in 5 25; do
        sleep "$pause"
        printf '  RSS %s KiB %s s later; log lines so far: %s\n' "$(rss)" "$pause" "$(log_lines)"
    done
    say_answered 'afterwards, a new source' \
        "$(client "$bench/load" -n 10 -r x -f -a 2001:db8:eeee:eeed::1 2001:db8::1 "$data")"
    stop
}

sources() {
    printf '\nsources\n'
    "$bench/sources" "$rounds"
    open_network sources || return 0
    sources_of_daemon ''
    sources_of_daemon 'penalty = silent:20s'
    close_network
}

# --- held: silent clients ----------------------------------------------------------------------------

# with_byte COUNT: clients that say something.
with_byte() {
    client "$bench/load" -n "$1" -r x -f 127.0.0.1 "$data"
}

held() {
    count=${HELD:-10000}
    printf '\nheld\n'
    # Half of the daemon's open files may be held, and ours take one each.
    # shellcheck disable=SC3045 # every sh of Debian has it
    ulimit -n "$((count * 3))" 2>/dev/null
    # shellcheck disable=SC3045
    files=$(ulimit -n)
    [ "$count" -lt "$((files / 2))" ] || count=$((files / 2 - 100))
    next_port
    data=$port
    next_port
    serve "[data]
listen = 127.0.0.1:$data
start-on = data
data-timeout = 5m
max-connections-per-source = 1000
rate-per-source = 100000/1s
[await]
listen = 127.0.0.1:$port" || return 0
    with_byte 500 >/dev/null
    line=$(with_byte "$connections")
    began=$(rss)
    : >"$work/kept"
    "$bench/flood" -r 5000 -t 60 -n "$count" -k -s 127.0.0.2 -v 200 127.0.0.1 "$data" \
        >"$work/kept" &
    kept=$!
    until [ -s "$work/kept" ]; do sleep 0.1; done
    sleep 1
    printf '%s silent connections of 200 sources held: %s bytes of RSS each, %s processes, %s fds\n' \
        "$count" "$((($(rss) - began) * 1024 / count))" "$(pgrep -c -P "$server")" "$(fds)"
    say_answered 'before, a client with a byte' "$line"
    say_answered 'beside them' "$(with_byte "$connections")"
    printf '  fds then: %s\n' "$(fds)"
    before=$(cpu)
    kill "$kept"
    wait "$kept" 2>/dev/null
    sleep 2
    printf '  when they have gone: %s us of CPU each, RSS %s KiB (%s before), %s fds\n' \
        "$((($(cpu) - before) / count / 1000))" "$(rss)" "$began" "$(fds)"
    stop
}

# --- refused: what a refusal costs -------------------------------------------------------------------

# cost KIND COUNT: the server's CPU for each of so many clients of $port, 32 at once: its own, and
# that of its handlers with it.
cost() {
    before=$(cpu)
    children=$(children_cpu)
    line=$("$bench/load" -c 32 -n "$2" 127.0.0.1 "$to")
    own=$(($(cpu) - before))
    note refused "$1" own "$((own / $2 / 10))e-2"
    note refused "$1" whole "$(((own + $(children_cpu) - children) / $2 / 10))e-2"
    note refused "$1" refused_% "$((100 * $(value errors "$line") / $2))"
}

refused() {
    for round in $(seq "$rounds"); do
        printf 'refused: round %s of %s\n' "$round" "$rounds" >&2
        next_port
        first=$port
        port=$((port + 4))
        serve "[full]
listen = 127.0.0.1:$first
exec = $bench/tiny sleep
max-connections-per-source = 1
[deny]
listen = 127.0.0.1:$((first + 1))
deny = 127.0.0.0/8
[rate]
listen = 127.0.0.1:$((first + 2))
rate-per-source = 1/1h
[penalty]
listen = 127.0.0.1:$((first + 3))
exec = false
penalty = short:1h
penalty-max = 1h
[await]
listen = 127.0.0.1:$port
max-connections = 0" || continue
        : >"$work/kept"
        "$bench/load" -n 1 -k 127.0.0.1 "$first" >"$work/kept" &
        kept=$!
        until [ -s "$work/kept" ]; do sleep 0.1; done
        for to in $((first + 2)) $((first + 3)); do
            "$bench/load" -n 3 127.0.0.1 "$to" >/dev/null
        done
        to=$port
        cost started "$connections"
        to=$first
        for kind in source-full deny source-rate penalty; do
            cost "$kind" "$((connections * 5))"
            to=$((to + 1))
        done
        kill "$kept"
        wait "$kept" 2>/dev/null
        # The sleeping handler doesn't notice: the second TERM ends it with the daemon.
        kill "$server"
        sleep 0.2
        stop
    done
    printf '\nrefused: CPU for each (us), with its handlers and the daemon alone, through that of one\n'
    printf 'that is started\n'
    awk -v scenario=refused -v metrics="whole own refused_%" -v base=started -f "$here/median.awk" -f "$here/flood.awk" "$results"
}
