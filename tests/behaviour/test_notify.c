/* What a service manager is told (sd_notify(3)): the test is the manager, with a socket of its own
 * and the credentials of whoever sends. Which message, from whom, in which order; and that a
 * manager that doesn't listen, or is gone, harms nobody. */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CAT   "[cat]\nlisten = 127.0.0.1:%d\nexec = cat\nUSER\n"
#define UPPER "[upper]\nlisten = 127.0.0.1:%d\nexec = tr a-z A-Z\nUSER\n"

struct manager {
    int fd;               /* -1: there is no socket */
    char name[128];       /* of the socket, as in NOTIFY_SOCKET */
    const char *watchdog; /* WATCHDOG_USEC; NULL: none */
    bool watches_another; /* WATCHDOG_PID is not the daemon */
    unsigned files;       /* limit of open files; 0: as it is */
    char text[1024];      /* the last message */
    long pid;             /* and who sent it */
    int pings, statuses;  /* so far */
    bool skips[2];        /* pings, statuses: they come when they come */
};

static int bind_socket(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    ck_assert(fd >= 0 && strlen(name) < sizeof(address.sun_path));
    memcpy(address.sun_path, name, strlen(name));
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    ck_assert_msg(bind(fd, (struct sockaddr *)&address,
                       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))) == 0,
                  "%s: %s", name, strerror(errno));
    ck_assert(setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &(int){1}, sizeof(int)) == 0);
    return fd;
}

/* A manager for this daemon, which has begun. */
static void manager_open(struct manager *manager, const struct daemon *daemon)
{
    *manager = (struct manager){.fd = -1, .skips = {true, true}};
    snprintf(manager->name, sizeof(manager->name), "%s/notify", daemon->directory);
    manager->fd = bind_socket(manager->name);
}

/* For the daemon's start, in its process. */
static void obey(void *context)
{
    const struct manager *manager = context;
    const struct rlimit files = {manager->files, manager->files};
    char pid[32];

    setenv("NOTIFY_SOCKET", manager->name, 1);
    if (manager->files > 0 && setrlimit(RLIMIT_NOFILE, &files) < 0)
        _exit(99);
    if (!manager->watchdog)
        return;
    snprintf(pid, sizeof(pid), "%ld", (long)(manager->watches_another ? getppid() : getpid()));
    setenv("WATCHDOG_USEC", manager->watchdog, 1);
    setenv("WATCHDOG_PID", pid, 1);
}

static void start(struct daemon *daemon, struct manager *manager)
{
    const struct daemon_options options = {.before_exec = obey, .context = manager};

    harness_start(daemon, &options);
}

/* Whether there is a line NAME=… */
static bool has_field(const struct manager *manager, const char *name)
{
    const char *at = manager->text;
    size_t length = strlen(name);

    for (; *at != '\0'; at += *at == '\n')
        if (strncmp(at, name, length) == 0 && at[length] == '=')
            return true;
        else
            at += strcspn(at, "\n");
    return false;
}

/* The value of a field, which must be there, until the next call. */
static const char *field(const struct manager *manager, const char *name)
{
    static char value[512];
    const char *at = manager->text;
    size_t length = strlen(name);

    ck_assert_msg(has_field(manager, name), "no %s in '%s'", name, manager->text);
    while (strncmp(at, name, length) != 0 || at[length] != '=')
        at += strcspn(at, "\n") + 1;
    snprintf(value, sizeof(value), "%.*s", (int)strcspn(at + length + 1, "\n"), at + length + 1);
    return value;
}

static unsigned long long number(const struct manager *manager, const char *name)
{
    return strtoull(field(manager, name), NULL, 10);
}

