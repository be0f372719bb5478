/* Logs: handlers' stderr, JSON, files, syslog and the journal, and sinks that nobody reads. */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define UPPER "[upper]\nlisten = 127.0.0.1:%d\nexec = tr a-z A-Z\nUSER\n"

/* The line of the log that has text, malloc'ed. */
static char *find_line(const struct daemon *daemon, const char *text)
{
    char *log, *at, *start, *line;

    harness_log_wait(daemon, text, 1);
    log = harness_log(daemon);
    at = strstr(log, text);
    start = at;
    while (start > log && start[-1] != '\n')
        start--;
    line = strndup(start, strcspn(start, "\n"));
    free(log);
    return line;
}

/* stderr = log: each line with service and pid, also a grandchild's, also without a newline. */
START_TEST(stderr_lines)
{
    struct daemon daemon;
    int port = harness_port();
    char *answer, *line, expected[64];
    long pid, grandchild;

    harness_serve(
        &daemon,
        "[talk]\nlisten = 127.0.0.1:%d\nUSER\n"
        "exec = sh -c 'echo one >&2; echo two >&2; sh -c \"echo \\$\\$; echo three >&2\"; "
        "echo $$; printf unfinished >&2'\n",
        port);
    answer = client_read_all(client_connect(port));
    ck_assert(sscanf(answer, "%ld %ld", &grandchild, &pid) == 2);
    free(answer);
    snprintf(expected, sizeof(expected), "talk: one stderr_of=%ld event=stderr", pid);
    line = find_line(&daemon, "talk: one");
    ck_assert_msg(strstr(line, expected) != NULL, "%s", line);
    free(line);
    snprintf(expected, sizeof(expected), "talk: three stderr_of=%ld", grandchild);
    line = find_line(&daemon, "talk: three");
    ck_assert_msg(strstr(line, expected) != NULL, "%s", line);
    free(line);
    snprintf(expected, sizeof(expected), "talk: unfinished stderr_of=%ld", pid);
    line = find_line(&daemon, "talk: unfinished");
    ck_assert_msg(strstr(line, expected) != NULL, "%s", line);
    free(line);
    harness_end(&daemon);
}
END_TEST

/* Bytes that could fool a reader of the log are escaped, long lines come in pieces. */
START_TEST(stderr_bytes)
{
    struct daemon daemon;
    int port = harness_port();
    char *line, *log, path[128];

    harness_begin(&daemon);
    snprintf(path, sizeof(path), "%s/handler", daemon.directory);
    harness_write_file(path,
                       "#!/bin/sh\nprintf 'a\\033[31mb\\000c\\377d\\\\e\\n' >&2\n"
                       "head -c 5000 /dev/zero | tr '\\000' x >&2\n",
                       0755);
    harness_configure(&daemon, "[talk]\nlisten = 127.0.0.1:%d\nexec = %s\nUSER\n", port, path);
    harness_start(&daemon, NULL);
    free(client_read_all(client_connect(port)));
    line = find_line(&daemon, "[31m");
    ck_assert_msg(strstr(line, "talk: a\\x1b[31mb\\x00c\\xffd\\\\e stderr_of=") != NULL, "%s",
                  line);
    free(line);
    harness_log_wait(&daemon, "xxxx stderr_of=", 5);
    log = harness_log(&daemon);
    for (char *at = log; *at != '\0'; at += strcspn(at, "\n") + 1)
        ck_assert_uint_le(strcspn(at, "\n"), 2048);
    free(log);
    harness_end(&daemon);
}
END_TEST

/* One stderr channel a service: no fd for a connection, and none lost. */
START_TEST(stderr_fds)
{
    struct daemon daemon;
    int port = harness_port();
    int before, fds[30];

    harness_be_cold();
    harness_serve(&daemon, "[cat]\nlisten = 127.0.0.1:%d\nexec = cat\nUSER\n", port);
    free(client_exchange(port, "x"));
    harness_log_wait(&daemon, " end ", 1);
    before = process_fds(daemon.pid);
    for (int i = 0; i < 30; i++) {
        fds[i] = client_connect(port);
        client_send(fds[i], "x");
        client_expect(fds[i], "x");
    }
    harness_log_wait(&daemon, ": start ", 31);
    ck_assert_int_eq(process_fds(daemon.pid), before);
    for (int i = 0; i < 30; i++)
        close(fds[i]);
    harness_end(&daemon);
}
END_TEST

