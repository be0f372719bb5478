/* client: see client.h. */
#include "ctl/client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/text.h"

#define ROOTS_PATH "/run/stdinetd.sock"
#define FILE_NAME  "stdinetd.sock"

/* More than the daemon ever says at once. */
#define ANSWER_MAX ((size_t)64 * 1024 * 1024)

const char *client_path(const struct ctl *ctl)
{
    static char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
    const char *directory = getenv("XDG_RUNTIME_DIR");

    if (ctl->socket)
        return ctl->socket;
    if (geteuid() == 0 || !directory || directory[0] != '/')
        return ROOTS_PATH;
    /* Our own daemon, where there is one; else the system's, which lets a group in. */
    if ((size_t)snprintf(path, sizeof(path), "%s/%s", directory, FILE_NAME) >= sizeof(path) ||
        access(path, F_OK) < 0)
        return ROOTS_PATH;
    return path;
}

int client_open(const struct ctl *ctl, struct client *ret)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = client_path(ctl);
    FD_CLEANUP int fd = -1;

    if (strlen(path) >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    memcpy(address.sun_path, path, strlen(path));
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        return -errno;
    *ret = (struct client){.fd = fd};
    fd = -1;
    return 0;
}

void client_close(struct client *client)
{
    free(client->input);
    fd_close(client->fd);
    *client = (struct client){.fd = -1};
}

/* --- asking --------------------------------------------------------------------------------- */

static int send_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR)
            continue;
        /* The daemon has closed; it may have said why before. */
        if (sent < 0)
            return errno == EPIPE || errno == ECONNRESET ? 0 : -errno;
        bytes += sent;
        length -= (size_t)sent;
    }
    return 0;
}

static int send_request(int fd, const char *command, json_t *arguments)
{
    json_t *request = json_pack("{s:s, s:o*}", "command", command, "arguments", arguments);
    char *line = request ? json_dumps(request, JSON_COMPACT) : NULL;
    int error = line ? send_all(fd, line, strlen(line)) : -ENOMEM;

    if (error == 0)
        error = send_all(fd, "\n", 1);
    free(line);
    json_decref(request);
    return error;
}

static int make_room(struct client *client)
{
    size_t room = client->room > 0 ? client->room * 2 : 65536;
    char *grown;

    if (client->used < client->room)
        return 0;
    if (room > ANSWER_MAX)
        return -EPROTO;
    grown = realloc(client->input, room);
    if (!grown)
        return -ENOMEM;
    client->input = grown;
    client->room = room;
    return 0;
}

/* Waits until there is something to read. end 0: for ever. */
static int await(int fd, nanoseconds end)
{
    struct pollfd poller = {.fd = fd, .events = POLLIN};
    nanoseconds now = clock_now();
    int found;

    if (end != 0 && now >= end)
        return -ETIMEDOUT;
    found = poll(&poller, 1, end == 0 ? -1 : (int)((end - now) / CLOCK_MILLISECOND) + 1);
    if (found < 0 && errno != EINTR)
        return -errno;
    return 0;
}

/* Reads up to the end of a line, which is *ret_length bytes long. */
static int read_line(struct client *client, nanoseconds end, size_t *ret_length)
{
    for (;;) {
        char *found = client->used > 0 ? memchr(client->input, '\n', client->used) : NULL;
        int error = found ? 0 : make_room(client);
        ssize_t got;

        if (found) {
            *ret_length = (size_t)(found - client->input);
            return 0;
        }
        if (error == 0)
            error = await(client->fd, end);
        if (error < 0)
            return error;
        got = recv(client->fd, client->input + client->used, client->room - client->used,
                   MSG_DONTWAIT);
        if (got == 0)
            return -ECONNRESET;
        if (got < 0 && errno != EAGAIN && errno != EINTR)
            return -errno;
        client->used += got > 0 ? (size_t)got : 0;
    }
}

int client_ask(struct client *client, const char *command, json_t *arguments, int timeout,
               json_t **ret)
{
    nanoseconds end = timeout < 0 ? 0 : clock_now() + (nanoseconds)timeout * CLOCK_MILLISECOND;
    int error = send_request(client->fd, command, arguments);
    size_t length = 0;
    json_t *answer = NULL;

    if (error == 0)
        error = read_line(client, end, &length);
    if (error < 0)
        return error;
    answer = json_loadb(client->input, length, 0, NULL);
    client->used -= length + 1;
    memmove(client->input, client->input + length + 1, client->used);
    if (!json_is_boolean(json_object_get(answer, "ok"))) {
        json_decref(answer);
        return -EPROTO;
    }
    *ret = answer;
    return 0;
}

bool client_is_ok(const json_t *answer)
{
    return json_is_true(json_object_get(answer, "ok"));
}

/* --- all in one ----------------------------------------------------------------------------- */

int client_fail(const struct ctl *ctl, int error)
{
    const char *why = error == -ECONNRESET ? "it closed the connection"
                      : error == -EPROTO   ? "invalid answer"
                                           : strerror(-error);

    if (error == -EACCES)
        return ctl_fail(
            EXIT_UNAVAILABLE,
            "permission denied on %s (only root, the daemon's user and control-group may use it)",
            client_path(ctl));
    if (error == -ENOENT)
        return ctl_fail(EXIT_UNAVAILABLE,
                        "no stdinetd is running here (no socket %s); another one: -s SOCKET",
                        client_path(ctl));
    return ctl_fail(EXIT_UNAVAILABLE, "no daemon answers at %s: %s", client_path(ctl), why);
}

void client_print_json(const json_t *answer)
{
    json_dumpf(answer, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
    putchar('\n');
}

/* What the daemon says goes to a terminal. */
static int fail_refused(const struct ctl *ctl, const json_t *answer)
{
    const char *why = json_string_value(json_object_get(answer, "error"));
    char shown[512] = "refused";

    if (why)
        text_escape(why, strlen(why), shown, sizeof(shown));
    if (ctl->json)
        client_print_json(answer);
    return ctl_fail(EXIT_REFUSED, "%s", shown);
}

int client_take(const struct ctl *ctl, int error, const json_t *answer)
{
    if (error < 0)
        return client_fail(ctl, error);
    if (!client_is_ok(answer))
        return fail_refused(ctl, answer);
    if (ctl->json)
        client_print_json(answer);
    return EXIT_OK;
}

int client_get(const struct ctl *ctl, struct client *client, json_t *arguments, int timeout,
               json_t **ret)
{
    json_t *answer = NULL;
    int error = client_ask(client, ctl->command, arguments, timeout, &answer);
    int status = client_take(ctl, error, answer);

    if (status == EXIT_OK)
        *ret = answer;
    else
        json_decref(answer);
    return status;
}

int client_call(const struct ctl *ctl, json_t *arguments, int timeout, json_t **ret)
{
    struct client client = {.fd = -1};
    int error = client_open(ctl, &client), status;

    if (error < 0) {
        json_decref(arguments);
        return client_fail(ctl, error);
    }
    status = client_get(ctl, &client, arguments, timeout, ret);
    client_close(&client);
    return status;
}
