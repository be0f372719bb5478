/* adopt_connection: the handlers, held clients and lingering connections that are carried over.
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
#include "serve/adoption.h"
#include "serve/connection_event.h"
#include "serve/lend.h"
#include "serve/server.h"

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

/* --- writing -------------------------------------------------------------------------------- */

static void write_ticket(struct handover_writer *writer, const struct connection *connection)
{
    const struct source *source = connection->ticket.source;
    struct addr addr;

    handover_put(writer, "counted", connection->ticket.started);
    if (!source)
        return;
    addr = sources_addr(source);
    if (addr.family == ADDR_NONE) /* a last resort */
        addr.family = connection->peer.family;
    handover_put_addr(writer, "source", &addr);
    handover_put(writer, "source-shared", sources_is_shared(source));
}

static void write_process(struct handover_writer *writer, const struct connection *connection)
{
    handover_put(writer, "pid", (uint64_t)connection->pid);
    handover_put(writer, "started", connection->started);
    handover_put(writer, "killed", connection->killed);
    handover_put(writer, "ordered", connection->ordered);
    handover_put(writer, "timeouts", connection->timeouts);
    handover_put(writer, "kills-group", connection->kills_group);
    handover_put_fd(writer, "linger-fd", connection->linger_fd);
}

static void write_client(struct handover_writer *writer, const struct connection *connection)
{
    const struct reception_header *header =
        awaits_bytes(connection->state) ? connection->header : NULL;

    handover_put_fd(writer, "fd", connection->fd);
    handover_put_fd(writer, "linger-fd", connection->linger_fd);
    handover_put(writer, "stands-high", connection->stands_high);
    handover_put(writer, "told", connection->told);
    handover_put(writer, "is-proxys", connection->is_proxys);
    handover_put(writer, "is-unix", connection->is_unix);
    handover_put_text(writer, "peer-path", connection->peer_path);
    handover_put_text(writer, "local-path", connection->local_path);
    if (!header)
        return;
    handover_put_bytes(writer, "header", header->bytes, header->kept);
    handover_put(writer, "skip", header->skip);
}

static void write_connection(struct handover_writer *writer, const struct connection *connection)
{
    handover_line(writer, "connection");
    handover_put(writer, "service", connection->service->handover_place);
    handover_put_text(writer, "state", state_names[connection->state]);
    handover_put(writer, "number", connection->number);
    handover_put(writer, "accepted", connection->accepted);
    handover_put_addr(writer, "peer", &connection->peer);
    handover_put_addr(writer, "local", &connection->local);
    handover_put(writer, "source-running", connection->source_running);
    write_ticket(writer, connection);
    handover_put(writer, "lent", connection->lent);
    if (connection->listener)
        handover_put(writer, "listener", connection->listener->handover_place + 1);
    if (loop_is_armed(&connection->deadline))
        handover_put(writer, "deadline", connection->deadline.due);
    if (has_process(connection->state))
        write_process(writer, connection);
    else
        write_client(writer, connection);
    handover_end_line(writer);
}

static void write_ready(struct handover_writer *writer, const struct service *services)
{
    for (const struct service *service = services; service; service = service->next) {
        const struct connection *connection = service->ready ? service->ready->first : NULL;

        for (; connection; connection = connection->younger)
            write_connection(writer, connection);
    }
}

void adopt_write_connection(struct handover_writer *writer, struct server *server)
{
    const struct connection *connection = server->children.youngest;

    while (connection && connection->older)
        connection = connection->older;
    for (; connection; connection = connection->younger)
        write_connection(writer, connection);
    for (connection = server->reception.oldest; connection; connection = connection->younger)
        write_connection(writer, connection);
    write_ready(writer, server->services);
    write_ready(writer, server->retired);
    for (connection = server->hold.first; connection; connection = connection->next)
        write_connection(writer, connection);
}

/* --- reading -------------------------------------------------------------------------------- */

