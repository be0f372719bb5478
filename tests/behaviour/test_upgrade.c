/* USR2: another build takes the place of the daemon, under load; and builds that can't, which
 * change nothing. What is carried over in detail: test_carried.c.
 *
 * STDINETD_UPGRADE_REQUESTS is how many connections the test under load makes: 20000 for the whole
 * of it. */
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define UPPER    "[upper]\nlisten = 127.0.0.1:%d\nexec = tr a-z A-Z\nUSER\n"
#define CAT      "[cat]\nlisten = 127.0.0.1:%d\nexec = cat\nUSER\n"
#define UPGRADES 20
#define RUNNING  3

static void expect_upper(int port)
{
    char *answer = client_exchange(port, "still here");

    ck_assert_str_eq(answer, "STILL HERE");
    free(answer);
}

static int request_count(void)
{
    const char *text = getenv("STDINETD_UPGRADE_REQUESTS");
    long count = text ? strtol(text, NULL, 10) : 0;

    return count > 0 ? (int)count : harness_scale(2000);
}

/* The build that comes next: ours and the other one in turn. */
static void replace(const struct daemon *daemon, const char *ours, int upgrade)
{
    harness_replace_daemon(daemon, upgrade % 2 ? ours : getenv("STDINETD_NEXT"));
}

/* What a daemon that is at rest has and uses. */
struct use {
    int fds;
    long memory;
};

static struct use measure(const struct daemon *daemon)
{
    return (struct use){process_fds(daemon->pid), process_status(daemon->pid, "VmRSS:")};
}

/* Clients that come while builds take each other's place and files are reloaded: each is served,
 * and handlers that ran before the first upgrade are still the daemon's own after the last. */
START_TEST(under_load)
{
    const char *ours = getenv("STDINETD");
    struct daemon daemon;
    struct crowd crowd;
    struct use before, after;
    int port = harness_port(), other = harness_port(), requests = request_count();
    int fds[RUNNING];

    harness_be_cold();
    harness_begin(&daemon);
    harness_copy_daemon(&daemon);
    harness_configure(&daemon, UPPER CAT, port, other);
    harness_start(&daemon, NULL);
    for (int i = 0; i < RUNNING; i++) {
        fds[i] = client_connect(other);
        client_send(fds[i], "1\n");
        client_expect(fds[i], "1\n");
    }
    expect_upper(port);
    harness_upgrade(&daemon, 1);
    before = measure(&daemon);
    crowd_start(&crowd, port, 50, requests);
    for (int i = 0; i < UPGRADES; i++) {
        crowd_wait_for(&crowd, (int)((long)requests * (2 * i + 1) / (2 * UPGRADES + 2)));
        replace(&daemon, ours, i);
        harness_upgrade(&daemon, i + 2);
        crowd_wait_for(&crowd, (int)((long)requests * (2 * i + 2) / (2 * UPGRADES + 2)));
        harness_configure(&daemon, UPPER "max-connections = %d\n" CAT, port, 60 + i, other);
        harness_signal(&daemon, SIGHUP);
        harness_log_wait(&daemon, "notice reloaded", i + 1);
    }
    crowd_end(&crowd);
    harness_log_wait(&daemon, "upper: end", requests + 1);
    harness_upgrade(&daemon, UPGRADES + 2);
    after = measure(&daemon);
    ck_assert_int_eq(after.fds, before.fds);
    if (!harness_is_wrapped())
        ck_assert_msg(after.memory < before.memory + 1024, "%ld KiB, before %ld", after.memory,
                      before.memory);
    ck_assert_int_eq(harness_log_count(&daemon, "upgraded from " PACKAGE_VERSION "-next: "),
                     UPGRADES / 2);
    ck_assert_int_eq(harness_log_count(&daemon, "could not restore"), 0);
    ck_assert_int_eq(harness_log_count(&daemon, "refused"), 0);
    ck_assert_int_eq(harness_log_count(&daemon, "upgrade failed"), 0);
    for (int i = 0; i < RUNNING; i++) {
        client_send(fds[i], "2\n");
        client_expect(fds[i], "2\n");
        close(fds[i]);
    }
    harness_log_wait(&daemon, "cat: end", RUNNING);
    ck_assert_int_eq(harness_log_count(&daemon, "outcome=ok"), requests + 1 + RUNNING);
    harness_signal(&daemon, SIGUSR1);
    harness_log_wait(&daemon, "22 upgrades (0 failed)", 1);
    harness_log_wait(&daemon, "cat: status state=serving active=0/64 sockets=1 started=3 ok=3", 1);
    harness_end(&daemon);
}
END_TEST

