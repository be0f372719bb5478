#!/bin/sh
# calls.sh: what one start costs in system calls, counted by strace: the same with 5,000 listeners as
# with one, the parent's from accept to the new process and the child's up to its exec; and of the
# child's no more than 25.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR/../clients source=../clients/lib.sh
. "$srcdir/tests/clients/lib.sh"

need perl strace
# shellcheck disable=SC3045 # every sh of Debian has it
case $(ulimit -Hn) in
unlimited) ;;
*) [ "$(ulimit -Hn)" -gt 6000 ] || skip 'too few open files are allowed' ;;
esac
[ -z "${STDINETD_WRAPPER:-}" ] || skip 'the daemon is wrapped already'
make_work_directory
# Under a tracer each of 5,000 services takes its time, the more on a busy machine.
patience=60
# -D: the daemon is our child, and its tracer the grandchild.
STDINETD_WRAPPER="strace -D -f -q -o $work/trace"
# A leak check can't run under strace, which uses ptrace as it does.
export ASAN_OPTIONS=detect_leaks=0

# ask PORT: one connection, to its end.
ask() {
    perl -MIO::Socket::INET -e '
        my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$ARGV[0]", Timeout => 10);
        print <$socket>' "$1"
}

# The calls of the last start in the trace: the parent's between accept4 and the new process, then
# the child's up to its exec, by name and in order.
calls_of_start() {
    perl -e '
        my (%calls, $parent, $child);
        while (<>) {
            # "PID call(…", "PID <... call resumed>…": only the first of both is a call.
            my ($pid, $call) = /^(\d+) +([a-z0-9_]+)\(/ or next;
            if ($call eq "accept4") {
                $calls{$pid} = [];
            } elsif ($call =~ /^(v?fork|clone3?)$/) {
                $parent = [@{$calls{$pid} || []}, "clone"];
                $calls{$pid} = [];
                undef $child;
                $from = $pid;
            } elsif ($call eq "execve" && defined $from && $pid != $from) {
                $child = [@{$calls{$pid} || []}, "execve"];
                print join(" ", "parent:", @$parent, "child:", @$child), "\n";
                undef $from;
            }
            push @{$calls{$pid}}, $call;
        }' "$1" | tail -n 1
}

# trace SERVICES: starts a daemon with so many, asks it twice, and leaves what the second start did
# in $calls. The first one makes what later ones find ready.
trace() {
    {
        printf '[stdinetd]\n[asked]\nlisten = 127.0.0.1:%s\nexec = echo served\n' "$port"
        seq 2 "$1" | sed "s#.*#[s&]\nlisten = unix:$work/&\nexec = echo served#"
    } >"$work/calls.ini"
    start "$work/calls.ini"
    ask "$port" >/dev/null
    in_time grep -q 'asked: end.*outcome=ok' "$work/log"
    check "with $1 listeners it answers" test "$(ask "$port")" = served
    traced=$daemon
    stop
    # The tracer writes its last line when it has seen the end.
    in_time grep -qE "^$traced +\+\+\+ exited" "$work/trace"
    calls=$(calls_of_start "$work/trace")
}

port=$(free_ports 1)
trace 1
one=$calls
rm -f "$work/trace"
trace 5000
printf '# %s\n' "$one"
check 'a start was traced' test -n "$one"
if [ "$calls" = "$one" ]; then
    ok 'a start makes the same calls with 5,000 listeners as with one'
else
    not_ok 'a start makes the same calls with 5,000 listeners as with one'
    printf '# %s\n' "$calls"
fi
child=$(printf '%s\n' "${one#*child: }" | wc -w)
check "the child makes at most 25 calls ($child)" test "$child" -le 25
exit "$((failures > 0))"
