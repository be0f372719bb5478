/* pool: see pool.h. */
#include "pool/pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/siphash.h"
#include "pool/parts.h"
#include "service/service.h"
#include "warm/calls.h"
#include "warm/order.h"

/* Timers of one: retry, age, answer. */
#define WARMING_TIMERS 3

/* --- a service becomes warm, or another one ----------------------------------------------------
 */

/* What its connections will be like; NONE where they can't be known. */
static enum addr_family family_of(const struct service *service)
{
    for (size_t i = 0; i < service->listener_count; i++) {
        if (listener_waits(&service->listeners[i]))
            continue;
        switch (service->listeners[i].kind) {
        case ENDPOINT_TCP:
            return ADDR_IPV4;
        case ENDPOINT_UNIX:
        case ENDPOINT_UNIX_SEQPACKET:
            return service->settings->guard->proxy_protocol ? ADDR_IPV4 : ADDR_UNIX;
        default:
            break;
        }
    }
    return ADDR_NONE;
}

/* What makes warm handlers something else than cold ones, or takes what a warmer can't have. */
static const char *reason_against(const struct service *service)
{
    const struct service_settings *settings = service->settings;

    if (!WARM_IS_POSSIBLE)
        return "not supported by this build or processor";
    if (settings->isolate != 0)
        return "isolate: each handler gets its own namespaces";
    if (settings->rlimits && settings->rlimits->set[RLIMIT_NPROC])
        return "rlimit-nproc: ready handlers would count";
    if (family_of(service) == ADDR_NONE)
        return "only TCP and unix connections can be handed over";
    return NULL;
}

/* Writes the order for the service as it is now. 0 or -errno. */
static int write_order(const struct service *service, struct warm_slots *ret_slots, char **ret,
                       size_t *ret_size)
{
    const struct settings_warm *settings = service->settings->warm;
    struct warm_order order = {.plan = *service->plan,
                               .depth = settings->depth,
                               .timeout = settings->timeout,
                               .stderr_is_connection =
                                   service->settings->stderr_sink.kind == STDERR_CONNECTION};
    enum addr_family family = family_of(service);
    const struct launch_connection wiring = {.protocol = family == ADDR_UNIX ? "UNIX" : "TCP",
                                             .peer = {.family = (uint8_t)family},
                                             .local = {.family = (uint8_t)family}};
    struct environment sample;
    int error;

    environment_fill(&sample, service->plan->service, &wiring);
    error = warm_slots_make(&sample, &order.slots);
    if (error < 0)
        return error;
    memcpy(ret_slots, &order.slots, sizeof(*ret_slots));
    return warm_order_write(&order, ret, ret_size);
}

/* Whether what is ready is what would be made now. */
static bool is_current(const struct warming *warming, const char *order, size_t size)
{
    const struct service *service = warming->service;

    if (warming->template && service->settings->warm->template != WARM_TEMPLATE_YES)
        return false;
    return warming->is_possible && warming->order_size == size &&
           memcmp(warming->order, order, size) == 0 &&
           service->settings->stderr_sink.kind != STDERR_FILE &&
           warm_files_are_same(&warming->files, warming->plan);
}

static void on_answer(struct loop_timer *timer)
{
    struct warming *warming = timer->owner;
    nanoseconds now = loop_now(warming->pools->loop);
    bool late = ready_check(warming, now);

    late = copies_check(warming) || late;
    if (warming->given || warming->sent_count > 0)
        warm_child_await_answer(warming);
    /* Whoever stopped that one may stop the next one, too, and each keeps a client waiting. */
    if (late)
        warm_child_lost(warming);
    else
        supply_refill(warming);
}

static struct warming *make(struct pools *pools, struct service *service)
{
    struct warming *warming;

    if (loop_reserve(pools->loop, WARMING_TIMERS) < 0)
        return NULL;
    warming = calloc(1, sizeof(*warming));
    if (!warming) {
        loop_reserve(pools->loop, -WARMING_TIMERS);
        return NULL;
    }
    warming->pools = pools;
    warming->service = service;
    warming->plan = plan_ref(service->plan);
    warming->uid = service->plan->change_credentials ? service->plan->uid : geteuid();
    warming->warmer.source.fd = -1;
    warming->warmer.warming = warming;
    warming->waiting_last = &warming->waiting;
    supply_open(warming);
    warming->answer = (struct loop_timer){.fired = on_answer, .owner = warming};
    warming->next = pools->first;
    warming->link = &pools->first;
    if (warming->next)
        warming->next->link = &warming->next;
    pools->first = warming;
    service->warming = warming;
    return warming;
}