/* --- builds that can't ---------------------------------------------------------------------- */

static const struct {
    const char *name;
    const char *script; /* what stands in the place of the binary; NULL: nothing, or see make */
    const char *said;   /* in the log */
} failing[] = {
    {"exits at once", "#!/bin/sh\nexit 3\n", "the new binary refused, exit status 3"},
    {"says why", "#!/bin/sh\necho first >&2\necho second\nexit 1\n", "upgrade: second"},
    {"is none of ours", "#!/bin/sh\nexit 0\n", "is not stdinetd"},
    {"is another's", "#!/bin/sh\necho all is well with me, thank you\nexit 0\n", "is not stdinetd"},
    {"doesn't know of upgrades", "#!/bin/sh\necho \"unrecognized option '$1'\"\nexit 64\n",
     "upgrade: unrecognized option '--prove'"},
    {"dies", "#!/bin/sh\nkill -SEGV $$\n", "the new binary was killed by signal 11"},
    {"hangs", "#!/bin/sh\necho begins\nsleep 600 & wait\n", "did not answer in time"},
    {"says too much", "#!/bin/sh\nyes x | head -c 1000000\nexit 7\n", "exit status 7"},
    {"is no program", "noise", "cannot execute the new binary: Exec format error"},
    {"can't read it", NULL, "-foreign cannot take over: it has version 1"},
    {"is not executable", NULL, "cannot execute the new binary: Permission denied"},
    {"is a directory", NULL, "cannot execute the new binary: Permission denied"},
    {"is missing", NULL, "No such file or directory"},
};

#define FAILING ((int)(sizeof(failing) / sizeof(failing[0])))

static void make_failing(const struct daemon *daemon, int which)
{
    const char *name = failing[which].name;
    char path[128];

    snprintf(path, sizeof(path), "%s/stdinetd", daemon->directory);
    ck_assert(unlink(path) == 0);
    if (failing[which].script)
        harness_write_program(path, failing[which].script);
    else if (strcmp(name, "can't read it") == 0)
        ck_assert(harness_shell("cp '%s' '%s'", getenv("STDINETD_FOREIGN"), path) == 0);
    else if (strcmp(name, "is not executable") == 0)
        harness_write_file(path, "#!/bin/sh\n", 0644);
    else if (strcmp(name, "is a directory") == 0)
        ck_assert(mkdir(path, 0755) == 0);
}

START_TEST(failing_builds)
{
    const char *ours = getenv("STDINETD");
    struct daemon daemon;
    int port = harness_port(), other = harness_port(), fd;
    int open_before;

    harness_be_cold();
    harness_begin(&daemon);
    harness_copy_daemon(&daemon);
    harness_configure(&daemon, UPPER CAT, port, other);
    harness_start(&daemon, NULL);
    fd = client_connect(other);
    client_send(fd, "1\n");
    client_expect(fd, "1\n");
    expect_upper(port);
    harness_log_wait(&daemon, "upper: end", 1);
    open_before = process_fds(daemon.pid);
    make_failing(&daemon, _i);
    harness_signal(&daemon, SIGUSR2);
    expect_upper(port);
    harness_log_wait(&daemon, "upgrade failed, nothing changed", 1);
    harness_log_wait(&daemon, failing[_i].said, 1);
    expect_upper(port);
    client_send(fd, "2\n");
    client_expect(fd, "2\n");
    harness_log_wait(&daemon, "upper: end", 3);
    ck_assert_int_eq(process_fds(daemon.pid), open_before);
    harness_shell("rm -rf '%s/stdinetd'", daemon.directory);
    harness_replace_daemon(&daemon, ours);
    harness_upgrade(&daemon, 1);
    expect_upper(port);
    close(fd);
    harness_log_wait(&daemon, "cat: end", 1);
    harness_end(&daemon);
}
END_TEST

