/* warming: see warming.h. */
#include "serve/warming.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "serve/server.h"
#include "warm/calls.h"
#include "warm/link.h"
#include "warm/order.h"

/* After a warm-up that failed the next one is tried 1, 4, 16 … s later: it may cost as much as
 * warm-timeout allows. */
#define RETRY_MIN CLOCK_SECOND
#define RETRY_MAX (600 * CLOCK_SECOND)
/* So much longer than warm-timeout and a warmer isn't waited for. */
#define REPORT_GRACE (5 * CLOCK_SECOND)

/* Timers of one: retry, age, answer. */
#define WARMING_TIMERS 3

/* --- children that are no handlers ------------------------------------------------------------ */

static struct warm_child *find_child(const struct server *server, pid_t pid)
{
    const struct map *map = &server->warm_children;
    struct map_node *node = map_first(map, map_hash(map, &pid, sizeof(pid)));

    for (; node; node = map_next(node)) {
        struct warm_child *child = MAP_ENTRY(node, struct warm_child, node);

        if (child->pid == pid)
            return child;
    }
    return NULL;
}

bool warming_is_known(const struct server *server, pid_t pid)
{
    return find_child(server, pid) != NULL;
}

static void know(struct warm_child *child, pid_t pid)
{
    struct map *map = &child->warming->service->server->warm_children;

    child->pid = pid;
    child->reaped = false;
    map_add(map, &child->node, map_hash(map, &pid, sizeof(pid)));
}

static void forget(struct warm_child *child)
{
    struct server *server = child->warming->service->server;

    loop_unwatch(server->loop, &child->source);
    child->source.fd = fd_close(child->source.fd);
    map_remove(&server->warm_children, &child->node);
}

static void kill_child(struct warm_child *child)
{
    /* Not reaped, so its number is still its own. */
    if (!child->reaped)
        kill(child->pid, SIGKILL);
    forget(child);
}

void warming_discard(struct warm_child *child)
{
    kill_child(child);
    free(child);
}

static void stop_warmer(struct warming *warming)
{
    struct loop *loop = warming->service->server->loop;

    if (warming->warmer.source.fd < 0)
        return;
    kill_child(&warming->warmer);
    warming->requested = false;
    loop_disarm(loop, &warming->retry);
}

/* --- those that are ready --------------------------------------------------------------------- */

static void remove_ready(struct warming *warming, struct warm_child *child)
{
    struct warm_child **link = &warming->ready;

    while (*link != child)
        link = &(*link)->next;
    *link = child->next;
    warming->ready_count--;
}

static void discard_ready(struct warming *warming)
{
    while (warming->ready) {
        struct warm_child *child = warming->ready;

        remove_ready(warming, child);
        warming_discard(child);
    }
}

static void remove_given(struct warm_child *child)
{
    struct warm_child **link = &child->warming->given;

    while (*link != child)
        link = &(*link)->next;
    *link = child->next;
    child->given = NULL;
    child->warming->service->server->copies_sent--;
}

/* It has the connection, and is a handler from here on. */
static void take_answer(struct warm_child *child)
{
    struct server *server = child->warming->service->server;
    struct connection *connection = child->given;
    pid_t pid = child->pid;

    remove_given(child);
    forget(child);
    child->warming->served++;
    free(child);
    server_warm_started(server, connection, pid);
}

/* It won't have it: after its socket is shut it can't go on. */
static void take_back(struct warm_child *child)
{
    struct warming *warming = child->warming;
    struct connection *connection = child->given;
    struct warm_answer answer;
    pid_t pid;

    warm_link_shut(child->source.fd);
    if (warm_link_answer(child->source.fd, warming->uid, &answer, &pid) > 0 && pid == child->pid) {
        take_answer(child);
        return;
    }
    remove_given(child);
    warming_discard(child);
    server_start_cold(warming->service->server, connection);
}

static void read_answer(struct warm_child *child)
{
    struct warm_answer answer;
    pid_t pid;
    int got = warm_link_answer(child->source.fd, child->warming->uid, &answer, &pid);

    if (got > 0 && pid == child->pid && answer.serial == child->serial)
        take_answer(child);
    else if (got != 0 || child->reaped)
        take_back(child);
}

