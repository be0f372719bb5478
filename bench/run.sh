#!/bin/sh
# run.sh [SCENARIO…]: stdinetd beside every peer that is installed, in turn in the same run: A B C,
# A B C, …, and the medians with their ratios. `make bench` builds what it needs and calls it.
#
# Scenarios (all by default):
#   rate       connections a second, 32 at once, and the supervisor's CPU for each; tiny handler
#   first      connect to first byte, one at a time, p50 and p99; tiny handler
#   log-rate   log-first: the same with every connection logged, by those who can
#   handlers   rate by handler: static, dynamic, sh, python3
#   warm       the same and perl, python3 with imports, node, started before their clients come
#   services   rate and CPU with 5,000 services listening beside the one that is asked
#   memory     RSS with 1 service, with 5,000, with 10,000 handlers alive, after 200,000 connections
#   hostile    a good service's connect to first byte beside each kind of hostile handler
#   flood      a client of one source beside 20,000 connections a second from another
#   sources    1,000,000 clients of a network each: memory, and what a known one notices
#   held       10,000 silent clients without a process: memory, and what another one notices
#   refused    the supervisor's CPU for a client that is refused, by reason
#   acl        a decision by address with 100,000 prefixes, and making them ready
#   bare       CPU against a loop of nothing but accept, the same clone, exec
#
# Environment: ROUNDS (5), CONNECTIONS (2000 a round), PEERS (names from peers.sh; what is installed),
# STDINETD (the binary), BENCH_PROGRAMS (where the built ones are), RESULTS (a file that is kept: lines of
# SCENARIO SERVER METRIC VALUE, one a round).
set -u
here=$(cd "$(dirname -- "$0")" && pwd)
bench=${BENCH_PROGRAMS:-$here}
stdinetd=${STDINETD:-$here/../build/stdinetd}
rounds=${ROUNDS:-5}
connections=${CONNECTIONS:-2000}
work=$(mktemp -d "${TMPDIR:-/tmp}/stdinetd-bench.XXXXXX") || exit 71
chmod 755 "$work"
results=${RESULTS:-$work/results}
server=
# shellcheck source=bench/peers.sh
. "$here/peers.sh"

cleanup() {
    stop
    [ -z "$inside" ] || close_network
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# Ends the server that runs, by what it understands.
stop() {
    [ -n "$server" ] || return 0
    kill "$server" 2>/dev/null
    for _ in $(seq 100); do
        kill -0 "$server" 2>/dev/null || break
        sleep 0.1
    done
    kill -9 "$server" 2>/dev/null
    wait "$server" 2>/dev/null
    server=
}

# A port of its own for each start: the last one's may still be in TIME_WAIT.
port=20000
next_port() {
    port=$((port + 1))
}

# Waits until the server answers.
await() {
    for _ in $(seq 100); do
        # shellcheck disable=SC2086 # words before a command: flood.sh has them
        case $($inside "$bench/load" -n 1 -f 127.0.0.1 "$port" 2>/dev/null) in
        *errors=0*) return 0 ;;
        esac
        sleep 0.1
    done
    return 1
}

# run SERVER LOGGED PROGRAM…: starts SERVER on a port of its own; false where it can't.
run() {
    next_port
    name=$1 logged=$2
    shift 2
    if start "$name" "$port" "$logged" "$@" && await; then
        return 0
    fi
    stop
    return 1
}

# Nanoseconds of CPU that the server itself has used.
cpu() {
    cut -d' ' -f1 "/proc/$server/schedstat"
}

# CPU time that its handlers have used which have ended, in nanoseconds: fields 16 and 17 of
# proc_pid_stat(5), in ticks of 1/100 s.
children_cpu() {
    sed 's/.*) //' "/proc/$server/stat" | awk '{printf "%d\n", ($14 + $15) * 10000000}'
}

# A field of /proc/PID/status of the server, as a number.
status() {
    awk -v field="$1:" '$1 == field {print $2}' "/proc/$server/status"
}

note() {
    printf '%s %s %s %s\n' "$@" >>"$results"
}

# value NAME LINE: the value of NAME=VALUE in load's line.
value() {
    printf '%s\n' "$2" | tr ' ' '\n' | sed -n "s/^$1=//p"
}

