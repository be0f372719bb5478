/* import: entries of inetd.conf and xinetd's files, and what becomes of them: a part of the ini
 * that must be there, and one that mustn't. Users, programs and ports are taken to be there, but in
 * the tests that are about them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import/finish.h"
#include "import/inetd.h"
#include "import/source.h"
#include "import/write.h"
#include "import/xinetd.h"
#include "unit.h"

static struct arena *arena;
static struct import import;

static void begin(void)
{
    arena = arena_new();
    import_begin(&import, arena);
    import.root = "/nonexistent";
    import.handlers = "/handlers";
}

static void end(void)
{
    arena_free(arena);
}

static char *finish(void)
{
    char *ini;

    import_finish(&import);
    ini = import_write(&import);
    ck_assert_ptr_nonnull(ini);
    return ini;
}

/* Imports text as file "f", and compares. In there, ';' alone is a line of its own. */
static void check_ini(import_reader *reader, const char *text, const char *there,
                      const char *absent)
{
    char *ini;

    import.reader = reader;
    import_read_text(&import, "f", text, strlen(text));
    ini = finish();
    if (there)
        ck_assert_msg(strstr(ini, there), "%s\ngives\n%s\nwithout\n%s", text, ini, there);
    if (absent)
        ck_assert_msg(!strstr(ini, absent), "%s\ngives\n%s\nwith\n%s", text, ini, absent);
    free(ini);
}

/* --- inetd.conf ----------------------------------------------------------------------------- */

struct row {
    const char *text, *there, *absent;
};

