/* harness: see harness.h. */
#include "harness.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORDS_MAX 32

static int slowness(void)
{
    const char *text = getenv("STDINETD_SLOW");

    long value = text ? strtol(text, NULL, 10) : 1;

    return value > 1 ? (int)value : 1;
}

int harness_scale(int count)
{
    int scaled = count / (slowness() * slowness());

    return scaled > 0 ? scaled : 1;
}

bool harness_is_wrapped(void)
{
    const char *wrapper = getenv("STDINETD_WRAPPER");

    return wrapper && wrapper[0] != '\0';
}

bool harness_is_root(void)
{
    return geteuid() == 0;
}

long harness_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void harness_pause(void)
{
    poll(NULL, 0, 5);
}

bool harness_until(bool (*condition)(void *context), void *context)
{
    long end = harness_now() + DEADLINE * 1000 * slowness();

    while (!condition(context)) {
        if (harness_now() > end)
            return false;
        harness_pause();
    }
    return true;
}

char *harness_read_file(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = NULL;
    size_t size = 0;
    ssize_t length;

    ck_assert_msg(file != NULL, "%s: %s", path, strerror(errno));
    length = getdelim(&text, &size, EOF, file);
    fclose(file);
    if (length < 0) {
        free(text);
        return strdup("");
    }
    return text;
}

void harness_write_file(const char *path, const char *text, unsigned mode)
{
    FILE *file = fopen(path, "w");

    ck_assert_msg(file != NULL, "%s: %s", path, strerror(errno));
    ck_assert(fputs(text, file) >= 0 && fclose(file) == 0);
    ck_assert(chmod(path, mode) == 0);
}

void harness_write_program(const char *path, const char *text)
{
    char temporary[256];

    snprintf(temporary, sizeof(temporary), "%s.new", path);
    harness_write_file(temporary, text, 0755);
    ck_assert(rename(temporary, path) == 0);
}

int harness_shell(const char *format, ...)
{
    char command[1024];
    va_list arguments;
    pid_t pid;
    int status;

    va_start(arguments, format);
    vsnprintf(command, sizeof(command), format, arguments);
    va_end(arguments);
    pid = fork();
    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    ck_assert(pid > 0 && waitpid(pid, &status, 0) == pid);
    return status;
}

void harness_begin(struct daemon *daemon)
{
    *daemon = (struct daemon){0};
    snprintf(daemon->directory, sizeof(daemon->directory), "/tmp/stdinetd-test.XXXXXX");
    ck_assert(mkdtemp(daemon->directory) != NULL);
    ck_assert(chmod(daemon->directory, 0755) == 0);
    snprintf(daemon->config, sizeof(daemon->config), "%s/stdinetd.ini", daemon->directory);
    snprintf(daemon->log, sizeof(daemon->log), "%s/log", daemon->directory);
}

