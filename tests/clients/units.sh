#!/bin/sh
# units.sh: what etc/ has for service managers. The systemd units are without a mistake, also together
# with the hardening drop-in, which leaves little to an attacker; the socket's name can be served. The
# OpenRC script starts, reloads and stops the daemon, and doesn't with a configuration that is wrong.
# The Dockerfile installs what the sources need and what the program is linked with.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/clients/lib.sh"

need perl
make_work_directory
program=$(cd "$(dirname -- "$STDINETD")" && pwd)/stdinetd
etc=$(cd "$srcdir/etc" && pwd)
port=$(free_ports 1)

# place NAME: etc/NAME.in with our program, as the Makefile does it for the installed one.
place() {
    sed "s|@sbindir@/stdinetd|$program|" "$etc/$1.in" >"$work/$1"
}

# silent COMMAND [ARGUMENT]...: it succeeds, and has nothing to say.
silent() {
    output=$("$@" 2>&1) && [ -z "$output" ] && return
    printf '%s\n' "$output" | sed 's/^/# /'
    return 1
}

# --- systemd --------------------------------------------------------------------------------------

# verify FILE: together with the units and drop-ins beside it.
verify() {
    silent env SYSTEMD_UNIT_PATH="$work:" systemd-analyze verify --man=no "$1"
}

# exposed_at_most TENTHS: as systemd-analyze reckons, from 0 to 100.
exposed_at_most() {
    env SYSTEMD_UNIT_PATH="$work:" systemd-analyze security --offline=yes --no-pager \
        --threshold="$1" "$work/stdinetd.service" >"$work/security"
    result=$?
    tail -n 1 "$work/security" | sed 's/^/# /'
    return "$result"
}

has_setting() {
    grep -qx "$1" "$work/stdinetd.service"
}

# configure FILE ADDRESS
configure() {
    printf '[upper]\nlisten = %s\nexec = tr a-z A-Z\n' "$2" >"$1"
    if is_root; then
        echo 'user = nobody' >>"$1"
    fi
}

serves_named_sockets() {
    configure "$work/named.ini" "fd:$(sed -n 's/^FileDescriptorName=//p' "$etc/stdinetd.socket")"
    silent "$program" -c "$work/named.ini" --check
}

if have systemd-analyze; then
    place stdinetd.service
    cp "$etc/stdinetd.socket" "$work"
    check 'stdinetd.service is without a mistake' verify "$work/stdinetd.service"
    check 'stdinetd.socket, too' verify "$work/stdinetd.socket"
    check 'handlers outlive a daemon that dies' has_setting KillMode=process
    check 'a hang is noticed' has_setting 'WatchdogSec=.*'
    mkdir "$work/stdinetd.service.d"
    cp "$etc/stdinetd-hardened.conf" "$work/stdinetd.service.d/hardened.conf"
    check 'the drop-in is without a mistake' verify "$work/stdinetd.service"
    check 'and hardens' exposed_at_most 35
    check 'the name of the socket can be served' serves_named_sockets
    printf '[Service]\nProtectEverything=yes\n' >"$work/stdinetd.service.d/wrong.conf"
    check 'a mistake would be seen' test -n "$(verify "$work/stdinetd.service")"
fi

# --- OpenRC ---------------------------------------------------------------------------------------

# What openrc-run does with a script, as far as it matters here: conf.d's variables; COMMAND_pre
# before COMMAND; start and stop where the script has none. Called with SCRIPT COMMAND RC_CMD WORK.
cat >"$work/openrc.sh" <<'END'
export RC_SVCNAME=stdinetd RC_CMD="$3"
work=$4
ebegin() { echo "$*"; }
eend() { return "$1"; }
checkpath() { :; }
start() { $command $command_args $command_args_background; }
stop() { kill -s TERM "$(cat "$pidfile")"; }
STDINETD_CONFIG=$work/openrc.ini
STDINETD_OPTIONS="-o log=$work/log"
. "$1"
command_args_background=$(printf '%s' "$command_args_background" | sed "s|=$pidfile|=$work/pid|")
pidfile=$work/pid
if command -v "$2_pre" >/dev/null; then
    "$2_pre" || exit