/* What a line says; record is a connection as it will be, with nothing that belongs to it. */
struct connection_left {
    struct connection record;
    uint64_t service, listener;
    struct addr source;
    bool source_shared, counted;
    nanoseconds deadline;
    int fd, linger_fd;
    struct reception_header header;
    const char *peer_path, *local_path;
};

static void read_common(struct handover_line *line, struct connection_left *ret)
{
    struct connection *record = &ret->record;

    ret->service = handover_number(line, "service", SIZE_MAX);
    record->state = (enum connection_state)handover_choice(line, "state", state_names, STATES,
                                                           CONNECTION_FAILED);
    record->number = handover_number(line, "number", UINT64_MAX);
    record->accepted = handover_number(line, "accepted", UINT64_MAX);
    record->peer = handover_addr(line, "peer");
    record->local = handover_addr(line, "local");
    record->source_running = (uint32_t)handover_number(line, "source-running", UINT32_MAX);
    ret->source = handover_addr(line, "source");
    ret->source_shared = handover_flag(line, "source-shared");
    ret->counted = handover_flag(line, "counted");
    record->lent = handover_flag(line, "lent");
    ret->listener = handover_number(line, "listener", SIZE_MAX);
    ret->deadline = handover_number(line, "deadline", UINT64_MAX);
    ret->linger_fd = handover_fd(line, "linger-fd");
}

static void read_process(struct handover_line *line, struct connection_left *ret)
{
    struct connection *record = &ret->record;

    record->pid = (pid_t)handover_number(line, "pid", INT_MAX);
    record->started = handover_number(line, "started", UINT64_MAX);
    record->killed = handover_flag(line, "killed");
    record->ordered = handover_flag(line, "ordered");
    record->timeouts = (uint8_t)handover_number(line, "timeouts", 2);
    record->kills_group = handover_flag(line, "kills-group");
    /* It will be sent signals: never to ourselves or to everybody. */
    if (record->pid <= 1)
        handover_refuse(line, "it has no process");
}

static void read_client(struct handover_line *line, struct connection_left *ret)
{
    struct connection *record = &ret->record;

    ret->fd = handover_fd(line, "fd");
    record->stands_high = handover_flag(line, "stands-high");
    record->told = handover_flag(line, "told");
    record->is_proxys = handover_flag(line, "is-proxys");
    record->is_unix = handover_flag(line, "is-unix");
    ret->peer_path = handover_text(line, "peer-path", ENDPOINT_PATH_MAX);
    ret->local_path = handover_text(line, "local-path", ENDPOINT_PATH_MAX);
    /* One byte must still be able to come. */
    ret->header.kept =
        handover_bytes(line, "header", ret->header.bytes, sizeof(ret->header.bytes) - 1);
    ret->header.skip = handover_number(line, "skip", PROXY_LENGTH_MAX);
    if (ret->fd < 0)
        handover_refuse(line, "it has no fd");
}

static int read_left(struct handover_line *line, struct connection_left *ret)
{
    *ret = (struct connection_left){.fd = -1, .linger_fd = -1};
    read_common(line, ret);
    if (has_process(ret->record.state))
        read_process(line, ret);
    else
        read_client(line, ret);
    return handover_check(line);
}

/* Whether it is still ours to reap. One whose end was somebody else's (a script that stands in the
 * place of the binary, and waits for what it runs itself) would count for ever, and the signals for
 * it would be another process's some day. */