/* Takes one message, if there is one. */
static bool take(struct manager *manager)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(struct ucred))];
    } control;
    struct iovec part = {manager->text, sizeof(manager->text) - 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    ssize_t got = recvmsg(manager->fd, &message, MSG_CMSG_CLOEXEC);
    struct cmsghdr *header;

    if (got < 0)
        return false;
    manager->text[got] = '\0';
    header = CMSG_FIRSTHDR(&message);
    ck_assert(header && header->cmsg_type == SCM_CREDENTIALS);
    manager->pid = (*(struct ucred *)CMSG_DATA(header)).pid;
    manager->pings += strcmp(manager->text, "WATCHDOG=1") == 0;
    manager->statuses += strncmp(manager->text, "STATUS=", 7) == 0;
    return true;
}

/* The same, if it is none of those that come when they come. */
static bool has_message(void *context)
{
    struct manager *manager = context;

    while (take(manager))
        if (!(manager->skips[0] && strcmp(manager->text, "WATCHDOG=1") == 0) &&
            !(manager->skips[1] && strncmp(manager->text, "STATUS=", 7) == 0))
            return true;
    return false;
}

/* Waits for the next message of another kind than pings and mere statuses; it must have the field.
 */
static void expect(struct manager *manager, const char *name)
{
    manager->skips[0] = manager->skips[1] = true;
    ck_assert_msg(harness_until(has_message, manager), "no message comes, but %s should", name);
    ck_assert_msg(has_field(manager, name), "'%s' comes, but %s should", manager->text, name);
}

static void expect_status(struct manager *manager, const char *status)
{
    manager->skips[0] = true;
    manager->skips[1] = false;
    do {
        ck_assert_msg(harness_until(has_message, manager), "the status '%s' doesn't come", status);
        ck_assert_msg(has_field(manager, "STATUS") && !has_field(manager, "READY"),
                      "'%s' comes, but a status should", manager->text);
    } while (strcmp(field(manager, "STATUS"), status) != 0);
}

static void expect_silence(struct manager *manager)
{
    ck_assert_msg(!take(manager), "'%s' comes", manager->text);
}

static bool has_pings(void *context)
{
    struct manager *manager = context;
    bool has_more = take(manager);

    while (has_more)
        has_more = take(manager);
    return manager->pings >= 3;
}

/* A few pings of the watchdog, from now on. */
static void expect_pings(struct manager *manager)
{
    while (take(manager))
        ;
    manager->pings = 0;
    ck_assert_msg(harness_until(has_pings, manager), "%d pings came", manager->pings);
}

/* Microseconds on the clock of MONOTONIC_USEC. */
static unsigned long long now_usec(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (unsigned long long)now.tv_sec * 1000000 + (unsigned long long)now.tv_nsec / 1000;
}

static int hold_handler(int port)
{
    int fd = client_connect(port);

    client_send(fd, "1\n");
    client_expect(fd, "1\n");
    return fd;
}

/* READY comes when the sockets are open, an address that is taken notwithstanding; STOPPING when it
 * is told to stop, with the time it may need; and nothing after that but who is still there. */
START_TEST(start_and_stop)
{
    struct manager manager;
    struct daemon daemon, other;
    int port = harness_port(), taken = harness_port(), fd;

    harness_serve(&other, UPPER, taken);
    harness_begin(&daemon);
    manager_open(&manager, &daemon);
    if (_i == 1) {
        close(manager.fd);
        snprintf(manager.name, sizeof(manager.name), "@stdinetd-test-%d", (int)getpid());
        manager.fd = bind_socket(manager.name);
    }
    harness_configure(&daemon, "[stdinetd]\nstop-timeout = 90\n" CAT UPPER, port, taken);
    start(&daemon, &manager);
    expect(&manager, "READY");
    ck_assert_str_eq(field(&manager, "READY"), "1");
    ck_assert_str_eq(field(&manager, "STATUS"),
                     "2 services, 1 address pending, 0 handlers running");
    ck_assert_int_eq(manager.pid, daemon.pid);
    ck_assert(!has_field(&manager, "MAINPID"));
    fd = client_try(port);
    ck_assert_int_ge(fd, 0);
    client_send(fd, "1\n");
    client_expect(fd, "1\n");
    harness_signal(&daemon, SIGTERM);
    expect(&manager, "STOPPING");
    ck_assert_str_eq(field(&manager, "STOPPING"), "1");
    ck_assert_str_eq(field(&manager, "STATUS"), "stopping, 1 handler finishing");
    ck_assert_uint_ge(number(&manager, "EXTEND_TIMEOUT_USEC"), 95 * 1000000ULL);
    ck_assert_uint_le(number(&manager, "EXTEND_TIMEOUT_USEC"), 120 * 1000000ULL);
    harness_signal(&daemon, SIGTERM);
    ck_assert_int_eq(harness_wait(&daemon), 0);
    while (take(&manager))
        ck_assert_msg(strncmp(manager.text, "STATUS=stopping, ", 17) == 0, "%s", manager.text);
    ck_assert_int_eq(manager.pings, 0);
    close(fd);
    close(manager.fd);
    harness_remove(&daemon);
    harness_end(&other);
}
END_TEST