/* A handler that shuts the shared stderr down, leads it to a socket of its own, makes its buffer
 * small or has it send signals, hurts nobody after it. */
START_TEST(stderr_shut_down)
{
    static const char *const evil[] = {
        "shutdown(STDERR, 2)",
        ("socket(S, AF_UNIX, SOCK_DGRAM, 0); bind(S, pack_sockaddr_un(chr(0) . qq(stdinetd$$))); "
         "connect(STDERR, getsockname(S)) or die"),
        "setsockopt(STDERR, SOL_SOCKET, SO_SNDBUF, 5000) or die",
        "use Fcntl; fcntl(STDERR, F_SETFL, O_RDWR | O_ASYNC) or die"};
    struct daemon daemon;
    int port = harness_port();

    SKIP_IF(harness_shell("command -v perl >/dev/null") != 0, "there is no perl");
    harness_serve(&daemon,
                  "[evil]\nlisten = 127.0.0.1:%d\nUSER\n"
                  "exec = perl -MSocket -e '%s; print \"done\\n\"'\n",
                  port, evil[_i]);
    /* Found at the first start a second later; until then handlers are served without their say. */
    for (int i = 1; harness_log_count(&daemon, "broke the shared stderr socket") < 2; i++) {
        ck_assert_int_lt(i, 2000);
        free(client_read_all(client_connect(port)));
        harness_log_wait(&daemon, "outcome=ok", i);
        harness_pause();
    }
    harness_end(&daemon);
}
END_TEST

/* --- whole lines ---------------------------------------------------------------------------- */

/* The line that has text, malloc'ed: from its level on, each number in it an N, and no directory
 * of the test's. */
static char *find_shape(const struct daemon *daemon, const char *text)
{
    size_t directory = strlen(daemon->directory);
    char *line = find_line(daemon, text), *from = strchr(line, ' ') + 1, *to = line;

    while (*from != '\0') {
        size_t digits = strspn(from, "0123456789");

        if (strncmp(from, daemon->directory, directory) == 0) {
            from += directory;
            continue;
        }
        *to++ = digits > 0 ? 'N' : *from;
        from += digits > 0 ? digits : 1;
    }
    *to = '\0';
    return line;
}

#define PEER  " peer=N.N.N.N:N"
#define BOTH  " connection=N pid=N" PEER
#define SPENT " duration_ms=N cpu_ms=N memory_kib=N"

/* The fields of each line, in their order. */
static const struct {
    const char *text, *line;
} whole_lines[] = {
    {" good: start", "info good: start" BOTH " active=N/N source=N"
                     " event=start"},
    {" good: end", "info good: end" BOTH " outcome=ok" SPENT " event=end"},
    {" crash: start", "info crash: start" BOTH " active=N source=N"
                      " event=start"},
    {" crash: end", "info crash: end" BOTH " outcome=crash signal=SIGSEGV" SPENT " event=end"},
    {" exit: end", "info exit: end" BOTH " outcome=exit.N" SPENT " event=end"},
    {" slow: max", "notice slow: max-runtime exceeded" BOTH " signal=SIGTERM"
                   " event=info"},
    {" slow: end", "info slow: end" BOTH " outcome=timeout signal=SIGTERM" SPENT " event=end"},
    {" denied: refused", "notice denied: refused reason=denied" PEER " active=N/N"
                         " event=refused"},
    {" denied: refused reason=denied more", "notice denied: refused reason=denied more=N active=N/N"
                                            " event=refused"},
    {" fails: start failed", "error fails: start failed; service backs off and retries" BOTH
                             " stage=exec error=\"No such file or directory\" program=/fails"
                             " event=start-failed"},
    {" fails: service started", "notice fails: service started again pauses=N"
                                " event=started-again"},
    {" silent: end", "info silent: end connection=N" PEER " outcome=silent duration_ms=N"
                     " event=end"},
    {" silent: penalty begins", "notice silent: penalty begins source=N.N.N.N duration_ms=N"
                                " event=penalty"},
    {" silent: penalty ended", "notice silent: penalty ended source=N.N.N.N"
                               " event=penalty-over"},
    {" taken: cannot bind", "warning taken: cannot bind, will retry "
                            "listen=N.N.N.N:N error=\"Address already in use\""
                            " event=pending"},
    {" taken: bound", "notice taken: bound listen=N.N.N.N:N"
                      " event=bound"},
    {" good: status", "notice good: status state=serving active=N/N sockets=N started=N ok=N "
                      "exit=N crash=N killed=N silent=N timeout=N refused=N start_failures=N "
                      "gone=N accept_errors=N"
                      " event=info"},
    {" processes, ", "notice N processes, N connections so far, N reloads (N failed), N "
                     "upgrades (N failed), N messages lost"
                     " event=info"},
};

