# warm.sh: handlers that are started before their clients come, beside ours as ever and the peers'.
# Read by run.sh.
#
# The first byte is one client's at a time, with a pause in which what it took is made anew; the rate is
# 8 clients' at once, refills included, and cold starts where nothing is ready.
# shellcheck shell=sh disable=SC2154 # $bench, $here, $work … are run.sh's

warm_start() {
    port=$1 depth=$2 template=$3
    shift 4
    {
        printf '[stdinetd]\nlog-level = notice\ncontrol = none\n'
        printf '[bench]\nlisten = 127.0.0.1:%s\nexec = %s\nuser = %s\nmax-connections = 0\n' \
            "$port" "$*" "$me"
        printf 'warm = %s\nwarm-template = %s\nwarm-count = 8\nwarm-uses = 100000\n' \
            "$depth" "$template"
    } >"$work/stdinetd.ini"
    spawn "$stdinetd" -c "$work/stdinetd.ini"
    sleep 1
}

start_entry() {
    port=$1
    shift
    warm_start "$port" entry no "$@"
}

start_entry_template() {
    port=$1
    shift
    warm_start "$port" entry yes "$@"
}

start_io() {
    port=$1
    shift
    warm_start "$port" io no "$@"
}

start_io_template() {
    port=$1
    shift
    warm_start "$port" io yes "$@"
}

# warm_one NAME COUNT PAUSE PROGRAM: all forms of one handler, in turn; PAUSE in ms.
warm_one() {
    scenario=warm-$1 count=$2 pause=$3 program=$4
    for round in $(seq "$rounds"); do
        printf '%s: round %s of %s\n' "$scenario" "$round" "$rounds" >&2
        for name in $(servers) entry entry-template io io-template; do
            run "$name" no "$program" || continue
            line=$("$bench/load" -c 1 -n 30 -p "$pause" 127.0.0.1 "$port")
            note "$scenario" "$name" first "$(value first_p50 "$line")"
            line=$("$bench/load" -c 8 -n "$count" 127.0.0.1 "$port")
            note "$scenario" "$name" rate "$(value rate "$line")"
            note "$scenario" "$name" errors "$(value errors "$line")"
            stop
        done
    done
}

warm() {
    handlers_here="static:$bench/tiny dynamic:$bench/dynamic sh:$here/handlers/script.sh"
    [ ! -x /usr/bin/perl ] || handlers_here="$handlers_here perl:$here/handlers/script.pl"
    [ ! -x /usr/bin/python3 ] || handlers_here="$handlers_here python3:$here/handlers/script.py \
        python3-exit:$here/handlers/exit.py python3-imports:$here/handlers/imports.py"
    [ ! -x /usr/bin/node ] || handlers_here="$handlers_here node:$here/handlers/script.js"
    for handler in $handlers_here; do
        case ${handler%%:*} in
        python3 | python3-exit) count=$((connections / 10)) pause=60 ;;
        python3-imports | node) count=$((connections / 40)) pause=300 ;;
        *) count=$connections pause=20 ;;
        esac
        warm_one "${handler%%:*}" "$count" "$pause" "${handler#*:}"
    done
    printf '\n'
    awk -f "$here/median.awk" -f "$here/warm.awk" "$results"
}
