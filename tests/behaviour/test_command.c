/* The command line: --check with all mistakes, --dump, exit statuses. */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs the daemon's binary with arguments; its output goes to daemon's log. */
static int run(struct daemon *daemon, const char *arguments)
{
    const char *binary = getenv("STDINETD");
    const char *wrapper = getenv("STDINETD_WRAPPER");
    int status = harness_shell("%s '%s' %s >'%s' 2>&1", wrapper ? wrapper : "",
                               binary ? binary : "./stdinetd", arguments, daemon->log);

    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* Nine different mistakes: nine lines, each with its line number, and 78. */
START_TEST(nine_mistakes)
{
    static const struct {
        int line;
        const char *text;
    } expected[] = {
        {2, "unknown key 'lisen'; did you mean 'listen'?"},
        {3, "max-connections: 'many' is not a whole number"},
        {4, "when-full: 'perhaps': must be queue or refuse"},
        {5, "directory: 'relative' is not an absolute path"},
        {7, "listen: '70000': a port must be from 1 to 65535"},
        {8, "exec: no program 'no-such-program' in PATH"},
        {10, "listen: '6010-6000': the range of ports is backwards"},
        {11, "umask: '99' is not an octal mode up to 0777"},
        {12, "not a [section] or KEY = VALUE"},
    };
    struct daemon daemon;
    char arguments[128], line[256], *log;
    int lines = 0;

    harness_begin(&daemon);
    harness_write_file(daemon.config,
                       "[defaults]\nlisen = 1\nmax-connections = many\nwhen-full = perhaps\n"
                       "directory = relative\n[one]\nlisten = 70000\nexec = no-such-program\n"
                       "[two]\nlisten = 6010-6000\numask = 99\nwhat is this\nexec = cat\n",
                       0644);
    snprintf(arguments, sizeof(arguments), "-c '%s' -o %s --check", daemon.config,
             harness_is_root() ? "user=nobody" : "description=x");
    ck_assert_int_eq(run(&daemon, arguments), 78);
    log = harness_log(&daemon);
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        snprintf(line, sizeof(line), "%s:%d: %s\n", daemon.config, expected[i].line,
                 expected[i].text);
        ck_assert_msg(strstr(log, line) != NULL, "no '%s' in:\n%s", line, log);
    }
    for (const char *at = log; *at != '\0'; at++)
        lines += *at == '\n';
    ck_assert_msg(lines == 9, "%s", log);
    free(log);
    harness_remove(&daemon);
}
END_TEST

START_TEST(exit_statuses)
{
    static const struct {
        const char *arguments;
        int status;
        const char *text;
    } cases[] = {
        {"--help", 0, "usage: stdinetd"},
        {"--version", 0, "stdinetd "},
        {"--list-options", 0, "max-connections"},
        {"--list-words", 0, "event penalty-over"},
        {"--nonsense", 64, "unrecognized option"},
        {"-c", 64, "requires an argument"},
        {"-l 7777", 64, "needs a PROGRAM"},
        {"cat", 64, "needs -l ADDRESS"},
        {"-c x -l 7777 -- cat", 64, "cannot use"},
        {"-c /nowhere/at/all", 78, "/nowhere/at/all: No such file or directory"},
        {"-c /", 78, "/: is a directory"},
        {"-l 7777 -o nonsense=1 -o user=root --check -- cat", 78, "command line: unknown key"},
        {"-l 7777 -o user=root --check -- no-such-program", 78, "no program 'no-such-program'"},
        {"-l 7777 -o user --check -- cat", 78, "not KEY=VALUE"},
    };
    struct daemon daemon;

    harness_begin(&daemon);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int status = run(&daemon, cases[i].arguments);
        char *log = harness_log(&daemon);

        ck_assert_msg(status == cases[i].status, "%s: exit %d\n%s", cases[i].arguments, status,
                      log);
        ck_assert_msg(strstr(log, cases[i].text) != NULL, "%s:\n%s", cases[i].arguments, log);
        free(log);
    }
    harness_remove(&daemon);
}
END_TEST

/* What --dump prints loads to what it was printed from. */
START_TEST(dump_round_trip)
{
    struct daemon daemon;
    char arguments[128], *first, *second;

    harness_begin(&daemon);
    harness_configure(&daemon,
                      "[stdinetd]\nstop-timeout = 90\nlog-format = json\n"
                      "[defaults]\nUSER\nenv = A=1 'B=two words; and \"quotes\"' 'C=x,y'\n"
                      "[one]\nlisten = 127.0.0.1:7001-7003 [::1]:http unix:@name\n"
                      "exec = sh -c 'echo \"a ; b\" \\\\ $0' \"second \\\" arg\"\n"
                      "description = \"semi ; colon's\"\nenv = D=4\nenv = E='5 ,'\n"
                      "[two]\nlisten = 7004\nexec = cat\nenabled = no\nstderr = /var/log/x y\n");
    snprintf(arguments, sizeof(arguments), "-c '%s' --dump", daemon.config);
    ck_assert_int_eq(run(&daemon, arguments), 0);
    first = harness_log(&daemon);
    harness_write_file(daemon.config, first, 0644);
    ck_assert_int_eq(run(&daemon, arguments), 0);
    second = harness_log(&daemon);
    ck_assert_str_eq(first, second);
    ck_assert_msg(strstr(first, "stop-timeout = 90s\n") != NULL, "%s", first);
    ck_assert_msg(strstr(first, "listen = 127.0.0.1:7001-7003 [::1]:80 unix:@name\n") != NULL, "%s",
                  first);
    free(first);
    free(second);
    harness_remove(&daemon);
}
END_TEST