static void configure(struct daemon *daemon, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

static void configure(struct daemon *daemon, const char *format, va_list arguments)
{
    static const char user[] = "user = nobody\n";
    char *text, *marker;
    size_t length;

    ck_assert(vasprintf(&text, format, arguments) >= 0);
    length = strlen(text) * 2 + 64;
    text = realloc(text, length);
    while ((marker = strstr(text, "USER\n")) != NULL) {
        size_t put = harness_is_root() ? strlen(user) : 0;

        memmove(marker + put, marker + 5, strlen(marker + 5) + 1);
        memcpy(marker, user, put);
    }
    harness_write_file(daemon->config, text, 0644);
    free(text);
}

void harness_configure(struct daemon *daemon, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    configure(daemon, format, arguments);
    va_end(arguments);
}

void harness_copy_daemon(const struct daemon *daemon)
{
    const char *binary = getenv("STDINETD");
    char path[128];

    snprintf(path, sizeof(path), "%s/stdinetd", daemon->directory);
    ck_assert(harness_shell("cp '%s' '%s' && chmod 755 '%s'", binary ? binary : "./stdinetd", path,
                            path) == 0);
    setenv("STDINETD", path, 1);
}

/* Whether the configuration says where the control socket is: otherwise there is to be none, since
 * the one in /run is not a test's. */
static bool names_control(const struct daemon *daemon)
{
    char *text = access(daemon->config, R_OK) == 0 ? harness_read_file(daemon->config) : strdup("");
    bool names = strstr(text, "control =") != NULL;

    free(text);
    return names;
}

static bool is_cold;

void harness_be_cold(void)
{
    is_cold = true;
}

static const char *warm_tests(void)
{
    const char *depth = getenv("STDINETD_WARM_TESTS");

    return depth && depth[0] != '\0' ? depth : NULL;
}

/* The words of the command line: wrapper, binary, arguments. */
static void make_words(const struct daemon *daemon, const struct daemon_options *options,
                       char wrapper[static 256], char *words[static WORDS_MAX])
{
    const char *given = getenv("STDINETD_WRAPPER");
    char *binary = getenv("STDINETD");
    char *rest;
    int count = 0;

    snprintf(wrapper, 256, "%s", given ? given : "");
    for (char *word = strtok_r(wrapper, " ", &rest); word && count < 8;
         word = strtok_r(NULL, " ", &rest))
        words[count++] = word;
    words[count++] = binary ? binary : strdup("./stdinetd");
    if (options && options->arguments) {
        for (int i = 0; options->arguments[i]; i++)
            words[count++] = strdup(options->arguments[i]);
    } else {
        words[count++] = strdup("-c");
        words[count++] = strdup(daemon->config);
        if (!names_control(daemon)) {
            words[count++] = strdup("-o");
            words[count++] = strdup("control=none");
        }
        if (warm_tests() && !is_cold) {
            char text[32];

            snprintf(text, sizeof(text), "warm=%s", warm_tests());
            words[count++] = strdup("-o");
            words[count++] = strdup(text);
            words[count++] = strdup("-o");
            words[count++] = strdup("warm-template=yes");
        }
    }
    words[count] = NULL;
}

static void run_daemon(const struct daemon *daemon, const struct daemon_options *options)
{
    int fd = open(daemon->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    char *words[WORDS_MAX], wrapper[256];

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (options && options->stderr_fd > 0)
        dup2(options->stderr_fd, STDERR_FILENO);
    else
        dup2(fd, STDERR_FILENO);
    make_words(daemon, options, wrapper, words);
    if (options && options->before_exec)
        options->before_exec(options->context);
    execvp(words[0], words);
    dprintf(STDERR_FILENO, "%s: %s\n", words[0], strerror(errno));
    _exit(127);
}

void harness_start(struct daemon *daemon, const struct daemon_options *options)
{
    daemon->pid = fork();
    ck_assert(daemon->pid >= 0);
    if (daemon->pid == 0)
        run_daemon(daemon, options);
    if (!options || !options->not_ready)
        harness_log_wait(daemon, " ready: ", 1);
}

void harness_serve(struct daemon *daemon, const char *format, ...)
{
    va_list arguments;

    harness_begin(daemon);
    va_start(arguments, format);
    configure(daemon, format, arguments);
    va_end(arguments);
    harness_start(daemon, NULL);
}

void harness_signal(const struct daemon *daemon, int number)
{
    ck_assert_msg(kill(daemon->pid, number) == 0, "the daemon is gone");
}

void harness_replace_daemon(const struct daemon *daemon, const char *file)
{
    ck_assert(harness_shell("cp '%s' '%s/new' && chmod 755 '%s/new' && mv '%s/new' '%s/stdinetd'",
                            file, daemon->directory, daemon->directory, daemon->directory,
                            daemon->directory) == 0);
}

void harness_upgrade(const struct daemon *daemon, int count)
{
    harness_signal(daemon, SIGUSR2);
    harness_log_wait(daemon, "notice upgraded from ", count);
}

struct waiting {
    pid_t pid;
    int status;
};

static bool has_ended(void *context)
{
    struct waiting *waiting = context;

    return waitpid(waiting->pid, &waiting->status, WNOHANG) == waiting->pid;
}

int harness_wait(struct daemon *daemon)
{
    struct waiting waiting = {.pid = daemon->pid};

    ck_assert_msg(harness_until(has_ended, &waiting), "the daemon doesn't end");
    daemon->pid = 0;
    return waiting.status;
}

void harness_remove(struct daemon *daemon)
{
    harness_shell("rm -rf '%s'", daemon->directory);
}

/* The end of a log: Check's messages are bounded. */
static const char *tail(const char *log)
{
    size_t length = strlen(log);

    return length > 2000 ? log + length - 2000 : log;
}

void harness_end(struct daemon *daemon)
{
    int status;

    harness_signal(daemon, SIGTERM);
    status = harness_wait(daemon);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        char *log = harness_log(daemon);

        ck_abort_msg("the daemon ended with status %x; its log:\n%s", (unsigned)status, tail(log));
    }
    harness_remove(daemon);
}

char *harness_log(const struct daemon *daemon)
{
    return access(daemon->log, R_OK) == 0 ? harness_read_file(daemon->log) : strdup("");
}

int harness_log_count(const struct daemon *daemon, const char *text)
{
    char *log = harness_log(daemon);
    int count = 0;

    for (const char *at = log; (at = strstr(at, text)) != NULL; at += strlen(text))
        count++;
    free(log);
    return count;
}

struct expected_line {
    const struct daemon *daemon;
    const char *text;
    int count;
};

/* Whether the daemon has ended, without taking its status from whoever waits for it. */
static bool is_over(const struct daemon *daemon)
{
    siginfo_t info = {0};

    return daemon->pid > 0 &&
           waitid(P_PID, (id_t)daemon->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == daemon->pid;
}

static bool has_line_or_is_over(void *context)
{
    struct expected_line *line = context;
    bool over = is_over(line->daemon); /* looked at first: its last words count */

    return harness_log_count(line->daemon, line->text) >= line->count || over;
}

void harness_log_wait(const struct daemon *daemon, const char *text, int count)
{
    struct expected_line line = {daemon, text, count};

    harness_until(has_line_or_is_over, &line);
    if (harness_log_count(daemon, text) < count) {
        char *log = harness_log(daemon);

        siginfo_t info = {0};

        if (daemon->pid > 0)
            waitid(P_PID, (id_t)daemon->pid, &info, WEXITED | WNOHANG | WNOWAIT);
        ck_abort_msg("the log doesn't say '%s' %d times (ended: %d, status %d):\n%s", text, count,
                     info.si_pid != 0, info.si_status, tail(log));
    }
}

/* Whether port could be listened on now. */
static bool is_free(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool free_now;

    ck_assert(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    free_now = bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, 1) == 0;
    close(fd);
    return free_now;
}

/* Below the ports that the kernel gives to clients: there a client could connect to itself. Tests
 * that run at the same time begin at different places. */
int harness_port(void)
{
    static int next;

    if (next == 0)
        next = 10240 + (int)(getpid() * 37L % 20000);
    do {
        next = next < 32000 ? next + 7 : 10240;
    } while (!is_free(next));
    return next;
}

static void set_timeouts(int fd)
{
    struct timeval time = {.tv_sec = DEADLINE * slowness()};

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time));
}

