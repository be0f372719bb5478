/* support: see support.h. */
#include "support.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORDS_MAX 16

long now_milliseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void run_handler(int in, int out, int errors, const char *const *words)
{
    const char *directory = getenv("STDINETD_HANDLERS");
    char path[512], *copies[WORDS_MAX];
    int count = 0;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    snprintf(path, sizeof(path), "%s/%s", directory ? directory : "src/handlers", words[0]);
    while (words[count] && count < WORDS_MAX - 1) {
        copies[count] = strdup(words[count]);
        count++;
    }
    copies[count] = NULL;
    /* Above the standard ones first: in may be 1, or out 0. */
    in = fcntl(in, F_DUPFD_CLOEXEC, 10);
    out = fcntl(out, F_DUPFD_CLOEXEC, 10);
    if (dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
        dup2(errors, STDERR_FILENO) >= 0)
        execv(path, copies);
    dprintf(STDERR_FILENO, "%s: %s\n", path, strerror(errno));
    _exit(126);
}

struct handler handler_start(int in, int out, const char *const *words)
{
    struct handler handler;
    int errors[2];

    ck_assert(pipe2(errors, O_CLOEXEC) == 0);
    handler.pid = fork();
    /* Nothing of Check's in the child: both would write into its file of messages. */
    if (handler.pid == 0)
        run_handler(in, out, errors[1], words);
    ck_assert(handler.pid > 0);
    close(errors[1]);
    handler.errors = errors[0];
    return handler;
}

struct handler handler_serve(int fd, const char *const *words)
{
    struct handler handler = handler_start(fd, fd, words);

    close(fd);
    return handler;
}

struct handler handler_serve_by_shell(int fd, const char *script)
{
    struct handler handler = {.errors = -1};

    handler.pid = fork();
    if (handler.pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++)
            dup2(fd, i);
        execl("/bin/sh", "sh", "-c", script, getenv("STDINETD_HANDLERS"), (char *)NULL);
        _exit(126);
    }
    ck_assert(handler.pid > 0);
    close(fd);
    return handler;
}

static int await_exit(pid_t pid)
{
    long end = now_milliseconds() + DEADLINE * 1000;
    int status;

    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (now_milliseconds() > end) {
            kill(pid, SIGKILL);
            ck_abort_msg("the handler doesn't end");
        }
        poll(NULL, 0, 2);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int handler_end_errors(struct handler *handler, char **ret_errors)
{
    int status = await_exit(handler->pid), error;
    size_t length;

    *ret_errors = bytes_read_all(handler->errors, &length, &error);
    close(handler->errors);
    return status;
}

int handler_end(struct handler *handler)
{
    char *errors;
    int status = handler_end_errors(handler, &errors);

    if (errors[0])
        fprintf(stderr, "# %s", errors);
    free(errors);
    return status;
}

void handler_kill(struct handler *handler)
{
    kill(handler->pid, SIGKILL);
    ck_assert_int_eq(handler_end(handler), 128 + SIGKILL);
}

char *directory_make(void)
{
    char *directory = strdup("/tmp/stdinetd-handlers.XXXXXX");

    ck_assert(mkdtemp(directory) != NULL);
    ck_assert(chmod(directory, 0755) == 0);
    return directory;
}

void directory_remove(char *directory)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        execlp("rm", "rm", "-rf", directory, (char *)NULL);
        _exit(127);
    }
    ck_assert(waitpid(pid, &status, 0) == pid && status == 0);
    free(directory);
}

void file_write(const char *directory, const char *name, const char *text, unsigned mode)
{
    char path[256];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    file = fopen(path, "we");
    ck_assert_msg(file != NULL, "%s: %s", path, strerror(errno));
    ck_assert(fputs(text, file) >= 0 && fclose(file) == 0 && chmod(path, mode) == 0);
}

char *file_read(const char *directory, const char *name)
{
    char path[256], *text;
    size_t length;
    int fd, error;

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return strdup("");
    text = bytes_read_all(fd, &length, &error);
    close(fd);
    return text;
}

void file_await(const char *directory, const char *name, size_t size)
{
    long end = now_milliseconds() + DEADLINE * 1000;

    for (;;) {
        char *text = file_read(directory, name);
        size_t length = strlen(text);

        free(text);
        if (length >= size)
            return;
        ck_assert_msg(now_milliseconds() < end, "%s isn't written", name);
        poll(NULL, 0, 2);
    }
}

struct address address_make(const char *host, int port)
{
    struct address address = {.length = 0};
    struct sockaddr_in in4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};

    if (inet_pton(AF_INET, host, &in4.sin_addr) == 1) {
        memcpy(&address.storage, &in4, sizeof(in4));
        address.length = sizeof(in4);
    } else {
        ck_assert(inet_pton(AF_INET6, host, &in6.sin6_addr) == 1);
        memcpy(&address.storage, &in6, sizeof(in6));
        address.length = sizeof(in6);
    }
    return address;
}

struct address address_of(int fd)
{
    struct address address = {.length = sizeof(address.storage)};

    ck_assert(getsockname(fd, (struct sockaddr *)&address.storage, &address.length) == 0);
    return address;
}

int address_port(const struct address *address)
{
    /* At the same place in both families. */
    const struct sockaddr_in *in4 = (const struct sockaddr_in *)&address->storage;

    return ntohs(in4->sin_port);
}

void socket_set_deadline(int fd)
{
    struct timeval time = {.tv_sec = DEADLINE};

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time));
}

