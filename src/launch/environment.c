/* environment: see environment.h. Called by the engines in the parent. */
#include "launch/environment.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

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
    add(environment, "PROTO=TCP");
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

    add(environment, "PROTO=UNIX");
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

void environment_fill(struct environment *environment, const struct launch_connection *connection)
{
    environment->count = 0;
    environment->used = 0;
    if (connection->peer.family == ADDR_UNIX)
        fill_unix(environment, connection);
    else
        fill_tcp(environment, connection);
    add(environment, "STDINETD_CONNECTION=%" PRIu64, connection->number);
}