static const struct row inetd_rows[] = {
    /* The smallest; where argv[0] is the program's own name it needs no key. */
    {"ftp stream tcp nowait root /x/ftpd ftpd -l",
     "[ftp]\nlisten = 0.0.0.0:ftp\nexec = /x/ftpd -l\nuser = root\nstderr = connection\n", "argv0"},
    {"ftp stream tcp nowait root /x/ftpd", "exec = /x/ftpd\n", "argv0"},
    {"ftp stream tcp nowait root /x/ftpd /x/ftpd", "exec = /x/ftpd\n", "argv0"},
    {"ftp stream tcp nowait root /x/ftpd other a", "exec = /x/ftpd a\nargv0 = other\n", NULL},
    {"ftp stream tcp nowait root /x/ftpd \"a b\" 'c;d' e\"f",
     "exec = /x/ftpd \"c;d\" \"e\\\"f\"\nargv0 = \"a b\"\n", NULL},
    {"ftp stream tcp nowait root /x/sh sh -c 'a ; b' \"lone",
     "exec = /x/sh -c \"a ; b\" \"\\\"lone\"", NULL},
    /* Families. */
    {"ftp stream tcp4 nowait root /x", "listen = 0.0.0.0:ftp\n", "imported as IPv4 only"},
    {"ftp stream tcp nowait root /x", "; f:1: tcp and udp are imported as IPv4 only", NULL},
    {"ftp stream tcp6 nowait root /x", "listen = [::]:ftp\nipv6-only = yes\n", NULL},
    {"ftp stream tcp6only nowait root /x", "listen = [::]:ftp\nipv6-only = yes\n", NULL},
    {"ftp stream tcp46 nowait root /x", "listen = [::]:ftp\n", "ipv6-only"},
    {"ftp stream tcp/ttcp nowait root /x", "listen = 0.0.0.0:ftp\n", NULL},
    {"ftp stream tcp nowait root /x\nftp stream tcp6 nowait root /x",
     "listen = 0.0.0.0:ftp [::]:ftp\nipv6-only = yes\n", "imported as IPv4"},
    {"ftp stream tcp nowait root /x\nftp stream tcp6 nowait root /y",
     "[ftp-2]\nlisten = [::]:ftp\n", NULL},
    {"ftp stream tcp46 nowait root /x\nftp stream tcp nowait root /x",
     "[ftp-2]\nlisten = 0.0.0.0:ftp\n", "; ["},
    {"[::1]:ftp stream tcp6 nowait root /x\n[::2]:ftp stream tcp6 nowait root /x",
     "listen = [::1]:ftp [::2]:ftp\n", "[ftp-"},
    {"ntp dgram udp wait root /x", "listen = udp:0.0.0.0:ntp\n", "stderr"},
    {"ntp dgram udp6 wait root /x", "listen = udp:[::]:ntp\n", "wait"},
    {"ntp dgram udp nowait root /x", "datagram services cannot be nowait", NULL},
    /* Addresses. */
    {"127.0.0.1:ftp stream tcp nowait root /x", "listen = 127.0.0.1:ftp\n", "imported as IPv4"},
    {"[::1]:ftp stream tcp6 nowait root /x", "listen = [::1]:ftp\n", "ipv6-only"},
    {"::1:ftp stream tcp6 nowait root /x", "listen = [::1]:ftp\n", NULL},
    {"10.0.0.1,10.0.0.2,10.0.0.1:ftp stream tcp nowait root /x",
     "listen = 10.0.0.1:ftp 10.0.0.2:ftp\n", NULL},
    {"10.0.0.1:\nftp stream tcp nowait root /x\n*:\ntelnet stream tcp nowait root /y",
     "listen = 10.0.0.1:ftp\n", NULL},
    {"10.0.0.1:\nftp stream tcp nowait root /x\n*:\ntelnet stream tcp nowait root /y",
     "listen = 0.0.0.0:telnet\n", NULL},
    {"10.0.0.1:\n*:ftp stream tcp nowait root /x", "listen = 0.0.0.0:ftp\n", NULL},
    {"host.example:ftp stream tcp nowait root /x", "; [ftp]\n; listen = host.example:ftp\n", NULL},
    {"0.0.0.0,10.0.0.1:ftp stream tcp nowait root /x", "its addresses overlap at port ftp", NULL},
    {"7x stream tcp nowait root /x", "invalid port: 7x", NULL},
    {"0 stream tcp nowait root /x", "invalid port: 0\n", NULL},
    {"65536 stream tcp nowait root /x", "invalid port: 65536", NULL},
    {"80 stream tcp nowait root /x\n*:80 stream tcp nowait root /y",
     "disabled: its address belongs to [80] (f:1)\n[80-2]\n", NULL},
    {"127.0.0.1:80 stream tcp nowait root /x\n80 stream tcp nowait root /y", "[80-2]\n", NULL},
    {"127.0.0.1:80 stream tcp nowait root /x\n127.0.0.2:80 stream tcp nowait root /y", "[80-2]\n",
     "enabled = no"},
    /* Unix sockets. */
    {"/run/x.sock stream unix nowait root /x", "[x.sock]\nlisten = unix:/run/x.sock\n", NULL},
    {"/run/x stream unix wait root /x", "wait = yes\n", "stderr"},
    {"/run/x dgram unix wait root /x", "listen = unix-dgram:/run/x\n", NULL},
    {"/run/x seqpacket unix nowait root /x", "listen = unix-seqpacket:/run/x\n", NULL},
    {":bin:daemon:0600:/run/x stream unix nowait root /x",
     "socket-user = bin\nsocket-group = daemon\nsocket-mode = 0600\n", NULL},
    {"run/x stream unix nowait root /x", "is not a valid path of a unix socket", "["},
    /* wait and limits. */
    {"80 stream tcp nowait.40 root /x", "rate = 40/1m\n", NULL},
    {"80 stream tcp nowait:40 root /x", "rate = 40/1m\n", NULL},
    {"80 stream tcp nowait/3 root /x", "max-connections = 3\n", "rate"},
    {"80 stream tcp nowait/0/10/2 root /x",
     "max-connections = 0\nmax-connections-per-source = 2\nrate-per-source = 10/1m\n", NULL},
    {"80 stream,9:http nowait root /x y z", NULL, "[80]"},
    {"80 stream,9:http tcp nowait root /x", "max-connections = 9\n", NULL},
    {"80 stream tcp wait root /x", "wait = yes\n", NULL},
    {"80 stream tcp nowait.many root /x", "'many' is not a valid limit", "[80]"},
    {"80 stream tcp nowait/1/2/3/4 root /x", "'4' is not a valid limit", "[80]"},
    {"80 stream tcp sometimes root /x", "'sometimes' is not a valid wait field", "[80]"},
    {"80 stream tcp,rcvbuf=64k,sndbuf=1m nowait root /x",
     "receive-buffer = 64K\nsend-buffer = 1M\n", NULL},
    {"80 stream tcp,rcvbuf=1 nowait root /x", "receive-buffer = 256\n", NULL},
    {"80 stream tcp,nonsense nowait root /x", "nonsense is not imported", NULL},
    /* Users. */
    {"80 stream tcp nowait bin.daemon /x", "user = bin\ngroup = daemon\n", NULL},
    {"80 stream tcp nowait bin:daemon /x", "user = bin\ngroup = daemon\n", NULL},
    {"80 stream tcp nowait bin:daemon/staff /x", "the login class staff is not imported", NULL},
    {"80 stream tcp nowait a;b /x", "'a;b' is not a valid user", "[80]"},
    /* What is inside of inetd. */
    {"echo stream tcp nowait root internal", "exec = /handlers/echo\nuser = nobody\n", "argv0"},
    {"echo dgram udp wait root internal", "listen = udp:0.0.0.0:echo\nexec = /handlers/echo\n",
     "wait ="},
    {"tcpmux stream tcp nowait root internal", "exec = /handlers/tcpmux /etc/stdinetd/tcpmux\n",
     NULL},
    {"auth stream tcp nowait root internal auth -r", "; f:1: auth: stdinetd has no replacement",
     "[auth]"},
    {"tcpmux/+Date stream tcp nowait guest /bin/date date",
     "ln -s /bin/date /etc/stdinetd/tcpmux/date", "[tcpmux"},
    {"tcpmux/book stream tcp nowait guest /bin/b b", "ln -s /bin/b /etc/stdinetd/tcpmux/=book",
     "["},
    {"tcpmux/book stream tcp nowait guest /bin/b b -x", "a script that runs: /bin/b -x", "["},
    /* What there is no counterpart to. */
    {"rstatd/1-3 dgram rpc/udp wait root /x", "; f:1: rstatd/1-3: RPC service", "["},
    {"80 raw tcp nowait root /x", "raw and rdm sockets are not supported", "["},
    {"80 stream sctp nowait root /x", "'sctp' is not a valid protocol of stdinetd", "["},
    {"80 stream udp nowait root /x", "'udp' is not a valid protocol for this socket type", "["},
    {"80 on bind=1;", "NetBSD's notation is not supported", "["},
    {".include /etc/x", "NetBSD's notation is not supported", "["},
    {"80 stream tcp", "3 words; an entry has at least 6", "["},
    /* Lines. */
    {"#<off># 80 stream tcp nowait root /x",
     "[80]\nlisten = 0.0.0.0:80\nexec = /x\nuser = root\n"
     "stderr = connection\nenabled = no\n",
     NULL},
    {"#<off># host.example:80 stream tcp nowait root /x", "; stderr = connection\n; enabled = no\n",
     NULL},
    {"#<off># this is a note", NULL, "note"},
    {"# 80 stream tcp nowait root /x", NULL, "[80]"},
    {"  # 80 stream tcp nowait root /x", NULL, "[80]"},
    {"80 stream tcp nowait root /x a\n  b\n\t c", "exec = /x b c\nargv0 = a\n", NULL},
    {"80 stream tcp nowait root /x a\r\n81 stream tcp nowait root /y\r\n", "[81]\n", NULL},
    {"\xef\xbb\xbf"
     "80 stream tcp nowait root /x",
     "[80]\n", "UTF-8"},
    {"80 stream tcp nowait root /caf\xe9\n81 stream tcp nowait root /x", "is not UTF-8", "[80]"},
    {"# caf\xe9", NULL, "UTF-8"},
    {"a]b stream tcp nowait root /x", "; [a-b]\n", NULL},
    {"stdinetd stream tcp nowait root /x", "[stdinetd-1]\n", NULL},
    {"defaults stream tcp nowait root /x", "[defaults-1]\n", "[defaults]"},
    {"echo stream tcp nowait root /x\necho dgram udp wait root /x", "[echo-udp]\n", NULL},
    /* IPsec policies. */
    {"#@ in ipsec esp/transport//require\nftp stream tcp nowait root /x",
     "disabled: clients refused by this IPsec policy would be let in: '#@ in ipsec "
     "esp/transport//require'\n",
     NULL},
    {"#@in ipsec x\n# a note\n80 stream tcp nowait root /x\n81 stream tcp nowait root /y",
     "[81]\nlisten = 0.0.0.0:81\nexec = /y\nuser = root\nenabled = no\n", NULL},
    {"80 stream tcp nowait root /x\n#@ in ipsec x\n81 stream tcp nowait root /y",
     "[80]\nlisten = 0.0.0.0:80\nexec = /x\nuser = root\n\n;", NULL},
    {"80 stream tcp nowait root /x x\n#@ in ipsec x\n#@\n\ty", NULL, "IPsec"},
    {"#@ in ipsec x\n80 stream tcp nowait root /x\n#@ \n81 stream tcp nowait root /y",
     "[81]\nlisten = 0.0.0.0:81\nexec = /y\n", "exec = /y\nuser = root\nenabled"},
    {"#@ in ipsec x\n#@ out ipsec y\n80 stream tcp nowait root /x", "'#@ out ipsec y'\n", "'#@ in"},
    {" #@ in ipsec x\n80 stream tcp nowait root /x", "[80]\n", "enabled"},
    /* Words in any case. */
    {"ftp STREAM TCP NOWAIT.40 root /x", "listen = 0.0.0.0:ftp\n", "is not a valid "},
    {"ftp STREAM TCP NOWAIT.40 root /x", "rate = 40/1m\n", NULL},
    {"ftp Stream TCP6Only Wait root /x", "wait = yes\n", NULL},
    {"ntp DGRAM UDP wait root /x", "listen = udp:0.0.0.0:ntp\n", NULL},
    {"80 stream TCP,RCVBUF=64k,SndBuf=1m nowait root /x",
     "receive-buffer = 64K\nsend-buffer = 1M\n", NULL},
    {"80 stream Faith/TCP6 nowait root /x", "listen = [::]:80\n", NULL},
    {"80 stream TCP/TTCP nowait root /x", "listen = 0.0.0.0:80\n", NULL},
    {"/run/x stream UNIX nowait root /x", "listen = unix:/run/x\n", NULL},
    {"rstatd/1-3 dgram RPC/udp wait root /x", "RPC service", "["},
    {"Echo stream tcp nowait root Internal", "exec = /handlers/echo\n", NULL},
    {"TCPMUX/+Date stream tcp nowait guest /bin/date date",
     "ln -s /bin/date /etc/stdinetd/tcpmux/date", "["},
    {"80 ON bind=1;", "NetBSD's notation is not supported", "["},
    /* tcpd is taken to be there, with a root. */
    {"80 stream tcp nowait root /x/tcpd /x/ind a", "exec = /x/tcpd a\nargv0 = /x/ind\n",
     "runs without"},
};