/* A listener of our own. */
static int bind_port(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, 1) == 0);
    return fd;
}

/* Denied, broken, silent and the others; the file fails comes late, and the port taken is given
 * free. */
static void cause_whole_lines(struct daemon *daemon, const int ports[static 7], int taken)
{
    char program[128];

    snprintf(program, sizeof(program), "%s/fails", daemon->directory);
    harness_write_program(program, "#!/bin/sh\n");
    harness_start(daemon, NULL);
    unlink(program);
    client_expect_closed(client_connect(ports[5]));
    harness_log_wait(daemon, "stage=exec", 1);
    harness_write_program(program, "#!/bin/sh\n");
    for (int i = 0; i < 3; i++)
        client_expect_closed(client_connect(ports[4]));
    for (int i = 0; i < 4; i++)
        free(client_read_all(client_connect(ports[i])));
    client_expect_closed(client_connect(ports[5]));
    client_expect_closed(client_connect(ports[6]));
    close(taken);
    harness_log_wait(daemon, "event=bound", 1);
    harness_log_wait(daemon, "penalty ended", 1);
    harness_log_wait(daemon, " more=", 1);
    harness_signal(daemon, SIGUSR1);
}

START_TEST(whole_line)
{
    struct daemon daemon;
    int ports[7], taken_port = harness_port(), taken = bind_port(taken_port);

    for (int i = 0; i < 7; i++)
        ports[i] = harness_port();
    harness_be_cold();
    harness_begin(&daemon);
    harness_configure(
        &daemon,
        "[good]\nlisten = 127.0.0.1:%d\nexec = true\nmax-connections = 64\nUSER\n"
        "[crash]\nlisten = 127.0.0.1:%d\nexec = sh -c 'kill -SEGV $$'\nmax-connections = 0\nUSER\n"
        "[exit]\nlisten = 127.0.0.1:%d\nexec = false\nUSER\n"
        "[slow]\nlisten = 127.0.0.1:%d\nexec = sleep 100\nmax-runtime = 1s\nUSER\n"
        "[denied]\nlisten = 127.0.0.1:%d\nexec = true\ndeny = 127.0.0.0/8\nUSER\n"
        "[fails]\nlisten = 127.0.0.1:%d\nexec = %s/fails\nUSER\n"
        "[silent]\nlisten = 127.0.0.1:%d\nexec = true\nstart-on = data\ndata-timeout = 100ms\n"
        "penalty = silent:1s\npenalty-min = 0\nUSER\n"
        "[taken]\nlisten = 127.0.0.1:%d\nexec = true\nUSER\n",
        ports[0], ports[1], ports[2], ports[3], ports[4], ports[5], daemon.directory, ports[6],
        taken_port);
    cause_whole_lines(&daemon, ports, taken);
    for (size_t i = 0; i < sizeof(whole_lines) / sizeof(whole_lines[0]); i++) {
        char *line = find_shape(&daemon, whole_lines[i].text);

        ck_assert_str_eq(line, whole_lines[i].line);
        free(line);
    }
    harness_end(&daemon);
}
END_TEST