/* Its socket has something: the answer to a connection, or its end. */
static void on_control(struct loop_source *source, uint32_t events)
{
    struct warm_child *child = source->owner;
    struct warming *warming = child->warming;

    (void)events;
    if (child->given) {
        read_answer(child);
        return;
    }
    remove_ready(warming, child);
    warming_discard(child);
    warming_refill(warming);
}

void warming_await_answer(struct warming *warming)
{
    struct loop *loop = warming->service->server->loop;

    if (!loop_is_armed(&warming->answer))
        loop_arm(loop, &warming->answer, loop_now(loop) + ANSWER_WAIT);
}

static void on_answer(struct loop_timer *timer)
{
    struct warming *warming = timer->owner;
    nanoseconds now = loop_now(warming->service->server->loop);
    struct warm_child *child = warming->given, *next;

    for (; child; child = next) {
        next = child->next;
        if (now - child->since >= ANSWER_WAIT)
            take_back(child);
    }
    copies_check(warming);
    if (warming->given || warming->sent_count > 0)
        warming_await_answer(warming);
    warming_refill(warming);
}

static void on_successor(struct loop_source *source, uint32_t events)
{
    struct warm_child *child = source->owner;
    struct warming *warming = child->warming;

    (void)events;
    warming->successor = NULL;
    warming_discard(child);
    warming_refill(warming);
}

static const struct settings_warm *settings_of(const struct warming *warming)
{
    return warming->service->settings->warm;
}

/* warm-age; 0: for ever. Not so short that warming up were all that is done. */
static nanoseconds most_age(const struct warming *warming)
{
    nanoseconds age = settings_of(warming)->age;

    return age == 0 || age > CLOCK_SECOND ? age : CLOCK_SECOND;
}

static bool is_old(const struct warming *warming, const struct warm_child *child)
{
    nanoseconds most = most_age(warming);

    return most > 0 && loop_now(warming->service->server->loop) - child->since >= most;
}

/* Whether there are enough, or a template that is good for more. */
static bool has_enough(const struct warming *warming)
{
    const struct settings_warm *settings = settings_of(warming);
    const struct warm_child *template = warming->template;

    if (warming->successor)
        return true;
    if (template)
        return template->uses < settings->uses && !is_old(warming, template);
    return warming->ready_count >= settings->count;
}

/* --- what went wrong ---------------------------------------------------------------------------
 */

static void say(struct warming *warming, enum log_level level, const char *message)
{
    struct log_record record;

    if (strcmp(warming->said, warming->why) == 0)
        return;
    memcpy(warming->said, warming->why, sizeof(warming->said));
    log_record_begin(&record, level, warming->service->settings->name, message);
    log_record_text(&record, "reason", warming->why);
    log_record_emit(&record);
}

static void fail(struct warming *warming)
{
    struct loop *loop = warming->service->server->loop;
    nanoseconds wait = RETRY_MIN;

    for (unsigned i = 0; i < warming->failures && wait < RETRY_MAX; i++)
        wait *= 4;
    warming->failures++;
    loop_arm(loop, &warming->retry, loop_now(loop) + (wait < RETRY_MAX ? wait : RETRY_MAX));
    say(warming, LOG_LEVEL_NOTICE, "no handler can be warmed up; clients are served cold");
}

static void fail_with(struct warming *warming, const char *text)
{
    snprintf(warming->why, sizeof(warming->why), "%s", text);
    fail(warming);
}

/* --- the warmer ------------------------------------------------------------------------------- */

/* It never stops so long by itself. */
static void on_retry(struct loop_timer *timer)
{
    struct warming *warming = timer->owner;

    if (warming->requested) {
        stop_warmer(warming);
        fail_with(warming, "the warmer takes too long");
        return;
    }
    warming_refill(warming);
}

static void arm_age(struct warming *warming)
{
    struct loop *loop = warming->service->server->loop;

    if (most_age(warming) > 0 && !loop_is_armed(&warming->age))
        loop_arm(loop, &warming->age, loop_now(loop) + most_age(warming));
}

/* All that is old is made anew; a template serves until its successor is there. */
static void on_age(struct loop_timer *timer)
{
    struct warming *warming = timer->owner;

    while (warming->ready && is_old(warming, warming->ready)) {
        struct warm_child *child = warming->ready;

        remove_ready(warming, child);
        warming_discard(child);
    }
    if (warming->ready || warming->template)
        arm_age(warming);
    warming_refill(warming);
}

