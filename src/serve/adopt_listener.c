/* adopt_listener: the listening sockets that are carried over, with the clients that wait in them.
 * Rows of adoption.c's table.
 *
 * As with a reload: a socket goes on as the listener at its place, of whichever service, and the
 * options that may change are set on it anew; one that has no place any more is closed. The
 * difference is that this happens before new addresses are bound, so one may replace another that
 * overlaps it.
 */
#include <errno.h>
#include <net/if.h>

#include "serve/adoption.h"
#include "serve/lend.h"
#include "serve/server.h"

static const struct inherited_socket *inherited_of(const struct server *server,
                                                   const struct listener *listener)
{
    return listener->inherited > 0 ? &server->inherited.sockets[listener->inherited - 1] : NULL;
}

/* wait = yes: what is known of its handlers. Who has it is told by the connection's line. */
static void write_lending(struct handover_writer *writer, const struct lending *lending)
{
    handover_put(writer, "lending", 1);
    handover_put(writer, "idle-ends", lending->idle_ends);
    handover_put(writer, "empty-wakes", lending->empty_wakes);
    handover_put(writer, "quick-ends", lending->quick_ends);
    handover_put(writer, "head-seconds", (uint64_t)lending->head.tv_sec);
    handover_put(writer, "head-nanoseconds", (uint64_t)lending->head.tv_nsec);
    if (loop_is_armed(&lending->rest))
        handover_put(writer, "rests-until", lending->rest.due);
}

static void write_listener(struct handover_writer *writer, struct server *server,
                           const struct listener *listener)
{
    const struct inherited_socket *given = inherited_of(server, listener);
    char text[ENDPOINT_TEXT_SIZE];

    endpoint_format(listener->endpoint, text);
    handover_line(writer, "listener");
    handover_put_text(writer, "listen", text);
    handover_put(writer, "ordinal", listener->ordinal);
    handover_put_text(writer, "bind-device", listener->service->settings->bind_device);
    handover_put_fd(writer, "fd", listener->source.fd);
    if (given)
        handover_put(writer, "given", (uint64_t)given->fd);
    handover_put(writer, "error", (uint64_t)listener->error);
    if (listener->inode != 0) {
        handover_put_text(writer, "path", listener->path);
        handover_put(writer, "device", listener->device);
        handover_put(writer, "inode", listener->inode);
    }
    if (listener->lending)
        write_lending(writer, listener->lending);
    handover_end_line(writer);
}

void adopt_write_listener(struct handover_writer *writer, struct server *server)
{
    size_t place = 0;

    for (struct service *service = server->services; service; service = service->next)
        for (size_t i = 0; i < service->listener_count; i++) {
            service->listeners[i].handover_place = place++;
            write_listener(writer, server, &service->listeners[i]);
        }
}

struct listener_left {
    const char *listen, *bind_device, *path;
    unsigned ordinal;
    int fd, given, error;
    dev_t device;
    ino_t inode;
    bool is_lending;
    struct lending lending;
    nanoseconds rests_until;
};

static void read_lending(struct handover_line *line, struct listener_left *ret)
{
    ret->is_lending = handover_flag(line, "lending");
    ret->lending.idle_ends = (unsigned)handover_number(line, "idle-ends", UINT32_MAX);
    ret->lending.empty_wakes = (unsigned)handover_number(line, "empty-wakes", UINT32_MAX);
    ret->lending.quick_ends = (unsigned)handover_number(line, "quick-ends", UINT32_MAX);
    ret->lending.head.tv_sec = (time_t)handover_number(line, "head-seconds", INT32_MAX);
    ret->lending.head.tv_nsec = (long)handover_number(line, "head-nanoseconds", 999999999);
    ret->rests_until = handover_number(line, "rests-until", UINT64_MAX);
}

static int read_left(struct handover_line *line, struct listener_left *ret)
{
    *ret = (struct listener_left){0};
    ret->listen = handover_text(line, "listen", ENDPOINT_TEXT_SIZE - 1);
    ret->ordinal = (unsigned)handover_number(line, "ordinal", UINT16_MAX);
    ret->bind_device = handover_text(line, "bind-device", IF_NAMESIZE);
    ret->fd = handover_fd(line, "fd");
    ret->given = handover_fd(line, "given");
    ret->error = (int)handover_number(line, "error", 4095);
    ret->path = handover_text(line, "path", ENDPOINT_PATH_MAX);
    ret->device = handover_number(line, "device", UINT64_MAX);
    ret->inode = handover_number(line, "inode", UINT64_MAX);
    read_lending(line, ret);
    if (!ret->listen)
        handover_refuse(line, "it has no address");
    return handover_check(line);
}