# measure SCENARIO SERVER AT_ONCE COUNT METRIC…: loads the server that runs and notes the metrics.
measure() {
    scenario=$1 name=$2 at_once=$3 count=$4
    shift 4
    before=$(cpu)
    line=$("$bench/load" -c "$at_once" -n "$count" 127.0.0.1 "$port")
    after=$(cpu)
    for metric in "$@"; do
        if [ "$metric" = cpu ]; then
            note "$scenario" "$name" cpu "$(((after - before) / count / 10))e-2"
        else
            note "$scenario" "$name" "$metric" "$(value "$metric" "$line")"
        fi
    done
    note "$scenario" "$name" errors "$(value errors "$line")"
}

servers() {
    printf 'stdinetd\n'
    # shellcheck disable=SC2086 # a list of names
    printf '%s\n' ${PEERS-$(installed_peers 2>/dev/null)}
}

# in_turn SCENARIO LOGGED AT_ONCE COUNT METRICS PROGRAM…: every server once a round.
in_turn() {
    scenario=$1 logged=$2 at_once=$3 count=$4 metrics=$5
    shift 5
    for round in $(seq "$rounds"); do
        printf '%s: round %s of %s\n' "$scenario" "$round" "$rounds" >&2
        for name in $(servers); do
            if run "$name" "$logged" "$@"; then
                # shellcheck disable=SC2086 # a list of names
                measure "$scenario" "$name" "$at_once" "$count" $metrics
                stop
            elif [ "$round" = 1 ]; then
                printf '%s: not measured: %s\n' "$scenario" "$name" >&2
            fi
        done
    done
}

table() {
    printf '\n'
    awk -v scenario="$1" -v metrics="$2" -v better="$3" -f "$here/median.awk" -f "$here/table.awk" "$results"
}

rate() {
    in_turn rate no 32 "$connections" "rate cpu" "$bench/tiny"
    table rate "rate cpu errors" "max min min"
}

first() {
    in_turn first no 1 "$((connections / 2))" "first_p50 first_p99 end_p50" "$bench/tiny"
    table first "first_p50 first_p99 end_p50 errors" "min min min min"
}

log_rate() {
    in_turn log-rate yes 32 "$connections" "rate cpu" "$bench/tiny"
    table log-rate "rate cpu errors" "max min min"
}

log_first() {
    in_turn log-first yes 1 "$((connections / 2))" "first_p50 first_p99 end_p50" "$bench/tiny"
    table log-first "first_p50 first_p99 end_p50 errors" "min min min min"
}

handlers() {
    in_turn static no 8 "$((connections / 2))" "rate first_p50" "$bench/tiny"
    in_turn dynamic no 8 "$((connections / 2))" "rate first_p50" "$bench/dynamic"
    in_turn sh no 8 "$((connections / 4))" "rate first_p50" "$here/handlers/script.sh"
    in_turn python3 no 8 "$((connections / 20))" "rate first_p50" "$here/handlers/script.py"
    for handler in static dynamic sh python3; do
        table "$handler" "rate first_p50 errors" "max min min"
    done
}

bare() {
    PEERS=bare in_turn bare no 32 "$((connections * 2))" "rate cpu" "$bench/tiny"
    table bare "rate cpu errors" "max min min"
}

# No peer takes part: nothing of theirs can be called without a connection.
acl() {
    printf '\n'
    "$bench/acl" "$rounds"
}

# shellcheck source=bench/many.sh
. "$here/many.sh"
# shellcheck source=bench/warm.sh
. "$here/warm.sh"
# shellcheck source=bench/hostile.sh
. "$here/hostile.sh"
# shellcheck source=bench/flood.sh
. "$here/flood.sh"

: >"$results"
printf 'machine: %s, %s cores, Linux %s\n' \
    "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" "$(nproc)" "$(uname -r)"
printf 'rounds: %s; connections a round: %s; %s\n' "$rounds" "$connections" "$("$stdinetd" --version)"
installed_peers >/dev/null
# shellcheck disable=SC3045 # every sh of Debian has it
ulimit -n "$(ulimit -Hn)"
[ $# -gt 0 ] || set -- rate first log-rate log-first handlers warm services memory hostile flood sources held refused \
    acl bare
for scenario in "$@"; do
    "$(printf '%s' "$scenario" | tr - _)"
done