int client_try(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert(fd >= 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    set_timeouts(fd);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        int error = -errno;

        close(fd);
        return error;
    }
    return fd;
}

int client_connect(int port)
{
    long end = harness_now() + DEADLINE * 1000 * slowness();
    int fd = client_try(port);

    while (fd < 0 && harness_now() < end) {
        harness_pause();
        fd = client_try(port);
    }
    ck_assert_msg(fd >= 0, "connect to port %d: %s", port, strerror(-fd));
    return fd;
}

int client_connect_unix(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t length = sizeof(address);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert(fd >= 0 && strlen(path) < sizeof(address.sun_path));
    memcpy(address.sun_path, path, strlen(path));
    if (path[0] == '@') {
        address.sun_path[0] = '\0';
        length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    }
    set_timeouts(fd);
    ck_assert_msg(connect(fd, (struct sockaddr *)&address, length) == 0, "connect to %s: %s", path,
                  strerror(errno));
    return fd;
}

void client_send(int fd, const char *text)
{
    size_t length = strlen(text);

    while (length > 0) {
        ssize_t sent = send(fd, text, length, MSG_NOSIGNAL);

        ck_assert_msg(sent > 0, "send: %s", strerror(errno));
        text += sent;
        length -= (size_t)sent;
    }
}

char *client_read_all(int fd)
{
    size_t room = 65536, length = 0;
    char *text = malloc(room);

    for (;;) {
        ssize_t got = recv(fd, text + length, room - length - 1, 0);

        ck_assert_msg(got >= 0 || errno == ECONNRESET, "recv: %s", strerror(errno));
        if (got <= 0)
            break;
        length += (size_t)got;
        if (length + 1 == room) {
            room *= 2;
            text = realloc(text, room);
        }
    }
    close(fd);
    text[length] = '\0';
    return text;
}

void client_expect(int fd, const char *text)
{
    char bytes[4096] = "";
    size_t length = 0;

    while (!strstr(bytes, text)) {
        ssize_t got = recv(fd, bytes + length, sizeof(bytes) - length - 1, 0);

        ck_assert_msg(got > 0, "'%s' doesn't come, but '%s'", text, bytes);
        length += (size_t)got;
        bytes[length] = '\0';
    }
}

char *client_exchange(int port, const char *text)
{
    int fd = client_connect(port);

    client_send(fd, text);
    shutdown(fd, SHUT_WR);
    return client_read_all(fd);
}

