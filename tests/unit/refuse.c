/* refuse: configurations with mistakes: each is refused as a whole, with every mistake said at its
 * file and line, and none besides. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/load.h"
#include "support.h"
#include "unit.h"

/* The result is a refusal with count problems, of which one is "path:line: …message…". */
static void check_refused(const struct load_result *result, const char *path, unsigned line,
                          const char *message, unsigned count)
{
    char place[512];
    const char *at, *end;

    if (line > 0)
        snprintf(place, sizeof(place), "%s:%u: ", path, line);
    else
        snprintf(place, sizeof(place), "%s: ", path);
    ck_assert_msg(result->error == -EINVAL, "config_load returned %d and said: %s", result->error,
                  result->problems);
    ck_assert_ptr_null(result->config);
    at = strstr(result->problems, message);
    ck_assert_msg(at, "not '%s' but: %s", message, result->problems);
    while (at > result->problems && at[-1] != '\n')
        at--;
    end = strchr(at, '\n');
    ck_assert_msg(strncmp(at, place, strlen(place)) == 0, "'%s' not at %s but: %.*s", message,
                  place, (int)(end - at), at);
    ck_assert_msg(result->count == count, "%u problems, not %u: %s", result->count, count,
                  result->problems);
}

#define SIXTY "s23456789-123456789-123456789-123456789-123456789-1234567890"
#define GOOD  "listen = 1\nexec = cat\n"