/* What the daemon itself does has its words, too. */
START_TEST(daemon_events)
{
    struct daemon daemon;
    int port = harness_port();

    harness_serve(&daemon, UPPER, port);
    harness_log_wait(&daemon, "event=ready\n", 1);
    harness_signal(&daemon, SIGHUP);
    harness_log_wait(&daemon, "event=reloaded\n", 1);
    harness_write_file(daemon.config, "[broken\n", 0644);
    harness_signal(&daemon, SIGHUP);
    harness_log_wait(&daemon, "event=reload-failed\n", 1);
    ck_assert_int_eq(harness_log_count(&daemon, "error reload failed"), 1);
    ck_assert_int_gt(harness_log_count(&daemon, "event=warning\n"), 0);
    harness_signal(&daemon, SIGTERM);
    ck_assert_int_eq(harness_wait(&daemon), 0);
    ck_assert_int_eq(harness_log_count(&daemon, "event=stopping\n"), 1);
    ck_assert_int_eq(harness_log_count(&daemon, "notice stdinetd has stopped event=stopped\n"), 1);
    harness_remove(&daemon);
}
END_TEST

START_TEST(json_lines)
{
    struct daemon daemon;
    int port = harness_port();
    char *line;
    json_t *object;

    harness_serve(&daemon,
                  "[stdinetd]\nlog-format = json\n[\"odd\" näme]\nlisten = 127.0.0.1:%d\n"
                  "exec = sh -c 'echo \"say \\\"x\\\"\" >&2'\nUSER\n",
                  port);
    free(client_read_all(client_connect(port)));
    line = find_line(&daemon, "\"message\":\"end\"");
    object = json_loads(line, 0, NULL);
    ck_assert_msg(object != NULL, "%s", line);
    ck_assert_str_eq(json_string_value(json_object_get(object, "service")), "\"odd\" näme");
    ck_assert_str_eq(json_string_value(json_object_get(object, "outcome")), "ok");
    ck_assert_str_eq(json_string_value(json_object_get(object, "event")), "end");
    ck_assert(json_is_integer(json_object_get(object, "pid")));
    ck_assert(json_is_integer(json_object_get(object, "duration_ms")));
    json_decref(object);
    free(line);
    line = find_line(&daemon, "say");
    object = json_loads(line, 0, NULL);
    ck_assert_msg(object != NULL, "%s", line);
    ck_assert_str_eq(json_string_value(json_object_get(object, "message")), "say \"x\"");
    json_decref(object);
    free(line);
    harness_end(&daemon);
}
END_TEST

/* A file is opened anew at HUP, even where the reload itself fails. */
START_TEST(rotated_file)
{
    struct daemon_options options = {.not_ready = true};
    struct daemon daemon;
    int port = harness_port();
    char old[128];

    harness_begin(&daemon);
    harness_configure(&daemon, "[stdinetd]\nlog = %s\n" UPPER, daemon.log, port);
    harness_start(&daemon, &options);
    harness_log_wait(&daemon, " ready: ", 1);
    snprintf(old, sizeof(old), "%s.1", daemon.log);
    ck_assert(rename(daemon.log, old) == 0);
    harness_write_file(daemon.config, "[broken\n", 0644);
    harness_signal(&daemon, SIGHUP);
    harness_log_wait(&daemon, "reload failed", 1);
    free(client_exchange(port, "x"));
    harness_log_wait(&daemon, " end ", 1);
    harness_end(&daemon);
}
END_TEST

