# shellcheck shell=sh
# Functions that take arguments where a case has some, and are called from its file.
# shellcheck disable=SC2119,SC2120
# lib.sh: what the cases of tests/faults share, on top of tests/clients/lib.sh. A case writes its
# services, starts the daemon with the shim or without, makes something fail, and expects: a reason
# in the log, service again by itself, no spin, no leak, others unharmed.
#
# From the environment, besides lib.sh's: STDINETD_FAULTS is the directory of shim.so and fault.

# shellcheck source-path=SCRIPTDIR source=../clients/lib.sh disable=SC2154
. "$srcdir/tests/clients/lib.sh"
STDINETD_FAULTS=${STDINETD_FAULTS:-$(cd "$(dirname -- "$STDINETD")" && pwd)/tests/faults}
PATH=$STDINETD_FAULTS:$PATH

need perl fault
make_work_directory
# What the whole run is under; the shim and hostile starts come the same way.
wrapper=${STDINETD_WRAPPER-}
STDINETD_WRAPPER=$wrapper
# Where the daemon writes; a case may have it elsewhere.
log=$work/log
# What a case has in the background; ended with it.
jobs=
end_jobs() {
    for job in $jobs; do
        kill -s KILL "$job" 2>/dev/null && wait "$job" 2>/dev/null
    done
    clean_up
}
trap end_jobs EXIT
read -r port other <<PORTS
$(free_ports 2)
PORTS

is_plain() {
    test -z "$wrapper" && ! grep -q __asan_init "$STDINETD"
}

# Where a sanitizer or valgrind has a malloc, an address space or a pace of its own.
need_plain() {
    is_plain || skip 'only for the daemon as it is'
}

need_root() {
    is_root || skip 'needs root'
}

# need_namespaces FLAG...: of unshare(1).
need_namespaces() {
    need_root
    need unshare
    unshare "$@" true 2>/dev/null || skip "no unshare $*"
}

# in_own_mounts: the daemon in a mount namespace, after the commands on stdin. The wrapper keeps the
# pid. What is mounted there can be reached below $inside.
in_own_mounts() {
    need_plain
    need_namespaces -m
    { echo 'set -e' && cat && echo 'exec "$@"'; } >"$work/wrapper"
    STDINETD_WRAPPER="unshare -m sh $work/wrapper"
}

# own_dev: a /dev of its own, $work/dev, for a /dev/log.
own_dev() {
    need mknod
    mkdir "$work/dev"
    for file in null:3 zero:5 urandom:9 tty:0; do
        mknod -m 666 "$work/dev/${file%:*}" c 1 "${file#*:}" 2>/dev/null ||
            skip 'cannot make devices'
    done
    in_own_mounts <<SETUP
mount --bind $work/dev /dev
SETUP
}

inside() {
    echo "/proc/$daemon/root$1"
}

# The two services that nearly all cases have, after what is on stdin.
two_services() {
    cat >"$work/ini" <<INI
$(cat)
[upper]
listen = 127.0.0.1:$port
exec = tr a-z A-Z

[other]
listen = 127.0.0.1:$other
exec = tr a-z A-Z
INI
}

