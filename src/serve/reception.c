/* reception: see reception.h. The way of a client: header -> admission_enter -> data -> a place ->
 * its handler; each step at once where it can be, else on the next readable moment. */
#include "serve/reception.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "admit/proxy.h"
#include "base/fd.h"
#include "base/stranger.h"
#include "serve/connection_event.h"
#include "serve/server.h"

/* What a step made of a connection. */
enum step {
    STEP_ON,    /* done: the next one */
    STEP_WAITS, /* for more bytes */
    STEP_GONE,  /* it is closed, and its record is free */
};

void reception_open(struct reception *reception)
{
    struct rlimit limit;

    *reception = (struct reception){.most = RECEPTION_MAX};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur / 2 < reception->most)
        reception->most = (size_t)limit.rlim_cur / 2;
}

bool reception_is_wanted(const struct service *service)
{
    const struct settings_guard *guard = service->admission.rules->guard;

    return guard->proxy_protocol || guard->start_on == START_ON_DATA;
}

/* --- who awaits bytes ----------------------------------------------------------------------- */

static bool awaits_bytes(const struct connection *connection)
{
    return connection->state == CONNECTION_AWAITS_HEADER ||
           connection->state == CONNECTION_AWAITS_DATA;
}

static void append(struct reception *reception, struct connection *connection)
{
    connection->younger = NULL;
    connection->older = reception->youngest;
    if (connection->older)
        connection->older->younger = connection;
    else
        reception->oldest = connection;
    reception->youngest = connection;
    reception->count++;
}

static void take_out(struct reception *reception, struct connection *connection)
{
    if (connection->older)
        connection->older->younger = connection->younger;
    else
        reception->oldest = connection->younger;
    if (connection->younger)
        connection->younger->older = connection->older;
    else
        reception->youngest = connection->older;
    connection->older = connection->younger = NULL;
    reception->count--;
}

/* Whether it is among those who wait; else all steps so far could be taken at once. */
static bool is_waiting(const struct connection *connection)
{
    return awaits_bytes(connection) && connection->source.watched;
}

/* Ends the waiting for bytes: what it took is given back, and the record is as it was before. */
static void end_waiting(struct server *server, struct connection *connection)
{
    if (!awaits_bytes(connection))
        return;
    if (is_waiting(connection)) {
        loop_unwatch(server->loop, &connection->source);
        loop_disarm(server->loop, &connection->deadline);
        take_out(&server->reception, connection);
    }
    free(connection->header);
    connection->header = NULL;
    connection->state = CONNECTION_HELD;
}

/* --- ends ----------------------------------------------------------------------------------- */

static enum step drop(struct server *server, struct connection *connection)
{
    end_waiting(server, connection);
    server_drop(server, connection);
    return STEP_GONE;
}

static enum step refuse(struct server *server, struct connection *connection,
                        enum admission_reason reason)
{
    connection_event_refused(connection->service, &connection->peer, reason);
    service_tell_refused(connection->service, connection->fd);
    return drop(server, connection);
}

/* It came, and said nothing. */
static enum step end_silent(struct server *server, struct connection *connection)
{
    const struct admission_end end = {.silent = true, .status = -1};

    connection_event_silent(connection, loop_now(server->loop));
    server_penalize(server, connection, &end);
    return drop(server, connection);
}

/* The client has closed or reset before it was anybody; a proxy that looks whether we are there
 * does so, too, before its header or behind one that tells of nobody. */
static enum step end_gone(struct server *server, struct connection *connection)
{
    connection_event_gone(connection->service, &connection->peer);
    return drop(server, connection);
}

static void on_data_timeout(struct loop_timer *timer)
{
    struct connection *connection = timer->owner;

    end_silent(connection->service->server, connection);
}

/* --- the header ----------------------------------------------------------------------------- */

/* Reads *left bytes away, as far as they are there. 0 when none is left; -EAGAIN; another -errno,
 * also where the stream ends before. */
static int read_away(int fd, size_t *left)
{
    while (*left > 0) {
        uint8_t bytes[256];
        ssize_t got = stranger_receive(fd, bytes, *left < sizeof(bytes) ? *left : sizeof(bytes));

        if (got < 0)
            return (int)got;
        if (got == 0)
            return -ECONNRESET;
        *left -= (size_t)got;
    }
    return 0;
}

