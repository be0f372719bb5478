/* environment: see environment.h. Called by the engines in the parent. */
#include "launch/environment.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((format(printf, 2, 3))) static void add(struct environment *environment,
                                                      const char *format, ...)
{
    size_t room = sizeof(environment->text) - environment->used;
    va_list arguments;
    int length;

    if (environment->count == ENVIRONMENT_ITEMS)
        return;
    va_start(arguments, format);
    length = vsnprintf(environment->text + environment->used, room, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= room)
        return;
    environment->items[environment->count++] = environment->text + environment->used;
    environment->used += (size_t)length + 1;
}

static void fill_tcp(struct environment *environment, const struct launch_connection *connection)
{
    char peer[ADDR_TEXT_SIZE], local[ADDR_TEXT_SIZE];

    addr_format_host(&connection->peer, peer);
    addr_format_host(&connection->local, local);
    add(environment, "TCPREMOTEIP=%s", peer);
    add(environment, "TCPREMOTEPORT=%u", connection->peer.port);
    add(environment, "TCPLOCALIP=%s", local);
    add(environment, "TCPLOCALPORT=%u", connection->local.port);
    add(environment, "TCPCONNNUM=%" PRIu32, connection->source_running);
    add(environment, "REMOTE_ADDR=%s", peer);
    add(environment, "REMOTE_PORT=%u", connection->peer.port);
    add(environment, "REMOTE_HOST=%s", peer);
}

static void fill_unix(struct environment *environment, const struct launch_connection *connection)
{
    const char *local = connection->local_path ? connection->local_path : "";
    uint32_t uid = addr_unix_uid(&connection->peer), gid = addr_unix_gid(&connection->peer);

    add(environment, "UNIXREMOTEPID=%" PRIu32, connection->peer.scope);
    add(environment, "UNIXREMOTEEUID=%" PRIu32, uid);
    add(environment, "UNIXREMOTEEGID=%" PRIu32, gid);
    add(environment, "UNIXLOCALPATH=%s", local);
    add(environment, "IPCREMOTEEUID=%" PRIu32, uid);
    add(environment, "IPCREMOTEEGID=%" PRIu32, gid);
    add(environment, "IPCREMOTEPATH=%s", connection->peer_path ? connection->peer_path : "");
    add(environment, "IPCLOCALPATH=%s", local);
    add(environment, "IPCCONNNUM=%" PRIu32, connection->source_running);
}

/* REMOTE_ADDR and REMOTE_PORT as systemd has them for such a client. */
static void fill_vsock(struct environment *environment, const struct launch_connection *connection)
{
    uint32_t cid = addr_vsock_cid(&connection->peer), port = addr_vsock_port(&connection->peer);

    add(environment, "VSOCKREMOTECID=%" PRIu32, cid);
    add(environment, "VSOCKREMOTEPORT=%" PRIu32, port);
    add(environment, "VSOCKLOCALCID=%" PRIu32, addr_vsock_cid(&connection->local));
    add(environment, "VSOCKLOCALPORT=%" PRIu32, addr_vsock_port(&connection->local));
    add(environment, "REMOTE_ADDR=vsock:%" PRIu32, cid);
    add(environment, "REMOTE_PORT=%" PRIu32, port);
}

/* sd_listen_fds(3). The pid is the child's to write: only it knows. */
static void fill_lent(struct environment *environment, const struct launch_connection *connection)
{
    static const char pid[] = "LISTEN_PID=";

    add(environment, "LISTEN_FDS=1");
    add(environment, "LISTEN_FDNAMES=%s", connection->lent_name);
    add(environment, "%s%*s", pid, ENVIRONMENT_PID_SIZE - 1, "");
    environment->listen_pid = environment->items[environment->count - 1] + sizeof(pid) - 1;
}

void environment_fill(struct environment *environment, const char *service,
                      const struct launch_connection *connection)
{
    environment->count = 0;
    environment->used = 0;
    environment->listen_pid = NULL;
    add(environment, "PROTO=%s", connection->protocol);
    if (connection->lent_name)
        fill_lent(environment, connection);
    else if (connection->peer.family == ADDR_UNIX)
        fill_unix(environment, connection);
    else if (connection->peer.family == ADDR_VSOCK)
        fill_vsock(environment, connection);
    else
        fill_tcp(environment, connection);
    add(environment, "STDINETD_SERVICE=%s", service);
    add(environment, "STDINETD_CONNECTION=%" PRIu64, connection->number);
}

int environment_join(struct environment *environment, char *const *variables, size_t count)
{
    size_t own = environment->count, room = own + count + 1;

    if (room > environment->all_room) {
        char **all = realloc(environment->all, room * sizeof(*all));

        if (!all)
            return -ENOMEM;
        environment->all = all;
        environment->all_room = room;
    }
    memcpy(environment->all, environment->items, own * sizeof(*environment->all));
    memcpy(environment->all + own, variables, count * sizeof(*environment->all));
    environment->all[own + count] = NULL;
    return 0;
}

void environment_free(struct environment *environment)
{
    free(environment->all);
    environment->all = NULL;
    environment->all_room = 0;
}

void environment_write_pid(char *listen_pid, long pid)
{
    size_t length = 0;

    for (long rest = pid; rest > 0; rest /= 10)
        length++;
    listen_pid[length] = '\0';
    while (length-- > 0) {
        listen_pid[length] = (char)('0' + pid % 10);
        pid /= 10;
    }
}