/* Each text stands behind the lines of [defaults]; lines are counted from where it begins. */
static const struct {
    const char *text;
    unsigned line;
    const char *message;
    unsigned count;
} rows[] = {
    /* Types. */
    {"[a]\n" GOOD "enabled = maybe\n", 4, "enabled: 'maybe': must be yes or no", 1},
    {"[a]\n" GOOD "nodelay =\n", 4, "nodelay: '': must be yes or no", 1},
    {"[a]\n" GOOD "max-connections = -1\n", 4, "max-connections: '-1' is not a whole number", 1},
    {"[a]\n" GOOD "max-connections = many\n", 4, "'many' is not a whole number", 1},
    {"[stdinetd]\nstop-timeout = 5 minutes\n[a]\n" GOOD, 2, "stop-timeout: '5 minutes' is not", 1},
    {"[stdinetd]\nlog-level = verbose\n[a]\n" GOOD, 2,
     "log-level: 'verbose': must be error, warning, notice, info or debug", 1},
    {"[stdinetd]\nlog = x.log\n[a]\n" GOOD, 2,
     "log: 'x.log': must be auto, stderr, syslog or journal, or an absolute path", 1},
    {"[a]\n" GOOD "stderr = file\n", 4, "stderr: 'file': must be log, connection or null", 1},
    {"[a]\n" GOOD "when-full = wait\n", 4, "when-full: 'wait': must be queue or refuse", 1},
    {"[a]\n" GOOD "umask = 888\n", 4, "umask: '888' is not an octal mode up to 0777", 1},
    {"[a]\n" GOOD "description = \"a\" b\n", 4, "description: quotes must enclose", 1},
    {"[a]\n" GOOD "description = \"a\n", 4, "description: quotes must enclose", 1},
    {"[stdinetd]\ncontrol = x.sock\n[a]\n" GOOD, 2, "control: ", 1},
    {"[stdinetd]\ncontrol-group = no such group\n[a]\n" GOOD, 2, "unknown group", 1},
    {"[stdinetd]\npid-file = x.pid\n[a]\n" GOOD, 2, "pid-file: 'x.pid' is not an absolute path", 1},
    {"[a]\n" GOOD "directory = tmp\n", 4, "directory: 'tmp' is not an absolute path", 1},
    {"[a]\n" GOOD "directory = ./tmp\n", 4, "is not an absolute path", 1},
    {"[a]\n" GOOD "directory = \"\"\n", 4, "is not an absolute path", 1},
    {"[a]\n" GOOD "env = A\n", 4, "env: 'A' is not NAME=value", 1},
    {"[a]\n" GOOD "env = 1A=x\n", 4, "env: '1A=x' is not NAME=value", 1},
    {"[a]\n" GOOD "env = A=1 A=2\n", 4, "env: 'A' is given twice", 1},
    {"[a]\n" GOOD "env = A=1\nenv = B=1, A=2\n", 5, "env: 'A' is given twice", 1},
    {"[a]\n" GOOD "env = A='x\n", 4, "env: unclosed quote", 1},
    {"[a]\n" GOOD "env = PROTO=x\n", 4, "env: 'PROTO' is set by stdinetd itself", 1},
    {"[a]\n" GOOD "env = A=1 REMOTE_ADDR=\n", 4, "env: 'REMOTE_ADDR' is set by", 1},
    {"[a]\n" GOOD "pass-env = STDINETD_X\n", 4, "pass-env: 'STDINETD_X' is set by", 1},
    {"[a]\n" GOOD "pass-env = A=1\n", 4, "pass-env: 'A=1' is not the name of a variable", 1},
    {"[a]\n" GOOD "pass-env = A\npass-env = A\n", 5, "pass-env: 'A' is given twice", 1},
    /* Bounds. */
    {"[a]\n" GOOD "backlog = 0\n", 4, "backlog: 0: must be from 1 to 1000000", 1},
    {"[a]\n" GOOD "backlog = 1000001\n", 4, "backlog: 1000001: must be from", 1},
    {"[a]\n" GOOD "max-connections = 10000001\n", 4, "must be from 0 to 10000000", 1},
    {"[a]\n" GOOD "max-connections = 99999999999999999999999\n", 4, ": must be from", 1},
    {"[a]\n" GOOD "umask = 1000\n", 4, "umask: '1000' is not an octal mode", 1},
    {"[a]\n" GOOD "socket-mode = 1777\n", 4, "socket-mode: '1777' is not an octal mode", 1},
    {"[stdinetd]\nstop-timeout = 31d\n[a]\n" GOOD, 2, "31d: must be from 0ms to 30d", 1},
    /* Keys. */
    {"[a]\n" GOOD "umsak = 022\n", 4, "unknown key 'umsak'; did you mean 'umask'?", 1},
    {"[a]\n" GOOD "Exec = cat\n", 4, "unknown key 'Exec'; did you mean 'exec'?", 1},
    {"[stdinetd]\nlog_level = info\n[a]\n" GOOD, 2, "did you mean 'log-level'?", 1},
    {"[a]\n" GOOD "zzzzzzzzzzzz = 1\n", 4, "unknown key 'zzzzzzzzzzzz'\n", 1},
    {"[a]\n" GOOD "log-level = info\n", 4, "'log-level' belongs in [stdinetd]", 1},
    {"[a]\n" GOOD "include = x.ini\n", 4, "'include' belongs in [stdinetd]", 1},
    {"[stdinetd]\nexec = cat\n[a]\n" GOOD, 2, "'exec' belongs in a service or [defaults]", 1},
    {"[a]\n" GOOD "exec = cat -u\n", 4, "duplicate key exec; first set on line 5", 1},
    {"[a]\n" GOOD "umask = 022\numask = 022\numask = 022\n", 5,
     "duplicate key umask; first set on line 6", 2},
    {"[stdinetd]\nlog = syslog\nlog = auto\n[a]\n" GOOD, 3, "duplicate key log", 1},
    /* Sections. */
    {"[a]\n" GOOD "[b]\nlisten = 2\nexec = cat\n[a]\nlisten = 3\nexec = cat\n", 7,
     "duplicate section [a]; first defined at ", 1},
    {"[a]\n" GOOD "[defaults]\numask = 0\n", 4, "duplicate section [defaults]; first defined at ",
     1},
    {"[stdinetd]\n[a]\n" GOOD "[stdinetd]\n", 5, "duplicate section [stdinetd]; first defined at ",
     1},
    {"[a]\n" GOOD "[a]\numask = x\n", 5, "umask: 'x' is not an octal mode", 2},
    {"[" SIXTY "]\n" GOOD, 1, "[" SIXTY "]: a service's name can have at most 50 bytes", 1},
    {"[12345678901234567890123456789012345678901234567890x]\n" GOOD, 1, "at most 50 bytes", 1},
    {"[]\n" GOOD, 1, "the section has no name", 1},
    {"[ ]\n" GOOD, 1, "the section has no name", 1},
    {"[a\x01]\n" GOOD, 1, "[a\\x01]: a service's name cannot contain control characters", 1},
    {"[a\x7f]\n" GOOD, 1, "cannot contain control characters", 1},
    {"[a\xc2\x9bm]\n" GOOD, 1, "cannot contain control characters",
     1}, /* some terminals obey U+009B */
    {"[a] b\n" GOOD, 1, "a section is [NAME] and nothing else on the line", 1},
    {"[a]\n" GOOD "noise\n", 4, "not a [section] or KEY = VALUE", 1},
    /* Required keys. */
    {"[a]\nlisten = 1\n", 1, "[a] has no 'exec'", 1},
    {"[a]\nexec = cat\n", 1, "[a] has no 'listen'", 1},
    {"[a]\n", 1, "[a] has no 'exec'", 2},
    {"[a]\n" GOOD "[b]\nenabled = no\nexec = cat\n", 4, "[b] has no 'listen'", 1},
    /* Programs. */
    {"[a]\nlisten = 1\nexec =\n", 3, "exec: no program given", 1},
    {"[a]\nlisten = 1\nexec = '' x\n", 3, "exec: no program given", 1},
    {"[a]\nlisten = 1\nexec = no-such-program-here -x\n", 3,
     "exec: no program 'no-such-program-here' in PATH", 1},
    {"[a]\nlisten = 1\nexec = /no/such/program\n", 3,
     "exec: /no/such/program: No such file or directory", 1},
    {"[a]\nlisten = 1\nexec = /etc/passwd\n", 3, "/etc/passwd is not an executable file", 1},
    {"[a]\nlisten = 1\nexec = /etc\n", 3, "exec: /etc is not an executable file", 1},
    {"[a]\nlisten = 1\nexec = ./nothing\n", 3, "nothing: No such file or directory", 1},
    {"[a]\n" GOOD "[b]\nlisten = 2\nexec = /no/such\n[c]\nlisten = 3\nexec = /no/such\n", 6,
     "exec: /no/such: No such file or directory", 2},
    {"[a]\n" GOOD "proxy-protocol = yes\n", 4, "proxy-protocol: proxy-from is required", 1},
    {"[a]\nlisten = unix-seqpacket:/run/x\nexec = true\nproxy-protocol = yes\nproxy-from = unix\n",
     4, "proxy-protocol: needs a stream, and /run/x is a seqpacket socket", 1},
    {"[a]\nlisten = udp:1\nexec = true\ndeny = 10.0.0.0/8\n", 4,
     "deny: cannot be used with wait = yes", 1},
    {"[a]\n" GOOD "wait = yes\nstart-on = data\n", 5, "start-on: cannot be used with wait = yes",
     1},
    {"[a]\n" GOOD "penalty-min = 20m\n", 4, "penalty-min: is above penalty-max", 1},
    {"[a]\n" GOOD "rate = fast\n", 4, "rate: 'fast' is not N/DURATION", 1},
    {"[a]\n" GOOD "rate = 1/366d\n", 4, "rate: '1/366d' is not N/DURATION", 1},
    {"[a]\n" GOOD "capabilities = net_fly\n", 4, "capabilities: unknown capability 'net_fly'", 1},
    {"[a]\nlisten = 1\nexec = cat \"x\n", 3, "exec: unclosed quote", 1},
    {"[a]\nlisten = 1\nexec = cat it's\n", 3, "exec: unclosed quote", 1},
    {"[a]\nlisten = 1\nexec = cat \\\n", 3, "a backslash at the end", 1},
    /* Users. */
    {"[a]\n" GOOD "user = no-such-user\n", 4, "user: unknown user 'no-such-user'", 1},
    {"[a]\n" GOOD "user =\n", 4, "user: unknown user ''", 1},
    {"[a]\n" GOOD "group = no-such-group\n", 4, "group: unknown group 'no-such-group'", 1},
    {"[a]\n" GOOD "groups =\n", 4, "groups: no group given; for none, write none", 1},
    {"[a]\n" GOOD "socket-user = no-such-user\n", 4, "socket-user: unknown user", 1},
    {"[a]\n" GOOD "socket-group = no-such-group\n", 4, "socket-group: unknown group", 1},
    /* Addresses. */
    {"[a]\nexec = cat\nlisten =\n", 3, "listen: no address given", 1},
    {"[a]\nexec = cat\nlisten = 0\n", 3, "listen: '0': a port must be from 1 to 65535", 1},
    {"[a]\nexec = cat\nlisten = 1 x:80\n", 3, "listen: 'x:80': not a numeric address", 1},
    {"[a]\nexec = cat\nlisten = udp:53\nwait = no\n", 4,
     "wait: udp:53 is a datagram socket, which needs wait = yes", 1},
    {"[a]\nexec = cat\nlisten = 1 unix-dgram:/x\nwait = off\n", 4,
     "wait: unix-dgram:/x is a datagram socket, which needs wait = yes", 1},
    {"[a]\nexec = cat\nlisten = udp:1\n[b]\nexec = cat\nlisten = udp:127.0.0.1:1\n", 6,
     "listen: udp:127.0.0.1:1 overlaps an address of [a] (", 1},
    {"[a]\nexec = cat\nlisten = unix:/x unix-dgram:/x\n", 3,
     "listen: unix-dgram:/x is another address of this service", 1},
    {"[a]\nexec = cat\nlisten = fd:x\n[b]\nexec = cat\nlisten = fd:x\n", 6,
     "listen: fd:x is an address of [a] (", 1},
    {"[a]\n" GOOD "bind-device = lo\n[b]\n" GOOD, 6, "listen: 1 is an address of [a] (", 1},
    {"[a]\n" GOOD "bind-device = lo\n[b]\nexec = cat\nlisten = 127.0.0.1:1\nbind-device = lo\n", 7,
     "listen: 127.0.0.1:1 overlaps an address of [a] (", 1},
    {"[a]\nexec = cat\nlisten = '1\n", 3, "listen: unclosed quote", 1},
    {"[a]\nexec = cat\nlisten = 1 1\n", 3, "listen: 1 is another address of this service", 1},
    {"[a]\nexec = cat\nlisten = 1\nlisten = 1\n", 4, "is another address of this service", 1},
    {"[a]\nexec = cat\nlisten = 1-5 *:3\n", 3, "listen: 3 is another address of this service", 1},
    {"[a]\nexec = cat\nlisten = unix:/x unix:/x\n", 3, "listen: unix:/x is another address", 1},
    {"[a]\n" GOOD "[b]\nexec = cat\nlisten = 1\n", 6, "listen: 1 is an address of [a] (", 1},
    {"[a]\n" GOOD "[b]\nexec = cat\nlisten = 1\n[c]\nexec = cat\nlisten = 1\n", 9,
     "listen: 1 is an address of [b] (", 2},
    {"[a]\nexec = cat\nlisten = unix:@x\n[b]\nexec = cat\nlisten = unix:@x\n", 6,
     "listen: unix:@x is an address of [a] (", 1},
    {"[a]\nexec = cat\nlisten = 127.0.0.1:1\n[b]\nexec = cat\nlisten = [::ffff:127.0.0.1]:1\n", 6,
     "listen: 127.0.0.1:1 is an address of [a] (", 1},
    /* The problem stands at the specific one, wherever the wildcard is. */
    {"[a]\n" GOOD "[b]\nexec = cat\nlisten = 127.0.0.1:1\n", 6,
     "listen: 127.0.0.1:1 overlaps an address of [a] (", 1},
    {"[a]\nexec = cat\nlisten = [::1]:1\n[b]\n" GOOD, 3,
     "listen: [::1]:1 overlaps an address of [b] (", 1},
    {"[a]\nexec = cat\nlisten = 0.0.0.0:1 127.0.0.1:1\n", 3,
     "listen: 127.0.0.1:1 overlaps another address of this service", 1},
    {"[a]\nexec = cat\nlisten = [::]:1 127.0.0.1:1\n", 3,
     "listen: 127.0.0.1:1 overlaps another address of this service", 1},
    {"[a]\nexec = cat\nlisten = 1 [::]:1\n", 3, "overlaps another address of this service", 1},
    {"[a]\nexec = cat\nlisten = 0.0.0.0:1 [::]:1\n", 3, "overlaps another address", 1},
    {"[a]\nexec = cat\nlisten = 1\nipv6-only = yes\n[b]\nexec = cat\nlisten = [::1]:1\n", 7,
     "listen: [::1]:1 overlaps an address of [a] (", 1},
    {"[a]\nexec = cat\nlisten = 1-3\n[b]\nexec = cat\nlisten = 127.0.0.1:2-9\n", 6,
     "listen: 127.0.0.1:2 overlaps an address of [a] (", 2},
    /* The file. */
    {"[a]\n" GOOD "description = \xff\n", 4, "not UTF-8 (byte 0xff)", 1},
    {"[stdinetd]\ninclude = nothing.ini\n[a]\n" GOOD, 2, "include: no such file: ", 1},
    {"[stdinetd]\ninclude = '*.ini\n[a]\n" GOOD, 2, "include: unclosed quote", 1},
};