static void add_ready(struct warming *warming, struct warm_child *child)
{
    struct warm_child **link = &warming->ready;

    while (*link)
        link = &(*link)->next;
    child->next = NULL;
    *link = child;
    warming->ready_count++;
}

/* It becomes one of those that are ready, or the template. */
static void take_parked(struct warming *warming, struct warm_child *child, bool is_cloneable)
{
    struct loop *loop = warming->service->server->loop;
    bool copies = is_cloneable && settings_of(warming)->template != WARM_TEMPLATE_NO;

    child->source.ready = copies ? on_successor : on_control;
    if (loop_watch(loop, &child->source, EPOLLIN) < 0) {
        warming_discard(child);
        return;
    }
    if (!copies)
        add_ready(warming, child);
    else if (warming->template && warming->sent_count > 0)
        warming->successor = child;
    else
        copies_set_template(warming, child);
    if (copies)
        discard_ready(warming);
    arm_age(warming);
}

static void take_report(struct warming *warming, const struct warm_report *report, int fd)
{
    struct loop *loop = warming->service->server->loop;
    bool refused = !report->cloneable && settings_of(warming)->template == WARM_TEMPLATE_YES;
    struct warm_child *child;

    memcpy(warming->why, report->why, sizeof(warming->why));
    if (report->pid == 0) {
        fail(warming);
        return;
    }
    child =
        warming_is_known(warming->service->server, report->pid) ? NULL : calloc(1, sizeof(*child));
    if (!child) {
        fd_close(fd);
        fail_with(warming, "out of memory");
        return;
    }
    child->warming = warming;
    child->source = (struct loop_source){.fd = fd, .owner = child};
    child->since = loop_now(loop);
    know(child, report->pid);
    if (refused) {
        warming_discard(child);
        fail(warming);
        return;
    }
    if (warming->failures > 0 || !warming->was_parked)
        log_debug("%s: the first handler is warm", warming->service->settings->name);
    warming->failures = 0;
    warming->call = report->call;
    warming->was_parked = true;
    if (!report->cloneable && settings_of(warming)->template == WARM_TEMPLATE_AUTO)
        say(warming, LOG_LEVEL_INFO, "warm handlers are made one by one, not copied");
    take_parked(warming, child, report->cloneable);
}

static void on_warmer(struct loop_source *source, uint32_t events)
{
    struct warm_child *warmer = source->owner;
    struct warming *warming = warmer->warming;
    struct warm_report report;
    int fd, got = warm_link_report(source->fd, warming->uid, &report, &fd);

    (void)events;
    if (got == 0)
        return;
    if (got > 0 && (!warming->requested || report.serial != warming->serial)) {
        fd_close(fd);
        got = -EPROTO;
    }
    if (got < 0) {
        stop_warmer(warming);
        fail_with(warming, got == -EPROTO ? "the warmer can't be trusted" : "the warmer has ended");
        return;
    }
    warming->requested = false;
    loop_disarm(warming->service->server->loop, &warming->retry);
    take_report(warming, &report, fd);
    warming_refill(warming);
}

static uint64_t inode_of(int fd)
{
    struct stat status;

    return fstat(fd, &status) < 0 ? 0 : status.st_ino;
}

static int start_warmer(struct warming *warming)
{
    struct service *service = warming->service;
    struct server *server = service->server;
    bool is_connection = service->settings->stderr_sink.kind == STDERR_CONNECTION;
    int errors = is_connection ? server->null_fd : service_stderr_fd(service, -1);
    struct warm_child *warmer = &warming->warmer;
    pid_t pid;
    int fd, error;

    if (errors < 0)
        return errors;
    warming->stderr_inode = is_connection ? 0 : inode_of(errors);
    warm_files_note(&warming->files, warming->plan);
    error =
        warm_link_spawn(warming->order, warming->order_size, errors, server->null_fd, &fd, &pid);
    if (error < 0)
        return error;
    *warmer = (struct warm_child){.warming = warming,
                                  .source = {.fd = fd, .ready = on_warmer, .owner = warmer}};
    know(warmer, pid);
    error = loop_watch(server->loop, &warmer->source, EPOLLIN);
    if (error < 0)
        kill_child(warmer);
    return error;
}

