#!/bin/sh
# import.sh: stdinetctl import on the configurations in import/ (README there names their sources).
# Each gives the ini beside it; stdinetd takes that once programs, users and names of ports are there,
# and takes at once what is made for this machine. Then some of them are served, and their real clients
# are answered.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/clients/lib.sh"

need perl cmp sed
make_work_directory
fixtures=$(cd "$srcdir/tests/clients/import" && pwd)
patience=20
case $STDINETCTL in
/*) ;;
*) STDINETCTL=$PWD/$STDINETCTL ;;
esac

# --- what comes out -------------------------------------------------------------------------------

# import_fixture NAME [OPTION]...: from the directory of the fixtures, so that messages have short
# names. Those that are one file have their root nowhere.
import_fixture() {
    fixture=$1
    shift
    (
        cd "$fixtures" || exit 1
        if [ -d "$fixture" ]; then
            root=$fixture
            file=$fixture/etc/xinetd.conf
            [ -f "$file" ] || file=$fixture/etc/xinetd.d
        else
            root=/nonexistent
            file=$fixture
        fi
        [ $# -gt 0 ] || set -- --root "$root"
        "$STDINETCTL" import --handlers /usr/local/libexec/stdinetd "$@" "$file" 2>"$work/messages"
    )
}

# What is wrong in a file is no reason to make nothing of the rest.
expected_status() {
    case $1 in
    ctf.xinetd) echo 65 ;;
    *) echo 0 ;;
    esac
}

gives_its_ini() {
    import_fixture "$1" >"$work/$1.ini"
    status=$?
    if [ -n "${ACCEPT-}" ]; then
        cp "$work/$1.ini" "$fixtures/$1.ini"
    fi
    [ "$status" -eq "$(expected_status "$1")" ] && cmp "$work/$1.ini" "$fixtures/$1.ini"
}

# Each message that isn't about a service's section is there twice, for people and in the ini.
says_what_is_lost() {
    while read -r line; do
        text=${line#*: }
        grep -qF -- "; ${line%%: *}: " "$work/$1.ini" || grep -qF -- "; $text" "$work/$1.ini" || return 1
    done <"$work/messages"
}

# --- stdinetd takes it ----------------------------------------------------------------------------

printf '#!/bin/sh\n' >"$work/program"
chmod 755 "$work/program"

# Another machine's ini as it would be there: one program and one user stand for all of them, and a
# port that services(5) doesn't have gets a number. A commented section is looked at, too.
as_if_there() {
    perl -e '
        my ($program, $root, $next) = (@ARGV, 20000);
        my %port;
        while (<STDIN>) {
            s/^; (?=\[[^\]]+\]$|[a-z0-9-]+ = )//;
            s/^exec = \S+/exec = $program/;
            $_ = $root ? "$1 = root\n" : "" if /^(socket-user|socket-group|user|group|groups) = (?!none)/;
            $_ = "" if !$root && /^groups/;
            if (/^listen/) {
                my $number = sub {
                    my ($name, $protocol) = @_;
                    return getservbyname($name, $protocol) ? $name : ($port{$name} ||= $next++);
                };
                s/(udp:)?((?:\[[^\]]*\]|[0-9.]+):)([a-z][a-z0-9-]*)/
                    ($1 || "") . $2 . $number->($3, $1 ? "udp" : "tcp")/ge;
            }
            print;
        }' "$work/program" "$(id -u | sed 's/^0$/yes/;t;s/.*//')"
}

# One service more, for inis in which all are disabled.
takes() {
    cat >"$work/main.ini" <<END
[stdinetd]
include = $1

[one-more]
listen = unix:$work/one-more
exec = $work/program
$(is_root && echo user = root)
END
    "$STDINETD" -c "$work/main.ini" --check 2>"$work/problems" && return
    sed 's/^/# /' "$work/problems"
    return 1
}

is_taken_there() {
    as_if_there <"$fixtures/$1.ini" >"$work/there.ini" && takes "$work/there.ini"
}

is_taken_here() {
    import_fixture "$1" --handlers "$STDINETD_HANDLERS" >"$work/here.ini"
    if ! is_root; then
        sed -i '/^\(socket-\)\{0,1\}\(user\|group\|groups\) = /d' "$work/here.ini"
    fi
    takes "$work/here.ini"
}

