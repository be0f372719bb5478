/* control: see control.h. */
#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void control_socket_path(const struct daemon *daemon, char path[static 128])
{
    snprintf(path, 128, "%s/control", daemon->directory);
}

int control_try(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval time = {.tv_sec = DEADLINE * 5};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time));
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        int error = -errno;

        close(fd);
        return error;
    }
    return fd;
}

int control_connect(const struct daemon *daemon)
{
    char path[128];
    int fd;

    control_socket_path(daemon, path);
    fd = control_try(path);
    ck_assert_msg(fd >= 0, "connect to %s: %s", path, strerror(-fd));
    return fd;
}

json_t *control_read(int fd)
{
    size_t room = 65536, length = 0;
    char *text = malloc(room);
    json_error_t problem;
    json_t *answer;

    /* A byte too many would be the next answer's. */
    do {
        ssize_t got = recv(fd, text + length, room - length, MSG_PEEK);
        char *end;

        ck_assert_msg(got > 0, "no answer: %s", got == 0 ? "closed" : strerror(errno));
        end = memchr(text + length, '\n', (size_t)got);
        if (end)
            got = end - (text + length) + 1;
        ck_assert(recv(fd, text + length, (size_t)got, 0) == got);
        length += (size_t)got;
        if (length == room) {
            room *= 2;
            text = realloc(text, room);
        }
    } while (text[length - 1] != '\n');
    answer = json_loadb(text, length, 0, &problem);
    ck_assert_msg(json_is_object(answer), "'%.*s' is no object: %s", (int)length, text,
                  problem.text);
    free(text);
    return answer;
}

json_t *control_ask(int fd, const char *line)
{
    client_send(fd, line);
    client_send(fd, "\n");
    return control_read(fd);
}

json_t *control_ask_or_hear(int fd, const char *line)
{
    ck_assert(send(fd, line, strlen(line), MSG_NOSIGNAL) > 0 || errno == EPIPE);
    ck_assert(send(fd, "\n", 1, MSG_NOSIGNAL) > 0 || errno == EPIPE);
    return control_read(fd);
}

json_t *control_ask_once(const struct daemon *daemon, const char *line)
{
    int fd = control_connect(daemon);
    json_t *answer = control_ask(fd, line);

    close(fd);
    return answer;
}

json_t *control_order(int fd, const char *command, const char *argument, const char *value)
{
    char line[512];

    snprintf(line, sizeof(line), "{\"command\":\"%s\",\"arguments\":{\"%s\":\"%s\"}}", command,
             argument, value);
    return control_expect_ok(control_ask(fd, line));
}

json_t *control_expect_ok(json_t *answer)
{
    if (!json_is_true(json_object_get(answer, "ok")))
        ck_abort_msg("refused: %s", json_dumps(answer, 0));
    return answer;
}

void control_expect_error(const json_t *answer, const char *text)
{
    const char *error = json_string_value(json_object_get(answer, "error"));

    ck_assert_msg(json_is_false(json_object_get(answer, "ok")) && error && strstr(error, text),
                  "no error '%s': %s", text, json_dumps(answer, 0));
}

const json_t *control_service(const json_t *status, const char *name)
{
    const json_t *services = json_object_get(status, "services");

    for (size_t i = 0; i < json_array_size(services); i++) {
        const json_t *service = json_array_get(services, i);

        if (strcmp(json_string_value(json_object_get(service, "name")), name) == 0)
            return service;
    }
    ck_abort_msg("no service %s: %s", name, json_dumps(status, 0));
    return NULL;
}

struct awaited {
    int fd;
    const char *service, *member;
    const char *text; /* NULL: count */
    long count;
};

static bool is_so(void *context)
{
    const struct awaited *awaited = context;
    json_t *status = control_expect_ok(control_ask(awaited->fd, "{\"command\":\"status\"}"));
    const json_t *value =
        json_object_get(control_service(status, awaited->service), awaited->member);
    bool so = awaited->text
                  ? json_is_string(value) && strcmp(json_string_value(value), awaited->text) == 0
                  : json_is_integer(value) && json_integer_value(value) == awaited->count;

    json_decref(status);
    return so;
}

static void await(struct awaited *awaited)
{
    if (!harness_until(is_so, awaited))
        ck_abort_msg("%s of %s doesn't become so: %s", awaited->member, awaited->service,
                     json_dumps(control_ask(awaited->fd, "{\"command\":\"status\"}"), 0));
}

void control_await_text(int fd, const char *service, const char *member, const char *text)
{
    await(&(struct awaited){.fd = fd, .service = service, .member = member, .text = text});
}

void control_await_count(int fd, const char *service, const char *member, long count)
{
    await(&(struct awaited){.fd = fd, .service = service, .member = member, .count = count});
}

struct awaited_fds {
    pid_t pid;
    int count;
};

static bool has_fds(void *context)
{
    const struct awaited_fds *awaited = context;

    return process_fds(awaited->pid) == awaited->count;
}

void control_wait_fds(const struct daemon *daemon, int count)
{
    struct awaited_fds awaited = {daemon->pid, count};

    ck_assert_msg(harness_until(has_fds, &awaited), "%d fds are open, not %d",
                  process_fds(daemon->pid), count);
}