void warming_refill(struct warming *warming)
{
    struct server *server = warming->service->server;
    int error = 0;

    if (!warming->is_possible || warming->requested || loop_is_armed(&warming->retry) ||
        has_enough(warming) || server->stopping)
        return;
    if (warming->warmer.source.fd < 0)
        error = start_warmer(warming);
    if (error == 0)
        error = warm_link_request(warming->warmer.source.fd, warming->serial + 1);
    if (error < 0) {
        stop_warmer(warming);
        fail_with(warming, strerror(-error));
        return;
    }
    warming->serial++;
    warming->requested = true;
    if (settings_of(warming)->timeout > 0)
        loop_arm(server->loop, &warming->retry,
                 loop_now(server->loop) + settings_of(warming)->timeout + REPORT_GRACE);
}

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
        return "not on this processor";
    if (settings->isolate != 0)
        return "isolate: each handler has namespaces of its own";
    if (settings->rlimits && settings->rlimits->set[RLIMIT_NPROC])
        return "rlimit-nproc: those that are ready would be counted";
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
    struct environment sample;
    int error;

    server_fill_sample(service, family_of(service), &sample);
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

    return warming->is_possible && warming->order_size == size &&
           memcmp(warming->order, order, size) == 0 &&
           service->settings->stderr_sink.kind != STDERR_FILE &&
           warm_files_are_same(&warming->files, warming->plan);
}

static struct warming *make(struct service *service)
{
    struct server *server = service->server;
    struct warming *warming;

    if (loop_reserve(server->loop, WARMING_TIMERS) < 0)
        return NULL;
    warming = calloc(1, sizeof(*warming));
    if (!warming) {
        loop_reserve(server->loop, -WARMING_TIMERS);
        return NULL;
    }
    warming->service = service;
    warming->plan = plan_ref(service->plan);
    warming->uid = service->plan->change_credentials ? service->plan->uid : geteuid();
    warming->warmer.source.fd = -1;
    warming->warmer.warming = warming;
    warming->waiting_last = &warming->waiting;
    warming->retry = (struct loop_timer){.fired = on_retry, .owner = warming};
    warming->age = (struct loop_timer){.fired = on_age, .owner = warming};
    warming->answer = (struct loop_timer){.fired = on_answer, .owner = warming};
    warming->next = server->warmings;
    warming->link = &server->warmings;
    if (warming->next)
        warming->next->link = &warming->next;
    server->warmings = warming;
    service->warming = warming;
    return warming;
}

void warming_adapt(struct service *service)
{
    struct warming *warming = service->warming;
    struct warm_slots slots;
    const char *reason;
    char *order = NULL;
    size_t size = 0;
    int error;

    if (service->settings->warm->depth == WARM_DEPTH_NO) {
        warming_end(service);
        return;
    }
    reason = reason_against(service);
    error = reason ? 0 : write_order(service, &slots, &order, &size);
    if (error < 0)
        reason = strerror(-error);
    if (warming && order && !reason && is_current(warming, order, size)) {
        /* What stands there may be more than is wanted now, which is used up. */
        free(order);
        plan_unref(warming->plan);
        warming->plan = plan_ref(service->plan);
        warming_refill(warming);
        return;
    }
    warming_end(service);
    warming = make(service);
    if (!warming) {
        free(order);
        return;
    }
    warming->is_possible = !reason;
    warming->order = order;
    warming->order_size = size;
    if (reason) {
        snprintf(warming->why, sizeof(warming->why), "%s", reason);
        say(warming, LOG_LEVEL_NOTICE, "no handler can be warmed up; clients are served cold");
        return;
    }
    memcpy(&warming->slots, &slots, sizeof(slots));
    warming_refill(warming);
}

void warming_adapt_all(struct server *server)
{
    for (struct service *service = server->services; service; service = service->next)
        warming_adapt(service);
}