# One may be there in both dialects: amanda.inetd, amanda.xinetd.
for path in "$fixtures"/*; do
    this=$(basename "$path")
    case $this in
    README | *.ini) continue ;;
    esac
    check "$this gives its ini" gives_its_ini "$this"
    check "$this: every message is a comment, too" says_what_is_lost "$this"
    check "$this is taken where its programs are" is_taken_there "$this"
    check "$this is taken here" is_taken_here "$this"
    check "$this has a source" grep -q "^$this" "$fixtures/README"
done

# --- and serves it --------------------------------------------------------------------------------

is_root || skip 'serving needs root: the services have users of their own'
need curl in.tftpd in.fingerd finger micro-httpd
curl -V | grep -q '^Protocols:.* tftp' || skip 'curl has no tftp'
need_netcat
need_handlers daytime relay
[ -e /usr/sbin/tcpd ] && skip 'tcpd is here: it would look at hosts.deny for some of them'
read -r tftp finger www relay daytime ftp <<EOF
$(free_ports 6)
EOF
mkdir -m 755 "$work/tftpboot" "$work/html" "$work/xinetd.d"
head -c 200001 /dev/urandom >"$work/tftpboot/file"
printf '<p>served by micro-httpd</p>\n' >"$work/html/index.html"
printf '421 not you\n' >"$work/banner"
chmod 644 "$work/tftpboot/file" "$work/html/index.html" "$work/banner"

# The fixtures' own entries, at free ports of the loopback address.
tab=$(printf '\t')
sed -n -e "s/^finger$tab/127.0.0.1:$finger$tab/p" \
    -e "s|/var/www/html|$work/html|; s|^www$tab|127.0.0.1:$www$tab|p" \
    "$fixtures/debian-packages.inetd" >"$work/inetd.conf"
sed -e "s|/var/lib/tftpboot|-u nobody $work/tftpboot|" \
    -e "s/flags .*/type = UNLISTED\nbind = 127.0.0.1\nport = $tftp/" \
    "$fixtures/tftp.xinetd" >"$work/xinetd.d/tftp"
sed -e "s/192.168.10.254 80/localhost $www/; s/10.10.10.1/localhost/; s/port = 81/port = $relay/" \
    "$fixtures/redirect.xinetd" >"$work/xinetd.d/redirect"
sed -e "s/192.168.1.3/127.0.0.0/; s|/etc/vsftpd.*|$work/banner|; s|/usr/local.*|$work/program|" \
    -e "s/per_source/type = UNLISTED\nport = $ftp\n&/" \
    "$fixtures/vsftpd/etc/xinetd.d/vsftpd" >"$work/xinetd.d/vsftpd"
sed -e "s/INTERNAL/& UNLISTED/; s/disable.*/port = $daytime/; /^# This is the udp/,\$d" \
    "$fixtures/debian-xinetd/etc/xinetd.d/daytime" >"$work/xinetd.d/daytime"
"$STDINETCTL" import --handlers "$STDINETD_HANDLERS" "$work/inetd.conf" "$work/xinetd.d" \
    >"$work/import.ini" 2>"$work/messages"

client() {
    curl -q -sS --noproxy '*' --max-time 10 "$@"
}

gets_file() {
    client -o "$work/got" "tftp://127.0.0.1:$tftp/file" && cmp "$work/tftpboot/file" "$work/got"
}

gets_page() {
    client "http://127.0.0.1:$1/index.html" | grep -q 'served by micro-httpd'
}

# says PORT LINE PATTERN
says() {
    printf '%s\r\n' "$2" | nc -N -w 10 127.0.0.1 "$1" >"$work/answer"
    grep -q "$3" "$work/answer"
}

# is_told PORT PATTERN: of what nobody reads the kernel would make a reset, so nothing is said.
is_told() {
    nc -N -w 10 127.0.0.1 "$1" </dev/null | grep -q "$2"
}

start "$work/import.ini"
check 'tftp: a file from in.tftpd, as xinetd would start it' gets_file
check 'www: a page from micro-httpd, which tcpd would have started' gets_page "$www"
check 'redirect: the same page through the relay' gets_page "$relay"
check 'finger: a user' says "$finger" root '^Login: root[[:space:]]'
check 'finger: standard error goes to the client' says "$finger" nobody-of-that-name 'no such user'
check 'daytime: a handler for the internal service' \
    says "$daytime" '' '^[A-Z][a-z]* [A-Z][a-z]* .*[0-9:]* [0-9][0-9][0-9][0-9]'
check 'no_access: refused, with the banner' is_told "$ftp" '^421 not you'
end
