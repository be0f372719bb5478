#!/bin/sh
# deb.sh DIRECTORY [OLDER.deb]: the Debian package of a build (`make deb`) is installed, serves
# README.md's example, is upgraded by a newer one while clients come and a handler runs (by itself with
# another number, or from the older one to itself), and is removed: on a copy of this machine that is
# gone afterwards (an overlay of its root, namespaces of its own). Started by tests/run.sh.
# shellcheck disable=SC2317 # called by check
set -u
if [ "${2:-}" != inside ]; then
    package=$(echo "$1"/deb/stdinetd_*.deb)
    work=$(mktemp -d) || exit 99
    trap 'rm -rf "$work"' EXIT
    if [ -n "${2:-}" ]; then
        cp "$2" "$work/first.deb" && cp "$package" "$work/newer.deb" || exit 99
    else
        dpkg-deb -R "$package" "$work/newer" && sed -i 's/^Version: .*/&.1/' "$work/newer/DEBIAN/control" &&
            dpkg-deb -b "$work/newer" "$work/newer.deb" >/dev/null && cp "$package" "$work/first.deb" || exit 99
    fi
    cp "$(dirname -- "$0")/../README.md" "$work" || exit 99
    mkdir "$work/root" "$work/overlay"
    unshare -m -n -p -f --propagation private --kill-child sh "$0" "$work" inside
    exit
fi

work=$1
failures=0
check() {
    name=$1
    shift
    if "$@" >"$work/output" 2>&1; then
        printf 'ok - deb: %s\n' "$name"
    else
        printf 'not ok - deb: %s\n' "$name"
        sed 's/^/# /' "$work/output"
        failures=$((failures + 1))
    fi
}

# inside COMMAND…: on the copy.
inside() {
    chroot "$work/root" "$@"
}

mount -t tmpfs tmpfs "$work/overlay" && mkdir "$work/overlay/upper" "$work/overlay/work" &&
    mount -t overlay -o "lowerdir=/,upperdir=$work/overlay/upper,workdir=$work/overlay/work" overlay "$work/root" &&
    mount -t proc proc "$work/root/proc" && mount --rbind /dev "$work/root/dev" &&
    mount -t tmpfs -o mode=755 tmpfs "$work/root/run" && mount -t tmpfs tmpfs "$work/root/tmp" || exit 99
ip link set lo up
cp "$work"/*.deb "$work/root/tmp"
# No manager of services is there.
export DEBIAN_FRONTEND=noninteractive LC_ALL=C

asks() {
    [ "$(echo hello | nc -N -w 10 127.0.0.1 7777)" = HELLO ]
}
serves() {
    tries=200
    until asks; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || return 1
        sleep 0.05
    done
}
ctl() {
    inside /usr/sbin/stdinetctl "$@"
}
# A client each moment until the file is there; complains of those that aren't answered.
come_and_go() {
    until [ -e "$work/enough" ]; do
        asks || echo lost >>"$work/lost"
        echo came >>"$work/came"
    done
}
has_upgraded() {
    ctl --json status | grep -q '"upgrades": *1[,}]'
}
counts_handlers() {
    ctl --json status long | grep -q '"active": *1[,}]'
}
is_gone() {
    tries=200
    while asks; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || return 1
        sleep 0.05
    done
}

# prerm ARGUMENT...: that of the package as dpkg calls it, where systemd seems to run; $work/root/tmp/orders
# has what it is told.
prerm() {
    mkdir -p "$work/root/run/systemd/system"
    : >"$work/root/tmp/orders"
    inside env PATH="/tmp/systemd:$PATH" /var/lib/dpkg/info/stdinetd.prerm "$@"
    status=$?
    rm -r "$work/root/run/systemd"
    return "$status"
}
stops_the_unit() {
    prerm remove && [ "$(cat "$work/root/tmp/orders")" = 'stop stdinetd.service' ]
}
stops_nothing() {
    prerm upgrade 999 && [ ! -s "$work/root/tmp/orders" ] && asks
}

mkdir "$work/root/tmp/systemd"
for program in deb-systemd-invoke systemctl; do
    # shellcheck disable=SC2016 # for the other shell
    printf '#!/bin/sh\necho "$*" >>/tmp/orders\n' >"$work/root/tmp/systemd/$program"
    chmod 755 "$work/root/tmp/systemd/$program"
done
check 'it is installed' inside dpkg -i /tmp/first.deb
check 'without a service it says so' sh -c "! chroot '$work/root' stdinetd --check"
{
    awk '/^```ini$/ && !done {inside = 1; next} /^```$/ {done = done || inside; inside = 0} inside' "$work/README.md"
    printf '[long]\nlisten = 127.0.0.1:7779\nexec = sleep 60\n'
} >"$work/root/etc/stdinetd.d/example.ini"
sed -i '/^\[defaults\]/,/^$/d' "$work/root/etc/stdinetd.d/example.ini"
check "README.md's example is right" inside stdinetd --check
inside /usr/sbin/stdinetd >"$work/log" 2>&1 &
check 'it serves' serves
sleep 60 | nc 127.0.0.1 7779 >/dev/null &
come_and_go &
client=$!
until [ -s "$work/came" ] && counts_handlers; do sleep 0.05; done
check 'a newer one is installed over it' inside dpkg -i /tmp/newer.deb
check 'the daemon is the new one' has_upgraded
check 'the handler that ran before is still counted' counts_handlers
: >"$work/enough"
wait "$client"
check 'clients came meanwhile' test "$(wc -l <"$work/came")" -ge 5
check 'none was lost' test ! -e "$work/lost"
check 'an upgrade under systemd stops nothing' stops_nothing
check 'a removal under systemd stops the unit' stops_the_unit
check 'it is removed' inside dpkg -r stdinetd
# The handler may finish: it is told to by the second order.
ctl stop >/dev/null 2>&1
check 'nobody serves' is_gone
check 'the configuration stays' test -e "$work/root/etc/stdinetd.ini"
check 'it is purged' inside dpkg -P stdinetd
check 'nothing of it stays' test ! -e "$work/root/etc/stdinetd.ini" -a ! -e "$work/root/usr/sbin/stdinetd"
[ "$failures" -eq 0 ] || sed 's/^/# /' "$work/log"
exit "$((failures > 0))"