START_TEST(test_row)
{
    const char *path = sandbox_write_config("main.ini", rows[_i].text);
    struct load_result result = load_try_file(path);

    check_refused(&result, path, rows[_i].line + DEFAULTS_LINES, rows[_i].message, rows[_i].count);
    load_forget(&result);
}
END_TEST

/* Said with the names of files, so not in the table. */
START_TEST(test_across_files)
{
    const char *path, *more;
    struct load_result result;
    char expected[512];

    more =
        sandbox_write("more.ini", "\n[b]\nlisten = 2\nexec = cat\n[a]\nlisten = 3\nexec = cat\n");
    path = sandbox_write_config("main.ini", "[a]\n" GOOD "[stdinetd]\ninclude = more.ini\n");
    result = load_try_file(path);
    snprintf(expected, sizeof(expected), "duplicate section [a]; first defined at %s:%u", path,
             DEFAULTS_LINES + 1);
    check_refused(&result, more, 5, expected, 1);
    load_forget(&result);
}
END_TEST

START_TEST(test_address_across_files)
{
    const char *path, *more;
    struct load_result result;
    char expected[512];

    more = sandbox_write("more.ini", "[b]\nlisten = 127.0.0.1:1\nexec = cat\n");
    path = sandbox_write_config("main.ini", "[a]\n" GOOD "[stdinetd]\ninclude = more.ini\n");
    result = load_try_file(path);
    snprintf(expected, sizeof(expected), "overlaps an address of [a] (%s:%u)", path,
             DEFAULTS_LINES + 1);
    check_refused(&result, more, 2, expected, 1);
    load_forget(&result);
}
END_TEST