/* A configuration that is wrong, or a log that can't be opened, is no upgrade, and says what. */
START_TEST(wrong_configuration)
{
    struct daemon daemon;
    int port = harness_port();

    harness_serve(&daemon, UPPER, port);
    harness_configure(&daemon, UPPER "max-connections = many\n", port);
    harness_signal(&daemon, SIGUSR2);
    harness_log_wait(&daemon, "upgrade failed", 1);
    harness_log_wait(&daemon, "upgrade: ", 2);
    harness_log_wait(&daemon, "stdinetd.ini:5: max-connections", 1);
    harness_configure(&daemon, "[stdinetd]\nlog = /nowhere/at/all\n" UPPER, port);
    harness_signal(&daemon, SIGUSR2);
    harness_log_wait(&daemon, "upgrade failed", 2);
    harness_log_wait(&daemon, "cannot open log /nowhere/at/all: No such file", 1);
    expect_upper(port);
    harness_configure(&daemon, UPPER, port);
    harness_upgrade(&daemon, 1);
    expect_upper(port);
    harness_end(&daemon);
}
END_TEST

/* A script in the place of the binary, which does something first. */
static void make_wrapper(const struct daemon *daemon, const char *when_asked,
                         const char *when_executed)
{
    char path[128], text[1024];

    snprintf(path, sizeof(path), "%s/real", daemon->directory);
    ck_assert(harness_shell("rm -f '%s' && cp '%s' '%s' && chmod 755 '%s'", path,
                            getenv("STDINETD_NEXT"), path, path) == 0);
    snprintf(text, sizeof(text),
             "#!/bin/sh\ncase \"$1\" in --prove) %s;; *) %s;; esac\nexec '%s' \"$@\"\n", when_asked,
             when_executed, path);
    snprintf(path, sizeof(path), "%s/stdinetd", daemon->directory);
    ck_assert(unlink(path) == 0);
    harness_write_program(path, text);
}

/* A file that becomes wrong in the moment between the question and the upgrade. */
START_TEST(configuration_turns_wrong)
{
    struct daemon daemon;
    int port = harness_port();
    char spoil[256];

    harness_begin(&daemon);
    harness_copy_daemon(&daemon);
    harness_configure(&daemon, UPPER, port);
    harness_start(&daemon, NULL);
    snprintf(spoil, sizeof(spoil), "echo noise >>'%s'", daemon.config);
    make_wrapper(&daemon, ":", spoil);
    harness_upgrade(&daemon, 1);
    harness_log_wait(&daemon, "configuration became invalid", 1);
    harness_log_wait(&daemon, "1 sockets", 1);
    expect_upper(port);
    harness_signal(&daemon, SIGHUP);
    harness_log_wait(&daemon, "reload failed", 1);
    expect_upper(port);
    harness_configure(&daemon, UPPER, port);
    harness_signal(&daemon, SIGHUP);
    harness_log_wait(&daemon, "notice reloaded", 1);
    expect_upper(port);
    harness_end(&daemon);
}
END_TEST

/* So does a program that goes in that moment: its service rests, and is back with it. */
START_TEST(program_goes)
{
    struct daemon daemon;
    int port = harness_port(), other = harness_port();
    char program[128], command[256], *answer;

    harness_begin(&daemon);
    harness_copy_daemon(&daemon);
    snprintf(program, sizeof(program), "%s/handler", daemon.directory);
    harness_write_program(program, "#!/bin/sh\necho here\n");
    harness_configure(&daemon, UPPER "[goes]\nlisten = 127.0.0.1:%d\nexec = %s\nUSER\n", port,
                      other, program);
    harness_start(&daemon, NULL);
    snprintf(command, sizeof(command), "rm '%s'", program);
    make_wrapper(&daemon, ":", command);
    harness_upgrade(&daemon, 1);
    harness_log_wait(&daemon, "configuration became invalid", 1);
    expect_upper(port);
    client_expect_closed(client_connect(other));
    harness_write_program(program, "#!/bin/sh\necho back\n");
    answer = client_read_all(client_connect(other));
    ck_assert_str_eq(answer, "back\n");
    free(answer);
    harness_end(&daemon);
}
END_TEST