/* QUIT is a stop, too. */
START_TEST(quit)
{
    struct manager manager;
    struct daemon daemon;

    harness_begin(&daemon);
    manager_open(&manager, &daemon);
    harness_configure(&daemon, CAT, harness_port());
    start(&daemon, &manager);
    expect(&manager, "READY");
    harness_signal(&daemon, SIGQUIT);
    expect(&manager, "STOPPING");
    ck_assert_int_eq(harness_wait(&daemon), 0);
    expect_silence(&manager);
    close(manager.fd);
    harness_remove(&daemon);
}
END_TEST

/* A reload begins after it was asked for, says so, and ends with READY whether it worked or not. */
static void reload(const struct daemon *daemon, struct manager *manager, const char *status)
{
    unsigned long long asked = now_usec(), began;

    harness_signal(daemon, SIGHUP);
    expect(manager, "RELOADING");
    ck_assert_str_eq(field(manager, "RELOADING"), "1");
    ck_assert(!has_field(manager, "READY"));
    began = number(manager, "MONOTONIC_USEC");
    ck_assert_uint_ge(began, asked);
    ck_assert_uint_le(began, now_usec());
    expect(manager, "READY");
    ck_assert_str_eq(field(manager, "STATUS"), status);
}

START_TEST(reloads)
{
    struct manager manager;
    struct daemon daemon;
    int port = harness_port();

    harness_begin(&daemon);
    manager_open(&manager, &daemon);
    harness_configure(&daemon, CAT, port);
    start(&daemon, &manager);
    expect(&manager, "READY");
    harness_configure(&daemon, CAT UPPER, port, harness_port());
    reload(&daemon, &manager, "2 services, 0 handlers running");
    harness_write_file(daemon.config, "[cat\n", 0644);
    reload(&daemon, &manager,
           "2 services, 0 handlers running; the last reload failed, see the log");
    harness_configure(&daemon, CAT, port);
    reload(&daemon, &manager, "1 service, 0 handlers running");
    harness_end(&daemon);
    close(manager.fd);
}
END_TEST

/* However many are asked for: each that begins ends, and one begins after the last was asked for.
 */
START_TEST(reload_storm)
{
    struct manager manager;
    struct daemon daemon;
    unsigned long long asked = 0, began = 0;

    harness_begin(&daemon);
    manager_open(&manager, &daemon);
    harness_configure(&daemon, CAT, harness_port());
    start(&daemon, &manager);
    expect(&manager, "READY");
    for (int i = 0; i < 50; i++) {
        asked = now_usec();
        harness_signal(&daemon, SIGHUP);
    }
    while (began < asked) {
        expect(&manager, "RELOADING");
        began = number(&manager, "MONOTONIC_USEC");
        expect(&manager, "READY");
    }
    harness_signal(&daemon, SIGTERM);
    ck_assert(harness_until(has_message, &manager));
    if (has_field(&manager, "RELOADING")) { /* the last one came while that one was read */
        expect(&manager, "READY");
        expect(&manager, "STOPPING");
    }
    ck_assert(has_field(&manager, "STOPPING"));
    ck_assert_int_eq(harness_wait(&daemon), 0);
    close(manager.fd);
    harness_remove(&daemon);
}
END_TEST

