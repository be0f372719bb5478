#!/bin/sh
# older.sh: a daemon of an earlier release is replaced by this build while it serves, and that by the
# earlier one again, and so on. Nothing is lost: not a request of many, no handler that runs, no client
# that is held. STDINETD_OLD is the earlier release's binary (1.0.0 or later).
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/clients/lib.sh"

[ -n "${STDINETD_OLD-}" ] || skip 'STDINETD_OLD is not set: there is no earlier release to start with'
test -z "${STDINETD_WRAPPER-}" || skip 'what is replaced is stdinetd itself, not a wrapper'
need perl
make_work_directory
new=$STDINETD
STDINETD=$work/stdinetd
cp "$STDINETD_OLD" "$STDINETD"
read -r upper cat held proxied full <<EOT
$(free_ports 5)
EOT
cat >"$work/older.ini" <<EOT
[stdinetd]
control = $work/control

[upper]
listen = 127.0.0.1:$upper
exec = tr a-z A-Z
max-connections = 20
rate-per-source = 100000/1s

[cat]
listen = 127.0.0.1:$cat unix:@$work/cat
exec = cat
linger-close = 5s
max-runtime = 10m

[held]
listen = 127.0.0.1:$held
exec = cat
start-on = data
data-timeout = 5m

[proxied]
listen = 127.0.0.1:$proxied
exec = sh -c 'echo \$REMOTE_ADDR; cat'
proxy-protocol = yes
proxy-from = 127.0.0.1
stderr = log

[full]
listen = 127.0.0.1:$full
exec = cat
start-on = data
max-connections = 1
EOT

# Requests one after the other until $work/enough is there, or $work is gone; how many there were, and
# how many failed.
load() {
    perl -MIO::Socket::INET -e '
        my ($port, $work) = @ARGV;
        my ($count, $failed) = (0, 0);
        while (-d $work && !-e "$work/enough") {
            my $text = "request-$count\n";
            my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $port, Timeout => 20);
            my $answer = "";
            if ($socket) {
                print $socket $text;
                shutdown($socket, 1);
                $answer .= $_ while <$socket>;
            }
            $count++;
            $failed++ if $answer ne uc $text;
        }
        print "$count $failed\n";' "$upper" "$work"
}

# Sessions that last through all upgrades: each says a word behind every upgrade and hears it again.
# Clients that are held say their first byte at the end. It is told by lines, and answers with one.
cat >"$work/sessions.pl" <<'EOT'
use IO::Socket::INET;
use IO::Socket::UNIX;
$| = 1;
my ($cat, $unix, $held, $proxied, $full) = @ARGV;
sub client { IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => shift) or die "connect: $!" }
sub hears {
    my ($socket, $words) = @_;
    print $socket $words;
    $socket->flush;
    my $answer = "";
    local $SIG{ALRM} = sub { die "no answer to $words" };
    alarm 20;
    while (length $answer < length $words) { sysread($socket, $answer, 100, length $answer) or die "closed: $words" }
    alarm 0;
    die "'$answer' for '$words'" if $answer ne $words;
}
my @sessions = ((map { client($cat) } 1 .. 20), IO::Socket::UNIX->new(Peer => "\0$unix"), client($full));
my @held = (map { client($held) } 1 .. 20);
my @proxied = (map { client($proxied) } 1 .. 3);
my $waits = client($full);
sub send_pieces { my $piece = shift; for (@proxied) { print $_ $piece; $_->flush } }
hears($_, "begin\n") for @sessions;
print $waits "turn\n";
$waits->flush;
my @pieces = ("PROXY TCP4 192.0", ".2.1 198.51.", "100.1 4000", "0 443\r\n");
print "ready\n";
while (my $line = <STDIN>) {
    last if $line eq "end\n";
    hears($_, $line) for @sessions;
    send_pieces(shift @pieces) if @pieces > 1;
    print "good\n";
}
hears($_, "first byte\n") for @held;
send_pieces(join "", @pieces);
for my $socket (@proxied) {
    my $said = <$socket>;
    die "it is '$said'" if $said ne "192.0.2.1\n";
    hears($socket, "proxied\n");
}
close pop @sessions;
die "nobody waited" if <$waits> ne "turn\n";
print "done\n";
EOT

# becomes BINARY COUNT: the daemon, which has been upgraded so often then.
becomes() {
    cp "$1" "$work/next" && mv "$work/next" "$STDINETD" && kill -s USR2 "$daemon" &&
        in_time upgraded "$2"
}
upgraded() {
    [ "$(grep -c 'notice upgraded from' "$work/log")" -eq "$1" ]
}

# sessions WORD ANSWER: tells them, and hears.
sessions() {
    echo "$1" >&8 && read -r answer <&9 && [ "$answer" = "$2" ]
}

none_failed() {
    read -r count failed <"$work/load" && echo "# $count requests" && [ "$count" -gt 0 ] && [ "$failed" -eq 0 ]
}

lost_nothing() {
    ! grep -e 'not carried over' -e 'could not restore' -e 'not upgraded' -e 'upgrade failed' -e refused -e crash "$work/log"
}

start "$work/older.ini"
load >"$work/load" 2>&1 &
loader=$!
mkfifo "$work/to" "$work/from"
perl "$work/sessions.pl" "$cat" "$work/cat" "$held" "$proxied" "$full" <"$work/to" >"$work/from" 2>"$work/problem" &
exec 8>"$work/to" 9<"$work/from"
read -r answer <&9
check 'sessions have begun' test "$answer" = ready
check 'the earlier one becomes this build' becomes "$new" 1
check 'sessions go on' sessions one good
check 'this build becomes the earlier one' becomes "$STDINETD_OLD" 2
check 'sessions go on' sessions two good
check 'and this one' becomes "$new" 3
check 'sessions go on' sessions three good
check 'this one becomes itself' becomes "$new" 4
check 'held clients are served, who waits has their turn' sessions end 'done'
[ ! -s "$work/problem" ] || sed 's/^/# /' "$work/problem"
touch "$work/enough"
wait "$loader"
check 'no request failed' none_failed
check 'nothing was lost on the way' lost_nothing
exec 8>&- 9<&-
end