/* What a full disk has swallowed is counted until it can be said: all of it, not the last line. */
START_TEST(full_disk_counted)
{
    struct daemon_options options = {.not_ready = true};
    struct daemon daemon;
    int port = harness_port();
    char *line;

    harness_begin(&daemon);
    unlink(daemon.log);
    ck_assert(symlink("/dev/full", daemon.log) == 0);
    harness_configure(&daemon, "[stdinetd]\nlog = %s\n" UPPER, daemon.log, port);
    harness_start(&daemon, &options);
    for (int i = 0; i < 5; i++)
        free(client_exchange(port, "x"));
    usleep(1500000); /* it is tried again each second, with nothing new to say */
    ck_assert(unlink(daemon.log) == 0);
    harness_signal(&daemon, SIGHUP);
    harness_log_wait(&daemon, " messages lost", 1);
    line = find_line(&daemon, " messages lost");
    *strstr(line, " messages lost") = '\0';
    ck_assert_msg(strtol(strrchr(line, ' '), NULL, 10) >= 10, "%s", line);
    free(line);
    harness_end(&daemon);
}
END_TEST

struct reader {
    int fd;
    uint64_t lines, lost;
    char tail[65536];
    size_t length;
};

/* Reads what is there; counts lines, and adds up what "N messages lost" says. */
static bool read_lines(struct reader *reader)
{
    ssize_t got =
        read(reader->fd, reader->tail + reader->length, sizeof(reader->tail) - reader->length);
    char *start = reader->tail, *end;

    if (got <= 0)
        return false;
    reader->length += (size_t)got;
    while ((end = memchr(start, '\n', reader->length - (size_t)(start - reader->tail))) != NULL) {
        char *lost;

        *end = '\0';
        reader->lines++;
        lost = strstr(start, " messages lost");
        if (lost) {
            while (lost > start && lost[-1] != ' ')
                lost--;
            reader->lost += strtoull(lost, NULL, 10);
            reader->lines--; /* that one is about the others */
        }
        start = end + 1;
    }
    reader->length -= (size_t)(start - reader->tail);
    memmove(reader->tail, start, reader->length);
    return true;
}

static bool drained_all(void *context)
{
    struct reader *reader = context;

    while (read_lines(reader))
        ;
    return reader->lost > 0;
}

/* Nobody reads stderr: 6,000 connections are served all the same, and every line that could not be
 * written is counted. */
START_TEST(stalled_stderr)
{
    struct daemon_options options = {.not_ready = true};
    struct daemon daemon;
    struct reader reader = {0};
    struct crowd crowd;
    int port = harness_port();
    int requests = harness_scale(6000), pipe_fds[2];

    ck_assert(pipe2(pipe_fds, O_CLOEXEC) == 0);
    harness_begin(&daemon);
    harness_configure(&daemon, UPPER, port);
    options.stderr_fd = pipe_fds[1];
    harness_start(&daemon, &options);
    crowd_start(&crowd, port, 20, requests);
    crowd_end(&crowd);
    fcntl(pipe_fds[0], F_SETFL, O_NONBLOCK);
    reader.fd = pipe_fds[0];
    if (requests == 6000) {
        ck_assert_msg(harness_until(drained_all, &reader), "no line tells of the lost ones");
        /* "serves", perhaps a word about the engine, and start and end of each; some lines may
         * still be on their way. */
        ck_assert_uint_ge(reader.lines + reader.lost, 2 * (uint64_t)requests - 64);
        ck_assert_uint_le(reader.lines + reader.lost, 2 * (uint64_t)requests + 2);
    }
    harness_end(&daemon);
}
END_TEST

static int bind_datagram(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    memcpy(address.sun_path, path, strlen(path));
    unlink(path);
    ck_assert_msg(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "%s: %s", path,
                  strerror(errno));
    return fd;
}

/* A /dev and a /run of our own, in which we are the log daemon. */
static bool enter_own_devices(void)
{
    if (!harness_is_root() || unshare(CLONE_NEWNS) < 0)
        return false;
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return false;
    return harness_shell("mkdir -p /run/systemd && mount -t tmpfs none /run/systemd && "
                         "mkdir -p /run/systemd/journal && "
                         "d=$(mktemp -d) && mount -t tmpfs none $d && cp -a /dev/null /dev/zero "
                         "/dev/urandom /dev/tty $d/ && mount --move $d /dev && rmdir $d") == 0;
}

struct awaited_datagram {
    int fd;
    const char *text;
    char bytes[8192];
};