/* An upgrade is a reload, after which another build speaks as the same process; one that its build
 * refuses is none. */
START_TEST(upgrades)
{
    struct manager manager;
    struct daemon daemon;
    int port = harness_port(), fd;
    char path[128];

    SKIP_IF(harness_is_wrapped(), "not under a wrapper");
    harness_begin(&daemon);
    harness_copy_daemon(&daemon);
    snprintf(path, sizeof(path), "%s/stdinetd", daemon.directory);
    manager_open(&manager, &daemon);
    manager.watchdog = "100000";
    harness_configure(&daemon, CAT, port);
    start(&daemon, &manager);
    expect(&manager, "READY");
    fd = hold_handler(port);
    harness_signal(&daemon, SIGUSR2);
    expect(&manager, "RELOADING");
    expect(&manager, "READY");
    ck_assert_int_eq(manager.pid, daemon.pid);
    ck_assert_str_eq(field(&manager, "STATUS"), "1 service, 1 handler running");
    expect_pings(&manager);
    ck_assert_int_eq(manager.pid, daemon.pid);
    ck_assert(harness_shell("cp /bin/false '%s.new' && mv '%s.new' '%s'", path, path, path) == 0);
    harness_signal(&daemon, SIGUSR2);
    harness_log_wait(&daemon, "upgrade failed", 1);
    close(fd);
    expect_status(&manager, "1 service, 0 handlers running");
    harness_end(&daemon);
    close(manager.fd);
}
END_TEST

/* The status follows what happens; once a second at most, however much it is. */
START_TEST(status_changes)
{
    struct manager manager;
    struct daemon daemon;
    struct crowd crowd;
    int ports[2] = {harness_port(), harness_port()};
    long began;
    int fd;

    harness_begin(&daemon);
    manager_open(&manager, &daemon);
    harness_configure(&daemon, CAT UPPER, ports[0], ports[1]);
    began = harness_now();
    start(&daemon, &manager);
    expect(&manager, "READY");
    fd = hold_handler(ports[0]);
    expect_status(&manager, "2 services, 1 handler running");
    crowd_start(&crowd, ports[1], 4, harness_scale(1000));
    crowd_end(&crowd);
    close(fd);
    expect_status(&manager, "2 services, 0 handlers running");
    ck_assert_int_le(manager.statuses, (harness_now() - began) / 1000 + 1);
    harness_end(&daemon);
    close(manager.fd);
}
END_TEST

/* An address that becomes free is a change of the status. */
START_TEST(status_of_pending)
{
    struct manager manager;
    struct daemon daemon, other;
    int port = harness_port(), taken = harness_port();

    harness_serve(&other, UPPER, taken);
    harness_begin(&daemon);
    manager_open(&manager, &daemon);
    harness_configure(&daemon, CAT UPPER, port, taken);
    start(&daemon, &manager);
    expect(&manager, "READY");
    harness_end(&other);
    expect_status(&manager, "2 services, 0 handlers running");
    harness_end(&daemon);
    close(manager.fd);
}
END_TEST

/* The watchdog is told that the loop turns; not when the daemon hangs (here: is stopped). */
START_TEST(watchdog)
{
    struct manager manager;
    struct daemon daemon;
    int status;

    harness_begin(&daemon);
    manager_open(&manager, &daemon);
    manager.watchdog = "100000";
    harness_configure(&daemon, CAT, harness_port());
    start(&daemon, &manager);
    expect(&manager, "READY");
    expect_pings(&manager);
    ck_assert_int_eq(manager.pid, daemon.pid);
    harness_signal(&daemon, SIGSTOP);
    ck_assert(waitpid(daemon.pid, &status, WUNTRACED) == daemon.pid && WIFSTOPPED(status));
    while (take(&manager))
        ;
    ck_assert_int_eq(poll(&(struct pollfd){.fd = manager.fd, .events = POLLIN}, 1, 300), 0);
    harness_signal(&daemon, SIGCONT);
    expect_pings(&manager);
    harness_end(&daemon);
    close(manager.fd);
}
END_TEST

