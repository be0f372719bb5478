/* connection: the handlers, held clients and lingering connections that are carried over.
 * Rows of adoption.c's table.
 *
 * A handler is our child still; what its end means, and when it is over its time, is in its line. A
 * client that has no handler yet waits on, in its order; where its service is gone it is closed, as
 * after a reload. A start that was under way for so long that nobody waited for it counts as done.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "carry/adoption.h"
#include "connection/connection_event.h"
#include "connection/connections.h"
#include "connection/waiting.h"
#include "listen/lend.h"

static const char *const state_names[] = {
    [CONNECTION_AWAITS_HEADER] = "header", [CONNECTION_AWAITS_DATA] = "data",
    [CONNECTION_AWAITS_PLACE] = "place",   [CONNECTION_HELD] = "held",
    [CONNECTION_STARTING] = "starting",    [CONNECTION_RUNNING] = "running",
    [CONNECTION_FAILED] = "failed",
};

#define STATES (sizeof(state_names) / sizeof(state_names[0]))

static bool has_process(enum connection_state state)
{
    return state == CONNECTION_STARTING || state == CONNECTION_RUNNING ||
           state == CONNECTION_FAILED;
}

static bool awaits_bytes(enum connection_state state)
{
    return state == CONNECTION_AWAITS_HEADER || state == CONNECTION_AWAITS_DATA;
}

/* What a line says: the connection as it will be, with nothing that belongs to it. */
struct connection_left {
    struct connection record;
    uint64_t service, listener; /* listener: its place and 1; 0: none */
    struct addr source;
    bool source_shared;
    nanoseconds started, deadline;
    struct record_bytes header;
    size_t skip;
};

static const char *name_state(size_t i)
{
    return i < STATES ? state_names[i] : NULL;
}

/* Up to the deadline what all have; then of those with a process; then of those without. */
static const struct record_field connection_fields[] = {
    {"service", RECORD_NUMBER, LEFT(connection, service)},
    {"state", RECORD_CHOICE, LEFT(connection, record.state), .name = name_state, .count = STATES,
     .none = CONNECTION_FAILED},
    {"number", RECORD_NUMBER, LEFT(connection, record.number)},
    {"accepted", RECORD_NUMBER, LEFT(connection, record.accepted)},
    {"peer", RECORD_ADDR, LEFT(connection, record.peer)},
    {"local", RECORD_ADDR, LEFT(connection, record.local)},
    {"source-running", RECORD_NUMBER, LEFT(connection, record.source_running)},
    {"counted", RECORD_FLAG, LEFT(connection, record.ticket.started)},
    {"source", RECORD_ADDR, LEFT(connection, source)},
    {"source-shared", RECORD_FLAG, LEFT(connection, source_shared)},
    {"lent", RECORD_FLAG, LEFT(connection, record.lent)},
    {"listener", RECORD_NUMBER, LEFT(connection, listener)},
    {"deadline", RECORD_NUMBER, LEFT(connection, deadline)},
    {"pid", RECORD_NUMBER, LEFT(connection, record.process.pid), .most = INT_MAX},
    {"started", RECORD_NUMBER, LEFT(connection, started)},
    {"killed", RECORD_FLAG, LEFT(connection, record.killed)},
    {"ordered", RECORD_FLAG, LEFT(connection, record.ordered)},
    {"timeouts", RECORD_NUMBER, LEFT(connection, record.timeouts), .most = 2},
    {"kills-group", RECORD_FLAG, LEFT(connection, record.process.kills_group)},
    {"fd", RECORD_FD, LEFT(connection, record.fd)},
    {"linger-fd", RECORD_FD, LEFT(connection, record.linger_fd)},
    {"stands-high", RECORD_FLAG, LEFT(connection, record.stands_high)},
    {"told", RECORD_FLAG, LEFT(connection, record.told)},
    {"is-proxys", RECORD_FLAG, LEFT(connection, record.is_proxys)},
    {"is-unix", RECORD_FLAG, LEFT(connection, record.is_unix)},
    {"peer-path", RECORD_TEXT, LEFT(connection, record.peer_path), .most = ENDPOINT_PATH_MAX},
    {"local-path", RECORD_TEXT, LEFT(connection, record.local_path), .most = ENDPOINT_PATH_MAX},
    /* One byte must still be able to come. */
    {"header", RECORD_BYTES, LEFT(connection, header), .most = PROXY_KEPT_MAX - 1},
    {"skip", RECORD_NUMBER, LEFT(connection, skip), .most = PROXY_LENGTH_MAX},
};