# Many kinds of keys, for what reads them; it has the two services, too.
many_keys() {
    mkdir -p "$work/more"
    cat >"$work/more/a.ini" <<INI
[more]
listen = unix:$work/more/socket
exec = sh -c 'echo "\$WORD"'
env = WORD=hello "OTHER=two words"
allow = unix 127.0.0.0/8 ::1
deny = 192.0.2.0/24 198.51.100.0/24
penalty = crash:10s exit.3:1s
rlimit-nofile = 100:200
rate = 100/1s
stderr = $work/more/stderr
INI
    two_services <<INI
[stdinetd]
include = $work/more/*.ini
pid-file = $work/pid
max-sources = 100

[defaults]
pass-env = LANG LC_ALL

INI
}

# shimmed: the daemon is started with the shim, by start or by itself.
shimmed() {
    need_plain
    export FAULTS="$work/faults"
    fault clear "$FAULTS"
    STDINETD_WRAPPER="$STDINETD_WRAPPER env LD_PRELOAD=$STDINETD_FAULTS/shim.so"
}

# begin: both services, with the shim.
begin() {
    shimmed
    two_services </dev/null
    start "$work/ini" "$@"
    note_fds
}

# inject ROW ERROR [SKIP [COUNT]], until lift.
inject() {
    fault set "$FAULTS" "$@"
}

lift() {
    fault clear "$FAULTS"
}

was_hit() {
    [ "$(fault hits "$FAULTS" "$1")" -gt 0 ]
}

logged() {
    in_time grep -q -e "$1" "$log"
}

# logged_times PATTERN MOST
logged_at_most() {
    [ "$(grep -c -e "$1" "$log")" -le "$2" ]
}

# answers [WHERE]: a client is served.
answers() {
    [ "$(fault ask "${1:-$port}" hello)" = HELLO ]
}

others_are_served() {
    answers "$other"
}

# behind NAME COMMAND [ARGUMENT]...: in the background, its output in $work/NAME.
behind() {
    output=$work/$1
    shift
    : >"$output"
    "$@" >"$output" 2>&1 &
    job=$!
    jobs="$jobs $job"
}

# crowd COUNT [WHERE]: so many clients that wait for their answer, connected; crowd_is_served ends.
crowd() {
    behind crowd fault crowd "${2:-$port}" "$1" hello HELLO
    crowd_job=$job
    in_time grep -q connected "$work/crowd"
}

crowd_is_served() {
    wait "$crowd_job"
    result=$?
    sed 's/^/# /' "$work/crowd"
    return "$result"
}

ticks() {
    sed 's/.*) //' "/proc/$daemon/stat" | { read -r _ _ _ _ _ _ _ _ _ _ _ user system _ && echo $((user + system)); }
}

# idles: over a second, which is a span to measure in, it uses at most 10 of its 100 ticks.
idles() {
    before=$(ticks)
    sleep 1
    used=$(($(ticks) - before))
    [ "$used" -le 10 ] && return
    echo "# $used ticks in a second"
    return 1
}

count_fds() {
    find "/proc/$daemon/fd" -mindepth 1 -maxdepth 1 2>/dev/null | wc -l
}

# note_fds [WHERE]...: of services besides the two.
note_fds() {
    # The first start opens what stays: the channel that handlers' stderr comes by.
    for where in "$port" "$other" "$@"; do
        answers "$where"
    done
    in_time has_no_handlers
    fds=$(count_fds)
}

has_no_handlers() {
    [ -z "$(cat "/proc/$daemon/task/$daemon/children")" ]
}

has_handlers() {
    ! has_no_handlers
}

fds_are_as_before() {
    [ "$(count_fds)" -le "$fds" ]
}

no_leak() {
    in_time has_no_handlers && in_time fds_are_as_before && return
    echo "# $(count_fds) fds, $fds before:"
    find "/proc/$daemon/fd" -mindepth 1 -printf '# %f %l\n'
    return 1
}

# What became of each reload, a line each.
reload_lines() {
    grep -e ' reloaded: ' -e ' reload failed, ' "$log"
}

reload() {
    reloads=$(reload_lines | wc -l)
    kill -s HUP "$daemon"
    in_time has_reloaded
}

has_reloaded() {
    [ "$(reload_lines | wc -l)" -gt "$reloads" ]
}

# recovers: what each case ends with.
recovers() {
    check 'is served' answers "$port"
    check 'the other is served' answers "$other"
    check 'no leak' no_leak
    end
}

# accept_pauses ERROR TEXT: what every shortage at accept4 comes to, accept(2).
accept_pauses() {
    inject accept4 "$1"
    crowd 20
    check 'it is said' logged "accept paused: $2"
    check 'nothing spins' idles
    check 'it was said once' logged_at_most 'accept paused' 1
    lift
    check 'who waited is served' crowd_is_served
    recovers
}

# accept_goes_on ERROR: one client's error is nobody else's.
accept_goes_on() {
    inject accept4 "$1" 0 20
    crowd 20
    check 'who came is served' crowd_is_served
    check 'it happened' in_time was_hit accept4
    check 'and is no event' logged_at_most 'accept paused' 0
    inject accept4 "$1"
    crowd 5
    check 'for ever, it pauses' logged 'accept paused'
    check 'nothing spins' idles
    lift
    check 'who waited is served' crowd_is_served
    recovers
}

# no_process ROW ERROR TEXT: no process can be had.
no_process() {
    inject "$1" "$2"
    crowd 10
    check 'clients are held, with a reason' logged "cannot start a handler for upper .*$3"
    check 'nothing spins' idles
    lift
    check 'who was held is served' crowd_is_served
    inject "$1" "$2"
    check 'after 5 s it is given up' fault closed "$port"
    check 'with a reason' logged "upper: start failed.*$3"
    check 'nothing spins' idles
    lift
    recovers
}

# refuses_reload: of what the ini is now; everything stays.
refuses_reload() {
    behind session fault hold "$port" 1 x
    in_time grep -q connected "$work/session"
    check 'the reload comes to its end' reload
    check 'it is refused with a reason' logged 'error reload failed, nothing changed: .'
    check 'who was served is not touched' logged_at_most ' upper: end' 1
    kill "$job"
    recovers
}


# sweep_start ROW N: a start of which one call fails: it serves, or exits with a reason.
sweep_start() {
    set -- "$1" "$2" -c "$work/ini" -o control=none
    is_root && set -- "$@" -o user=nobody
    swept=$1
    number=$2
    shift 2
    : >"$work/log"
    # shellcheck disable=SC2086 # words
    $STDINETD_WRAPPER "$STDINETD" "$@" >"$work/log" 2>&1 &
    daemon=$!
    in_time serves_or_is_gone
    was_hit "$swept" && echo "$number" >>"$work/hits"
    if serves; then
        # The call may be one of the first client's, who is refused for it, with a reason.
        answers || answers || not_ok "call $number: it serves, but doesn't answer"
        lift
        stop || not_ok "call $number: it ends with $?"
        return
    fi
    is_gone || not_ok "call $number: it neither serves nor ends"
    stop
    status=$?
    [ "$status" -eq 71 ] || [ "$status" -eq 78 ] || not_ok "call $number: status $status"
    [ -s "$work/log" ] || not_ok "call $number: no reason"
    echo "# $number: $status: $(head -n 1 "$work/log")"
}

# a_program COMMENT: [handler] runs $work/handler, which answers HELLO, from a port of its own.
a_program() {
    # shellcheck disable=SC2016 # for the handler
    printf '#!/bin/sh\nread -r word; echo HELLO\n' >"$work/handler"
    chmod 755 "$work/handler"
    two_services <<INI
[handler]
listen = unix:$work/socket
exec = $work/handler

INI
    start "$work/ini"
    check 'the program is served' program_answers
    note_fds
}

program_answers() {
    [ "$(fault ask "$work/socket" hello)" = HELLO ]
}

# program_fails TEXT: it can't be executed; said once, the service rests; at once back.
program_fails() {
    check 'its client is closed' fault closed "$work/socket"
    check 'with a reason' logged "handler: start failed.*stage=exec error=\"*$1"
    behind waits fault ask "$work/socket" hello
    check 'the others are served' answers
    check 'nothing spins' idles
    check 'it is said once' logged_at_most 'handler: start failed' 1
}

program_recovers() {
    check 'the program is served again' in_time program_answers
    check 'which is said' logged 'handler: service started again'
    recovers
}

# child_call CALL ERROR STAGE [WHEN]: a system call of the child fails, WHEN it is the n-th such.
child_call() {
    need_plain
    need strace
    two_services </dev/null
    start "$work/ini"
    note_fds
    behind strace strace -f -p "$daemon" -o /dev/null -e "trace=$1" \
        -e "inject=$1:error=$2:when=${4:-1}"
    in_time grep -q attached "$work/strace" || skip 'strace cannot attach'
    tracer=$job
    check 'the client is closed' fault closed "$port"
    check 'with the stage' logged "upper: start failed.*stage=$3"
    check 'nothing spins' idles
    kill "$tracer"
    wait "$tracer" 2>/dev/null
    check 'the other is served' in_time answers "$other"
    check 'served by itself' in_time answers
    recovers
}

# refuses_reload_with TEXT
refuses_reload_with() {
    check 'the reload comes to its end' reload
    check 'it says why' logged "$1"
    check 'it is refused' logged 'reload failed, nothing changed'
    lift
    recovers
}

# upgrade: asked for, and decided one way or the other.
upgrade() {
    upgrades=$(count_upgrades)
    kill -s USR2 "$daemon"
    in_time has_upgraded
}

# Those that failed, too.
count_upgrades() {
    grep -c -e ' upgraded from ' -e ' upgrade failed, ' "$log"
}

has_upgraded() {
    [ "$(count_upgrades)" -gt "$upgrades" ]
}

logged_at_least() {
    [ "$(grep -c -e "$1" "$log")" -ge "$2" ]
}