START_TEST(test_included_includes)
{
    const char *path, *more;
    struct load_result result;

    sandbox_write("third.ini", "[c]\nlisten = 3\nexec = cat\n");
    more = sandbox_write("more.ini", "[stdinetd]\ninclude = third.ini\n");
    path = sandbox_write_config("main.ini", "[a]\n" GOOD "[stdinetd]\ninclude = more.ini\n");
    result = load_try_file(path);
    check_refused(&result, more, 2, "include: not allowed in an included file", 2);
    load_forget(&result);
}
END_TEST

START_TEST(test_included_is_missing_or_bad)
{
    struct load_result result;
    const char *path;

    sandbox_make_directory("directory.ini");
    path = sandbox_write_config("main.ini", "[a]\n" GOOD "[stdinetd]\ninclude = directory.*\n");
    result = load_try_file(path);
    check_refused(&result, sandbox_join("directory.ini"), 0, "is a directory", 1);
    load_forget(&result);
}
END_TEST

/* Everything that is wrong in every file, in one go and in order. */
START_TEST(test_all_at_once)
{
    const char *path, *first, *second;
    struct load_result result;
    char expected[2048];

    sandbox_make_directory("conf.d");
    second = sandbox_write("conf.d/2.ini", "[c]\nlisten = 0\nexec = cat\nunknown = 1\n");
    first = sandbox_write("conf.d/1.ini", "noise\n[b]\nlisten = 2\nexec = nope-nope\n");
    path = sandbox_write_config("main.ini", "[a]\nlisten = 1\nexec = cat\numask = 9\nbacklog = 0\n"
                                            "[stdinetd]\ninclude = conf.d/*\nlog-level = x\n");
    result = load_try_file(path);
    snprintf(expected, sizeof(expected),
             "%s:6: umask: '9' is not an octal mode up to 0777\n"
             "%s:7: backlog: 0: must be from 1 to 1000000\n"
             "%s:10: log-level: 'x': must be error, warning, notice, info or debug\n"
             "%s:1: not a [section] or KEY = VALUE\n"
             "%s:4: exec: no program 'nope-nope' in PATH\n"
             "%s:2: listen: '0': a port must be from 1 to 65535\n"
             "%s:4: unknown key 'unknown'\n",
             path, path, path, first, first, second, second);
    ck_assert_int_eq(result.error, -EINVAL);
    ck_assert_str_eq(result.problems, expected);
    load_forget(&result);
}
END_TEST