static struct listener *find_at(struct adoption *adoption, const struct endpoint *endpoint,
                                const struct listener_left *left)
{
    const struct listener_place place = {endpoint, left->ordinal, left->bind_device};
    struct listener_entry *entry = listener_index_find(&adoption->index, &place);

    return entry ? entry->listener : NULL;
}

/* The listener at that place, where there is one; checks the address in any case. 0 or -errno. */
static int find_listener(struct adoption *adoption, struct handover_line *line,
                         const struct listener_left *left, struct listener **ret)
{
    struct arena *arena = arena_new();
    struct endpoint *endpoints = NULL;
    size_t count = 0;
    const char *problem = NULL;
    int error = arena ? endpoint_parse(arena, left->listen, &endpoints, &count, &problem) : -ENOMEM;

    if (error == -EINVAL || (error == 0 && count != 1)) {
        handover_refuse(line, problem ? problem : "it has more than one address");
        error = -EINVAL;
    }
    if (error == 0 && adoption->server)
        *ret = find_at(adoption, endpoints, left);
    arena_free(arena);
    return error;
}

static const struct inherited_socket *find_given(const struct server *server, int fd)
{
    for (size_t i = 0; fd >= 0 && i < server->inherited.count; i++)
        if (server->inherited.sockets[i].fd == fd)
            return &server->inherited.sockets[i];
    return NULL;
}

/* What a reload would also not let go on: datagrams that would be accepted from, and a stream
 * socket that handlers have had, who could make us wait there (reload.c). */
static bool is_fit(struct listener *listener, const struct inherited_socket *given,
                   const struct listener_left *left)
{
    listener->kind = given ? given->endpoint.kind : listener->endpoint->kind;
    return listener_waits(listener) || (!left->is_lending && !endpoint_is_datagram(listener->kind));
}

static int go_on(struct adoption *adoption, struct listener *listener,
                 const struct listener_left *left)
{
    const struct inherited_socket *given = find_given(adoption->server, left->given);
    int error;

    if (listener->source.fd >= 0)
        return -EADDRINUSE;
    if (!is_fit(listener, given, left))
        return -EPROTOTYPE;
    if (handover_claim(&adoption->handover, left->fd) < 0)
        return -EBADF;
    listener_adopt(listener, left->fd, given, left->device, left->inode);
    if (listener_is_lost(listener)) { /* it is opened anew */
        listener_close(listener);
        return 0;
    }
    listener_adjust(listener, listener->service->settings);
    error = listener_own_path(listener, listener->service->settings, NULL);
    if (error < 0)
        log_warning("%s: %s: its owner and mode cannot be set: %s",
                    listener->service->settings->name, listener->path, strerror(-error));
    adoption->sockets++;
    return left->is_lending ? lend_resume(listener, &left->lending, left->rests_until) : 0;
}

int adopt_read_listener(struct adoption *adoption, struct handover_line *line)
{
    struct listener *listener = NULL;
    struct listener_left left;
    int error = read_left(line, &left);

    if (error == 0 && adoption->server && !adoption->index.entries)
        error = listener_index_open(&adoption->index, adoption->server->services);
    if (error == 0)
        error = find_listener(adoption, line, &left, &listener);
    if (error < 0 || !adoption->server)
        return error;
    if (listener && left.fd < 0)
        listener->error = left.error; /* that it is pending was said */
    else if (listener)
        error = go_on(adoption, listener, &left);
    if (error == -EPROTOTYPE)
        handover_refuse(line, "handlers were lent this socket; it is opened anew");
    if (listener && (left.fd < 0 || listener->source.fd != left.fd))
        listener = NULL;
    if (!listener && left.fd >= 0 && left.path && left.path[0] == '/')
        listener_remove_path(left.path, left.device, left.inode);
    if (adoption_add_listener(adoption, listener) < 0)
        return -ENOMEM;
    return error;
}
