/* listener: the listening sockets that are carried over, with the clients that wait in them.
 * Rows of adoption.c's table.
 *
 * As with a reload: a socket goes on as the listener at its place, of whichever service, and the
 * options that may change are set on it anew; one that has no place any more is closed. The
 * difference is that this happens before new addresses are bound, so one may replace another that
 * overlaps it.
 */
#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <string.h>

#include "carry/adoption.h"
#include "connection/connections.h"
#include "listen/lend.h"

/* Whatever the handlers of a lent socket did; who has it is told by the connection's line. */
struct listener_left {
    struct listener listener;
    struct lending lending;
    const char *listen, *bind_device;
    int given; /* the fd of an inherited one, which its own line passes on; 0: none */
    bool is_lending;
    nanoseconds rests_until;
};

static const struct record_field listener_fields[] = {
    {"listen", RECORD_TEXT, LEFT(listener, listen), .most = ENDPOINT_TEXT_SIZE - 1,
     .missing = "has no address"},
    {"ordinal", RECORD_NUMBER, LEFT(listener, listener.ordinal)},
    {"bind-device", RECORD_TEXT, LEFT(listener, bind_device), .most = IF_NAMESIZE},
    {"fd", RECORD_FD, LEFT(listener, listener.source.fd)},
    {"given", RECORD_NUMBER, LEFT(listener, given), .most = INT_MAX},
    {"error", RECORD_NUMBER, LEFT(listener, listener.error), .most = 4095},
    {"path", RECORD_TEXT, LEFT(listener, listener.path), .most = ENDPOINT_PATH_MAX},
    {"device", RECORD_NUMBER, LEFT(listener, listener.device)},
    {"inode", RECORD_NUMBER, LEFT(listener, listener.inode)},
    {"lending", RECORD_FLAG, LEFT(listener, is_lending)},
    {"idle-ends", RECORD_NUMBER, LEFT(listener, lending.idle_ends)},
    {"empty-wakes", RECORD_NUMBER, LEFT(listener, lending.empty_wakes)},
    {"quick-ends", RECORD_NUMBER, LEFT(listener, lending.quick_ends)},
    {"head-seconds", RECORD_NUMBER, LEFT(listener, lending.head.tv_sec), .most = INT32_MAX},
    {"head-nanoseconds", RECORD_NUMBER, LEFT(listener, lending.head.tv_nsec), .most = 999999999},
    {"rests-until", RECORD_NUMBER, LEFT(listener, rests_until)},
};

/* --- writing -------------------------------------------------------------------------------- */

static void write_listener(struct handover_writer *writer, const struct listener *listener)
{
    const struct inherited *inherited = listener->owner->context->inherited;
    char text[ENDPOINT_TEXT_SIZE];
    struct listener_left left = {.listener = *listener,
                                 .listen = text,
                                 .bind_device = service_of(listener)->settings->bind_device};

    endpoint_format(listener->endpoint, text);
    if (listener->inherited > 0)
        left.given = inherited->sockets[listener->inherited - 1].fd;
    if (listener->inode == 0) {
        left.listener.path = NULL;
        left.listener.device = 0;
    }
    if (listener->lending) {
        left.is_lending = true;
        left.lending = *listener->lending;
        left.rests_until = loop_is_armed(&left.lending.rest) ? left.lending.rest.due : 0;
    }
    record_write(writer, &adopt_listener.record, &left);
}

static void collect_listener(struct handover_writer *writer, const struct carried *carried)
{
    size_t place = 0;

    for (struct service *service = carried->services->first; service; service = service->next)
        for (size_t i = 0; i < service->listener_count; i++) {
            service->listeners[i].handover_place = place++;
            write_listener(writer, &service->listeners[i]);
        }
}

/* --- reading -------------------------------------------------------------------------------- */

/* The one address of a text, in arena; NULL with the problem. */
static const struct endpoint *parse(struct arena *arena, const char *text, const char **ret_problem)
{
    struct endpoint *endpoints = NULL;
    size_t count = 0;
    int error = arena ? endpoint_parse(arena, text, &endpoints, &count, ret_problem) : -ENOMEM;

    if (error == 0 && count == 1)
        return endpoints;
    if (error == 0)
        *ret_problem = "has more than one address";
    return NULL;
}

static void check_listener(struct handover_line *line, const void *values)
{
    const struct listener_left *left = values;
    struct arena *arena = arena_new();
    const char *problem = "out of memory";

    if (left->listen && !parse(arena, left->listen, &problem))
        handover_refuse(line, problem);
    arena_free(arena);
}

/* The listener at that place; NULL: there is none, or no memory. */
static struct listener *find_listener(struct adoption *adoption, const struct listener_left *left)
{
    struct arena *arena = arena_new();
    const char *problem;
    const struct listener_place place = {parse(arena, left->listen, &problem),
                                         left->listener.ordinal, left->bind_device};
    struct listener_entry *entry =
        place.endpoint ? listener_index_find(&adoption->index, &place) : NULL;

    arena_free(arena);
    return entry ? entry->listener : NULL;
}

static const struct inherited_socket *find_given(const struct carried *carried, int fd)
{
    for (size_t i = 0; fd > 0 && i < carried->services->inherited.count; i++)
        if (carried->services->inherited.sockets[i].fd == fd)
            return &carried->services->inherited.sockets[i];
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
    const struct inherited_socket *given = find_given(adoption->carried, left->given);
    const struct listener *was = &left->listener;
    int error;

    if (listener->source.fd >= 0)
        return -EADDRINUSE;
    if (!is_fit(listener, given, left)) {
        adoption->problem = "its handlers have this socket; it is reopened";
        return -EPROTOTYPE;
    }
    if (handover_claim(&adoption->handover, was->source.fd) < 0)
        return -EBADF;
    listener_adopt(listener, was->source.fd, given, was->device, was->inode);
    if (listener_is_lost(listener)) { /* it is opened anew */
        listener_close(listener);
        return 0;
    }
    listener_adjust(listener, service_of(listener)->settings);
    error = listener_own_path(listener, service_of(listener)->settings, NULL);
    if (error < 0)
        log_warning("%s: cannot set owner and mode of %s: %s", service_of(listener)->settings->name,
                    listener->path, strerror(-error));
    adoption->sockets++;
    return left->is_lending ? lend_resume(listener, &left->lending, left->rests_until) : 0;
}

static int apply_listener(struct adoption *adoption, const void *values)
{
    const struct listener_left *left = values;
    int fd = left->listener.source.fd, error = 0;
    const char *path = left->listener.path;
    struct listener *listener;

    if (!adoption->index.entries)
        error = listener_index_open(&adoption->index, adoption->carried->services->first);
    if (error < 0)
        return error;
    listener = find_listener(adoption, left);
    if (listener && fd < 0)
        listener->error = left->listener.error; /* that it is pending was said */
    else if (listener)
        error = go_on(adoption, listener, left);
    if (listener && (fd < 0 || listener->source.fd != fd))
        listener = NULL;
    if (!listener && fd >= 0 && path && path[0] == '/')
        listener_remove_path(path, left->listener.device, left->listener.inode);
    if (adoption_add(&adoption->listeners, listener) < 0)
        return -ENOMEM;
    return error;
}

ADOPTION_SECTION(listener, "listener", ADOPTION_OF_SERVICES, struct listener_left, check_listener);