static void expect_order(const struct daemon *daemon, const char *first, const char *second)
{
    char *log = harness_log(daemon);
    const char *one = strstr(log, first), *other = strstr(log, second);

    ck_assert(one && other && one < other);
    free(log);
}

/* A script in the binary's place has reaped a handler that ended meanwhile, as shells do that wait
 * for what they run: it is nobody's any more, and its place is free. */
START_TEST(reaped_meanwhile)
{
    struct daemon daemon;
    int port = harness_port(), fd;

    harness_begin(&daemon);
    harness_copy_daemon(&daemon);
    harness_configure(&daemon, CAT "max-connections = 1\n", port);
    harness_start(&daemon, NULL);
    fd = client_connect(port);
    client_send(fd, "1\n");
    client_expect(fd, "1\n");
    make_wrapper(&daemon, ":",
                 "pkill -P $$ -x cat; until ! pgrep -P $$ -x cat >/dev/null; do sleep 0.01; done");
    harness_upgrade(&daemon, 1);
    harness_log_wait(&daemon, "could not restore connection: No child processes", 1);
    close(fd);
    fd = client_connect(port);
    client_send(fd, "2\n");
    client_expect(fd, "2\n");
    close(fd);
    harness_log_wait(&daemon, "cat: end", 1);
    harness_end(&daemon);
}
END_TEST

/* HUP while the new build is asked: behind the upgrade; and behind one that fails. */
START_TEST(reload_meanwhile)
{
    struct daemon daemon;
    int port = harness_port(), other = harness_port();

    harness_begin(&daemon);
    harness_copy_daemon(&daemon);
    harness_configure(&daemon, UPPER, port);
    harness_start(&daemon, NULL);
    make_wrapper(&daemon, "sleep 1; exit 1", ":");
    harness_signal(&daemon, SIGUSR2);
    harness_log_wait(&daemon, "upgrade: checking", 1);
    harness_signal(&daemon, SIGHUP);
    harness_log_wait(&daemon, "notice reloaded: 1 services", 1);
    expect_order(&daemon, "upgrade failed", "notice reloaded: 1 services");
    make_wrapper(&daemon, "sleep 1", ":");
    harness_signal(&daemon, SIGUSR2);
    harness_log_wait(&daemon, "upgrade: checking", 2);
    harness_configure(&daemon, UPPER CAT, port, other);
    harness_signal(&daemon, SIGHUP);
    harness_log_wait(&daemon, "notice reloaded: 2 services", 1);
    expect_order(&daemon, "notice upgraded", "notice reloaded: 2 services");
    expect_upper(port);
    harness_end(&daemon);
}
END_TEST

/* An order to reload doesn't wait: the new build is asked once more, so that what it falls back to
 * is the configuration of that reload. */
START_TEST(reload_by_order_meanwhile)
{
    struct daemon daemon;
    int port = harness_port(), other = harness_port(), fd;
    char spoil[256], *answer;

    harness_begin(&daemon);
    harness_copy_daemon(&daemon);
    harness_configure(&daemon, CONTROL UPPER, daemon.directory, port);
    harness_start(&daemon, NULL);
    snprintf(spoil, sizeof(spoil), "echo noise >>'%s'", daemon.config);
    make_wrapper(&daemon, "sleep 1", spoil);
    fd = control_connect(&daemon);
    harness_signal(&daemon, SIGUSR2);
    harness_log_wait(&daemon, "upgrade: checking", 1);
    harness_configure(&daemon, CONTROL UPPER CAT, daemon.directory, port, other);
    json_decref(control_expect_ok(control_ask(fd, "{\"command\":\"reload\"}")));
    close(fd);
    harness_log_wait(&daemon, "configuration became invalid", 1);
    ck_assert_int_eq(harness_log_count(&daemon, "upgrade: checking"), 2);
    answer = client_exchange(other, "of the reload");
    ck_assert_str_eq(answer, "of the reload");
    free(answer);
    expect_upper(port);
    harness_end(&daemon);
}
END_TEST

static bool has_no_group(void *context)
{
    return harness_shell("pgrep -f '^sleep 5432%d$' >/dev/null", *(int *)context) != 0;
}