/* Whoever can write the file can run anything as root. */
START_TEST(file_writable_by_others)
{
    struct daemon daemon;
    char arguments[128], *log;

    SKIP_IF(!harness_is_root(), "needs root");
    harness_begin(&daemon);
    harness_configure(&daemon, "[cat]\nlisten = 7777\nexec = cat\nUSER\n");
    ck_assert(chmod(daemon.config, 0666) == 0);
    snprintf(arguments, sizeof(arguments), "-c '%s' --check", daemon.config);
    ck_assert_int_eq(run(&daemon, arguments), 78);
    log = harness_log(&daemon);
    ck_assert_msg(strstr(log, "is writable by others") != NULL, "%s", log);
    free(log);
    harness_remove(&daemon);
}
END_TEST

/* Nor may it belong to somebody else, included or not. */
START_TEST(file_of_another_user)
{
    struct daemon daemon;
    char arguments[128], *log;

    SKIP_IF(!harness_is_root(), "needs root");
    harness_begin(&daemon);
    harness_configure(&daemon, "[stdinetd]\ninclude = more.ini\n");
    ck_assert(harness_shell("printf '[cat]\\nlisten = 7777\\nexec = cat\\nuser = root\\n' "
                            ">'%s/more.ini' && chmod 644 '%s/more.ini' && chown nobody '%s/%s'",
                            daemon.directory, daemon.directory, daemon.directory,
                            _i == 0 ? "more.ini" : "stdinetd.ini") == 0);
    snprintf(arguments, sizeof(arguments), "-c '%s' --check", daemon.config);
    ck_assert_int_eq(run(&daemon, arguments), 78);
    log = harness_log(&daemon);
    ck_assert_msg(strstr(log, "is not owned by root") != NULL, "%s", log);
    free(log);
    harness_remove(&daemon);
}
END_TEST

/* What a group may write, and a directory of others, is a warning until 2.0.0: said by --check, and
 * by the log at a start and at a reload; it refuses nothing. */
START_TEST(warned_of)
{
    static const struct {
        const char *command, *warning;
    } rows[] = {
        {"chgrp nogroup more/it.ini && chmod 664 more/it.ini",
         "more/it.ini: warning: is writable by its group (gid 65534)"},
        {"chmod 1777 more", "more/it.ini: warning: its directory is writable by others than root"},
        {"chgrp nogroup more && chmod 775 more",
         "more/it.ini: warning: its directory is writable by others than root"},
    };
    struct daemon daemon;
    char arguments[128], *log;
    int port = harness_port();

    SKIP_IF(!harness_is_root(), "needs root");
    harness_begin(&daemon);
    harness_configure(&daemon, "[stdinetd]\ninclude = more/*.ini\n");
    ck_assert(harness_shell("mkdir -m 755 '%s/more' && printf '[cat]\\nlisten = 127.0.0.1:%d\\n"
                            "exec = cat\\nuser = nobody\\n' >'%s/more/it.ini' && "
                            "chmod 644 '%s/more/it.ini'",
                            daemon.directory, port, daemon.directory, daemon.directory) == 0);
    snprintf(arguments, sizeof(arguments), "-c '%s' --check", daemon.config);
    ck_assert_int_eq(run(&daemon, arguments), 0);
    log = harness_log(&daemon);
    ck_assert_str_eq(log, "");
    free(log);
    ck_assert(harness_shell("cd '%s' && %s", daemon.directory, rows[_i].command) == 0);
    ck_assert_int_eq(run(&daemon, arguments), 0);
    ck_assert_int_eq(harness_log_count(&daemon, rows[_i].warning), 1);
    harness_start(&daemon, NULL);
    harness_log_wait(&daemon, rows[_i].warning, 1);
    harness_signal(&daemon, SIGHUP);
    harness_log_wait(&daemon, "notice reloaded", 1);
    harness_log_wait(&daemon, rows[_i].warning, 2);
    harness_end(&daemon);
}
END_TEST

Suite *command_suite(void)
{
    Suite *suite = suite_create("command");
    TCase *all = tcase_create("all");

    tcase_set_timeout(all, LONGEST);
    tcase_add_test(all, nine_mistakes);
    tcase_add_test(all, exit_statuses);
    tcase_add_test(all, dump_round_trip);
    tcase_add_test(all, file_writable_by_others);
    tcase_add_loop_test(all, file_of_another_user, 0, 2);
    tcase_add_loop_test(all, warned_of, 0, 3);
    suite_add_tcase(suite, all);
    return suite;
}