/* The extensions behind the addresses; nobody wants them, but they aren't the handler's. */
static enum step skip_rest(struct server *server, struct connection *connection)
{
    int error = connection->header ? read_away(connection->fd, &connection->header->skip) : 0;

    if (error == -EAGAIN)
        return STEP_WAITS;
    return error < 0 ? end_gone(server, connection) : STEP_ON;
}

/* Keeps what has come of it. */
static bool keep(struct connection *connection, const uint8_t *bytes, size_t count, size_t skip)
{
    if (!connection->header)
        connection->header = calloc(1, sizeof(*connection->header));
    if (!connection->header)
        return false;
    memcpy(connection->header->bytes, bytes, count);
    connection->header->kept = count;
    connection->header->skip = skip;
    return true;
}

/* Looks at what has come, takes what is the header's, and learns who the client is. */
static enum step read_header(struct server *server, struct connection *connection)
{
    size_t kept = connection->header ? connection->header->kept : 0, total, taken, left;
    uint8_t bytes[PROXY_KEPT_MAX];
    struct proxy_header header;
    enum proxy_verdict verdict;
    ssize_t got;

    if (kept > 0)
        memcpy(bytes, connection->header->bytes, kept);
    got = recv(connection->fd, bytes + kept, sizeof(bytes) - kept, MSG_PEEK | MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN)
        return STEP_WAITS;
    if (got <= 0)
        return end_gone(server, connection);
    total = kept + (size_t)got;
    verdict = proxy_parse(bytes, total, &header);
    if (verdict == PROXY_BAD)
        return refuse(server, connection, REASON_HEADER);
    taken = proxy_consumable(bytes, total);
    left = taken > kept ? taken - kept : 0; /* all of it is there */
    if (read_away(connection->fd, &left) < 0)
        return end_gone(server, connection);
    if (verdict == PROXY_INCOMPLETE)
        return keep(connection, bytes, taken, 0) ? STEP_WAITS
                                                 : refuse(server, connection, REASON_MEMORY);
    if (header.told) {
        connection->peer = header.source;
        connection->local = header.destination;
    }
    connection->is_proxys = !header.told;
    if (header.length > taken && !keep(connection, bytes, 0, header.length - taken))
        return refuse(server, connection, REASON_MEMORY);
    connection->told = true;
    return STEP_ON;
}

static enum step pass_header(struct server *server, struct connection *connection)
{
    struct service *service = connection->service;
    struct admission_decision decision;
    enum step step = connection->told ? STEP_ON : read_header(server, connection);

    if (step == STEP_ON)
        step = skip_rest(server, connection);
    if (step != STEP_ON)
        return step;
    /* LOCAL and then a reset is a proxy's health check. */
    if (listener_is_gone(connection->fd, connection->is_unix))
        return end_gone(server, connection);
    decision = admission_enter(&server->admission, &service->admission, &connection->peer,
                               loop_now(server->loop));
    if (decision.verdict != VERDICT_ADMIT)
        return refuse(server, connection, decision.reason);
    connection->ticket = decision.ticket;
    connection->source_running = decision.source_running;
    connection->state = CONNECTION_AWAITS_DATA;
    return STEP_ON;
}

/* --- the first byte, and a place ------------------------------------------------------------ */

static enum step await_data(struct server *server, struct connection *connection)
{
    char byte;
    ssize_t got;