void warming_end(struct service *service)
{
    struct warming *warming = service->warming;
    struct loop *loop = service->server->loop;

    if (!warming)
        return;
    warming->is_possible = false;
    stop_warmer(warming);
    discard_ready(warming);
    while (warming->given)
        take_back(warming->given); /* NOLINT(clang-analyzer-unix.Malloc): it takes it out */
    copies_end(warming);
    loop_disarm(loop, &warming->retry);
    loop_disarm(loop, &warming->age);
    loop_disarm(loop, &warming->answer);
    loop_reserve(loop, -WARMING_TIMERS);
    *warming->link = warming->next;
    if (warming->next)
        warming->next->link = warming->link;
    service->warming = NULL;
    warm_files_forget(&warming->files);
    plan_unref(warming->plan);
    free(warming->order);
    free(warming);
}

void warming_end_all(struct server *server)
{
    for (struct service *service = server->services; service; service = service->next)
        warming_end(service);
    for (struct service *service = server->retired; service; service = service->next)
        warming_end(service);
}

/* --- a connection ------------------------------------------------------------------------------
 */

/* What is ready isn't what would be started now: all of it goes, and is made anew. */
static void renew(struct warming *warming)
{
    stop_warmer(warming);
    discard_ready(warming);
    copies_end(warming);
    loop_disarm(warming->service->server->loop, &warming->retry);
    warming->failures = 0;
    warming_refill(warming);
}

static bool is_fresh(const struct warming *warming, const struct launch_connection *wiring)
{
    return warm_files_are_same(&warming->files, warming->plan) &&
           (warming->stderr_inode == 0 || warming->stderr_inode == inode_of(wiring->stderr_fd));
}

/* The oldest that is ready gets it; one that is gone, or too old, makes room for the next. */
static bool hand_over(struct warming *warming, struct connection *connection,
                      const struct launch_connection *wiring)
{
    struct server *server = warming->service->server;
    struct environment environment;
    char region[WARM_REGION_MAX];
    bool done = false;

    environment_fill(&environment, warming->plan->service, wiring);
    if (!warm_slots_fill(&warming->slots, &environment, region))
        return false;
    while (!done && warming->ready) {
        struct warm_child *child = warming->ready;

        remove_ready(warming, child);
        child->serial = ++warming->connection_serial;
        if (child->reaped || is_old(warming, child) ||
            warm_link_send(child->source.fd, WARM_GO, child->serial, region, warming->slots.size,
                           wiring->fd) < 0) {
            warming_discard(child);
            continue;
        }
        child->given = connection;
        child->since = loop_now(server->loop);
        child->next = warming->given;
        warming->given = child;
        server->copies_sent++;
        warming_await_answer(warming);
        done = true;
    }
    return done;
}

enum warming_result warming_start(struct service *service, struct connection *connection,
                                  const struct launch_connection *wiring)
{
    struct warming *warming = service->warming;
    bool done = false;

    /* A service that rests after a failed start is tried again by a cold one. */
    if (!warming || connection->cold || connection->lent || service->throttle_failures > 0)
        return WARMING_COLD;
    if (warming->ready || warming->template) {
        if (!is_fresh(warming, wiring))
            renew(warming);
        else if (warming->template)
            done = copies_take(warming, connection);
        else
            done = hand_over(warming, connection, wiring);
        warming_refill(warming);
    }
    warming->colds += !done;
    return done ? WARMING_WAITS : WARMING_COLD;
}

void warming_take_answers(struct server *server)
{
    struct warming *next_warming;
    struct warm_child *next;

    for (struct warming *warming = server->warmings; warming; warming = next_warming) {
        next_warming = warming->next;
        for (struct warm_child *child = warming->given; child; child = next) {
            next = child->next;
            read_answer(child);
        }
        if (warming->sent_count > 0)
            copies_take_answers(warming);
    }
}

bool warming_child_ended(struct server *server, pid_t pid)
{
    struct warm_child *child = find_child(server, pid);

    if (!child)
        return false;
    child->reaped = true;
    /* Whoever has a copy of its socket could keep its end from being seen. */
    if (child == child->warming->template)
        copies_take_answers(child->warming);
    else if (child->given)
        read_answer(child);
    return true;
}

/* --- what is said about it ----------------------------------------------------------------------
 */

const char *warming_state(const struct warming *warming)
{
    return warming->template ? "template" : warming->ready ? "one-shot" : "cold";
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
    log_record_number(record, "ready", warming->ready_count + (warming->template != NULL));
    log_record_number(record, "served_warm", warming->served);
    if (warming->why[0] != '\0')
        log_record_text(record, "why", warming->why);
}