/* A mistake in [defaults] is said where it is, once, not again for each service. */
static const char *const defaults_rows[] = {
    "user = no-such-user", "umask = 9", "exec = no-such-program-here", "listen = 0", "env = x",
};

START_TEST(test_defaults_once)
{
    char text[512];
    struct load_result result;
    const char *path;
    bool user = strncmp(defaults_rows[_i], "user", 4) == 0;
    bool exec = strncmp(defaults_rows[_i], "exec", 4) == 0;
    bool listen = strncmp(defaults_rows[_i], "listen", 6) == 0;

    snprintf(text, sizeof(text), "[defaults]\n%s\n%s[a]\n%s%s[b]\n%s%s", defaults_rows[_i],
             user || geteuid() != 0 ? "" : "user = root\n", listen ? "" : "listen = 1\n",
             exec ? "" : "exec = cat\n", listen ? "" : "listen = 2\n", exec ? "" : "exec = cat\n");
    path = sandbox_write("main.ini", text);
    result = load_try_file(path);
    check_refused(&result, path, 2, ": ", 1);
    load_forget(&result);
}
END_TEST

static const struct {
    const char *text, *message;
} root_rows[] = {
    {"[a]\n" GOOD "groups = no-such-group\n", "groups: unknown group 'no-such-group'"},
    {"[a]\n" GOOD "isolate = network planet\n", "isolate: 'planet': must be network, pid"},
};