START_TEST(test_inetd)
{
    check_ini(import_read_inetd, inetd_rows[_i].text, inetd_rows[_i].there, inetd_rows[_i].absent);
}
END_TEST

/* --- xinetd's files ------------------------------------------------------------------------- */

#define ENTRY(attributes)                                                                      \
    "service x\n{\n\tsocket_type = stream\n\twait = no\n\tuser = root\n\tserver = /x/server\n" \
    "\tport = 80\n" attributes "\n}\n"
#define DEFAULTS(attributes) "defaults\n{\n" attributes "\n}\n"
#define CLOSED(line)         "disabled: clients refused by this line would be let in: '" line "'\n"

static const struct row xinetd_rows[] = {
    {ENTRY(""),
     "[x]\nlisten = 0.0.0.0:80\nexec = /x/server\nuser = root\ngroups = none\nstderr = "
     "connection\n",
     "["
     "defaults]"},
    {ENTRY("server_args = -a b"), "exec = /x/server -a b\n", "argv0"},
    {ENTRY("flags = NAMEINARGS\nserver_args = other b"), "exec = /x/server b\nargv0 = other\n",
     NULL},
    {ENTRY("id = y"), "[y]\n", "[x]"},
    {ENTRY("disable = yes"), "enabled = no\n", NULL},
    {ENTRY("disable = no"), NULL, "enabled"},
    {ENTRY("bind = 10.0.0.1"), "listen = 10.0.0.1:80\n", NULL},
    {ENTRY("interface = ::1"), "listen = [::1]:80\n", NULL},
    {ENTRY("bind = localhost"), "listen = 127.0.0.1:80\n", NULL},
    {ENTRY("bind = host.example"), "an address must be numeric: host.example", NULL},
    {ENTRY("flags = IPv6"), "listen = [::]:80\n", "ipv6-only"},
    {ENTRY("flags = IPv6\nv6only = yes"), "listen = [::]:80\nipv6-only = yes\n", NULL},
    {ENTRY("flags = IPv4 IPv6"), "listen = 0.0.0.0:80\n", NULL},
    {ENTRY("flags = NODELAY KEEPALIVE REUSE NORETRY"), "nodelay = yes\nkeepalive = yes\n", "REUSE"},
    {ENTRY("flags = SENSOR"), "sensors are not supported", "[x]"},
    {ENTRY("flags = LABELED"), "flags LABELED is not imported", NULL},
    {ENTRY("flags = NEVER"), "enabled = no\n", NULL},
    {ENTRY("flags = IDONLY"), "enabled = no\n", NULL},
    {ENTRY("group = bin\ngroups = yes"), "user = root\ngroup = bin\n", "groups"},
    {ENTRY("umask = 27\nnice = -5"), "umask = 027\n", NULL},
    {ENTRY("umask = 27\nnice = -5"), "nice = -5\n", NULL},
    {ENTRY("nice = 99"), "nice = 19\n", NULL},
    {ENTRY("rlimit_as = 8M\nrlimit_cpu = 20\nrlimit_data = UNLIMITED\nrlimit_stack = 64k"),
     "rlimit-as = 8M\nrlimit-cpu = 20\nrlimit-data = unlimited\nrlimit-stack = 64K\n", NULL},
    {ENTRY("rlimit_as = 0"), NULL, "rlimit-as"},
    {ENTRY("rlimit_rss = 1M"), "rlimit_rss is not imported", NULL},
    {ENTRY("env = A=1 B=2\nenv += A=3"), "env = B=2 A=3\n", NULL},
    {ENTRY("env = A=1\nenv = B=2"), "env = B=2\n", NULL},
    {ENTRY("env = REMOTE_HOST=x"), "REMOTE_HOST=x is not imported", "env ="},
    {ENTRY("env = A"), "A is not imported: not a NAME=value", "env ="},
    {DEFAULTS("passenv = A B") ENTRY("passenv += C\npassenv -= A"), "pass-env = B C\n", NULL},
    {ENTRY("instances = 5"), "max-connections = 5\nwhen-full = refuse\n", NULL},
    {ENTRY("instances = UNLIMITED"), "max-connections = 0\n", "when-full"},
    {ENTRY("instances = 0"), "enabled = no\n", "max-connections"},
    {DEFAULTS("instances = 5") ENTRY("instances = UNLIMITED"), "max-connections = 0\n",
     "when-full"},
    {DEFAULTS("instances = 5\ncps = 25 30\nper_source = 2") ENTRY(""),
     "max-connections = 5\nwhen-full = refuse\nrate = 25/1s\nmax-connections-per-source = 2\n",
     NULL},
    {ENTRY("cps = 0 0"), NULL, "rate"},
    {ENTRY("cps = 5"), "cps has the wrong number of words", "rate"},
    {ENTRY("per_source = UNLIMITED"), "max-connections-per-source = 0\n", NULL},
    {ENTRY("redirect = 10.0.0.1 22"), "exec = /handlers/relay 10.0.0.1:22\n", "stderr"},
    {ENTRY("redirect = ::1 22"), "exec = /handlers/relay [::1]:22\n", NULL},
    {ENTRY("redirect = localhost ssh"), "exec = /handlers/relay 127.0.0.1:ssh\n", NULL},
    /* Who may come. */
    {ENTRY("only_from = 10.0.0.0 192.168.1.0/24 localhost"),
     "allow = 10.0.0.0/8 192.168.1.0/24 127.0.0.1 ::1\n", "deny"},
    {ENTRY("only_from ="), "deny = 0.0.0.0/0 ::/0\n", "allow"},
    {ENTRY("only_from = host.example"), "deny = 0.0.0.0/0 ::/0\n", "enabled"},
    {ENTRY("only_from = host.example 10.1.2.3"), "allow = 10.1.2.3\n", "enabled"},
    {ENTRY("no_access = 10.1.{2,3}"), "deny = 10.1.2.0/24 10.1.3.0/24\n", NULL},
    {ENTRY("no_access = host.example"), "clients refused by no_access would be let in", NULL},
    {ENTRY("no_access = host.example"), "enabled = no\n", NULL},
    {ENTRY("no_access = 10.0.0.1,10.0.0.2"), "enabled = no\n", NULL},
    {ENTRY("only_from = 10.0.0.0/8\nno_access = 10.0.0.1"), "allow = 10.0.0.0/8\ndeny = 10.0.0.1\n",
     NULL},
    {ENTRY("only_from = 10.0.0.1 10.9.0.1\nno_access = 10.0.0.0/16"),
     "allow = 10.9.0.1\ndeny = 10.0.0.0/16\n", NULL},
    {ENTRY("only_from = 10.0.0.1 10.9.0.1\nno_access = 10.0.0.0/16"),
     "only_from 10.0.0.1 is inside no_access", "10.9.0.1 is inside"},
    {ENTRY("only_from = 10.0.0.1\nno_access = 10.0.0.0"), "deny = 0.0.0.0/0 ::/0\n", "allow"},
    {DEFAULTS("only_from = 10.0.0.1\nonly_from = 10.0.0.2") ENTRY(""),
     "allow = 10.0.0.1 10.0.0.2\n", NULL},
    {DEFAULTS("only_from = 10.0.0.1") ENTRY("only_from += 10.0.0.2"), "allow = 10.0.0.1 10.0.0.2\n",
     NULL},
    {DEFAULTS("only_from = 10.0.0.1") ENTRY("only_from -= 10.0.0.1"), "deny = 0.0.0.0/0 ::/0\n",
     "allow"},
    {DEFAULTS("only_from = 10.0.0.1") ENTRY("only_from = 10.0.0.2"), "allow = 10.0.0.2\n", NULL},
    {DEFAULTS("no_access = host.example") ENTRY("no_access = 10.0.0.2"), "deny = 10.0.0.2\n",
     "enabled"},
    {ENTRY("only_from = 10.0.0.0/255.0.0.0"), "allow = 10.0.0.0\n", NULL},
    /* What is lost. */
    {ENTRY("access_times = 2:00-9:00"), "access_times is not imported", NULL},
    {ENTRY("access_times = 2:00-9:00"), CLOSED("access_times = 2:00-9:00"), NULL},
    {ENTRY("access_times += 2:00-9:00"), CLOSED("access_times += 2:00-9:00"), NULL},
    {DEFAULTS("access_times = 2:00-9:00") ENTRY(""), CLOSED("access_times = 2:00-9:00"), NULL},
    {ENTRY("rlimit_files = 64"), "rlimit_files is not imported", "enabled"},
    {ENTRY("banner = /etc/issue"), "banner is not imported", NULL},
    {ENTRY("banner_fail = /no/such/file"), "banner_fail /no/such/file is not imported", NULL},
    {ENTRY("max_load = 2.5"), "max_load is not imported", NULL},
    {ENTRY("max_load = 0"), NULL, "max_load"},
    {ENTRY("mdns = yes"), "mdns is not imported", NULL},
    {ENTRY("log_on_success = HOST PID USERID"), "log_on_success USERID is not imported", NULL},
    {ENTRY("log_on_success -= USERID"), NULL, "USERID"},
    {ENTRY("log_type = SYSLOG daemon info"), NULL, "log_type"},
    {ENTRY("log_type = FILE /var/log/x"), "log_type FILE /var/log/x is not imported", NULL},
    {ENTRY("colour = blue"), "colour is not an attribute", NULL},
    {ENTRY("colour = blue"), "enabled = no\n", NULL},
    {ENTRY("only_form = 10.0.0.1"), CLOSED("only_form = 10.0.0.1"), NULL},
    {DEFAULTS("only_form = 10.0.0.1") ENTRY(""), CLOSED("only_form = 10.0.0.1"), NULL},
    {DEFAULTS("only_form = 10.0.0.1") ENTRY(""), "enabled = no\n", NULL},
    /* What restricts and is left out. */
    {ENTRY("disable += yes"), CLOSED("disable += yes"), NULL},
    {ENTRY("disable = yes yes"), CLOSED("disable = yes yes"), NULL},
    {ENTRY("disable = yes yes\ndisable = yes"), "enabled = no\n", "is set again"},
    {ENTRY("disabled = yes"), CLOSED("disabled = yes"), NULL},
    {ENTRY("bind = 10.0.0.1 10.0.0.2"), CLOSED("bind = 10.0.0.1 10.0.0.2"), NULL},
    {ENTRY("bind = 10.0.0.1\ninterface = 0.0.0.0"), "listen = 10.0.0.1:80\n", "enabled"},
    {ENTRY("flags += IDONLY"), CLOSED("flags += IDONLY"), NULL},
    {ENTRY("flags = REUSE\nflags = IPv6"), "flags is set again", "enabled"},
    {ENTRY("port = 81 82"), "port is set again", "enabled"},
    {DEFAULTS("nice = 5") ENTRY(""), "nice is not an attribute allowed here", "enabled"},
    {DEFAULTS("only_from = 10.0.0.1 10.0.0.2\nonly_from -= 10.0.0.2") ENTRY(""),
     "allow = 10.0.0.1\n", NULL},
    {DEFAULTS("per_source = few") ENTRY(""),
     "disabled: xinetd would not serve it: 'per_source = few'\n", NULL},
    {ENTRY("env -= A=1"), "disabled: xinetd would not serve it: 'env -= A=1'\n", NULL},
    {ENTRY("env = A=1 B=2\nenv -= A=1"), "enabled = no\n", NULL},
    {ENTRY("flags = NEVER"), "disabled: xinetd would not serve it: 'flags = NEVER'\n", NULL},
    {ENTRY("only_from 10.0.0.1"), "or '}': 'only_from 10.0.0.1'\n", NULL},
    /* Services without a program. */
    {"service echo\n{\ntype = INTERNAL\nsocket_type = dgram\nwait = yes\n}",
     "listen = udp:0.0.0.0:echo\nexec = /handlers/echo\nuser = nobody\n", "stderr"},
    {"service echo\n{\ntype = INTERNAL\nprotocol = tcp\nwait = no\nid = e\n}",
     "[e]\nlisten = 0.0.0.0:echo\nexec = /handlers/echo\n", NULL},
    {"service servers\n{\ntype = INTERNAL\nsocket_type = stream\nwait = no\n}",
     "no replacement for this internal", "["},
    {ENTRY("type = RPC\nrpc_version = 2"), "RPC service", "["},
    {ENTRY("type = TCPMUX UNLISTED"), "ln -s /x/server /etc/stdinetd/tcpmux/=x", "["},
    {ENTRY("type = TCPMUXPLUS UNLISTED"), "ln -s /x/server /etc/stdinetd/tcpmux/x", "["},
    {ENTRY("type = UNLISTED"), "[x]\n", NULL},
    /* What xinetd wouldn't serve. */
    {"service x\n{\nsocket_type = stream\nwait = no\nserver = /x\nport = 1\n}",
     "disabled: it has no user", NULL},
    {"service x\n{\nsocket_type = stream\nuser = root\nserver = /x\nport = 1\n}",
     "disabled: it has no wait", NULL},
    {"service x\n{\nwait = no\nuser = root\nserver = /x\nport = 1\n}",
     "disabled: it has no socket_type or protocol", NULL},
    {"service x\n{\nsocket_type = stream\nwait = no\nuser = root\nport = 1\n}", "it has no server",
     "["},
    {"service x\n{\nsocket_type = dgram\nprotocol = tcp\nwait = no\nuser = root\nport = 1\n}",
     "socket_type and protocol do not match", "["},
    {ENTRY("port = 81"), "port is set again; xinetd uses the first", ":81"},
    {ENTRY("port += 81"), "is set again", ":81"},
    {ENTRY("wait=yes"), "need white space between them", NULL},
    {ENTRY("nonsense"), "not ATTRIBUTE = VALUE or '}'", NULL},
    {"service x {\n}\n", "'{' must be on its own line", NULL},
    {"service x\nservice y\n{\n}\n", "'{' is missing", NULL},
    {ENTRY("") "service y\n{\nport = 1\n", "'}' is missing", NULL},
    {"}\n" ENTRY(""), "[x]\n", NULL},
    {"defaults\n{\n}\ndefaults\n{\n}\n" ENTRY(""), "duplicate defaults", NULL},
    /* What defaults switch on and off. */
    {DEFAULTS("disabled = x") ENTRY(""), "enabled = no\n", NULL},
    {DEFAULTS("enabled = y") ENTRY(""), "enabled = no\n", NULL},
    {DEFAULTS("enabled = x") ENTRY("disable = yes"), "enabled = no\n", NULL},
    {DEFAULTS("enabled = x\ndisabled = x") ENTRY(""), "enabled = no\n", NULL},
    {ENTRY("# port = 81\n   # disable = yes"), ":80\n", "enabled"},
    /* Words in any case. */
    {"SERVICE x\n{\nSocket_Type = STREAM\nWAIT = No\nUser = root\nServer = /x\nPORT = 80\n}",
     "[x]\nlisten = 0.0.0.0:80\nexec = /x\nuser = root\n", "enabled"},
    {"Defaults\n{\nonly_from = 10.9.8.7\n}\n" ENTRY(""), "allow = 10.9.8.7\n", NULL},
    {"Include /no/such", "/no/such: No such file", "neither"},
    {ENTRY("Only_From = 10.9.8.7"), "allow = 10.9.8.7\n", "enabled"},
    {ENTRY("NO_ACCESS = 10.9.8.7"), "deny = 10.9.8.7\n", "enabled"},
    {ENTRY("DISABLE = yes"), "enabled = no\n", "disabled:"},
    {ENTRY("disable = Yes"), "enabled = no\n", "disabled:"},
    {ENTRY("disable = NO"), "[x]\n", "enabled"},
    {DEFAULTS("disabled = X") ENTRY(""), "enabled = no\n", NULL},
    {DEFAULTS("enabled = X") ENTRY(""), "[x]\n", "enabled"},
    {ENTRY("BIND = 10.0.0.1"), "listen = 10.0.0.1:80\n", NULL},
    {ENTRY("bind = LocalHost"), "listen = 127.0.0.1:80\n", NULL},
    {ENTRY("redirect = LocalHost 22"), "exec = /handlers/relay 127.0.0.1:22\n", NULL},
    {ENTRY("protocol = TCP"), "[x]\n", "enabled"},
    {ENTRY("groups = YES"), "[x]\n", "groups"},
    {ENTRY("flags = ipv6 reuse"), "listen = [::]:80\n", "enabled"},
    {ENTRY("flags = IPV4"), "[x]\n", "enabled"},
    {ENTRY("flags = idOnly"), "disabled: IDONLY", NULL},
    {ENTRY("type = unlisted"), "[x]\n", "enabled"},
    {ENTRY("type = Rpc"), "RPC service", "["},
    {"service ECHO\n{\ntype = internal\nsocket_type = stream\nwait = no\n}",
     "exec = /handlers/echo\n", "enabled"},
    {ENTRY("instances = unlimited"), "max-connections = 0\n", "enabled"},
    {ENTRY("per_source = Unlimited"), "max-connections-per-source = 0\n", "enabled"},
    {ENTRY("rlimit_data = unlimited"), "rlimit-data = unlimited\n", "enabled"},
    {ENTRY("log_on_success = host pid"), "[x]\n", "enabled"},
    {ENTRY("log_type = syslog daemon info"), "[x]\n", "enabled"},
    {ENTRY("log_type = file /var/log/x"), "log_type FILE /var/log/x is not imported", "enabled"},
    {ENTRY("mdns = YES"), "mdns is not imported", NULL},
    {"include\n", "not service NAME", NULL},
};

