# shellcheck shell=sh
# lib.sh: what the tests with real clients share. A test says what it needs, writes an ini, calls
# start, checks, and calls end. $work is its directory; whatever happens, the daemon is stopped and
# the directory removed when the test exits.
#
# From the environment: STDINETD and STDINETCTL are the programs, STDINETD_WRAPPER words to put
# before the first, and STDINETD_HANDLERS the directory of the handlers that come with them.

STDINETD=${STDINETD:-./stdinetd}
STDINETCTL=${STDINETCTL:-$(dirname -- "$STDINETD")/stdinetctl}
STDINETD_HANDLERS=${STDINETD_HANDLERS:-$(cd "$(dirname -- "$STDINETD")" && pwd)/src/handlers}
umask 022
export LC_ALL=C
# Where servers are; not everybody's shell looks there.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
work=
daemon=
companion=
borrowed=
failures=0
# Seconds that a test waits for what it expects; one that makes a start slow allows more.
patience=30

ok() {
    printf 'ok - %s\n' "$1"
}

not_ok() {
    printf 'not ok - %s\n' "$1"
    failures=$((failures + 1))
}

# check NAME COMMAND [ARGUMENT]...: ok if the command succeeds.
check() {
    name=$1
    shift
    if "$@"; then
        ok "$name"
    else
        not_ok "$name"
    fi
}

# skip_part REASON: of a test that goes on.
skip_part() {
    printf 'skip - %s\n' "$1"
}

# What has failed before stays failed.
skip() {
    skip_part "$1"
    [ "$failures" -gt 0 ] && exit 1
    exit 77
}

# have PROGRAM: or what needs it is skipped.
have() {
    command -v "$1" >/dev/null && return
    skip_part "there is no $1"
    return 1
}

# need PROGRAM...: skips the test if one of them is missing.
need() {
    for program; do
        command -v "$program" >/dev/null || skip "there is no $program"
    done
}

# Only this netcat closes its writing side at the end of input (-N), and then waits for the answer.
need_netcat() {
    need nc
    nc -h 2>&1 | grep -q OpenBSD || skip 'nc is not netcat-openbsd'
}

# need_handlers NAME...: of those that come with stdinetd.
need_handlers() {
    for program; do
        test -x "$STDINETD_HANDLERS/$program" || skip "there is no $STDINETD_HANDLERS/$program"
    done
}

# Some packages have git without its daemon.
need_git() {
    need git timeout
    test -x "$(git --exec-path)/git-daemon" || skip 'there is no git daemon'
}

# No configuration of whoever runs the tests, and no variables of a git that runs us.
plain_git() {
    # shellcheck disable=SC2046 # a list of words
    unset $(git rev-parse --local-env-vars)
    export HOME="$work" XDG_CONFIG_HOME="$work" GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
    export GIT_AUTHOR_NAME=test GIT_AUTHOR_EMAIL=test@localhost
    export GIT_COMMITTER_NAME=test GIT_COMMITTER_EMAIL=test@localhost
}

is_root() {
    [ "$(id -u)" -eq 0 ]
}

# give PATH: to the user who handlers run as.
give() {
    if is_root; then
        chown -R nobody "$1"
    fi
}

# free_ports COUNT: different ports of 127.0.0.1 that nobody listens on. Below those that the kernel
# gives to clients: there a client could connect to itself.
free_ports() {
    perl -MIO::Socket::INET -e '
        my ($count, @sockets) = shift;
        for my $try (1 .. 1000) {
            last if @sockets == $count;
            my $port = 10240 + int(rand(20000));
            my $socket = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1", LocalPort => $port);
            push @sockets, $socket if $socket;
        }
        print join(" ", map { $_->sockport } @sockets), "\n";' "$1"
}

# in_time COMMAND [ARGUMENT]...: until it succeeds; fails after $patience seconds.
in_time() {
    tries=$((patience * 20))
    until "$@"; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || return 1
        sleep 0.05
    done
}

serves() {
    # "serves": of a release before 2.0.
    grep -q -e ' ready: ' -e '^[^ ]* notice stdinetd .* serves ' "$work/log"
}

is_gone() {
    ! kill -0 "$daemon" 2>/dev/null
}

serves_or_is_gone() {
    serves || is_gone
}

# start INI [ARGUMENT]...: the daemon, in the background, until it serves. Without it there is
# nothing to test.
start() {
    ini=$1
    shift
    if is_root; then
        set -- "$@" -o user=nobody
    fi
    # The control socket in /run is not a test's.
    grep -q '^control *=' "$ini" || set -- "$@" -o control=none
    : >"$work/log"
    # shellcheck disable=SC2086 # words
    ${STDINETD_WRAPPER-} "$STDINETD" -c "$ini" "$@" >"$work/log" 2>&1 &
    daemon=$!
    in_time serves_or_is_gone
    check 'stdinetd serves' serves
    if [ "$failures" -gt 0 ]; then
        end
        exit 1
    fi
}

# The second TERM tells the daemon not to wait for handlers, so that none stays behind.
stop() {
    for signal in TERM TERM KILL; do
        kill -s "$signal" "$daemon" 2>/dev/null || break
        in_time is_gone && break
    done
    wait "$daemon"
    status=$?
    daemon=
    return "$status"
}

# The last command of a test, which gives it its exit status. A failed one shows the daemon's log.
end() {
    check 'stdinetd exits with 0 when it is told to stop' stop
    if [ "$failures" -gt 0 ]; then
        sed 's/^/# /' "$work/log"
        return 1
    fi
}

# accompany COMMAND [ARGUMENT]...: another server, in the background until the test ends. One a test.
accompany() {
    "$@" >"$work/companion" 2>&1 &
    companion=$!
}

clean_up() {
    if [ -n "$companion" ]; then
        kill "$companion"
        wait "$companion" 2>/dev/null
    fi
    if [ -n "$daemon" ]; then
        stop
    fi
    rm -rf "$work"
    if [ -n "$borrowed" ]; then
        rmdir "$borrowed"
    fi
}

# make_directory_for_now PATH: one outside of $work that a server insists on. It is removed again,
# if it wasn't there. One a test.
make_directory_for_now() {
    if mkdir -m 755 "$1" 2>/dev/null; then
        borrowed=$1
    fi
}

# completes EXPECTED WORD...: what the last word behind stdinetctl may become, by etc/stdinetctl.bash,
# sorted, in one line.
completes() {
    expected=$1
    shift
    # shellcheck disable=SC2154 # a test has it
    completion=$(cd "$srcdir" && pwd)/etc/stdinetctl.bash
    # shellcheck disable=SC2016 # for the other shell
    [ "$(cd "$work" && bash -c '
        . "$0"
        COMP_WORDS=("$@")
        COMP_CWORD=$(($# - 1))
        _stdinetctl
        printf "%s\n" "${COMPREPLY[@]}" | sort | tr "\n" " "' \
        "$completion" "$STDINETCTL" "$@")" = "$expected" ]
}

# Handlers run as somebody else when we are root: they must get into the directory.
make_work_directory() {
    trap clean_up EXIT
    trap 'exit 1' HUP INT PIPE TERM
    work=$(mktemp -d "${TMPDIR:-/tmp}/stdinetd-clients.XXXXXX") || exit 1
    chmod 755 "$work"
}
