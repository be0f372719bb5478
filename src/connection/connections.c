/* connections: see connections.h. Puts the room's parts together; and at the end of a turn lets in
 * whose turn it is. */
#include "connection/connections.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/log.h"
#include "connection/connection_event.h"
#include "connection/penalty.h"
#include "connection/waiting.h"

/* --- its life ------------------------------------------------------------------------------- */

/* A socket may be watched again that was out with a handler. */
static void on_again(struct listener *listener)
{
    struct service *service = service_of(listener);

    turns_park(service, listener);
    turns_look(service);
}

static void on_lingering_ended(void *context)
{
    struct connections *connections = context;

    turns_fds_given_back(&connections->turns);
}

/* engine: for tests and for kernels that are odd. */
static int open_launcher(struct connections *connections, const char *engine)
{
    const char *fallback;
    int error = launcher_open(engine, &connections->launcher, &fallback);

    if (error < 0)
        log_error("STDINETD_ENGINE: %s", error == -EINVAL ? "unknown engine" : strerror(-error));
    else if (fallback)
        log_notice("using the %s engine: %s", launcher_engine(connections->launcher), fallback);
    return error;
}

int connections_open(struct connections *connections, struct services *services,
                     struct processes *processes, size_t max_sources, const char *engine)
{
    struct loop *loop = services->loop;
    int error;

    *connections = (struct connections){.loop = loop, .services = services, .processes = processes};
    services->connections = connections;
    services->readable = connection_accept;
    services->look = turns_look;
    services->listen = (struct listen_context){loop, &services->inherited, on_again};
    connections->lingering =
        (struct linger_list){.loop = loop, .ended = on_lingering_ended, .context = connections};
    connections->launches =
        (struct loop_source){.fd = -1, .ready = connection_on_launches, .owner = connections};
    connections->launch_timer =
        (struct loop_timer){.fired = connection_on_launch_timer, .owner = connections};
    turns_open(&connections->turns, loop, services);
    penalty_open(connections);
    intake_open(&connections->intake);
    children_open(&connections->children, processes, connection_end);
    error = loop_reserve(loop, CONNECTIONS_TIMERS);
    if (error == 0)
        error = admission_open(&connections->admission, max_sources);
    if (error == 0)
        error = open_launcher(connections, engine);
    if (error < 0)
        return error;
    connections->launches.fd = launcher_fd(connections->launcher);
    return connections->launches.fd < 0 ? 0 : loop_watch(loop, &connections->launches, EPOLLIN);
}

void connections_close(struct connections *connections)
{
    launcher_close(connections->launcher);
    children_close(&connections->children);
    admission_close(&connections->admission);
}

/* --- whose turn it is ----------------------------------------------------------------------- */

/* The first one that waits: its handler, or its end when it is gone. False when it must go on
 * waiting. */
static bool admit_first(struct connections *connections, struct service *service)
{
    struct connection *connection = service->ready->first;
    enum admission_reason reason;

    if (listener_is_gone(connection->fd, connection->is_unix)) {
        waiting_leave(connection);
        connection_event_gone(service, &connection->peer);
        connection_drop(connections, connection);
        return true;
    }
    if (admission_start(&connections->admission, &service->admission, &connection->ticket,
                        loop_now(connections->loop), &reason) != VERDICT_ADMIT)
        return false;
    waiting_leave(connection);
    connection_start(connections, connection);
    return true;
}

/* Lets in who waits, while there is a place. Whether it let in anybody. */
static bool admit_ready(struct connections *connections, struct service *service)
{
    bool admitted = false;

    while (turns_has_ready(service) && turns_can_start(service) &&
           admit_first(connections, service))
        admitted = true;
    return admitted;
}

static void look(struct connections *connections, struct service *service)
{
    if (admit_ready(connections, service) && turns_has_ready(service))
        /* Who got some of the places is the last one to get the next. */
        turns_leave(&connections->turns, service);
    turns_watch(service);
}

static size_t count_parked(const struct service *service)
{
    size_t count = 0;

    for (const struct listener *listener = service->parked; listener;
         listener = listener->next_parked)
        count++;
    return count;
}

/* Whether who was told of a place at the limit of all will have the last one. */
static bool are_given_away(const struct admission *admission, uint64_t told)
{
    return admission->limit > 0 && told > 0 && admission->running + told >= admission->limit;
}

/* All that wait, in their order. */
static void look_at_all(struct connections *connections)
{
    struct turns *turns = &connections->turns;
    struct service *service = turns->first;
    uint64_t told = 0;

    while (service) {
        struct service *next = service->next_waiting;
        size_t parked = count_parked(service);

        /* Who is told of a place has it when its listener fires in the next turn; clients that are
         * ready would be quicker. */
        connections->admission.promised = told;
        look(connections, service);
        connections->admission.promised = 0;
        told += parked > count_parked(service);
        if (turns->first && are_given_away(&connections->admission, told)) {
            /* If nobody comes after all, the others have their turn after those events. */
            turns_look_next_turn(turns);
            break;
        }
        service = next;
    }
    turns_looked(turns);
}

/* Those that are due; among all that wait each in its place. */
static void look_at_due(struct connections *connections)
{
    struct turns *turns = &connections->turns;
    bool are_all = turns_take_all_due(turns);
    struct service *service;

    while ((service = turns_take_due(turns)) != NULL)
        if (are_all)
            turns_enter(turns, service);
        else
            look(connections, service);
    if (are_all)
        look_at_all(connections);
}

/* What a look leads to may make others due; more than so often in one turn it is the next one's. */
#define LOOKS 4

void connections_end_turn(struct connections *connections)
{
    struct turns *turns = &connections->turns;
    bool is_due = true;

    /* The starts are looked after behind the looks, which may have begun some. */
    for (unsigned i = 0; i < LOOKS && is_due; i++) {
        if (turns->due || turns->are_all_due)
            look_at_due(connections);
        connection_collect_starts(connections);
        is_due = turns->due || turns->are_all_due;
    }
    connections_go_on(connections);
}

void connections_go_on(struct connections *connections)
{
    struct turns *turns = &connections->turns;

    if (turns->due || turns->are_all_due)
        turns_look_next_turn(turns);
}