/* The order for the service as it is now, malloc'ed; NULL: it can't be warm, for that reason. */
static char *make_order(const struct service *service, struct warm_slots *ret_slots,
                        size_t *ret_size, const char **ret_reason)
{
    const char *reason = reason_against(service);
    char *order = NULL;
    int error = reason ? 0 : write_order(service, ret_slots, &order, ret_size);

    *ret_reason = error < 0 ? strerror(-error) : reason;
    return order;
}

/* Makes it warm by that order, which becomes its own in any case. */
static struct warming *make_possible(struct pools *pools, struct service *service,
                                     const struct warm_slots *slots, char *order, size_t size)
{
    struct warming *warming = make(pools, service);

    if (!warming) {
        free(order);
        return NULL;
    }
    memcpy(&warming->slots, slots, sizeof(*slots));
    warming->is_possible = true;
    warming->order = order;
    warming->order_size = size;
    return warming;
}

/* Makes it one that stays cold. */
static void make_cold(struct pools *pools, struct service *service, const char *reason)
{
    struct warming *warming = make(pools, service);

    if (!warming)
        return;
    snprintf(warming->why, sizeof(warming->why), "%s", reason);
    supply_say(warming, LOG_LEVEL_NOTICE, SUPPLY_COLD);
}

void warming_adapt(struct pools *pools, struct service *service)
{
    struct warming *warming = service->warming;
    struct warm_slots slots;
    const char *reason;
    size_t size = 0;
    char *order;

    if (service->settings->warm->depth == WARM_DEPTH_NO) {
        warming_end(service);
        return;
    }
    order = make_order(service, &slots, &size, &reason);
    if (warming && order && is_current(warming, order, size)) {
        /* What stands there may be more than is wanted now, which is used up. */
        free(order);
        plan_unref(warming->plan);
        warming->plan = plan_ref(service->plan);
        supply_refill(warming);
        return;
    }
    warming_end(service);
    if (!order) {
        make_cold(pools, service, reason);
        return;
    }
    warming = make_possible(pools, service, &slots, order, size);
    if (warming)
        supply_refill(warming);
}

static uint64_t fingerprint_of(const char *order, size_t size)
{
    static const struct siphash_key key; /* the same in every build */

    return siphash(&key, order, size);
}

uint64_t warming_fingerprint(const struct warming *warming)
{
    return fingerprint_of(warming->order, warming->order_size);
}

struct warming *warming_resume(struct pools *pools, struct service *service, uint64_t fingerprint)
{
    struct warm_slots slots;
    const char *reason;
    size_t size = 0;
    char *order;

    if (service->retired || service->warming || service->settings->warm->depth == WARM_DEPTH_NO)
        return NULL;
    order = make_order(service, &slots, &size, &reason);
    if (order && fingerprint_of(order, size) == fingerprint)
        return make_possible(pools, service, &slots, order, size);
    free(order);
    return NULL;
}

/* It is no more: nobody looks at it when the turn ends. */
static void forget_due(struct warming *warming)
{
    struct warming **link = &warming->pools->due;

    while (*link && *link != warming)
        link = &(*link)->next_due;
    if (*link)
        *link = warming->next_due;
}

void warming_end(struct service *service)
{
    struct warming *warming = service->warming;
    struct loop *loop;

    if (!warming)
        return;
    loop = warming->pools->loop;
    warming->is_possible = false;
    supply_stop(warming);
    ready_discard_all(warming);
    ready_take_back(warming);
    copies_end(warming);
    loop_disarm(loop, &warming->retry);
    loop_disarm(loop, &warming->age);
    loop_disarm(loop, &warming->answer);
    loop_reserve(loop, -WARMING_TIMERS);
    forget_due(warming);
    *warming->link = warming->next;
    if (warming->next)
        warming->next->link = warming->link;
    service->warming = NULL;
    warm_files_forget(&warming->files);
    plan_unref(warming->plan);
    free(warming->order);
    free(warming);
}

void pools_open(struct pools *pools, struct loop *loop, struct processes *processes, int null_fd)
{
    *pools = (struct pools){.loop = loop, .processes = processes, .null_fd = null_fd};
    pools->queue_last = &pools->queue;
}

void pools_hold(struct pools *pools, bool is_held)
{
    pools->is_held = is_held;
}

void pools_end_turn(struct pools *pools)
{
    struct warming *warming;

    while ((warming = pools->due) != NULL) {
        pools->due = warming->next_due;
        warming->is_due = false;
        supply_refill(warming);
    }
}

void pools_end(struct pools *pools)
{
    while (pools->first)
        warming_end(pools->first->service);
}

void pools_leave(struct pools *pools)
{
    for (struct warming *warming = pools->first; warming; warming = warming->next) {
        supply_stop(warming);
        copies_give_up_waiting(warming);
    }
}