/* One that watches another process isn't for us: of the hundred pings that would come before the
 * next status none does. */
START_TEST(watchdog_of_another)
{
    struct manager manager;
    struct daemon daemon;
    int port = harness_port(), fd;

    harness_begin(&daemon);
    manager_open(&manager, &daemon);
    manager.watchdog = "20000";
    manager.watches_another = true;
    harness_configure(&daemon, CAT, port);
    start(&daemon, &manager);
    expect(&manager, "READY");
    fd = hold_handler(port);
    expect_status(&manager, "1 service, 1 handler running");
    ck_assert_int_eq(manager.pings, 0);
    close(fd);
    harness_end(&daemon);
    close(manager.fd);
}
END_TEST

/* Without a single fd to accept with the watchdog is told all the same. */
START_TEST(watchdog_without_fds)
{
    struct manager manager;
    struct daemon daemon;
    int port = harness_port();
    int fds[60];

    SKIP_IF(harness_is_wrapped(), "not under a wrapper");
    harness_begin(&daemon);
    manager_open(&manager, &daemon);
    manager.watchdog = "100000";
    manager.files = 40;
    /* A held client keeps its fd. */
    harness_configure(
        &daemon, "[upper]\nlisten = 127.0.0.1:%d\nexec = sleep 1000\nlinger-close = 1h\nUSER\n",
        port);
    start(&daemon, &manager);
    for (int i = 0; i < 60; i++)
        fds[i] = client_connect(port);
    harness_log_wait(&daemon, "Too many open files", 1);
    expect_pings(&manager);
    for (int i = 0; i < 60; i++)
        close(fds[i]);
    harness_signal(&daemon, SIGTERM);
    harness_log_wait(&daemon, "stopping: waiting for", 1);
    harness_signal(&daemon, SIGTERM);
    harness_wait(&daemon);
    close(manager.fd);
    harness_remove(&daemon);
}
END_TEST

/* Fills the manager's queue until nobody can send. Returns by what to. */
static void fill(const struct manager *manager)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(manager->name));

    memcpy(address.sun_path, manager->name, strlen(manager->name));
    while (sendto(fd, "X_FILLS=1", 9, 0, (struct sockaddr *)&address, length) == 9)
        ;
    ck_assert_msg(errno == EAGAIN, "%s", strerror(errno));
    close(fd);
}

/* The manager doesn't read: clients are served, reloads done, and when it reads at last it learns
 * how things stand, in order. */
START_TEST(full_queue)
{
    struct manager manager;
    struct daemon daemon;
    int port = harness_port();
    unsigned long long asked = 0;
    char *answer;

    harness_begin(&daemon);
    manager_open(&manager, &daemon);
    manager.watchdog = "100000";
    fill(&manager);
    harness_configure(&daemon, UPPER, port);
    start(&daemon, &manager);
    for (int i = 1; i <= 3; i++) {
        asked = now_usec();
        harness_signal(&daemon, SIGHUP);
        harness_log_wait(&daemon, "notice reloaded", i);
        answer = client_exchange(port, "abc");
        ck_assert_str_eq(answer, "ABC");
        free(answer);
    }
    harness_log_wait(&daemon, "cannot notify the service manager: Resource temporarily", 1);
    for (bool fills = true; fills;) {
        ck_assert(harness_until(has_message, &manager));
        fills = has_field(&manager, "X_FILLS");
    }
    ck_assert_msg(has_field(&manager, "RELOADING"), "%s", manager.text);
    ck_assert_uint_ge(number(&manager, "MONOTONIC_USEC"), asked);
    expect(&manager, "READY");
    harness_log_wait(&daemon, "service manager notification works again", 1);
    expect_pings(&manager);
    fill(&manager);
    harness_end(&daemon);
    close(manager.fd);
}
END_TEST