static void check_connection(struct handover_line *line, const void *values)
{
    const struct connection *record = &((const struct connection_left *)values)->record;

    /* It will be sent signals: never to ourselves or to everybody. */
    if (has_process(record->state) && record->process.pid <= 1)
        handover_refuse(line, "has no process");
    else if (!has_process(record->state) && record->fd < 0)
        handover_refuse(line, "has no fd");
}

/* --- writing -------------------------------------------------------------------------------- */

static void leave_process(struct connection_left *left)
{
    struct connection *record = &left->record;

    left->started = record->started;
    record->fd = -1;
    record->stands_high = record->told = record->is_proxys = record->is_unix = false;
    record->peer_path = record->local_path = NULL;
}

static void leave_client(struct connection_left *left)
{
    struct connection *record = &left->record;
    const struct intake_header *header = awaits_bytes(record->state) ? record->header : NULL;

    record->process.pid = 0;
    record->timeouts = 0;
    record->killed = record->ordered = record->process.kills_group = false;
    if (!header)
        return;
    left->header = (struct record_bytes){header->bytes, header->kept};
    left->skip = header->skip;
}

static void write_connection(struct handover_writer *writer, const struct connection *connection)
{
    const struct source *source = connection->ticket.source;
    struct connection_left left = {.record = *connection,
                                   .service = connection->service->handover_place};

    /* To a build before this one that would be a client that has its place. */
    if (connection->state == CONNECTION_HELD)
        left.record.state = CONNECTION_AWAITS_PLACE;
    if (source) {
        left.source = sources_addr(source);
        left.source_shared = sources_is_shared(source);
        if (left.source.family == ADDR_NONE) /* a last resort */
            left.source.family = connection->peer.family;
    }
    if (connection->lending && connection->lending->listener)
        left.listener = connection->lending->listener->handover_place + 1;
    if (loop_is_armed(&connection->deadline))
        left.deadline = connection->deadline.due;
    if (has_process(connection->state))
        leave_process(&left);
    else
        leave_client(&left);
    record_write(writer, &adopt_connection.record, &left);
}

static void write_list(struct handover_writer *writer, const struct connection *oldest)
{
    for (; oldest; oldest = oldest->younger)
        write_connection(writer, oldest);
}

static void collect_connection(struct handover_writer *writer, const struct carried *carried)
{
    const struct service *lists[] = {carried->services->first, carried->services->retired};
    const struct children *children = &carried->connections->children;
    const struct connection *connection = children_youngest(children), *older;

    while (connection && (older = children_older(children, connection)) != NULL)
        connection = older;
    for (; connection; connection = children_younger(children, connection))
        write_connection(writer, connection);
    write_list(writer, carried->connections->intake.oldest);
    for (size_t i = 0; i < 2; i++)
        for (const struct service *service = lists[i]; service; service = service->next)
            if (service->ready)
                write_list(writer, service->ready->first);
}

/* --- reading -------------------------------------------------------------------------------- */

/* Whether it is still ours to reap. One whose end was somebody else's (a script that stands in the
 * place of the binary, and waits for what it runs itself) would count for ever, and the signals for
 * it would be another process's some day. */