int client_connect_from(const char *source, int port)
{
    struct sockaddr_in from = {.sin_family = AF_INET}, to = from;
    const struct timeval deadline = {.tv_sec = DEADLINE};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(inet_pton(AF_INET, source, &from.sin_addr), 1);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons((uint16_t)port);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof(deadline));
    ck_assert(bind(fd, (struct sockaddr *)&from, sizeof(from)) == 0);
    ck_assert(connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0);
    return fd;
}

void client_expect_answer(int fd, const char *text, const char *expected)
{
    char *answer;

    client_send(fd, text);
    shutdown(fd, SHUT_WR);
    answer = client_read_all(fd);
    ck_assert_str_eq(answer, expected);
    free(answer);
}

void client_expect_closed(int fd)
{
    char byte;
    ssize_t got = recv(fd, &byte, 1, 0);

    ck_assert_msg(got == 0 || (got < 0 && errno == ECONNRESET), "not closed: %s",
                  got > 0 ? "a byte came" : strerror(errno));
    close(fd);
}

/* One client of a crowd: its share of the requests, one after the other. */
static void run_client(const struct crowd *crowd, int number)
{
    int share = crowd->requests / crowd->clients + (number < crowd->requests % crowd->clients);

    for (int i = 0; i < share; i++) {
        char text[64], expected[64];
        char *answer;

        snprintf(text, sizeof(text), "client %d request %d\n", number, i);
        snprintf(expected, sizeof(expected), "CLIENT %d REQUEST %d\n", number, i);
        answer = client_exchange(crowd->port, text);
        if (strcmp(answer, expected) != 0)
            __atomic_add_fetch(crowd->wrong, 1, __ATOMIC_SEQ_CST);
        __atomic_add_fetch(crowd->answered, 1, __ATOMIC_SEQ_CST);
        free(answer);
    }
    _exit(0);
}

void crowd_start(struct crowd *crowd, int port, int clients, int requests)
{
    *crowd = (struct crowd){.port = port, .clients = clients, .requests = requests};
    crowd->answered = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert(crowd->answered != MAP_FAILED);
    crowd->wrong = crowd->answered + 1;
    crowd->pids = calloc((size_t)clients, sizeof(*crowd->pids));
    for (int i = 0; i < clients; i++) {
        crowd->pids[i] = fork();
        ck_assert(crowd->pids[i] >= 0);
        if (crowd->pids[i] == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            run_client(crowd, i);
        }
    }
}

void crowd_wait_for(const struct crowd *crowd, int count)
{
    int answered, before = -1;
    long end = 0;

    /* The deadline is for one more answer, not for all: a busy machine is slow, not broken. */
    while ((answered = __atomic_load_n(crowd->answered, __ATOMIC_SEQ_CST)) < count) {
        if (answered != before)
            end = harness_now() + DEADLINE * 1000 * slowness();
        before = answered;
        ck_assert_msg(harness_now() < end, "only %d of %d answers came", answered, count);
        harness_pause();
    }
}

void crowd_end(struct crowd *crowd)
{
    crowd_wait_for(crowd, crowd->requests);
    for (int i = 0; i < crowd->clients; i++) {
        int status;

        ck_assert(waitpid(crowd->pids[i], &status, 0) == crowd->pids[i]);
        ck_assert_msg(status == 0, "a client failed");
    }
    ck_assert_int_eq(*crowd->wrong, 0);
    free(crowd->pids);
    munmap(crowd->answered, 4096);
}

long process_status(pid_t pid, const char *field)
{
    char path[64];
    char *text, *line;
    long value;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    text = harness_read_file(path);
    line = strstr(text, field);
    ck_assert_msg(line != NULL, "%s has no %s", path, field);
    value = strtol(line + strlen(field) + 1, NULL, 10);
    free(text);
    return value;
}

int process_fds(pid_t pid)
{
    char path[64];
    struct dirent *entry;
    DIR *directory;
    int count = 0;

    snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    directory = opendir(path);
    ck_assert_msg(directory != NULL, "%s: %s", path, strerror(errno));
    while ((entry = readdir(directory)) != NULL)
        count += entry->d_name[0] != '.';
    closedir(directory);
    return count;
}

long process_ticks(pid_t pid)
{
    char path[64];
    char *text, *at;
    long user, system;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    text = harness_read_file(path);
    at = strrchr(text, ')');
    ck_assert(at != NULL);
    ck_assert(
        sscanf(at + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld", &user, &system) == 2);
    free(text);
    return user + system;
}

bool process_exists(pid_t pid)
{
    return kill(pid, 0) == 0 || errno == EPERM;
}
