#!/bin/sh
# The manual pages: clean under mandoc, every key and option in them, every example works.
set -u
cd "${srcdir:-.}" || exit 99
stdinetd=${STDINETD:-./stdinetd}
stdinetctl=${STDINETCTL:-$(dirname -- "$stdinetd")/stdinetctl}
handlers=${STDINETD_HANDLERS:-$(dirname -- "$stdinetd")/src/handlers}
failed=0
directory=$(mktemp -d) || exit 99
trap 'rm -rf "$directory"' EXIT

# check NAME COMMAND…: runs the command, which must succeed and print nothing.
check() {
    name=$1
    shift
    if output=$("$@" 2>&1) && [ -z "$output" ]; then
        echo "ok - $name"
    else
        printf '%s\n' "$output"
        echo "not ok - $name"
        failed=1
    fi
}

if command -v mandoc >/dev/null; then
    for page in man/*.[578]; do
        check "$page is clean" mandoc -Tlint -W warning "$page"
    done
else
    echo "skip - mandoc is not here"
fi

# Every key of the table and every option of --help has its entry.
"$stdinetd" --list-options >"$directory/options"
# shellcheck disable=SC2013 # names are words
for key in $(sed -n 's/^  \([a-z0-9-]*\) .*/\1/p' "$directory/options" | sort -u); do
    check "stdinetd.ini(5) explains $key" \
        sh -c "grep -q '^\.It Cm $key\$' man/stdinetd.ini.5 || echo none"
done
# What the page says of a key's type and default is what the table has: an entry begins with the type
# and has "Default: VALUE", or "Required". Keys that share an entry have what its last one says. What
# kinds of value a choice has is what follows, and "-" is a default that takes words.
# says_the_table PART: of the options on stdin, which the page has between the headings around it.
# shellcheck disable=SC2317 # check calls it
says_the_table() {
    perl -e '
        my ($from, $to) = @ARGV;
        open(my $file, "<", "man/stdinetd.ini.5") or die "the page: $!";
        my ($page) = join("", <$file>) =~ /^\.Sh \Q$from\E\n(.*?)^\.Sh \Q$to\E/ms or die "no $from";
        my %entry;
        my @keys;
        my $depth = 0;
        for my $line (split /^/m, $page) {
            $depth++ if $line =~ /^\.Bl/;
            $depth-- if $line =~ /^\.El/;
            if ($depth == 1 && $line =~ /^\.It Cm ([a-z0-9-]+)$/) {
                @keys = () if @keys && ($entry{$keys[-1]} // "") ne "";
                push @keys, $1;
            } elsif ($depth > 0) {
                $entry{$_} .= $line for @keys;
            }
        }
        while (<STDIN>) {
            my ($key, $type, $default) = /^  (\S+) +(\S+(?: list)?) +(\S+) / or next;
            my ($first, $said) = ($entry{$key} // "") =~ /^(.*)/;
            my $kind = $type =~ /list$/ ? "list" : $type;
            print "$key: its entry does not begin with \"$kind\"\n"
                if $kind ne "choice" && $first !~ /\b\Q$kind\Es?\b/i;
            ($said) = ($entry{$key} // "") =~ /^Default: ([^\s,;]*[^\s,;.])/m;
            $default =~ s/^0ms$/0/;
            next if $default eq "-" && (defined $said || $entry{$key} =~ /^Required with/m);
            next if $default eq "required" && $entry{$key} =~ /^Required\.$/m;
            print "$key: the default is $default, and the page has ", $said // "none", "\n"
                if !defined $said || $said ne $default;
        }' "$1" "$2"
}
sed '/^a service/,$d' "$directory/options" >"$directory/daemon.options"
sed '1,/^a service/d' "$directory/options" >"$directory/service.options"
check 'types and defaults of the daemon are those of the table' \
    says_the_table 'THE DAEMON' 'A SERVICE' <"$directory/daemon.options"
check 'types and defaults of a service are those of the table' \
    says_the_table 'A SERVICE' 'EXAMPLES' <"$directory/service.options"
check 'there are options' test -s "$directory/daemon.options" -a -s "$directory/service.options"

for option in $("$stdinetd" --help | sed -n 's/^  .*--\([a-z-]*\).*/\1/p'); do
    check "stdinetd(8) explains --$option" \
        sh -c "grep -q '^\.It .*Fl -$option\\>' man/stdinetd.8 || echo none"
done


# Every word that programs may match is one of stdinetd(8) or stdinetctl(8), set as such. An outcome
# may have its status behind it, a metric what its sample is called and its labels.
"$stdinetd" --list-words >"$directory/words"
while read -r kind word; do
    case $kind in
    outcome) more='(\.N)?' ;;
    metric) more='(_total)?([{][a-z,]*[}])?' ;;
    *) more= ;;
    esac
    check "the pages explain $kind $word" \
        sh -c "grep -qE '^\.(It )?Li ([^\"]* )?$word$more( |\$)' man/stdinetd.8 man/stdinetctl.8 ||
            echo none"