START_TEST(test_xinetd)
{
    check_ini(import_read_xinetd, xinetd_rows[_i].text, xinetd_rows[_i].there,
              xinetd_rows[_i].absent);
}
END_TEST

/* xinetd looks at the first datagram; we can't. */
START_TEST(test_waiting_access)
{
    check_ini(import_read_xinetd,
              "service x\n{\nsocket_type = dgram\nwait = yes\nuser = root\nserver = /x\nport = 1\n"
              "only_from = 10.0.0.1\ninstances = 5\n}",
              "enabled = no\n", "max-connections");
}
END_TEST

/* With INTERCEPT it looks at connections, too. */
static const struct row waiting_rows[] = {
    {"only_from = 10.0.0.1\nflags = REUSE INTERCEPT",
     "as only_from and no_access do: 'flags = REUSE INTERCEPT'\n", "have no effect"},
    {"only_from = 10.0.0.1\nflags = INTERCEPT", "allow = 10.0.0.1\nenabled = no\n", NULL},
    {"no_access = 10.0.0.1\nflags = intercept", "deny = 10.0.0.1\nenabled = no\n", NULL},
    {"flags = INTERCEPT", "flags INTERCEPT is not imported", "enabled"},
    {"only_from = 10.0.0.1", "only_from and no_access have no effect", "enabled"},
};

