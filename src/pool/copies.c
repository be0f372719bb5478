/* copies: connections that a template makes copies of itself for. See parts.h.
 *
 * A connection is sent to the template, and stays ours until the copy's answer: then the copy has
 * it, and goes on. Exactly one of both serves it: a copy whose answer can't reach us ends (stub.c),
 * so whatever has no answer when the template's socket is shut is started cold. Whose answer it is
 * tells the kernel: a child of ours, of the service's user, that isn't somebody already.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/fd.h"
#include "pool/parts.h"
#include "warm/link.h"

static void on_control(struct loop_source *source, uint32_t events)
{
    struct warm_child *template = source->owner;

    (void)events;
    copies_take_answers(template->warming);
}

/* Whoever has a copy of its socket could keep its end from being seen. */
static void take_template_answers(struct warm_child *template)
{
    copies_take_answers(template->warming);
}

void copies_set_template(struct warming *warming, struct warm_child *template)
{
    struct loop *loop = warming->pools->loop;

    if (warming->template)
        warm_child_discard(warming->template);
    warming->template = template;
    if (!template)
        return;
    loop_unwatch(loop, &template->source);
    template->source.ready = on_control;
    template->answers = take_template_answers;
    if (loop_watch(loop, &template->source, EPOLLIN) < 0) {
        warming->template = NULL;
        warm_child_discard(template);
    }
}

/* Sends the connection; false where it can't be had this way. */
static bool send_one(struct warming *warming, struct pool_request *request, const char *region)
{
    unsigned place = 0;

    while (warming->sent[place].request)
        place++;
    if (warm_link_send(warming->template->source.fd, WARM_CLONE, ++warming->connection_serial,
                       region, warming->slots.size, request->fd) < 0)
        return false;
    warming->sent[place].request = request;
    warming->sent[place].serial = warming->connection_serial;
    warming->sent[place].since = loop_now(warming->pools->loop);
    warming->template->uses++;
    warming->sent_count++;
    warming->pools->processes->unclaimed++;
    warm_child_await_answer(warming);
    return true;
}

static struct pool_request *take_waiting(struct warming *warming)
{
    struct pool_request *request = warming->waiting;

    if (!request)
        return NULL;
    warming->waiting = request->next;
    if (!warming->waiting)
        warming->waiting_last = &warming->waiting;
    warming->waiting_count--;
    return request;
}

/* It doesn't wait any more. */
static void forget_region(struct pool_request *request)
{
    free(request->region);
    request->region = NULL;
}

/* As many as the template is to have at a time; none while another one is to take its place. */
static void send_waiting(struct warming *warming)
{
    while (warming->template && !warming->successor && warming->waiting &&
           warming->sent_count < COPIES_SENT) {
        struct pool_request *request = take_waiting(warming);
        bool sent = send_one(warming, request, request->region);

        forget_region(request);
        if (!sent)
            request->done(request, 0);
    }
}

bool copies_take(struct warming *warming, struct pool_request *request, const char *region)
{
    bool first = !warming->waiting && !warming->successor && warming->sent_count < COPIES_SENT;

    if (first)
        return send_one(warming, request, region);
    if (warming->waiting_count == COPIES_WAITING)
        return false;
    request->region = malloc(warming->slots.size);
    if (!request->region)
        return false;
    memcpy(request->region, region, warming->slots.size);
    request->next = NULL;
    *warming->waiting_last = request;
    warming->waiting_last = &request->next;
    warming->waiting_count++;
    return true;
}

/* The connection of an answer, which isn't waited for any more; NULL: of none. */
static struct pool_request *take_sent(struct warming *warming, uint32_t serial)
{
    for (unsigned i = 0; i < COPIES_SENT; i++) {
        struct pool_request *request = warming->sent[i].request;

        if (!request || warming->sent[i].serial != serial)
            continue;
        warming->sent[i].request = NULL;
        warming->sent_count--;
        warming->pools->processes->unclaimed--;
        return request;
    }
    return NULL;
}

/* False: nobody was to give such an answer, or it isn't the truth. */
static bool take_answer(struct warming *warming, const struct warm_answer *answer, pid_t pid)
{
    bool is_served = answer->result == 0;
    struct pool_request *request;

    if (is_served && (processes_find(warming->pools->processes, pid) || !warm_link_is_child(pid)))
        return false;
    request = take_sent(warming, answer->serial);
    if (!request)
        return false;
    warming->served += is_served;
    if (is_served)
        warming->failures = 0;
    request->done(request, is_served ? pid : 0);
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
        warm_child_lost(warming);
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
    nanoseconds now = loop_now(warming->pools->loop);
    bool late = false;

    for (unsigned i = 0; i < COPIES_SENT; i++)
        late = late || (warming->sent[i].request && now - warming->sent[i].since >= ANSWER_WAIT);
    if (late)
        copies_end(warming);
    return late;
}

void copies_give_up_waiting(struct warming *warming)
{
    struct pool_request *request;

    while ((request = take_waiting(warming)) != NULL) {
        forget_region(request);
        request->done(request, 0);
    }
    if (warming->successor)
        warm_child_discard(warming->successor);
    warming->successor = NULL;
}

void copies_end(struct warming *warming)
{
    struct warm_child *template = warming->template;
    struct pool_request *request;
    struct warm_answer answer;
    pid_t pid;

    if (template) {
        warm_link_shut(template->source.fd);
        while (warm_link_answer(template->source.fd, warming->uid, &answer, &pid) > 0)
            take_answer(warming, &answer, pid);
        copies_set_template(warming, NULL);
    }
    for (unsigned i = 0; i < COPIES_SENT; i++)
        if (warming->sent[i].request &&
            (request = take_sent(warming, warming->sent[i].serial)) != NULL)
            request->done(request, 0);
    copies_give_up_waiting(warming);
}
