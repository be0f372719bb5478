/* copies: connections that a template makes copies of itself for. See warming.h.
 *
 * A connection is sent to the template, and stays ours until the copy's answer: then the copy has
 * it, and goes on. Exactly one of both serves it: a copy whose answer can't reach us ends (stub.c),
 * so whatever has no answer when the template's socket is shut is started cold. Whose answer it is
 * tells the kernel: a child of ours, of the service's user, that isn't somebody already.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/fd.h"
#include "serve/server.h"
#include "serve/warming_parts.h"
#include "warm/link.h"

static void on_control(struct loop_source *source, uint32_t events)
{
    struct warm_child *template = source->owner;

    (void)events;
    copies_take_answers(template->warming);
}

void copies_set_template(struct warming *warming, struct warm_child *template)
{
    struct loop *loop = warming->service->server->loop;

    if (warming->template)
        warm_child_discard(warming->template);
    warming->template = template;
    if (!template)
        return;
    loop_unwatch(loop, &template->source);
    template->source.ready = on_control;
    if (loop_watch(loop, &template->source, EPOLLIN) < 0) {
        warming->template = NULL;
        warm_child_discard(template);
    }
}

/* Sends the connection; false where it can't be had this way. */
static bool send_one(struct warming *warming, struct connection *connection)
{
    struct server *server = warming->service->server;
    struct environment environment;
    char region[WARM_REGION_MAX];
    unsigned place = 0;

    server_fill_environment(connection, &environment);
    if (!warm_slots_fill(&warming->slots, &environment, region))
        return false;
    while (warming->sent[place].connection)
        place++;
    if (warm_link_send(warming->template->source.fd, WARM_CLONE, ++warming->connection_serial,
                       region, warming->slots.size, connection->fd) < 0)
        return false;
    warming->sent[place].connection = connection;
    warming->sent[place].serial = warming->connection_serial;
    warming->sent[place].since = loop_now(server->loop);
    warming->template->uses++;
    warming->sent_count++;
    server->processes.unclaimed++;
    ready_await_answer(warming);
    return true;
}

static struct connection *take_waiting(struct warming *warming)
{
    struct connection *connection = warming->waiting;

    if (!connection)
        return NULL;
    warming->waiting = connection->next;
    if (!warming->waiting)
        warming->waiting_last = &warming->waiting;
    warming->waiting_count--;
    return connection;
}

/* As many as the template is to have at a time; none while another one is to take its place. */
static void send_waiting(struct warming *warming)
{
    while (warming->template && !warming->successor && warming->waiting &&
           warming->sent_count < COPIES_SENT) {
        struct connection *connection = take_waiting(warming);

        if (!send_one(warming, connection))
            server_start_cold(warming->service->server, connection);
    }
}

bool copies_take(struct warming *warming, struct connection *connection)
{
    bool first = !warming->waiting && !warming->successor && warming->sent_count < COPIES_SENT;

    if (first)
        return send_one(warming, connection);
    if (warming->waiting_count == COPIES_WAITING)
        return false;
    connection->next = NULL;
    *warming->waiting_last = connection;
    warming->waiting_last = &connection->next;
    warming->waiting_count++;
    return true;
}

/* The connection of an answer, which isn't waited for any more; NULL: of none. */
static struct connection *take_sent(struct warming *warming, uint32_t serial)
{
    struct server *server = warming->service->server;

    for (unsigned i = 0; i < COPIES_SENT; i++) {
        struct connection *connection = warming->sent[i].connection;

        if (!connection || warming->sent[i].serial != serial)
            continue;
        warming->sent[i].connection = NULL;
        warming->sent_count--;
        server->processes.unclaimed--;
        return connection;
    }
    return NULL;
}

/* False: nobody was to give such an answer, or it isn't the truth. */
static bool take_answer(struct warming *warming, const struct warm_answer *answer, pid_t pid)
{
    struct server *server = warming->service->server;
    struct connection *connection;

    if (answer->result == 0 &&
        (processes_find(&server->processes, pid) || !warm_link_is_child(pid)))
        return false;
    connection = take_sent(warming, answer->serial);
    if (!connection)
        return false;
    if (answer->result == 0) {
        warming->served++;
        warming->failures = 0;
        server_warm_started(server, connection, pid);
    } else {
        server_start_cold(server, connection);
    }
    return true;
}

void copies_take_answers(struct warming *warming)
{
    struct warm_child *template = warming->template;
    struct warm_answer answer;
    pid_t pid;
    int got = 0;

    /* What an answer leads to may end the template. One that tells anything else is ended, too: it
     * could go on as fast as we read. */
    while (template && warming->template == template &&
           (got = warm_link_answer(template->source.fd, warming->uid, &answer, &pid)) > 0)
        if (!take_answer(warming, &answer, pid)) {
            got = -EPROTO;
            break;
        }
    if (!template || warming->template != template)
        return;
    if (got < 0 || template->reaped) {
        copies_end(warming);
        supply_lost(warming);
        return;
    }
    if (warming->successor && warming->sent_count == 0) {
        struct warm_child *successor = warming->successor;

        warming->successor = NULL;
        copies_set_template(warming, successor);
    }
    send_waiting(warming);
}

bool copies_check(struct warming *warming)
{
    nanoseconds now = loop_now(warming->service->server->loop);
    bool late = false;

    for (unsigned i = 0; i < COPIES_SENT; i++)
        late = late || (warming->sent[i].connection && now - warming->sent[i].since >= ANSWER_WAIT);
    if (late)
        copies_end(warming);
    return late;
}

void copies_give_up_waiting(struct warming *warming)
{
    struct connection *connection;

    while ((connection = take_waiting(warming)) != NULL)
        server_start_cold(warming->service->server, connection);
    if (warming->successor)
        warm_child_discard(warming->successor);
    warming->successor = NULL;
}

void copies_end(struct warming *warming)
{
    struct warm_child *template = warming->template;
    struct server *server = warming->service->server;
    struct connection *connection;
    struct warm_answer answer;
    pid_t pid;

    if (template) {
        warm_link_shut(template->source.fd);
        while (warm_link_answer(template->source.fd, warming->uid, &answer, &pid) > 0)
            take_answer(warming, &answer, pid);
        copies_set_template(warming, NULL);
    }
    for (unsigned i = 0; i < COPIES_SENT; i++)
        if (warming->sent[i].connection &&
            (connection = take_sent(warming, warming->sent[i].serial)) != NULL)
            server_start_cold(server, connection);
    copies_give_up_waiting(warming);
}