static bool is_child(pid_t pid)
{
    siginfo_t info;

    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/* Whether it can go on; claims what is its own. */
static int claim(struct adoption *adoption, const struct service *service,
                 const struct connection_left *left)
{
    bool is_process = has_process(left->record.state);

    if (!service || (!is_process && service->retired))
        return -ESRCH;
    if (is_process && children_find(&adoption->server->children, left->record.pid))
        return -EEXIST;
    if (is_process && !is_child(left->record.pid))
        return -ECHILD;
    if (!is_process && handover_claim(&adoption->handover, left->fd) < 0)
        return -EBADF;
    return 0;
}

/* The record, with what belongs to it; NULL without memory. */
static struct connection *make(struct adoption *adoption, struct service *service,
                               const struct connection_left *left)
{
    struct server *server = adoption->server;
    struct connection *connection = children_new(&server->children);
    struct source *source = NULL;

    if (!connection)
        return NULL;
    *connection = left->record;
    connection->service = service;
    connection->fd = left->fd;
    connection->linger_fd = handover_claim(&adoption->handover, left->linger_fd);
    connection->peer_path = left->peer_path ? strdup(left->peer_path) : NULL;
    connection->local_path = left->local_path ? strdup(left->local_path) : NULL;
    if (left->source.family != ADDR_NONE)
        source = sources_resume(&server->admission.sources, service->admission.number,
                                &left->source, left->source_shared, loop_now(server->loop));
    admission_resume(&server->admission, &service->admission, source, left->counted,
                     &connection->ticket);
    service->connections++;
    return connection;
}

static void resume_process(struct server *server, struct connection *connection,
                           nanoseconds deadline)
{
    bool was_starting = connection->state == CONNECTION_STARTING;

    if (was_starting) {
        connection->state = CONNECTION_RUNNING;
        connection->started = loop_now(server->loop);
    }
    children_add(&server->children, connection, connection->pid);
    connection->has_deadline = deadline > 0 && loop_reserve(server->loop, 1) == 0;
    server_set_deadline(connection, connection->has_deadline ? deadline : 0);
    if (was_starting)
        connection_event_start(connection);
}

static void resume_client(struct server *server, struct connection *connection,
                          const struct connection_left *left)
{
    const struct reception_header *header = &left->header;

    if (connection->state == CONNECTION_HELD) {
        hold_add(&server->hold, server->loop, connection);
        return;
    }
    if (awaits_bytes(connection->state) && header->kept + header->skip > 0) {
        connection->header = malloc(sizeof(*header));
        if (connection->header)
            *connection->header = *header;
    }
    reception_resume(server, connection, left->deadline);
}

int adopt_read_connection(struct adoption *adoption, struct handover_line *line)
{
    struct server *server = adoption->server;
    struct connection_left left;
    struct connection *connection;
    struct listener *listener;
    struct service *service;
    int error = read_left(line, &left);

    if (error < 0 || !server)
        return error;
    service = adoption_find_service(adoption, left.service);
    listener = left.listener > 0 ? adoption_find_listener(adoption, left.listener - 1) : NULL;
    error = claim(adoption, service, &left);
    if (error < 0)
        return error;
    connection = make(adoption, service, &left);
    if (!connection) {
        fd_close(left.fd);
        return -ENOMEM;
    }
    if (listener && listener->lending && !listener->lending->handler)
        lend_to(listener, connection);
    if (has_process(connection->state)) {
        adoption->handlers++;
        resume_process(server, connection, left.deadline);
    } else {
        adoption->clients++;
        resume_client(server, connection, &left);
    }
    return 0;
}

/* --- lingering ------------------------------------------------------------------------------ */

static void write_lingering(int fd, nanoseconds until, void *context)
{
    struct handover_writer *writer = context;

    handover_line(writer, "lingering");
    handover_put_fd(writer, "fd", fd);
    handover_put(writer, "until", until);
    handover_end_line(writer);
}

void adopt_write_lingering(struct handover_writer *writer, struct server *server)
{
    linger_visit(&server->lingering, write_lingering, writer);
}

int adopt_read_lingering(struct adoption *adoption, struct handover_line *line)
{
    struct server *server = adoption->server;
    nanoseconds until = handover_number(line, "until", UINT64_MAX);
    int fd = handover_fd(line, "fd");

    if (fd < 0)
        handover_refuse(line, "it has no fd");
    if (handover_check(line) < 0 || !server)
        return handover_check(line);
    if (handover_claim(&adoption->handover, fd) < 0)
        return -EBADF;
    linger_begin(&server->lingering, fd,
                 until > loop_now(server->loop) ? until - loop_now(server->loop) : 1);
    return 0;
}
