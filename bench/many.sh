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

# Handlers that sleep: what each costs in memory, and whether one more costs what the first did.
memory_of_handlers() {
    alive=${ALIVE:-10000} step=1000
    run stdinetd no "$bench/tiny" sleep || return 1
    began=$(rss)
    count=0 loads=
    while [ "$count" -lt "$alive" ]; do
        before=$(cpu)
        : >"$work/kept"
        "$bench/load" -c 32 -n "$step" -s 100 -k 127.0.0.1 "$port" >"$work/kept" &
        loads="$loads $!"
        until [ -s "$work/kept" ]; do sleep 0.1; done
        last=$((($(cpu) - before) / step / 1000))
        [ "$count" -gt 0 ] || early=$last
        count=$((count + step))
    done
    printf '%s handlers alive: %s bytes of RSS each; CPU of one start: the first 1,000 %s us, the last 1,000 %s us\n' \
        "$alive" "$((($(rss) - began) * 1024 / alive))" "$early" "$last"
    # shellcheck disable=SC2086 # a list of pids
    kill $loads 2>/dev/null
    # Sleeping handlers don't notice: they get what any handler gets that outstays its welcome.
    kill "$server"
    kill "$server" 2>/dev/null
    for _ in $(seq 100); do
        kill -0 "$server" 2>/dev/null || break
        sleep 0.1
    done
    server=
}

memory_of_time() {
    run stdinetd no "$bench/tiny" || return 1
    for count in 1000 $((${LONG:-200000} - 1000)); do
        "$bench/load" -c 32 -n "$count" 127.0.0.1 "$port" >/dev/null
        sleep 1
        printf 'after %s connections: RSS %s KiB, %s fds\n' "$count more" "$(rss)" "$(fds)"
    done
    stop
}

memory() {
    printf '\nmemory\n'
    memory_of_services
    memory_of_handlers
    memory_of_time
}