void pools_take_back(struct pools *pools)
{
    for (struct warming *warming = pools->first; warming; warming = warming->next) {
        ready_take_back(warming);
        if (warming->sent_count > 0)
            copies_end(warming);
    }
}

/* --- a connection ------------------------------------------------------------------------------
 */

/* What is ready isn't what would be started now: all of it goes, and is made anew. */
static void renew(struct warming *warming)
{
    supply_stop(warming);
    ready_discard_all(warming);
    copies_end(warming);
    loop_disarm(warming->pools->loop, &warming->retry);
    warming->failures = 0;
    supply_refill(warming);
}

static bool is_fresh(const struct warming *warming, const struct launch_connection *wiring)
{
    return warm_files_are_same(&warming->files, warming->plan) &&
           (warming->stderr_inode == 0 || warming->stderr_inode == supply_inode(wiring->stderr_fd));
}

/* Gives it to what is ready, which is as it would be made now. */
static bool give(struct warming *warming, struct pool_request *request,
                 const struct launch_connection *wiring)
{
    struct environment environment;
    char region[WARM_REGION_MAX];

    environment_fill(&environment, warming->plan->service, wiring);
    if (!warm_slots_fill(&warming->slots, &environment, region))
        return false;
    return warming->template ? copies_take(warming, request, region)
                             : ready_take(warming, request, region);
}

bool warming_give(struct service *service, struct pool_request *request,
                  const struct launch_connection *wiring)
{
    struct warming *warming = service->warming;
    bool done = false;

    /* A service that rests after a failed start is tried again by a cold one. */
    if (!warming || service->throttle_failures > 0)
        return false;
    /* In the middle of a reload: what is ready may be of the configuration before. */
    if (warming->plan != service->plan)
        return false;
    if (warming->ready || warming->template) {
        if (is_fresh(warming, wiring))
            done = give(warming, request, wiring);
        else
            renew(warming);
        supply_refill(warming);
    }
    warming->colds += !done;
    return done;
}

void pools_take_answers(void *context)
{
    struct pools *pools = context;
    struct warming *next_warming;

    for (struct warming *warming = pools->first; warming; warming = next_warming) {
        next_warming = warming->next;
        ready_read_answers(warming);
        if (warming->sent_count > 0)
            copies_take_answers(warming);
    }
}

static void visit_list(const struct warm_child *child,
                       void (*visit)(const struct warm_child *child, void *context), void *context)
{
    for (; child; child = child->next)
        visit(child, context);
}

void pools_visit_children(const struct pools *pools,
                          void (*visit)(const struct warm_child *child, void *context),
                          void *context)
{
    for (const struct warming *warming = pools->first; warming; warming = warming->next) {
        if (warming->warmer.source.fd >= 0)
            visit(&warming->warmer, context);
        visit_list(warming->ready, visit, context);
        visit_list(warming->given, visit, context);
        if (warming->template)
            visit(warming->template, context);
        if (warming->successor)
            visit(warming->successor, context);
    }
}

void pools_visit_requests(const struct pools *pools,
                          void (*visit)(struct pool_request *request, void *context), void *context)
{
    for (const struct warming *warming = pools->first; warming; warming = warming->next) {
        for (struct pool_request *one = warming->waiting; one; one = one->next)
            visit(one, context);
        for (const struct warm_child *child = warming->given; child; child = child->next)
            visit(child->given, context);
        for (size_t i = 0; i < COPIES_SENT; i++)
            if (warming->sent[i].request)
                visit(warming->sent[i].request, context);
    }
}

/* --- what is said about it ----------------------------------------------------------------------
 */

const char *warming_state(const struct warming *warming)
{
    return warming->template ? "template" : warming->ready ? "one-shot" : "cold";
}

unsigned warming_ready(const struct warming *warming)
{
    return warming->ready_count + (warming->template != NULL);
}

bool warming_gate(const struct warming *warming, char text[static WARMING_GATE_SIZE])
{
    const char *name = warming->call < 0 ? "entry" : warm_call_name(warming->call);

    if (name)
        snprintf(text, WARMING_GATE_SIZE, "%s", name);
    else
        snprintf(text, WARMING_GATE_SIZE, "call.%d", warming->call);
    return warming->was_parked;
}

void warming_add_status(const struct service *service, struct log_record *record)
{
    const struct warming *warming = service->warming;
    char gate[WARMING_GATE_SIZE];

    if (!warming)
        return;
    log_record_text(record, "warm", warming_state(warming));
    if (warming_gate(warming, gate))
        log_record_format(record, "gate", "%s", gate);
    log_record_number(record, "ready", warming_ready(warming));
    log_record_number(record, "served_warm", warming->served);
    if (warming->why[0] != '\0')
        log_record_text(record, "why", warming->why);
}
