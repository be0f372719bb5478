/* stdinetctl top on a terminal of our own: what it draws, a smaller size, a daemon that goes and
 * comes back, and that the terminal is as before, whichever way it ends. */
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define CAT CONTROL "[cat]\nlisten = 127.0.0.1:%d\nexec = cat\nUSER\n"

struct terminal {
    int fd;    /* the master */
    int slave; /* kept open, to look at its modes */
    pid_t pid;
    struct termios before;
    char frame[65536]; /* what was drawn since the last time that the cursor went home */
    size_t length;
};

static void set_size(const struct terminal *terminal, unsigned short columns, unsigned short rows)
{
    struct winsize size = {.ws_col = columns, .ws_row = rows};

    ck_assert(ioctl(terminal->fd, TIOCSWINSZ, &size) == 0);
}

static void run_top(const struct terminal *terminal, const char *path)
{
    const char *program = getenv("STDINETCTL");

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setsid();
    ioctl(terminal->slave, TIOCSCTTY, 0);
    for (int fd = 0; fd < 3; fd++)
        dup2(terminal->slave, fd);
    setenv("TERM", "xterm", 1);
    unsetenv("COLUMNS");
    execl(program, program, "-s", path, "top", (char *)NULL);
    _exit(127);
}

static void start_top(struct terminal *terminal, const struct daemon *daemon)
{
    char path[128];

    ck_assert_msg(getenv("STDINETCTL") != NULL, "STDINETCTL names no program");
    *terminal = (struct terminal){.fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
    ck_assert(terminal->fd >= 0 && grantpt(terminal->fd) == 0 && unlockpt(terminal->fd) == 0);
    terminal->slave = open(ptsname(terminal->fd), O_RDWR | O_NOCTTY | O_CLOEXEC);
    ck_assert(terminal->slave >= 0 && tcgetattr(terminal->slave, &terminal->before) == 0);
    set_size(terminal, 100, 24);
    control_socket_path(daemon, path);
    terminal->pid = fork();
    ck_assert(terminal->pid >= 0);
    if (terminal->pid == 0)
        run_top(terminal, path);
}

/* Takes what is there, and keeps the frame that is being drawn. */
static void take(struct terminal *terminal)
{
    struct pollfd poller = {.fd = terminal->fd, .events = POLLIN};
    char *home;
    ssize_t got;

    if (poll(&poller, 1, 10) <= 0)
        return;
    if (terminal->length > sizeof(terminal->frame) / 2)
        terminal->length = 0;
    got = read(terminal->fd, terminal->frame + terminal->length,
               sizeof(terminal->frame) - terminal->length - 1);
    if (got <= 0)
        return;
    terminal->length += (size_t)got;
    terminal->frame[terminal->length] = '\0';
    /* A frame ends with a cleared rest: the last whole one stays until the next has begun. */
    while ((home = strstr(terminal->frame + 1, "\x1b[H")) != NULL) {
        terminal->length -= (size_t)(home - terminal->frame);
        memmove(terminal->frame, home, terminal->length + 1);
    }
}

struct expected {
    struct terminal *terminal;
    const char *text, *not_text; /* NULL: anything */
};

static bool is_drawn(void *context)
{
    const struct expected *expected = context;
    const char *frame = expected->terminal->frame;

    take(expected->terminal);
    return strstr(frame, "\x1b[J") && strstr(frame, expected->text) &&
           !(expected->not_text && strstr(frame, expected->not_text));
}

/* Waits for a whole frame that has text in it, and not the other. */
static void expect_drawn(struct terminal *terminal, const char *text, const char *not_text)
{
    struct expected expected = {terminal, text, not_text};

    ck_assert_msg(harness_until(is_drawn, &expected), "'%s' isn't drawn, but '%s'", text,
                  terminal->frame);
}

/* It has ended with 0, and the terminal is as it was. */
static void expect_ended(struct terminal *terminal)
{
    struct termios after;
    int status;

    expect_drawn(terminal, "\x1b[?25h\x1b[?1049l", NULL);
    ck_assert(waitpid(terminal->pid, &status, 0) == terminal->pid);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    ck_assert(tcgetattr(terminal->slave, &after) == 0);
    ck_assert_uint_eq(after.c_lflag, terminal->before.c_lflag);
    close(terminal->slave);
    close(terminal->fd);
}

START_TEST(draws)
{
    struct terminal terminal;
    struct daemon daemon;
    int port = harness_port(), client;

    harness_serve_control(&daemon, CAT, port);
    start_top(&terminal, &daemon);
    expect_drawn(&terminal, "REFUSED", NULL);
    expect_drawn(&terminal, " 0/64", NULL);
    client = client_connect(port);
    client_send(client, "1\n");
    client_expect(client, "1\n");
    expect_drawn(&terminal, " 1/64", NULL);
    expect_drawn(&terminal, "127.0.0.1", NULL); /* the busiest source */
    close(client);

    /* A smaller one has less of it. */
    set_size(&terminal, 40, 8);
    expect_drawn(&terminal, "STATE", "STARTED");
    set_size(&terminal, 120, 30);
    expect_drawn(&terminal, "STARTED", NULL);
    ck_assert(write(terminal.fd, "x", 1) == 1); /* means nothing */
    expect_drawn(&terminal, "STARTED", NULL);
    ck_assert(write(terminal.fd, "q", 1) == 1);
    expect_ended(&terminal);
    harness_end(&daemon);
}
END_TEST

/* The daemon is killed, and another one started in its place. */
START_TEST(survives_daemon)
{
    struct terminal terminal;
    struct daemon daemon;
    int port = harness_port();

    harness_serve_control(&daemon, CAT, port);
    start_top(&terminal, &daemon);
    expect_drawn(&terminal, " 0/64", NULL);
    harness_signal(&daemon, SIGKILL);
    harness_wait(&daemon);
    expect_drawn(&terminal, "no daemon answers", NULL);
    harness_start(&daemon, NULL);
    expect_drawn(&terminal, " 0/64", "no daemon answers");
    ck_assert(kill(terminal.pid, SIGTERM) == 0);
    expect_ended(&terminal);
    harness_end(&daemon);
}
END_TEST

/* Stopped by its user, it leaves the terminal alone, and draws again when it goes on. */
START_TEST(stops_and_goes_on)
{
    struct terminal terminal;
    struct termios while_stopped;
    struct daemon daemon;
    int port = harness_port(), status;

    harness_serve_control(&daemon, CAT, port);
    start_top(&terminal, &daemon);
    expect_drawn(&terminal, " 0/64", NULL);
    ck_assert(write(terminal.fd, "\x1a", 1) == 1);
    ck_assert(waitpid(terminal.pid, &status, WUNTRACED) == terminal.pid && WIFSTOPPED(status));
    ck_assert(tcgetattr(terminal.slave, &while_stopped) == 0);
    ck_assert_uint_eq(while_stopped.c_lflag, terminal.before.c_lflag);
    ck_assert(kill(terminal.pid, SIGCONT) == 0);
    terminal.length = 0;
    terminal.frame[0] = '\0';
    expect_drawn(&terminal, " 0/64", NULL);
    ck_assert(write(terminal.fd, "\x03", 1) == 1); /* Ctrl-C */
    expect_ended(&terminal);
    harness_end(&daemon);
}
END_TEST

Suite *top_suite(void)
{
    Suite *suite = suite_create("top");
    TCase *all = tcase_create("top");

    tcase_set_timeout(all, LONGEST);
    tcase_add_test(all, draws);
    tcase_add_test(all, survives_daemon);
    tcase_add_test(all, stops_and_goes_on);
    suite_add_tcase(suite, all);
    return suite;
}