/* The last word is tried even where the words before it failed. */
START_TEST(full_until_the_stop)
{
    struct manager manager;
    struct daemon daemon;

    harness_begin(&daemon);
    manager_open(&manager, &daemon);
    fill(&manager);
    harness_configure(&daemon, CAT, harness_port());
    start(&daemon, &manager);
    harness_log_wait(&daemon, "cannot notify the service manager: Resource temporarily", 1);
    while (take(&manager))
        ;
    harness_signal(&daemon, SIGTERM);
    ck_assert_int_eq(harness_wait(&daemon), 0);
    ck_assert_msg(take(&manager), "nothing comes");
    if (has_field(&manager, "READY")) /* another try came between */
        ck_assert_msg(take(&manager), "nothing comes but READY");
    ck_assert_msg(has_field(&manager, "STOPPING"), "%s", manager.text);
    expect_silence(&manager);
    close(manager.fd);
    harness_remove(&daemon);
}
END_TEST

/* Nobody has the socket: everything works, and who comes late is told that we are ready. */
START_TEST(nobody_listens)
{
    struct manager manager;
    struct daemon daemon;
    int port = harness_port();
    char *answer;

    harness_begin(&daemon);
    manager_open(&manager, &daemon);
    close(manager.fd); /* the name stays: refused */
    if (_i == 1)
        unlink(manager.name);
    harness_configure(&daemon, UPPER, port);
    start(&daemon, &manager);
    answer = client_exchange(port, "abc");
    ck_assert_str_eq(answer, "ABC");
    free(answer);
    harness_log_wait(&daemon,
                     _i == 0 ? "cannot notify the service manager: Connection refused"
                             : "cannot notify the service manager: No such file",
                     1);
    unlink(manager.name);
    manager.fd = bind_socket(manager.name);
    expect(&manager, "READY");
    harness_end(&daemon);
    close(manager.fd);
}
END_TEST

/* What is no address of a manager is said, and that's all. */
START_TEST(bad_address)
{
    static const char *const names[] = {"notify", "vsock:2:1"};
    struct manager manager = {.fd = -1, .watchdog = "100000"};
    struct daemon daemon;

    harness_begin(&daemon);
    if (_i < 2)
        snprintf(manager.name, sizeof(manager.name), "%s", names[_i]);
    else
        snprintf(manager.name, sizeof(manager.name), "/%0120d", 0); /* too long */
    harness_configure(&daemon, CAT, harness_port());
    start(&daemon, &manager);
    harness_log_wait(&daemon, "warning cannot use NOTIFY_SOCKET ", 1);
    harness_end(&daemon);
}
END_TEST

/* Handlers don't have the manager's variables, and can't be given them. */
START_TEST(handlers_know_no_manager)
{
    struct manager manager;
    struct daemon daemon;
    int port = harness_port();
    char *answer;

    harness_begin(&daemon);
    manager_open(&manager, &daemon);
    manager.watchdog = "30000000";
    harness_configure(&daemon, "[env]\nlisten = 127.0.0.1:%d\nexec = env\nUSER\n", port);
    start(&daemon, &manager);
    expect(&manager, "READY");
    answer = client_read_all(client_connect(port));
    ck_assert(strstr(answer, "STDINETD_SERVICE=env") != NULL);
    ck_assert_msg(!strstr(answer, "NOTIFY") && !strstr(answer, "WATCHDOG"), "%s", answer);
    free(answer);
    harness_configure(&daemon,
                      "[env]\nlisten = 127.0.0.1:%d\nexec = env\nUSER\n"
                      "pass-env = NOTIFY_SOCKET WATCHDOG_USEC\n",
                      port);
    harness_signal(&daemon, SIGHUP);
    harness_log_wait(&daemon, "'NOTIFY_SOCKET' is set by stdinetd itself", 1);
    harness_end(&daemon);
    close(manager.fd);
}
END_TEST