int socket_bind(int type, const char *host, int port)
{
    struct address address = address_make(host, port);
    int fd = socket(address.storage.ss_family, type | SOCK_CLOEXEC, 0);

    ck_assert(fd >= 0);
    if (address.storage.ss_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){0}, sizeof(int));
    ck_assert_msg(bind(fd, (struct sockaddr *)&address.storage, address.length) == 0, "bind %s: %s",
                  host, strerror(errno));
    if (type == SOCK_STREAM)
        ck_assert(listen(fd, 64) == 0);
    else
        socket_set_deadline(fd);
    return fd;
}

int socket_connect(int type, const struct address *address)
{
    int fd = socket(address->storage.ss_family, type | SOCK_CLOEXEC, 0);

    ck_assert(fd >= 0);
    socket_set_deadline(fd);
    ck_assert_msg(connect(fd, (const struct sockaddr *)&address->storage, address->length) == 0,
                  "connect: %s", strerror(errno));
    return fd;
}

int socket_accept(int listener)
{
    struct pollfd wanted = {.fd = listener, .events = POLLIN};
    int fd;

    ck_assert_msg(poll(&wanted, 1, DEADLINE * 1000) == 1, "nobody connects");
    fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    ck_assert(fd >= 0);
    socket_set_deadline(fd);
    return fd;
}

void socket_pair(const char *host, int pair[static 2])
{
    int listener = socket_bind(SOCK_STREAM, host, 0);
    struct address address = address_of(listener);

    pair[0] = socket_connect(SOCK_STREAM, &address);
    pair[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    ck_assert(pair[1] >= 0);
    close(listener);
}

void bytes_write(int fd, const void *bytes, size_t size)
{
    const char *rest = bytes;

    while (size > 0) {
        ssize_t put = write(fd, rest, size);

        ck_assert_msg(put > 0, "write: %s", strerror(errno));
        rest += put;
        size -= (size_t)put;
    }
}

void bytes_read(int fd, void *bytes, size_t size)
{
    char *rest = bytes;

    while (size > 0) {
        ssize_t got = read(fd, rest, size);

        ck_assert_msg(got > 0, "read: %s", got < 0 ? strerror(errno) : "the end");
        rest += got;
        size -= (size_t)got;
    }
}

char *bytes_read_all(int fd, size_t *ret_length, int *ret_error)
{
    size_t size = 4096, length = 0;
    char *bytes = malloc(size);
    ssize_t got;

    while ((got = read(fd, bytes + length, size - length - 1)) > 0) {
        length += (size_t)got;
        if (length + 1 == size)
            bytes = realloc(bytes, size *= 2);
    }
    *ret_error = got < 0 ? -errno : 0;
    ck_assert_msg(*ret_error != -EAGAIN, "neither bytes nor an end have come");
    bytes[length] = '\0';
    *ret_length = length;
    return bytes;
}

void bytes_expect_all(int fd, const char *text)
{
    size_t length;
    int error;
    char *all = bytes_read_all(fd, &length, &error);

    ck_assert_str_eq(all, text);
    ck_assert_int_eq(error, 0);
    free(all);
}

char *bytes_make(size_t size, unsigned seed)
{
    unsigned state = seed * 2654435761U + 1;
    char *bytes = malloc(size);

    ck_assert(bytes != NULL);
    for (size_t i = 0; i < size; i++) {
        state = state * 1664525U + 1013904223U;
        bytes[i] = (char)(state >> 24);
    }
    return bytes;
}

void bytes_pump(int write_fd, const char *output, size_t output_size, int read_fd, char *input,
                size_t input_size)
{
    while (output_size > 0 || input_size > 0) {
        struct pollfd fds[2] = {{.fd = output_size > 0 ? write_fd : -1, .events = POLLOUT},
                                {.fd = input_size > 0 ? read_fd : -1, .events = POLLIN}};

        ck_assert_msg(poll(fds, 2, DEADLINE * 1000) > 0,
                      "nothing passes; %zu to write, %zu to read", output_size, input_size);
        if (fds[0].revents) {
            ssize_t put = send(write_fd, output, output_size, MSG_DONTWAIT | MSG_NOSIGNAL);

            ck_assert_msg(put > 0 || errno == EAGAIN, "send: %s", strerror(errno));
            output += put > 0 ? put : 0;
            output_size -= put > 0 ? (size_t)put : 0;
        }
        if (fds[1].revents) {
            ssize_t got = recv(read_fd, input, input_size, MSG_DONTWAIT);

            ck_assert_msg(got > 0, "recv: %s", got < 0 ? strerror(errno) : "the end");
            input += got;
            input_size -= (size_t)got;
        }
    }
}

bool process_runs(pid_t pid)
{
    char name[64], path[32];
    char *status, *state;
    bool runs;

    snprintf(path, sizeof(path), "/proc/%d", pid);
    snprintf(name, sizeof(name), "status");
    status = file_read(path, name);
    state = strstr(status, "State:\t");
    runs = state && state[7] != 'Z' && state[7] != 'X';
    free(status);
    return runs;
}

void process_await_end(pid_t pid)
{
    long end = now_milliseconds() + DEADLINE * 1000;

    while (process_runs(pid)) {
        ck_assert_msg(now_milliseconds() < end, "process %d is still there", pid);
        poll(NULL, 0, 2);
    }
}

long process_ticks(pid_t pid)
{
    char path[32], *text, *rest;
    long user = 0, system_time = 0;

    snprintf(path, sizeof(path), "/proc/%d", pid);
    text = file_read(path, "stat");
    rest = strrchr(text, ')'); /* the name may hold anything; the state is the third field */
    ck_assert(rest && sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld",
                             &user, &system_time) == 2);
    free(text);
    return user + system_time;
}