/* TERM while the new build is asked: that is given up, and nothing is left of it. */
START_TEST(stop_meanwhile)
{
    struct daemon daemon;
    int port = harness_port(), number = (int)getpid();
    char sleep[64];

    harness_begin(&daemon);
    harness_copy_daemon(&daemon);
    harness_configure(&daemon, UPPER, port);
    harness_start(&daemon, NULL);
    snprintf(sleep, sizeof(sleep), "sleep 5432%d", number);
    make_wrapper(&daemon, sleep, ":");
    harness_signal(&daemon, SIGUSR2);
    harness_log_wait(&daemon, "upgrade: checking", 1);
    harness_signal(&daemon, SIGTERM);
    ck_assert_int_eq(harness_wait(&daemon), 0);
    harness_log_wait(&daemon, "upgrade failed, nothing changed: stdinetd is stopping", 1);
    ck_assert(harness_until(has_no_group, &number));
    harness_remove(&daemon);
}
END_TEST

static bool has_zombie(void *context)
{
    return harness_shell("pgrep -r Z -P %d >/dev/null", *(int *)context) == 0;
}

/* QUIT, and the new build's word, in one turn: it ends, and nobody comes after it. */
START_TEST(quit_meanwhile)
{
    struct daemon daemon;
    int port = harness_port(), pid;

    harness_begin(&daemon);
    harness_copy_daemon(&daemon);
    harness_configure(&daemon, UPPER, port);
    harness_start(&daemon, NULL);
    pid = daemon.pid;
    make_wrapper(&daemon, "kill -STOP $PPID", ":");
    harness_signal(&daemon, SIGUSR2);
    ck_assert(harness_until(has_zombie, &pid));
    harness_signal(&daemon, SIGQUIT);
    harness_signal(&daemon, SIGCONT);
    ck_assert_int_eq(harness_wait(&daemon), 0);
    harness_log_wait(&daemon, "upgrade failed, nothing changed: stdinetd is exiting", 1);
    ck_assert_int_eq(harness_log_count(&daemon, "notice upgraded"), 0);
    harness_remove(&daemon);
}
END_TEST

/* While it stops, there is nothing to upgrade. */
START_TEST(not_while_stopping)
{
    struct daemon daemon;
    int port = harness_port(), fd;

    harness_serve(&daemon, CAT, port);
    fd = client_connect(port);
    client_send(fd, "1\n");
    client_expect(fd, "1\n");
    harness_signal(&daemon, SIGTERM);
    harness_log_wait(&daemon, "stopping: waiting for 1 handlers", 1);
    harness_signal(&daemon, SIGUSR2);
    harness_log_wait(&daemon, "upgrade failed, nothing changed: stdinetd is stopping", 1);
    close(fd);
    ck_assert_int_eq(harness_wait(&daemon), 0);
    harness_remove(&daemon);
}
END_TEST

/* A storm of orders is one after the other, and nobody notices. */
START_TEST(storm)
{
    struct daemon daemon;
    struct crowd crowd;
    int port = harness_port();

    harness_serve(&daemon, UPPER, port);
    crowd_start(&crowd, port, 10, harness_scale(500));
    for (int i = 0; i < 1000; i++) {
        harness_signal(&daemon, i % 3 ? SIGUSR2 : SIGHUP);
        if (i % 50 == 0)
            harness_pause();
    }
    crowd_end(&crowd);
    harness_log_wait(&daemon, "notice upgraded", 1);
    harness_log_wait(&daemon, "notice reloaded", 1);
    ck_assert_int_eq(harness_log_count(&daemon, "upgrade failed"), 0);
    harness_end(&daemon);
}
END_TEST

/* The file is replaced while the first one is asked: it is asked, too, before it takes over. */
START_TEST(replaced_meanwhile)
{
    struct daemon daemon;
    int port = harness_port();

    harness_begin(&daemon);
    harness_copy_daemon(&daemon);
    harness_configure(&daemon, UPPER, port);
    harness_start(&daemon, NULL);
    make_wrapper(&daemon, "sleep 1", ":");
    harness_signal(&daemon, SIGUSR2);
    harness_log_wait(&daemon, "upgrade: checking", 1);
    harness_replace_daemon(&daemon, getenv("STDINETD_FOREIGN"));
    harness_log_wait(&daemon, "upgrade failed", 1);
    harness_log_wait(&daemon, "upgrade: checking", 2);
    harness_log_wait(&daemon, "-foreign cannot take over", 1);
    expect_upper(port);
    harness_end(&daemon);
}
END_TEST

