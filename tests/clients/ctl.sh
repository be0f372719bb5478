#!/bin/sh
# ctl.sh: the command line of stdinetctl: what it says, and where; exit statuses.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/clients/lib.sh"

case $STDINETCTL in
/*) ;;
*) STDINETCTL=$PWD/$STDINETCTL ;;
esac
make_work_directory

# ends STATUS STREAM PATTERN ARGUMENT...: with that status, and the pattern on that stream alone.
ends() {
    expected=$1
    stream=$2
    pattern=$3
    shift 3
    "$STDINETCTL" "$@" >"$work/out" 2>"$work/err" </dev/null
    status=$?
    other=err
    [ "$stream" = out ] || other=out
    [ "$status" -eq "$expected" ] && [ ! -s "$work/$other" ] && grep -q -- "$pattern" "$work/$stream"
}

# imports STATUS PATTERN ARGUMENT...: with that status, an ini, and the pattern on standard error.
imports() {
    expected=$1
    pattern=$2
    shift 2
    "$STDINETCTL" import "$@" >"$work/out" 2>"$work/err"
    [ $? -eq "$expected" ] && grep -q '^; Made by stdinetctl import' "$work/out" &&
        grep -q -- "$pattern" "$work/err"
}

# A daemon whose services have names for a shell to stumble over.
cat >"$work/names.ini" <<EOF
[stdinetd]
control = $work/control

[defaults]
$(is_root && echo 'user = nobody')

[\$(touch PWNED)]
listen = unix:$work/first
exec = cat

[a b]
listen = unix:$work/second
exec = cat

[plain]
listen = unix:$work/third
exec = cat
EOF
start "$work/names.ini"
"$STDINETCTL" -s "$work/control" ban 192.0.2.0/24 1h

check '--help is a summary' ends 0 out '^usage: stdinetctl ' --help
check '-h is --help' ends 0 out '^  import FILE' -h
check '--version' ends 0 out '^stdinetctl [0-9.]*$' --version
check '--list-commands' ends 0 out '^reload$' --list-commands
check 'and what each takes' ends 0 out '^kill SERVICE|PID$' --list-commands
check 'no command' ends 64 err 'which COMMAND' --json
check 'an unknown command' ends 64 err 'frobnicate: unknown command' frobnicate
check 'an unknown option' ends 64 err 'frob' --frob import
check 'by its name' ends 64 err "^stdinetctl: [a-z]* option.*frob" --frob
check 'an option without its value' ends 64 err '^stdinetctl: .*requires an argument' -s
check 'a socket without a name' ends 64 err '^stdinetctl: --socket needs a path' -s '' status
check 'a command without its arguments' ends 64 err '^stdinetctl: usage: stdinetctl import FILE' import

# needs_room PROGRAM ARGUMENT...: what it can't write it says, once, and fails.
needs_room() {
    "$@" >/dev/full 2>"$work/err" </dev/null
    [ $? -eq 71 ] && [ "$(wc -l <"$work/err")" -eq 1 ] &&
        grep -q 'cannot .*: \(No space left on device\|Input/output error\)\( event=warning\)*$' "$work/err"
}
check 'a standard output that is full' needs_room "$STDINETCTL" --help
check 'that of --version' needs_room "$STDINETCTL" --version
check 'that of --list-commands' needs_room "$STDINETCTL" --list-commands

# Every row of the table stands in --help, and has one of its own, whatever else is there.
for command in $("$STDINETCTL" --list-commands | cut -d ' ' -f 1); do
    check "--help has $command" ends 0 out "^  $command " --help
    check "$command --help" ends 0 out "^usage: stdinetctl $command" "$command" --help
    check "an unknown option of $command" ends 64 err "^stdinetctl: [a-z]* option.*frob" "$command" --frob
done
check '--help behind operands' ends 0 out '^usage: stdinetctl ban \[--kill\] SOURCE' ban 192.0.2.1 --help
check 'too few operands' ends 64 err '^stdinetctl: usage: stdinetctl ban \[--kill\]' ban --kill
check 'too many' ends 64 err '^stdinetctl: explain: too many arguments' explain 1 2 3
check 'the second word of two is no option' ends 1 err '^stdinetctl: .*"--help"' -s "$work/control" \
    status -- --help

# --- import: what goes where, and how it ends ------------------------------------------------------

line='8080 stream tcp4 nowait root /bin/cat cat'
printf '%s\n' "$line" >"$work/inetd.conf"
printf '%s\nnonsense\n' "$line" >"$work/wrong.conf"
mkdir "$work/directory" "$work/empty"
cp "$work/inetd.conf" "$work/directory/one"
cp "$work/wrong.conf" "$work/directory/one.bak"

check 'import --help' ends 0 out '^usage: stdinetctl import ' import --help
check 'import of nothing' ends 64 err 'import: missing FILE' import --inetd
check 'import of a file' ends 0 out '^\[8080\]$' import "$work/inetd.conf"
check 'import of a directory' ends 0 out '^\[8080\]$' import "$work/directory"
check 'import of a file as what it is not' imports 65 "$work/inetd.conf:1: '8080': not" \
    --xinetd "$work/inetd.conf"
check 'import of a mistake' imports 65 "$work/wrong.conf:2: nonsense: 1 words" "$work/wrong.conf"
check 'import of a file that is not there' imports 66 ' No such file' "$work/inetd.conf" "$work/no"
check 'import of an empty directory' imports 0 'no service to serve' "$work/empty"
check 'import of a file that never ends' imports 66 'larger than 1 MiB' /dev/zero

reads_standard_input() {
    printf '%s\n' "$line" | "$STDINETCTL" import - | grep -qx '\[8080\]'
}
check 'import of standard input' reads_standard_input

check 'import to a file that is full' needs_room "$STDINETCTL" import "$work/inetd.conf"
seq 10000 10300 | sed 's/$/ stream tcp4 nowait root \/bin\/cat cat/' >"$work/large.conf"
check 'a large one' needs_room "$STDINETCTL" import "$work/large.conf"
check 'a large one as JSON' needs_room "$STDINETCTL" --json import "$work/large.conf"

# The same in one object, for programs.
tells_json() {
    "$STDINETCTL" --json import "$work/wrong.conf" >"$work/out" 2>"$work/err"
    [ $? -eq 65 ] && [ ! -s "$work/err" ] && [ "$(wc -l <"$work/out")" -eq 1 ] &&
        perl -MJSON::PP -e '
            my $result = decode_json(<STDIN>);
            my ($service) = @{$result->{services}};
            my ($message) = @{$result->{messages}};
            exit !($result->{ini} =~ /^\[8080\]$/m && $service->{name} eq "8080" &&
                $service->{fate} eq "served" && $service->{line} == 1 &&
                $message->{level} eq "error" && $message->{line} == 2 &&
                !defined $message->{service});' <"$work/out"
}
if perl -MJSON::PP -e 1 2>/dev/null; then
    check 'import --json' tells_json
else
    skip_part 'there is no perl with JSON::PP'
fi
# --- completion for bash ----------------------------------------------------------------------------

if have bash; then
    check 'completion of a command' completes 'import ' imp
    check 'completion of an option' completes '--json ' --js
    check 'completion behind the socket' completes 'import ' --json -s import imp
    check 'completion of a file' completes 'inetd.conf ' import ine
    check 'completion of an option of import' completes '--xinetd ' import --x
    check 'completion of a file behind another' completes 'inetd.conf ' import x ine
    check 'completion of a file behind an option' completes 'inetd.conf ' import --root ine
    check 'completion of the options of a command' completes '--help --http ' page -
    check 'completion where there is only one' completes '--help --wait ' stop ''
    check 'completion behind the last word' completes ' ' explain x y z
    check 'completion of an unknown command' completes ' ' frobnicate x
    # Of what a daemon says.
    all='\$\(touch\ PWNED\) a\ b plain '
    check 'completion of services' completes "$all" -s control status ''
    check 'completion of services beside an option' completes "$all" -s control connections ''
    check 'completion of services behind an option' completes "$all" -s control connections --parked ''
    check 'completion of services or else' completes "$all" -s control kill ''
    check 'completion of what is no service' completes ' ' -s control explain plain p
    check 'no name of them is run' test ! -e "$work/PWNED"
    check 'completion of a name with a blank' completes 'a\ b ' -s control pause 'a\ '
    check 'completion of an open quotation' completes ' ' -s control pause '"a'
    check 'completion of a banned network' completes '192.0.2.0/24 ' -s control unban 19
    check 'the same behind an option' completes '192.0.2.0/24 ' -s control ban --kill 19
fi

# --- onto a disk that is full: more than a buffer, with a write that fails before the last ----------

has_no_room() {
    needs_room "$STDINETCTL" -s "$work/control" "$@"
}
check 'metrics to a file that is full' has_no_room metrics
check 'a page' has_no_room page
printf 'GET / HTTP/1.0\r\n\r\n' >"$work/request"
serves_no_room() {
    "$STDINETCTL" -s "$work/control" "$@" --http <"$work/request" >/dev/full 2>"$work/err"
    [ $? -eq 71 ] && grep -q '^stdinetctl: cannot write' "$work/err"
}
check 'metrics as an answer' serves_no_room metrics
check 'a page as an answer' serves_no_room page
check 'status' has_no_room status
check 'status as JSON' has_no_room --json status
check '--list-options' needs_room "$STDINETD" --list-options
check '--list-words' needs_room "$STDINETD" --list-words
check '--help of the daemon' needs_room "$STDINETD" --help
check '--version of the daemon' needs_room "$STDINETD" --version
check '--dump' needs_room "$STDINETD" -c "$work/names.ini" --dump
for handler in "$STDINETD_HANDLERS"/*; do
    if [ -f "$handler" ] && [ -x "$handler" ]; then
        check "--help of ${handler##*/}" needs_room "$handler" --help
    fi
done
end