done <"$directory/words"
check 'there are words' test -s "$directory/words"

for option in $("$stdinetctl" --help | sed -n 's/^  .*--\([a-z-]*\).*/\1/p'); do
    check "stdinetctl(8) explains --$option" \
        sh -c "grep -q '^\.It .*Fl -$option\\>' man/stdinetctl.8 || echo none"
done
for command in $("$stdinetctl" --list-commands | cut -d ' ' -f 1); do
    check "stdinetctl(8) explains $command" \
        sh -c "grep -q '^\.\(It \)*Cm $command\\>' man/stdinetctl.8 || echo none"
done
for option in $("$stdinetctl" import --help | sed -n 's/^  *--\([a-z0-9-]*\).*/\1/p'); do
    check "stdinetctl(8) explains --$option of import" \
        sh -c "grep -q '^\.It .*Fl -$option\\>' man/stdinetctl.8 || echo none"
done

# Every handler has a section, and every option of its --help an entry.
# shellcheck disable=SC2013 # names are words
for source in $(sed -n 's/^src_handlers_\([a-z_]*\)_SOURCES.*/\1/p' Makefile.am); do
    handler=$(printf '%s' "$source" | tr _ -)
    check "stdinetd-handlers(7) has $handler" \
        sh -c "grep '^\.Sh ' man/stdinetd-handlers.7 | grep -qiw -e '$handler' || echo none"
    options=$("$handlers/$handler" --help | sed -n 's/^  --\([a-z-]*\).*/\1/p')
    check "$handler has --help" sh -c "test -n '$options' || echo none"
    for option in $options; do
        check "stdinetd-handlers(7) explains --$option of $handler" \
            sh -c "grep -q '^\.It Fl -$option\\>' man/stdinetd-handlers.7 ||
                test '$option' = help || echo none"
    done
done

# Each configuration in a literal block of stdinetd.ini(5) is accepted.
awk -v directory="$directory" '
    /^\.Bd -literal/ { inside = 1; count++; next }
    /^\.Ed/ { inside = 0 }
    inside { gsub(/\\e/, "\\"); sub(/^\\&/, ""); print > (directory "/" count ".ini") }
' man/stdinetd.ini.5
for file in "$directory"/*.ini; do
    grep -q '^\[' "$file" || continue
    if [ "$(id -u)" -ne 0 ]; then
        sed -i '/^\(socket-\)\{0,1\}\(user\|group\|groups\) *=/d' "$file"
    fi
    check "example $(basename "$file") of stdinetd.ini(5) is accepted" \
        sh -c "'$stdinetd' -c '$file' --check"
done

# Each command line in stdinetd(8) is accepted.
sed -n 's/^[$#] \(stdinetd .* -- .*\)/\1/p' man/stdinetd.8 | sed 's/\\e/\\/g' >"$directory/commands"
while read -r _ command; do
    if [ "$(id -u)" -ne 0 ]; then
        command=$(printf '%s' "$command" | sed 's/-o user=[a-z]*//')
    fi
    check "stdinetd $command" sh -c "'$stdinetd' --check $command"
done <"$directory/commands"
[ -s "$directory/commands" ] || {
    echo "not ok - stdinetd(8) has examples"
    failed=1
}
exit "$failed"
