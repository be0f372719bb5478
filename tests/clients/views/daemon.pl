# daemon.pl SOCKET ANSWERS: a daemon that gives the same answers to everybody: those of a file, each a
# line of COMMAND, or COMMAND and SERVICE or "parked", and after a tab the JSON.
use strict;
use warnings;
use IO::Socket::UNIX;

my ($path, $file) = @ARGV;
my %answers;
open(my $input, '<', $file) or die "$file: $!";
while (<$input>) {
    my ($asked, $answer) = split(/\t/, $_, 2);
    $answers{$asked} = $answer;
}
my $socket = IO::Socket::UNIX->new(Type => SOCK_STREAM, Local => $path, Listen => 10)
    or die "$path: $!";
while (my $client = $socket->accept()) {
    while (my $request = <$client>) {
        my ($asked) = $request =~ /"command":"(\w+)"/;
        $asked .= " $1" if $asked eq 'status' && $request =~ /"service":"([^"]*)"/;
        $asked .= ' parked' if $request =~ /"parked":true/;
        print $client $answers{$asked} // qq({"ok":false,"error":"no $asked"}\n);
        $client->flush();
    }
}