/* Without root it is also said that only root can have these: one more problem. */
START_TEST(test_row_of_root)
{
    const char *path = sandbox_write_config("main.ini", root_rows[_i].text);
    struct load_result result = load_try_file(path);

    check_refused(&result, path, DEFAULTS_LINES + 4, root_rows[_i].message, geteuid() == 0 ? 1 : 2);
    load_forget(&result);
}
END_TEST

START_TEST(test_no_user_as_root)
{
    const char *path;
    struct load_result result;

    SKIP_IF(geteuid() != 0, "needs root");
    path = sandbox_write("main.ini", "[a]\n" GOOD "[b]\nlisten = 2\nexec = cat\nuser = root\n");
    result = load_try_file(path);
    check_refused(&result, path, 1, "[a] has no 'user', which is required when running as root", 1);
    load_forget(&result);
}
END_TEST

START_TEST(test_others_not_as_root)
{
    static const struct {
        const char *line, *message;
    } lines[] = {
        {"user = root", "user: only root can start programs as another user"},
        {"group = root", "group: only root can start programs with another group"},
        {"groups = root", "groups: only root can choose groups"},
        {"socket-user = root", "socket-user: only root can change a socket's owner"},
    };
    const char *path;
    struct load_result result;

    sandbox_leave_root();
    SKIP_IF(getegid() == 0, "our group is root's");
    for (int i = 0; i < ROWS(lines); i++) {
        char text[256];

        snprintf(text, sizeof(text), "[a]\n" GOOD "%s\n", lines[i].line);
        path = sandbox_write("main.ini", text);
        result = load_try_file(path);
        check_refused(&result, path, 4, lines[i].message, 1);
        load_forget(&result);
    }
}
END_TEST