START_TEST(test_waiting_stream)
{
    char text[256];

    snprintf(text, sizeof(text),
             "service x\n{\nsocket_type = stream\nwait = yes\nuser = root\nserver = /x\n"
             "port = 1\n%s\n}",
             waiting_rows[_i].text);
    check_ini(import_read_xinetd, text, waiting_rows[_i].there, waiting_rows[_i].absent);
}
END_TEST

/* --- this machine ----------------------------------------------------------------------------- */

/* Without a root this machine is looked at. */
static const struct row here_rows[] = {
    {"80 stream tcp nowait root /bin/cat", "\n[80]\n", NULL},
    {"80 stream tcp nowait root /bin/no-such-program", "; [80]\n; listen", NULL},
    {"80 stream tcp nowait root bin/cat", "; [80]\n", NULL},
    {"80 stream tcp nowait root /bin", "; [80]\n", NULL},
    {"80 stream tcp nowait nobody-of-that-name /bin/cat", "unknown user", NULL},
    {"80 stream tcp nowait root:no-such-group /bin/cat", "unknown group", NULL},
    {"80 stream tcp nowait 0:4711 /bin/cat",
     "\n[80]\nlisten = 0.0.0.0:80\nexec = /bin/cat\n"
     "user = 0\ngroup = 4711\n",
     NULL},
    {"no-such-port stream tcp nowait root /bin/cat", "port not in this machine's services(5)",
     NULL},
    {"ftp stream tcp nowait root /bin/cat\n21 stream tcp nowait root /bin/true",
     "disabled: its address belongs to [ftp]", NULL},
    {"80 stream tcp nowait root /no/tcpd /bin/cat -u", "exec = /bin/cat -u\n", "argv0"},
    {"80 stream tcp nowait root /no/tcpd no-such-daemon", "/usr/sbin/no-such-daemon\n", NULL},
};

START_TEST(test_here)
{
    import.root = NULL;
    check_ini(import_read_inetd, here_rows[_i].text, here_rows[_i].there, here_rows[_i].absent);
}
END_TEST

Suite *import_suite(void)
{
    Suite *suite = suite_create("import");
    TCase *texts = tcase_create("texts");

    tcase_add_checked_fixture(texts, begin, end);
    tcase_add_loop_test(texts, test_inetd, 0, ROWS(inetd_rows));
    tcase_add_loop_test(texts, test_xinetd, 0, ROWS(xinetd_rows));
    tcase_add_test(texts, test_waiting_access);
    tcase_add_loop_test(texts, test_waiting_stream, 0, ROWS(waiting_rows));
    tcase_add_loop_test(texts, test_here, 0, ROWS(here_rows));
    suite_add_tcase(suite, texts);
    return suite;
}