/* --- the process ---------------------------------------------------------------------------- */

static int read_pid(const char *path)
{
    char *text = harness_read_file(path);
    long pid = strtol(text, NULL, 10);

    free(text);
    return (int)pid;
}

static bool is_gone(void *context)
{
    return !process_exists(*(int *)context);
}

static void enter(void *context)
{
    if (chdir(context) < 0)
        _exit(99);
}

/* With --daemon, a relative file and a pid file: the same process goes on, and finds them. */
START_TEST(daemonized)
{
    struct daemon daemon;
    const char *const arguments[] = {"-c", "stdinetd.ini", "--daemon", NULL};
    struct daemon_options options = {.arguments = arguments,
                                     .before_exec = enter,
                                     .context = daemon.directory,
                                     .not_ready = true};
    int port = harness_port(), pid;
    char pid_file[128], log[128], path[128];

    SKIP_IF(harness_is_wrapped(), "not under a wrapper");
    harness_begin(&daemon);
    harness_copy_daemon(&daemon);
    snprintf(pid_file, sizeof(pid_file), "%s/pid", daemon.directory);
    snprintf(log, sizeof(log), "%s/log", daemon.directory);
    harness_configure(&daemon, "[stdinetd]\nlog = %s\npid-file = %s\n" UPPER, log, pid_file, port);
    harness_start(&daemon, &options);
    ck_assert_int_eq(harness_wait(&daemon), 0); /* the command has returned */
    harness_log_wait(&daemon, " ready: ", 1);
    pid = read_pid(pid_file);
    daemon.pid = pid;
    for (int i = 1; i <= 3; i++) {
        harness_upgrade(&daemon, i);
        ck_assert_int_eq(read_pid(pid_file), pid);
        expect_upper(port);
    }
    ck_assert(harness_shell("test \"$(readlink /proc/%d/cwd)\" = /", pid) == 0);
    /* Another daemon still finds the file held. */
    ck_assert_int_ne(harness_shell("cd '%s' && '%s' -c stdinetd.ini --daemon >/dev/null 2>&1",
                                   daemon.directory, getenv("STDINETD")),
                     0);
    harness_configure(&daemon, "[stdinetd]\nlog = %s/log\npid-file = %s/other\n" UPPER,
                      daemon.directory, daemon.directory, port);
    harness_upgrade(&daemon, 4);
    snprintf(path, sizeof(path), "%s/other", daemon.directory);
    ck_assert_int_eq(read_pid(path), pid);
    ck_assert(access(pid_file, F_OK) < 0);
    harness_signal(&daemon, SIGTERM);
    ck_assert(harness_until(is_gone, &pid));
    ck_assert(access(path, F_OK) < 0);
    harness_remove(&daemon);
}
END_TEST

static long count_words(const struct daemon *daemon)
{
    char path[64], *text;
    long count = 0;

    snprintf(path, sizeof(path), "/proc/%d/cmdline", daemon->pid);
    text = harness_read_file(path);
    for (const char *word = text; word[0] != '\0'; count++)
        word += strlen(word) + 1;
    free(text);
    return count;
}

/* A configuration that is a program, whose interpreter we are: its words are there once. */
START_TEST(interpreter)
{
    struct daemon daemon;
    char script[128], real[128], text[160];
    int port = harness_port();
    long before;

    SKIP_IF(harness_is_wrapped(), "not under a wrapper");
    harness_begin(&daemon);
    harness_copy_daemon(&daemon);
    snprintf(script, sizeof(script), "%s/stdinetd", daemon.directory);
    snprintf(real, sizeof(real), "%s/real", daemon.directory);
    snprintf(text, sizeof(text), "#!%s -c\n", real);
    ck_assert(rename(script, real) == 0);
    harness_write_program(script, text);
    harness_configure(&daemon, UPPER, port);
    harness_start(&daemon, NULL);
    before = count_words(&daemon);
    harness_upgrade(&daemon, 1);
    harness_upgrade(&daemon, 2);
    ck_assert_int_eq(count_words(&daemon), before);
    expect_upper(port);
    harness_end(&daemon);
}
END_TEST

