# many.sh: the scenarios of many services, many handlers, many connections. Read by run.sh.
# shellcheck shell=sh disable=SC2154 # run.sh's variables

many=${SERVICES:-5000}

# Rate and CPU with many services beside the same with one, in turn.
services() {
    for round in $(seq "$rounds"); do
        printf 'services: round %s of %s\n' "$round" "$rounds" >&2
        for name in $(servers | grep -E '^stdinetd$|inetd$'); do
            for extra in 0 "$many"; do
                if run "$name" no "$bench/tiny"; then
                    measure "services-$extra" "$name" 32 "$connections" rate cpu
                    stop
                elif [ "$round" = 1 ]; then
                    printf 'services: not measured: %s with %s\n' "$name" "$extra" >&2
                fi
            done
        done
    done
    extra=0
    table services-0 "rate cpu errors" "max min min"
    table "services-$many" "rate cpu errors" "max min min"
    printf '\nwith %s services, through the same with 1:\n' "$many"
    awk -v many="services-$many" -f "$here/median.awk" -f "$here/growth.awk" "$results"
}

# The server's memory in KiB, once it rests.
rss() {
    status VmRSS
}

fds() {
    find "/proc/$server/fd" -mindepth 1 -maxdepth 1 | wc -l
}

memory_of_services() {
    run stdinetd no "$bench/tiny" || return 1
    one=$(rss)
    stop
    extra=$many
    run stdinetd no "$bench/tiny" || return 1
    all=$(rss)
    text=$(($(wc -c <"$work/stdinetd.ini") / many))
    extra=0
    stop
    printf 'RSS with 1 service: %s KiB; with %s more: %s KiB, %s bytes each (%s bytes of text each)\n' \
        "$one" "$many" "$all" "$(((all - one) * 1024 / many))" "$text"
}

# cpu_of COUNT: the server's CPU for each of so many short connections, in microseconds.
cpu_of() {
    before=$(cpu)
    "$bench/load" -c 32 -n "$1" 127.0.0.1 "$port" >/dev/null
    printf '%s\n' "$((($(cpu) - before) / $1 / 1000))"
}

# Handlers that sleep: what each costs in memory, and what a short connection costs beside them.
memory_of_handlers() {
    alive=${ALIVE:-10000}
    next_port
    sleepers=$port
    next_port
    {
        printf '[stdinetd]\nlog-level = notice\n[defaults]\nuser = %s\nmax-connections = 0\n' "$me"
        printf '[sleepers]\nlisten = 127.0.0.1:%s\nexec = %s sleep\n' "$sleepers" "$bench/tiny"
        printf '[short]\nlisten = 127.0.0.1:%s\nexec = %s\n' "$port" "$bench/tiny"
    } >"$work/stdinetd.ini"
    spawn "$stdinetd" -c "$work/stdinetd.ini"
    await || return 1
    cpu_of 1000 >/dev/null
    alone=$(cpu_of 2000)
    began=$(rss)
    : >"$work/kept"
    "$bench/load" -c 32 -n "$alive" -s 100 -k 127.0.0.1 "$sleepers" >"$work/kept" &
    kept=$!
    until [ -s "$work/kept" ]; do sleep 0.1; done
    printf '%s handlers alive: %s bytes of RSS each\n' "$alive" "$((($(rss) - began) * 1024 / alive))"
    printf 'CPU of a short connection: %s us alone, %s us beside them\n' "$alone" "$(cpu_of 2000)"
    kill "$kept"
    # Sleeping handlers don't notice: the second TERM ends them with the daemon.
    kill "$server"
    sleep 0.2
    stop
}

memory_of_time() {
    run stdinetd no "$bench/tiny" || return 1
    for count in 1000 $((${LONG:-200000} - 1000)); do
        "$bench/load" -c 32 -n "$count" 127.0.0.1 "$port" >/dev/null
        sleep 1
        printf 'after %s connections more: RSS %s KiB, %s fds\n' "$count" "$(rss)" "$(fds)"
    done
    stop
}

memory() {
    printf '\nmemory\n'
    memory_of_services
    memory_of_handlers
    memory_of_time
}