static bool has_datagram(void *context)
{
    struct awaited_datagram *awaited = context;
    ssize_t got;

    while ((got = recv(awaited->fd, awaited->bytes, sizeof(awaited->bytes) - 1, 0)) > 0) {
        awaited->bytes[got] = '\0';
        if (strstr(awaited->bytes, awaited->text))
            return true;
    }
    return false;
}

START_TEST(syslog_and_journal)
{
    struct daemon_options options = {.not_ready = true};
    struct daemon daemon;
    struct awaited_datagram awaited;
    int port = harness_port();

    SKIP_IF(!enter_own_devices(), "no /dev of our own can be made here");
    harness_begin(&daemon);
    harness_configure(&daemon, "[stdinetd]\nlog = syslog\n" UPPER, port);
    harness_start(&daemon, &options);
    free(client_exchange(port, "x"));
    /* The syslog daemon comes late: what happened before is not lost. */
    awaited = (struct awaited_datagram){bind_datagram("/dev/log"), "upper: end", ""};
    ck_assert(harness_until(has_datagram, &awaited));
    ck_assert_msg(strncmp(awaited.bytes, "<30>", 4) == 0, "%s", awaited.bytes);
    ck_assert_msg(strstr(awaited.bytes, " stdinetd[") != NULL, "%s", awaited.bytes);
    close(awaited.fd);
    harness_configure(&daemon, "[stdinetd]\nlog = journal\n" UPPER, port);
    awaited = (struct awaited_datagram){bind_datagram("/run/systemd/journal/socket"),
                                        "STDINETD_OUTCOME=ok", ""};
    harness_signal(&daemon, SIGHUP);
    while (!strstr(awaited.bytes, "MESSAGE=reloaded")) {
        awaited.text = "MESSAGE=reloaded";
        ck_assert(harness_until(has_datagram, &awaited));
    }
    awaited.text = "STDINETD_OUTCOME=ok";
    free(client_exchange(port, "x"));
    ck_assert(harness_until(has_datagram, &awaited));
    ck_assert_msg(strstr(awaited.bytes, "PRIORITY=6\n") != NULL, "%s", awaited.bytes);
    ck_assert_msg(strstr(awaited.bytes, "STDINETD_SERVICE=upper\n") != NULL, "%s", awaited.bytes);
    ck_assert_msg(strstr(awaited.bytes, "STDINETD_EVENT=end\n") != NULL, "%s", awaited.bytes);
    harness_end(&daemon);
}
END_TEST

/* A /dev/log that nobody reads. */
START_TEST(stalled_syslog)
{
    struct daemon_options options = {.not_ready = true};
    struct daemon daemon;
    struct awaited_datagram awaited;
    struct crowd crowd;
    int port = harness_port();
    int requests = harness_scale(6000);

    SKIP_IF(!enter_own_devices(), "no /dev of our own can be made here");
    awaited = (struct awaited_datagram){bind_datagram("/dev/log"), "messages lost", ""};
    harness_begin(&daemon);
    harness_configure(&daemon, "[stdinetd]\nlog = syslog\n" UPPER, port);
    harness_start(&daemon, &options);
    crowd_start(&crowd, port, 20, requests);
    crowd_end(&crowd);
    if (requests == 6000)
        ck_assert(harness_until(has_datagram, &awaited));
    harness_end(&daemon);
}
END_TEST

Suite *logs_suite(void)
{
    Suite *suite = suite_create("logs");
    TCase *all = tcase_create("all");

    tcase_set_timeout(all, LONGEST);
    tcase_add_test(all, stderr_lines);
    tcase_add_test(all, stderr_bytes);
    tcase_add_test(all, stderr_fds);
    tcase_add_loop_test(all, stderr_shut_down, 0, 4);
    tcase_add_test(all, whole_line);
    tcase_add_test(all, daemon_events);
    tcase_add_test(all, json_lines);
    tcase_add_test(all, rotated_file);
    tcase_add_test(all, full_disk_counted);
    tcase_add_test(all, stalled_stderr);
    tcase_add_test(all, syslog_and_journal);
    tcase_add_test(all, stalled_syslog);
    suite_add_tcase(suite, all);
    return suite;
}