static const struct {
    const char *text;
    mode_t mode;
} file_rows[] = {
    {"", 0644},
    {"\n; nothing but a comment\n", 0644},
    {"[stdinetd]\n[defaults]\n", 0644},
    {"[a]\nenabled = no\nlisten = 1\nexec = cat\nuser = root\n", 0644},
};

START_TEST(test_no_service)
{
    const char *path;
    struct load_result result;

    SKIP_IF(strstr(file_rows[_i].text, "user") && geteuid() != 0, "needs root");
    path = sandbox_write("main.ini", file_rows[_i].text);
    result = load_try_file(path);
    check_refused(&result, path, 0, "no service is defined or enabled", 1);
    load_forget(&result);
}
END_TEST

START_TEST(test_directory)
{
    struct load_result result = load_try_file(sandbox_path());

    check_refused(&result, sandbox_path(), 0, "is a directory", 1);
    load_forget(&result);
}
END_TEST

START_TEST(test_missing)
{
    const char *path = sandbox_join("none.ini");
    struct load_result result = load_try_file(path);

    check_refused(&result, path, 0, "No such file or directory", 1);
    load_forget(&result);
}
END_TEST

START_TEST(test_unreadable)
{
    const char *path = sandbox_write_bytes("main.ini", 0, "[a]\n" GOOD, strlen("[a]\n" GOOD));
    struct load_result result;

    sandbox_leave_root(); /* who may read it */
    result = load_try_file(path);
    check_refused(&result, path, 0, "Permission denied", 1);
    load_forget(&result);
}
END_TEST

START_TEST(test_odd_files)
{
    struct load_result result = load_try_file("/dev/null");
    const char *path = sandbox_join("fifo");

    check_refused(&result, "/dev/null", 0, "is not a regular file", 1);
    load_forget(&result);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    result = load_try_file(path); /* that nobody writes to: it must not wait */
    check_refused(&result, path, 0, "no service is defined or enabled", 1);
    load_forget(&result);
}
END_TEST

static const mode_t writable_modes[] = {0666, 0646, 0602, 0777};

START_TEST(test_writable_by_others)
{
    static const char text[] = "[a]\n" GOOD "user = root\n";
    struct load_result result;
    const char *path;

    SKIP_IF(geteuid() != 0, "needs root");
    path = sandbox_write_bytes("main.ini", writable_modes[_i], text, strlen(text));
    result = load_try_file(path);
    check_refused(&result, path, 0, "is writable by others", 1);
    load_forget(&result);
    path = sandbox_write("main.ini", "[stdinetd]\ninclude = more\n[b]\n" GOOD "user = root\n");
    sandbox_write_bytes("more", writable_modes[_i], text, strlen(text));
    result = load_try_file(path);
    check_refused(&result, sandbox_join("more"), 0, "is writable by others", 1);
    load_forget(&result);
}
END_TEST

/* Only absolute entries of PATH count: the others would be somebody else's directory. */
START_TEST(test_relative_path_entry)
{
    char *before = strdup(getenv("PATH") ? getenv("PATH") : "/bin");
    int directory = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct load_result result;
    const char *path;

    sandbox_make_directory("bin");
    sandbox_write_bytes("bin/only-here", 0755, "#!/bin/sh\n", 10);
    sandbox_write_bytes("only-here", 0755, "#!/bin/sh\n", 10);
    path = sandbox_write_config("main.ini", "[a]\nlisten = 1\nexec = only-here\n");
    ck_assert_int_eq(chdir(sandbox_path()), 0);
    setenv("PATH", "bin::.:./bin:/bin:", 1);
    result = load_try_file(path);
    setenv("PATH", before, 1);
    ck_assert_int_eq(fchdir(directory), 0);
    close(directory);
    free(before);
    check_refused(&result, path, DEFAULTS_LINES + 3, "no program 'only-here' in PATH", 1);
    load_forget(&result);
}
END_TEST

