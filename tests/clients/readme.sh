#!/bin/sh
# readme.sh: every command of README.md does what it says there, in a machine of its own: namespaces
# with their own network, /etc and /run. The first ini of README.md is /etc/stdinetd.ini; lines after
# '# ' and '$ ' are commands, and lines below one are its output. A daemon that a command starts runs
# until the next one is started.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
if [ "${1:-}" != inside ]; then
    # shellcheck source-path=SCRIPTDIR source=lib.sh
    . "$srcdir/tests/clients/lib.sh"
    need unshare mount ip nc perl
    need_netcat
    [ -z "${STDINETD_WRAPPER-}" ] || skip 'under a wrapper the program has another name'
    is_root || skip 'only root makes a machine of its own'
    "$STDINETD" --help | grep -qE 'default: (/usr/local)?/etc/stdinetd.ini' || skip 'this build looks elsewhere'
    unshare -m -n -p -f --propagation private --kill-child true 2>/dev/null || skip 'there are no namespaces here'
    make_work_directory
    mkdir "$work/bin" "$work/upper" "$work/overlay"
    ln -s "$(realpath "$STDINETD")" "$work/bin/stdinetd"
    ln -s "$(realpath "$STDINETCTL")" "$work/bin/stdinetctl"
    unshare -m -n -p -f --propagation private --kill-child sh "$0" inside "$work"
    exit
fi

work=$2
failures=0
daemon=
if ! { mount -t proc proc /proc && mount -t tmpfs tmpfs "$work/overlay" &&
    mkdir "$work/overlay/upper" "$work/overlay/work" &&
    mount -t overlay -o "lowerdir=/etc,upperdir=$work/overlay/upper,workdir=$work/overlay/work" \
        overlay /etc &&
    mount -t tmpfs -o mode=755 tmpfs /run && mkdir -p /usr/local/etc &&
    mount -t tmpfs -o mode=755 tmpfs /usr/local/etc && ip link set lo up; }; then
    echo 'skip - this machine has no overlays'
    exit 77
fi
# Where a build for /usr/local looks.
ln -s /etc/stdinetd.ini /usr/local/etc/stdinetd.ini
PATH=$work/bin:$PATH
: >"$work/output"
: >"$work/log"
awk '/^```ini$/ && !done {inside = 1; next} /^```$/ {done = done || inside; inside = 0} inside' \
    "$srcdir/README.md" >/etc/stdinetd.ini
# What README.md imports.
cat >/etc/xinetd.conf <<EOF
defaults
{
    instances = 60
}
service upper
{
    type = UNLISTED
    port = 7777
    socket_type = stream
    wait = no
    user = nobody
    server = /usr/bin/tr
    server_args = a-z A-Z
}
EOF

result() {
    if [ "$1" -eq 0 ]; then
        printf 'ok - README.md: %s\n' "$2"
    else
        printf 'not ok - README.md: %s\n' "$2"
        sed 's/^/# /' "$work/output" "$work/log"
        failures=$((failures + 1))
    fi
}

serves() {
    tries=200
    until grep -q ' ready: ' "$work/log"; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] && kill -0 "$daemon" 2>/dev/null || return 1
        sleep 0.05
    done
}

# serve COMMAND: in the place of the daemon before.
serve() {
    if [ -n "$daemon" ]; then
        kill "$daemon"
        wait "$daemon"
    fi
    sh -c "exec $1" >"$work/log" 2>&1 &
    daemon=$!
    serves
    result $? "$1"
}

# run COMMAND OUTPUT: where there is an output, it is this.
run() {
    sh -c "$1" >"$work/output" 2>&1
    status=$?
    if [ "$status" -eq 0 ] && [ -n "$2" ]; then
        printf '%s\n' "$2" | cmp -s - "$work/output"
        status=$?
    fi
    result "$status" "$1"
}

# A line for each command: it, and what it prints in one line.
awk '/^    [#$] / {if (command) print command "\t" output; command = substr($0, 7); output = ""; next}
    /^    / && command {output = substr($0, 5); next}
    command {print command "\t" output; command = ""}
    END {if (command) print command "\t" output}' "$srcdir/README.md" >"$work/commands"
[ "$(wc -l <"$work/commands")" -ge 5 ]
result $? 'has commands'
while IFS='	' read -r command output <&3; do
    case $command in
    'stdinetd --check'* | stdinetctl*) run "$command" "$output" ;;
    stdinetd*) serve "$command" ;;
    *) run "$command" "$output" ;;
    esac
done 3<"$work/commands"
if [ -n "$daemon" ]; then
    kill "$daemon"
    wait "$daemon"
fi
exit "$((failures > 0))"
