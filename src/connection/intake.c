/* intake: see intake.h. The way of a client: header -> admission_enter -> data -> a place -> its
 * handler; each step at once where it can be, else on the next readable moment. */

#include "connection/intake.h"

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
#include "connection/connection_event.h"
#include "connection/connections.h"
#include "connection/penalty.h"
#include "connection/waiting.h"

/* What a step made of a connection. */
enum step {
    STEP_ON,    /* done: the next one */
    STEP_WAITS, /* for more bytes */
    STEP_GONE,  /* it is closed, and its record is free */
};

void intake_open(struct intake *intake)
{
    struct rlimit limit;

    *intake = (struct intake){.most = INTAKE_MAX};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur / 2 < intake->most)
        intake->most = (size_t)limit.rlim_cur / 2;
}

bool intake_is_wanted(const struct service *service)
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

static void append(struct intake *intake, struct connection *connection)
{
    connection->younger = NULL;
    connection->older = intake->youngest;
    if (connection->older)
        connection->older->younger = connection;
    else
        intake->oldest = connection;
    intake->youngest = connection;
    intake->count++;
}

static void take_out(struct intake *intake, struct connection *connection)
{
    if (connection->older)
        connection->older->younger = connection->younger;
    else
        intake->oldest = connection->younger;
    if (connection->younger)
        connection->younger->older = connection->older;
    else
        intake->youngest = connection->older;
    connection->older = connection->younger = NULL;
    intake->count--;
}

/* Whether it is among those who wait; else all steps so far could be taken at once. */
static bool is_waiting(const struct connection *connection)
{
    return awaits_bytes(connection) && connection->source.watched;
}

/* Ends the waiting for bytes: what it took is given back, and the record is as it was before. */
static void end_waiting(struct connections *connections, struct connection *connection)
{
    if (!awaits_bytes(connection))
        return;
    if (is_waiting(connection)) {
        loop_unwatch(connections->loop, &connection->source);
        loop_disarm(connections->loop, &connection->deadline);
        take_out(&connections->intake, connection);
    }
    free(connection->header);
    connection->header = NULL;
    connection->state = CONNECTION_HELD;
}

/* --- ends ----------------------------------------------------------------------------------- */

static enum step drop(struct connections *connections, struct connection *connection)
{
    end_waiting(connections, connection);
    connection_drop(connections, connection);
    return STEP_GONE;
}

static enum step refuse(struct connections *connections, struct connection *connection,
                        enum admission_reason reason)
{
    connection_event_refused(connection->service, &connection->peer, reason);
    service_tell_refused(connection->service, connection->fd);
    return drop(connections, connection);
}

/* It came, and said nothing. */
static enum step end_silent(struct connections *connections, struct connection *connection)
{
    const struct admission_end end = {.silent = true, .status = -1};

    connection_event_silent(connection, loop_now(connections->loop));
    penalty_add(connections, connection, &end);
    return drop(connections, connection);
}

/* The client has closed or reset before it was anybody; a proxy that looks whether we are there
 * does so, too, before its header or behind one that tells of nobody. */
static enum step end_gone(struct connections *connections, struct connection *connection)
{
    connection_event_gone(connection->service, &connection->peer);
    return drop(connections, connection);
}

static void on_data_timeout(struct loop_timer *timer)
{
    struct connection *connection = timer->owner;

    end_silent(connection->service->services->connections, connection);
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
static enum step skip_rest(struct connections *connections, struct connection *connection)
{
    int error = connection->header ? read_away(connection->fd, &connection->header->skip) : 0;

    if (error == -EAGAIN)
        return STEP_WAITS;
    return error < 0 ? end_gone(connections, connection) : STEP_ON;
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
static enum step read_header(struct connections *connections, struct connection *connection)
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
        return end_gone(connections, connection);
    total = kept + (size_t)got;
    verdict = proxy_parse(bytes, total, &header);
    if (verdict == PROXY_BAD)
        return refuse(connections, connection, REASON_HEADER);
    taken = proxy_consumable(bytes, total);
    left = taken > kept ? taken - kept : 0; /* all of it is there */
    if (read_away(connection->fd, &left) < 0)
        return end_gone(connections, connection);
    if (verdict == PROXY_INCOMPLETE)
        return keep(connection, bytes, taken, 0) ? STEP_WAITS
                                                 : refuse(connections, connection, REASON_MEMORY);
    if (header.told) {
        connection->peer = header.source;
        connection->local = header.destination;
    }
    connection->is_proxys = !header.told;
    if (header.length > taken && !keep(connection, bytes, 0, header.length - taken))
        return refuse(connections, connection, REASON_MEMORY);
    connection->told = true;
    return STEP_ON;
}

static enum step pass_header(struct connections *connections, struct connection *connection)
{
    struct service *service = connection->service;
    struct admission_decision decision;
    enum step step = connection->told ? STEP_ON : read_header(connections, connection);

    if (step == STEP_ON)
        step = skip_rest(connections, connection);
    if (step != STEP_ON)
        return step;
    /* LOCAL and then a reset is a proxy's health check. */
    if (listener_is_gone(connection->fd, connection->is_unix))
        return end_gone(connections, connection);
    decision = admission_enter(&connections->admission, &service->admission, &connection->peer,
                               loop_now(connections->loop));
    if (decision.verdict != VERDICT_ADMIT)
        return refuse(connections, connection, decision.reason);
    connection->ticket = decision.ticket;
    connection->source_running = decision.source_running;
    connection->state = CONNECTION_AWAITS_DATA;
    return STEP_ON;
}

/* --- the first byte, and a place ------------------------------------------------------------ */

static enum step await_data(struct connections *connections, struct connection *connection)
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
    return connection->is_proxys ? end_gone(connections, connection)
                                 : end_silent(connections, connection);
}