static const struct {
    const char *override;
    const char *message;
} override_rows[] = {
    {"umask", "-o umask: not KEY=VALUE"},
    {"", "-o : not KEY=VALUE"},
    {"=x", "-o =x: not KEY=VALUE"},
    {"umask=9", "umask: '9' is not an octal mode"},
    {"umaks=022", "unknown key 'umaks'; did you mean 'umask'?"},
    {"log-level=x", "log-level: 'x': must be"},
    {"umask=022\n", "contains a line end"},
    {"description=a\nexec=x", "contains a line end"},
    {"env=A='x", "env: unclosed quote"},
};

START_TEST(test_override)
{
    const char *overrides[] = {override_rows[_i].override};
    struct load_request request = {.overrides = overrides, .override_count = 1};
    struct load_result result;

    request.file = sandbox_write_config("main.ini", "[a]\n" GOOD);
    result = load_try(&request);
    check_refused(&result, "command line", 0, override_rows[_i].message, 1);
    load_forget(&result);
}
END_TEST

static const struct {
    const char *listen, *program, *message;
} one_line_rows[] = {
    {"0", "cat", "listen: '0': a port must be from 1 to 65535"},
    {"1", "no-such-program-here", "exec: no program 'no-such-program-here' in PATH"},
    {"1", "/etc/passwd", "exec: /etc/passwd is not an executable file"},
};

START_TEST(test_one_line)
{
    const char *listens[] = {one_line_rows[_i].listen}, *words[] = {one_line_rows[_i].program};
    const char *overrides[] = {"user=root"};
    struct load_request request = {.listens = listens,
                                   .listen_count = 1,
                                   .overrides = overrides,
                                   .override_count = geteuid() == 0,
                                   .command = words,
                                   .command_count = 1};
    struct load_result result = load_try(&request);

    check_refused(&result, "command line", 0, one_line_rows[_i].message, 1);
    load_forget(&result);
}
END_TEST

/* A file of noise: bounded. */
START_TEST(test_noise)
{
    char *text = malloc(2 * 5000 + 1);
    struct load_result result;

    for (size_t i = 0; i < 5000; i++)
        memcpy(text + 2 * i, "x\n", 2);
    text[10000] = '\0';
    result = load_try_file(sandbox_write("main.ini", text));
    free(text);
    ck_assert_int_eq(result.error, -EINVAL);
    ck_assert_uint_eq(result.count, 5000);
    ck_assert_ptr_nonnull(strstr(result.problems, "\nand 4000 more problems\n"));
    load_forget(&result);
}
END_TEST

Suite *refuse_suite(void)
{
    Suite *suite = suite_create("refuse");
    TCase *tcase = tcase_create("refuse");

    tcase_set_timeout(tcase, 120);
    sandbox_add(tcase);
    tcase_add_loop_test(tcase, test_row, 0, ROWS(rows));
    tcase_add_test(tcase, test_across_files);
    tcase_add_test(tcase, test_address_across_files);
    tcase_add_test(tcase, test_included_includes);
    tcase_add_test(tcase, test_included_is_missing_or_bad);
    tcase_add_test(tcase, test_all_at_once);
    tcase_add_loop_test(tcase, test_defaults_once, 0, ROWS(defaults_rows));
    tcase_add_loop_test(tcase, test_row_of_root, 0, ROWS(root_rows));
    tcase_add_test(tcase, test_no_user_as_root);
    tcase_add_test(tcase, test_others_not_as_root);
    tcase_add_loop_test(tcase, test_no_service, 0, ROWS(file_rows));
    tcase_add_test(tcase, test_directory);
    tcase_add_test(tcase, test_missing);
    tcase_add_test(tcase, test_unreadable);
    tcase_add_test(tcase, test_odd_files);
    tcase_add_loop_test(tcase, test_writable_by_others, 0, ROWS(writable_modes));
    tcase_add_test(tcase, test_relative_path_entry);
    tcase_add_loop_test(tcase, test_override, 0, ROWS(override_rows));
    tcase_add_loop_test(tcase, test_one_line, 0, ROWS(one_line_rows));
    tcase_add_test(tcase, test_noise);
    suite_add_tcase(suite, tcase);
    return suite;
}