/* A file that somebody opens to write to it, between the question and the answer: it can't be
 * executed, which is said at once, and all fds are as before. */
START_TEST(busy_file)
{
    struct daemon daemon;
    int port = harness_port(), pid, fds, fd;
    char path[128];

    SKIP_IF(harness_is_wrapped(), "not under a wrapper");
    harness_be_cold();
    harness_begin(&daemon);
    harness_copy_daemon(&daemon);
    harness_configure(&daemon, UPPER, port);
    harness_start(&daemon, NULL);
    pid = daemon.pid;
    fds = process_fds(pid);
    make_wrapper(&daemon, "kill -STOP $PPID", ":");
    harness_signal(&daemon, SIGUSR2);
    ck_assert(harness_until(has_zombie, &pid));
    snprintf(path, sizeof(path), "%s/stdinetd", daemon.directory);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    harness_signal(&daemon, SIGCONT);
    harness_log_wait(&daemon, "upgrade failed, nothing changed: ", 1);
    harness_log_wait(&daemon, "Text file busy", 1);
    ck_assert_int_eq(process_fds(pid), fds);
    close(fd);
    expect_upper(port);
    make_wrapper(&daemon, ":", ":");
    harness_upgrade(&daemon, 1);
    expect_upper(port);
    harness_end(&daemon);
}
END_TEST

/* What a handler finds is the same before and behind an upgrade. */
static char *describe(int port)
{
    char *answer = client_exchange(port, ""), *at = answer;

    /* Ports and numbers differ. */
    while ((at = strpbrk(at, "0123456789")) != NULL) {
        size_t length = strspn(at, "0123456789");

        if (length > 3 || strncmp(at - 1, "=", 1) == 0)
            memset(at, '#', length);
        at += length;
    }
    return answer;
}

static void spoil_process(void *context)
{
    (void)context;
    setenv("STDINETD_HANDOVER", "1:3", 1);
    setenv("LISTEN_PID", "1", 1);
    setenv("SECRET", "told to nobody", 1);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_IGN);
}

START_TEST(handlers_see_nothing)
{
    struct daemon daemon;
    struct daemon_options options = {.before_exec = spoil_process};
    int ports[2] = {harness_port(), harness_port()};

    harness_begin(&daemon);
    harness_configure(&daemon,
                      "[defaults]\nUSER\n[probe]\nlisten = 127.0.0.1:%d\nexec = %s\n"
                      "[limits]\nlisten = 127.0.0.1:%d\nexec = %s limits\n",
                      ports[0], getenv("STDINETD_PROBE"), ports[1], getenv("STDINETD_PROBE"));
    harness_start(&daemon, &options);
    for (int i = 0; i < 2; i++) {
        char *before = describe(ports[i]), *after;

        harness_upgrade(&daemon, 2 * i + 1);
        harness_upgrade(&daemon, 2 * i + 2);
        after = describe(ports[i]);
        ck_assert_str_eq(before, after);
        ck_assert_ptr_null(strstr(after, "HANDOVER"));
        free(before);
        free(after);
    }
    harness_end(&daemon);
}
END_TEST

Suite *upgrade_suite(void)
{
    Suite *suite = suite_create("upgrade");
    TCase *all = tcase_create("all");

    tcase_set_timeout(all, LONGEST);
    tcase_add_test(all, under_load);
    tcase_add_loop_test(all, failing_builds, 0, FAILING);
    tcase_add_test(all, wrong_configuration);
    tcase_add_test(all, configuration_turns_wrong);
    tcase_add_test(all, program_goes);
    tcase_add_test(all, reload_meanwhile);
    tcase_add_test(all, reload_by_order_meanwhile);
    tcase_add_test(all, stop_meanwhile);
    tcase_add_test(all, reaped_meanwhile);
    tcase_add_test(all, quit_meanwhile);
    tcase_add_test(all, not_while_stopping);
    tcase_add_test(all, storm);
    tcase_add_test(all, replaced_meanwhile);
    tcase_add_test(all, busy_file);
    tcase_add_test(all, daemonized);
    tcase_add_test(all, interpreter);
    tcase_add_test(all, handlers_see_nothing);
    suite_add_tcase(suite, all);
    return suite;
}