fi
"$2"
END

# openrc COMMAND [RC_CMD]: another RC_CMD where COMMAND is a part of it.
openrc() {
    sh "$work/openrc.sh" "$work/stdinetd.openrc" "$1" "${2-$1}" "$work" >>"$work/openrc.log" 2>&1
}

refuses() {
    ! openrc "$@"
}

listens() {
    perl -MIO::Socket::INET -e '
        exit !IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $ARGV[0])' "$port"
}

reloads() {
    openrc reload && in_time grep -q ' reloaded: ' "$work/log"
}

stops() {
    openrc stop && in_time is_gone && daemon=
}

if [ -z "${STDINETD_WRAPPER-}" ]; then
    place stdinetd.openrc
    configure "$work/openrc.ini" "127.0.0.1:$port"
    check 'the OpenRC script is one' sh -n "$work/stdinetd.openrc"
    check 'it starts the daemon' openrc start
    daemon=$(cat "$work/pid")
    check 'which listens as soon as it is started' listens
    check 'it checks' openrc checkconfig
    check 'it reloads' reloads
    echo '[wrong' >>"$work/openrc.ini"
    check 'it does not reload what is wrong' refuses reload
    check 'nor does it stop for a restart with that' refuses stop restart
    check 'the daemon goes on' listens
    check 'it stops the daemon' stops
    check 'it does not start what is wrong' refuses start
else
    skip_part 'the OpenRC script starts the daemon as it is'
fi
if have shellcheck; then
    check 'shellcheck has nothing to say about it' silent shellcheck "$etc/stdinetd.openrc.in"
fi

# --- Docker ---------------------------------------------------------------------------------------

# The commands of the Dockerfile, each in a line, with the number of its stage.
commands() {
    sed -e ':join' -e '/\\$/{N;s/\\\n/ /;b join' -e '}' "$etc/Dockerfile" |
        awk '/^FROM / { stage++ } sub(/^RUN /, "") { print stage, $0 }'
}

# installs STAGE: just those packages that stand in $work/packages.
installs() {
    commands | sed -n "s/^$1 apt-get .*--no-install-recommends \([^&]*\)&&.*/\1/p" |
        tr -s ' ' '\n' | grep . | sort | silent diff "$work/packages" -
}

# The packages of the libraries that the program is linked with, but for the compiler's own.
linked_packages() {
    ldd "$program" | sed -n 's/^.* => \(.*\) (0x.*/\1/p' | while read -r library; do
        # Some packages still have theirs in /lib, which is /usr/lib.
        dpkg-query -S "$library" 2>/dev/null || dpkg-query -S "/usr$library"
    done | sed 's/:.*//' | grep -vxE 'lib(c6|gcc-s1|stdc\+\+6|asan[0-9]*|ubsan[0-9]*)' | sort -u
}

commands | sed 's/^[0-9]* //' >"$work/commands.sh"
check 'the Dockerfile has commands' test -s "$work/commands.sh"
check 'they are a script' sh -n "$work/commands.sh"
sed -n "/^build_packages='/,/^'/p" "$srcdir/bootstrap" | awk 'NF > 1 { print $1 }' |
    sort >"$work/packages"
check 'it installs what bootstrap does to build' installs 1
if dpkg-query -S /bin/sh >/dev/null 2>&1; then
    linked_packages >"$work/packages"
    check 'and the libraries that the program is linked with' installs 2
else
    skip_part 'dpkg-query does not know the libraries here'
fi
for linter in hadolint 'dockerfile-utils lint'; do
    if have "${linter%% *}"; then
        # shellcheck disable=SC2086 # words
        check "$linter has nothing to say" silent $linter "$etc/Dockerfile"
    fi
done
if [ "$failures" -gt 0 ]; then
    cat "$work/log" "$work/openrc.log" 2>/dev/null | sed 's/^/# /'
    exit 1
fi