/* --daemon: the process that the manager knows tells it who the main process is, when that one is
 * ready; and from then on that one speaks. A start that fails is not ready. */
START_TEST(background)
{
    const char *arguments[] = {"-c", NULL, "--daemon", NULL};
    struct manager manager;
    const struct daemon_options options = {
        .arguments = arguments, .not_ready = true, .before_exec = obey, .context = &manager};
    struct daemon daemon;
    char path[128], *pid_file;
    pid_t parent, child;

    prctl(PR_SET_CHILD_SUBREAPER, 1);
    harness_begin(&daemon);
    arguments[1] = daemon.config;
    manager_open(&manager, &daemon);
    manager.watchdog = "100000";
    snprintf(path, sizeof(path), "%s/pid", daemon.directory);
    harness_configure(&daemon, "[stdinetd]\npid-file = %s\nlog = %s\n" CAT, path, daemon.log,
                      harness_port());
    harness_start(&daemon, &options);
    parent = daemon.pid;
    ck_assert_int_eq(harness_wait(&daemon), 0);
    ck_assert_msg(take(&manager), "the parent has ended and told nothing");
    ck_assert_int_eq(manager.pid, parent);
    ck_assert_str_eq(field(&manager, "READY"), "1");
    child = (pid_t)number(&manager, "MAINPID");
    pid_file = harness_read_file(path);
    ck_assert_int_eq(strtol(pid_file, NULL, 10), child);
    free(pid_file);
    expect_status(&manager, "1 service, 0 handlers running");
    ck_assert_int_eq(manager.pid, child);
    expect_pings(&manager);
    ck_assert_int_eq(manager.pid, child);

    /* And whatever build it becomes. */
    if (!harness_is_wrapped()) {
        ck_assert(kill(child, SIGUSR2) == 0);
        expect(&manager, "RELOADING");
        expect(&manager, "READY");
        expect_pings(&manager);
        ck_assert_int_eq(manager.pid, child);
    }

    harness_start(&daemon, &options); /* a second one: it fails, and says nothing */
    parent = daemon.pid;
    ck_assert_int_eq(WEXITSTATUS(harness_wait(&daemon)), 71);
    while (take(&manager))
        ck_assert_msg(manager.pid == child, "%s", manager.text);

    ck_assert(kill(child, SIGTERM) == 0);
    expect(&manager, "STOPPING");
    ck_assert_int_eq(manager.pid, child);
    daemon.pid = child;
    ck_assert_int_eq(harness_wait(&daemon), 0);
    close(manager.fd);
    harness_remove(&daemon);
}
END_TEST

Suite *notify_suite(void)
{
    Suite *suite = suite_create("notify");
    TCase *all = tcase_create("all");

    tcase_set_timeout(all, LONGEST);
    tcase_add_loop_test(all, start_and_stop, 0, 2);
    tcase_add_test(all, quit);
    tcase_add_test(all, reloads);
    tcase_add_test(all, reload_storm);
    tcase_add_test(all, upgrades);
    tcase_add_test(all, status_changes);
    tcase_add_test(all, status_of_pending);
    tcase_add_test(all, watchdog);
    tcase_add_test(all, watchdog_of_another);
    tcase_add_test(all, watchdog_without_fds);
    tcase_add_test(all, full_queue);
    tcase_add_test(all, full_until_the_stop);
    tcase_add_loop_test(all, nobody_listens, 0, 2);
    tcase_add_loop_test(all, bad_address, 0, 3);
    tcase_add_test(all, handlers_know_no_manager);
    tcase_add_test(all, background);
    suite_add_tcase(suite, all);
    return suite;
}