    if (connection->service->admission.rules->guard->start_on != START_ON_DATA)
        return STEP_ON;
    got = recv(connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (got > 0)
        return STEP_ON;
    if (got < 0 && errno == EAGAIN)
        return STEP_WAITS;
    return connection->is_proxys ? end_gone(server, connection) : end_silent(server, connection);
}

static struct reception_queue *queue_of(struct service *service)
{
    if (!service->ready)
        service->ready = calloc(1, sizeof(*service->ready));
    return service->ready;
}

bool reception_has_ready(const struct service *service)
{
    return service->ready && service->ready->first;
}

/* It isn't ready any more. */
static void leave_ready(struct connection *connection)
{
    struct reception_queue *queue = connection->service->ready;
    struct server *server = connection->service->server;

    if (connection->older)
        connection->older->younger = connection->younger;
    else
        queue->first = connection->younger;
    if (connection->younger)
        connection->younger->older = connection->older;
    else
        queue->last = connection->older;
    connection->older = connection->younger = NULL;
    queue->count--;
    server->reception.ready--;
    loop_unwatch(server->loop, &connection->source);
    connection->state = CONNECTION_HELD;
}

/* It has reset: its fd and its room may be somebody else's. */
static void on_reset(struct loop_source *source, uint32_t events)
{
    struct connection *connection = source->owner;

    (void)events;
    leave_ready(connection);
    end_gone(connection->service->server, connection);
}

/* Only for its end, which is told unasked; on a unix socket that is no sign. Without a watch it is
 * found gone when there is a place for it. */
static void watch_for_reset(struct server *server, struct connection *connection)
{
    connection->source =
        (struct loop_source){.fd = connection->fd, .ready = on_reset, .owner = connection};
    connection->header = NULL;
    if (!connection->is_unix)
        loop_watch(server->loop, &connection->source, 0);
}

/* Puts it behind previous; NULL: in front of all. */
static void insert(struct server *server, struct reception_queue *queue,
                   struct connection *connection, struct connection *previous)
{
    queue->count++;
    server->reception.ready++;
    connection->older = previous;
    connection->younger = previous ? previous->younger : queue->first;
    if (connection->older)
        connection->older->younger = connection;
    else
        queue->first = connection;
    if (connection->younger)
        connection->younger->older = connection;
    else
        queue->last = connection;
    watch_for_reset(server, connection);
    turns_enter(connection->service);
}

bool reception_put_back(struct server *server, struct connection *connection)
{
    struct reception_queue *queue = queue_of(connection->service);
    struct connection *previous = NULL;

    if (!queue)
        return false;
    for (struct connection *one = queue->first; one && one->state == CONNECTION_HELD;
         one = one->younger)
        previous = one;
    connection->state = CONNECTION_HELD;
    insert(server, queue, connection, previous);
    return true;
}

static void await_place(struct server *server, struct connection *connection)
{
    struct reception_queue *queue = queue_of(connection->service);

    if (!queue || queue->count >= server->reception.most / RECEPTION_SHARE) {
        refuse(server, connection, queue ? REASON_HELD : REASON_MEMORY);
        return;
    }
    connection->state = CONNECTION_AWAITS_PLACE;
    insert(server, queue, connection, queue->last);
    turns_pace(connection->service);
}

/* It is ready: a handler, if its service has a place for it and doesn't rest. */
static void pass_on(struct server *server, struct connection *connection)
{
    struct service *service = connection->service;
    enum admission_reason reason;
    enum admission_verdict verdict;

    end_waiting(server, connection);
    /* Since it came, somebody may have had enough of it. */
    if (admission_is_banned(&server->admission, &connection->peer, loop_now(server->loop))) {
        refuse(server, connection, REASON_BANNED);
        return;
    }
    /* Behind those who are ready already. */
    verdict = reception_has_ready(service) || !turns_can_start(service)
                  ? VERDICT_QUEUE
                  : admission_start(&server->admission, &service->admission, &connection->ticket,
                                    loop_now(server->loop), &reason);
    if (verdict == VERDICT_ADMIT)
        server_start(server, connection);
    else if (verdict == VERDICT_QUEUE && listener_is_gone(connection->fd, connection->is_unix))
        end_gone(server, connection);
    else if (verdict == VERDICT_QUEUE)
        await_place(server, connection);
    else
        refuse(server, connection, reason);
}

/* The first one: its handler, or its end when it is gone. False when it must go on waiting. */
static bool admit_first(struct server *server, struct service *service)
{
    struct connection *connection = service->ready->first;
    enum admission_reason reason;

    if (listener_is_gone(connection->fd, connection->is_unix)) {
        leave_ready(connection);
        end_gone(server, connection);
        return true;
    }
    if (admission_start(&server->admission, &service->admission, &connection->ticket,
                        loop_now(server->loop), &reason) != VERDICT_ADMIT)
        return false;
    leave_ready(connection);
    server_start(server, connection);
    return true;
}

bool reception_admit_ready(struct service *service)
{
    struct reception_queue *queue = service->ready;
    bool admitted = false;

    /* Who is dropped here gives back what it counted, and that comes here again. */
    if (!queue || queue->busy)
        return false;
    queue->busy = true;
    while (queue->first && turns_can_start(service) && admit_first(service->server, service))
        admitted = true;
    queue->busy = false;
    return admitted;
}

/* --- all steps ------------------------------------------------------------------------------ */

/* Who has been silent for longest makes room. False when all of them are ready. */
static bool make_room(struct server *server)
{
    struct reception *reception = &server->reception;

    if (reception->count + reception->ready < reception->most)
        return true;
    if (!reception->oldest)
        return false;
    refuse(server, reception->oldest, REASON_HELD);
    return true;
}

static void on_bytes(struct loop_source *source, uint32_t events);

/* From here on it waits, until then (0: for ever): it needs room, a watch, a timer; and a high
 * number, or each start of a process would have to copy it to a child, and close it there
 * (launch/engine_clone.c). */
static void begin_waiting(struct server *server, struct connection *connection, nanoseconds until)
{
    if (!make_room(server)) {
        refuse(server, connection, REASON_HELD);
        return;
    }
    if (!connection->stands_high)
        connection->fd = fd_move_high(connection->fd);
    connection->stands_high = true;
    connection->source =
        (struct loop_source){.fd = connection->fd, .ready = on_bytes, .owner = connection};
    connection->has_deadline = connection->has_deadline || loop_reserve(server->loop, 1) == 0;
    if (!connection->has_deadline || loop_watch(server->loop, &connection->source, EPOLLIN) < 0) {
        refuse(server, connection, REASON_MEMORY);
        return;
    }
    append(&server->reception, connection);
    connection->deadline = (struct loop_timer){.fired = on_data_timeout, .owner = connection};
    if (until > 0)
        loop_arm(server->loop, &connection->deadline, until);
}

/* When a silent one that has just come is silent for too long; 0: never. */
static nanoseconds data_deadline(const struct connection *connection)
{
    const struct service *service = connection->service;
    nanoseconds timeout = service->admission.rules->guard->data_timeout;

    return timeout > 0 ? loop_now(service->server->loop) + timeout : 0;
}

static void progress(struct server *server, struct connection *connection)
{
    enum step step = STEP_ON;

    if (connection->state == CONNECTION_AWAITS_HEADER)
        step = pass_header(server, connection);
    if (step == STEP_ON)
        step = await_data(server, connection);
    if (step == STEP_ON)
        pass_on(server, connection);
    else if (step == STEP_WAITS && !is_waiting(connection))
        begin_waiting(server, connection, data_deadline(connection));
}

static void on_bytes(struct loop_source *source, uint32_t events)
{
    struct connection *connection = source->owner;

    (void)events;
    progress(connection->service->server, connection);
}

void reception_receive(struct server *server, struct connection *connection)
{
    const struct settings_guard *guard = connection->service->admission.rules->guard;

    connection->state = guard->proxy_protocol ? CONNECTION_AWAITS_HEADER : CONNECTION_AWAITS_DATA;
    connection->source = (struct loop_source){.fd = -1};
    connection->header = NULL;
    progress(server, connection);
}

void reception_adapt(struct server *server)
{
    struct connection *connection = server->reception.oldest;

    while (connection) {
        struct connection *younger = connection->younger;

        if (connection->state == CONNECTION_AWAITS_DATA &&
            connection->service->admission.rules->guard->start_on != START_ON_DATA)
            progress(server, connection);
        connection = younger;
    }
}

void reception_resume(struct server *server, struct connection *connection, nanoseconds until)
{
    if (connection->state == CONNECTION_AWAITS_PLACE)
        await_place(server, connection);
    else
        begin_waiting(server, connection, until);
}

static void drop_ready(struct server *server, struct service *service)
{
    while (reception_has_ready(service)) {
        struct connection *connection = service->ready->first;

        leave_ready(connection);
        server_drop(server, connection);
    }
}

void reception_drop(struct server *server, struct service *service)
{
    struct connection *connection = server->reception.oldest;

    while (connection) {
        struct connection *younger = connection->younger;

        if (!service || connection->service == service)
            drop(server, connection);
        connection = younger;
    }
    if (service) {
        drop_ready(server, service);
        return;
    }
    for (struct service *one = server->services; one; one = one->next)
        drop_ready(server, one);
}