static void await_place(struct connections *connections, struct connection *connection)
{
    int error = waiting_append(connection, connections->intake.most / INTAKE_SHARE);

    if (error < 0)
        refuse(connections, connection, error == -ENOSPC ? REASON_HELD : REASON_MEMORY);
}

/* It is ready: a handler, if its service has a place for it and doesn't rest. */
static void pass_on(struct connections *connections, struct connection *connection)
{
    struct service *service = connection->service;
    enum admission_reason reason;
    enum admission_verdict verdict;

    end_waiting(connections, connection);
    /* Since it came, somebody may have had enough of it. */
    if (admission_is_banned(&connections->admission, &connection->peer,
                            loop_now(connections->loop))) {
        refuse(connections, connection, REASON_BANNED);
        return;
    }
    /* Behind those who are ready already. */
    verdict = turns_has_ready(service) || !turns_can_start(service)
                  ? VERDICT_QUEUE
                  : admission_start(&connections->admission, &service->admission,
                                    &connection->ticket, loop_now(connections->loop), &reason);
    if (verdict == VERDICT_ADMIT)
        connection_start(connections, connection);
    else if (verdict == VERDICT_QUEUE && listener_is_gone(connection->fd, connection->is_unix))
        end_gone(connections, connection);
    else if (verdict == VERDICT_QUEUE)
        await_place(connections, connection);
    else
        refuse(connections, connection, reason);
}

/* --- all steps ------------------------------------------------------------------------------ */

/* Who has been silent for longest makes room. False when all of them are ready. */
static bool make_room(struct connections *connections)
{
    struct intake *intake = &connections->intake;

    if (intake->count + connections->waiting_count < intake->most)
        return true;
    if (!intake->oldest)
        return false;
    refuse(connections, intake->oldest, REASON_HELD);
    return true;
}

static void on_bytes(struct loop_source *source, uint32_t events);

/* From here on it waits, until then (0: for ever): it needs room, a watch, a timer; and a high
 * number, or each start of a process would have to copy it to a child, and close it there
 * (launch/engine_clone.c). */
static void begin_waiting(struct connections *connections, struct connection *connection,
                          nanoseconds until)
{
    if (!make_room(connections)) {
        refuse(connections, connection, REASON_HELD);
        return;
    }
    if (!connection->stands_high)
        connection->fd = fd_move_high(connection->fd);
    connection->stands_high = true;
    connection->source =
        (struct loop_source){.fd = connection->fd, .ready = on_bytes, .owner = connection};
    connection->has_deadline = connection->has_deadline || loop_reserve(connections->loop, 1) == 0;
    if (!connection->has_deadline ||
        loop_watch(connections->loop, &connection->source, EPOLLIN) < 0) {
        refuse(connections, connection, REASON_MEMORY);
        return;
    }
    append(&connections->intake, connection);
    connection->deadline = (struct loop_timer){.fired = on_data_timeout, .owner = connection};
    if (until > 0)
        loop_arm(connections->loop, &connection->deadline, until);
}

/* When a silent one that has just come is silent for too long; 0: never. */
static nanoseconds data_deadline(const struct connection *connection)
{
    const struct service *service = connection->service;
    nanoseconds timeout = service->admission.rules->guard->data_timeout;

    return timeout > 0 ? loop_now(service->services->connections->loop) + timeout : 0;
}

static void progress(struct connections *connections, struct connection *connection)
{
    enum step step = STEP_ON;

    if (connection->state == CONNECTION_AWAITS_HEADER)
        step = pass_header(connections, connection);
    if (step == STEP_ON)
        step = await_data(connections, connection);
    if (step == STEP_ON)
        pass_on(connections, connection);
    else if (step == STEP_WAITS && !is_waiting(connection))
        begin_waiting(connections, connection, data_deadline(connection));
}

static void on_bytes(struct loop_source *source, uint32_t events)
{
    struct connection *connection = source->owner;

    (void)events;
    progress(connection->service->services->connections, connection);
}

void intake_receive(struct connections *connections, struct connection *connection)
{
    const struct settings_guard *guard = connection->service->admission.rules->guard;

    connection->state = guard->proxy_protocol ? CONNECTION_AWAITS_HEADER : CONNECTION_AWAITS_DATA;
    connection->source = (struct loop_source){.fd = -1};
    connection->header = NULL;
    progress(connections, connection);
}

void intake_apply(struct connections *connections)
{
    struct connection *connection = connections->intake.oldest;

    while (connection) {
        struct connection *younger = connection->younger;

        if (connection->state == CONNECTION_AWAITS_DATA &&
            connection->service->admission.rules->guard->start_on != START_ON_DATA)
            progress(connections, connection);
        connection = younger;
    }
}

void intake_resume(struct connections *connections, struct connection *connection,
                   nanoseconds until)
{
    if (connection->state == CONNECTION_AWAITS_PLACE)
        await_place(connections, connection);
    else
        begin_waiting(connections, connection, until);
}

static void drop_those(struct connections *connections, bool all)
{
    struct connection *connection = connections->intake.oldest;

    while (connection) {
        struct connection *younger = connection->younger;

        if (all || connection->service->retired)
            drop(connections, connection);
        connection = younger;
    }
}

void intake_drop_retired(struct connections *connections)
{
    drop_those(connections, false);
}

void intake_drop_all(struct connections *connections)
{
    drop_those(connections, true);
    for (struct service *one = connections->services->first; one; one = one->next)
        waiting_drop(one);
}