static bool is_child(pid_t pid)
{
    siginfo_t info;

    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/* Whether it can go on; claims a client's fd. */
static int claim(struct adoption *adoption, const struct connection *record)
{
    if (!has_process(record->state))
        return handover_claim(&adoption->handover, record->fd) < 0 ? -EBADF : 0;
    if (processes_find(adoption->carried->connections->processes, record->process.pid))
        return -EEXIST;
    return is_child(record->process.pid) ? 0 : -ECHILD;
}

/* The connection, with what belongs to it; NULL without memory. */
static struct connection *make(struct adoption *adoption, struct service *service,
                               const struct connection_left *left)
{
    struct carried *carried = adoption->carried;
    const struct connection *record = &left->record;
    struct connection *connection = children_new(&carried->connections->children);
    struct source *source = NULL;

    if (!connection)
        return NULL;
    *connection = *record;
    connection->service = service;
    connection->fd = has_process(record->state) ? -1 : record->fd;
    connection->linger_fd = handover_claim(&adoption->handover, record->linger_fd);
    connection->peer_path = record->peer_path ? strdup(record->peer_path) : NULL;
    connection->local_path = record->local_path ? strdup(record->local_path) : NULL;
    if (left->source.family != ADDR_NONE)
        source = sources_resume(&carried->connections->admission.sources, service->admission.number,
                                &left->source, left->source_shared,
                                loop_now(carried->connections->loop));
    admission_resume(&carried->connections->admission, &service->admission, source,
                     record->ticket.started, &connection->ticket);
    service->connections++;
    return connection;
}

static void resume_process(const struct carried *carried, struct connection *connection,
                           const struct connection_left *left)
{
    bool was_starting = connection->state == CONNECTION_STARTING;

    connection->started = was_starting ? loop_now(carried->connections->loop) : left->started;
    if (was_starting)
        connection->state = CONNECTION_RUNNING;
    children_add(&carried->connections->children, connection, connection->process.pid);
    connection->has_deadline =
        left->deadline > 0 && loop_reserve(carried->connections->loop, 1) == 0;
    connection_set_deadline(connection, connection->has_deadline ? left->deadline : 0);
    if (was_starting)
        connection_event_start(connection);
}

static void resume_client(const struct carried *carried, struct connection *connection,
                          const struct connection_left *left)
{
    /* A build before this one kept the place of a client whose start had failed for now. */
    if (connection->state == CONNECTION_HELD) {
        admission_unstart(&carried->connections->admission, &connection->service->admission,
                          &connection->ticket);
        connection->started = 0;
        if (!waiting_put_back(connection))
            connection_drop(carried->connections, connection);
        return;
    }
    if (awaits_bytes(connection->state) && left->header.length + left->skip > 0)
        connection->header = calloc(1, sizeof(*connection->header));
    if (connection->header) {
        connection->header->kept = left->header.length;
        connection->header->skip = left->skip;
        if (left->header.length > 0)
            memcpy(connection->header->bytes, left->header.start, left->header.length);
    }
    intake_resume(carried->connections, connection, left->deadline);
}

static int apply_connection(struct adoption *adoption, const void *values)
{
    const struct connection_left *left = values;
    bool is_process = has_process(left->record.state);
    struct service *service = adoption_find_service(adoption, left->service);
    struct listener *listener = adoption_find_listener(adoption, left->listener - 1);
    struct connection *connection;
    int error;

    /* Nobody claims the client, and it is closed, as after a reload. */
    if (!is_process && (!service || service->retired))
        return 0;
    error = service ? claim(adoption, &left->record) : -ENOENT;
    if (error < 0) {
        adoption->problem = service ? NULL : "its service is gone";
        return error;
    }
    connection = make(adoption, service, left);
    if (!connection) {
        fd_close(is_process ? -1 : left->record.fd);
        return -ENOMEM;
    }
    if (listener && listener->lending && !listener->lending->is_out)
        connection->lending = lend_out(listener);
    if (is_process) {
        adoption->handlers++;
        resume_process(adoption->carried, connection, left);
    } else {
        adoption->clients++;
        resume_client(adoption->carried, connection, left);
    }
    return 0;
}

ADOPTION_SECTION(connection, "connection", ADOPTION_OF_SERVICES, struct connection_left,
                 check_connection);

/* --- lingering ------------------------------------------------------------------------------ */

struct lingering_left {
    int fd;
    nanoseconds until;
};

static const struct record_field lingering_fields[] = {
    {"fd", RECORD_FD, LEFT(lingering, fd), .missing = "has no fd"},
    {"until", RECORD_NUMBER, LEFT(lingering, until)},
};

static void write_lingering(int fd, nanoseconds until, void *context)
{
    struct lingering_left left = {fd, until};

    record_write(context, &adopt_lingering.record, &left);
}

static void collect_lingering(struct handover_writer *writer, const struct carried *carried)
{
    linger_visit(&carried->connections->lingering, write_lingering, writer);
}

static int apply_lingering(struct adoption *adoption, const void *values)
{
    const struct lingering_left *left = values;
    struct carried *carried = adoption->carried;
    nanoseconds now = loop_now(carried->connections->loop);

    if (handover_claim(&adoption->handover, left->fd) < 0)
        return -EBADF;
    linger_begin(&carried->connections->lingering, left->fd,
                 left->until > now ? left->until - now : 1);
    return 0;
}

ADOPTION_SECTION(lingering, "lingering", ADOPTION_OF_SERVICES, struct lingering_left, NULL);
