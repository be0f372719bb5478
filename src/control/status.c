/* status: the commands that look: status, connections. What of it there may be very much is
 * bounded, and says how much there is. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/log_recent.h"
#include "connection/connections.h"
#include "connection/state.h"
#include "control/command.h"
#include "control/metrics.h"
#include "handover/version.h"

#define SERVICES    250
#define HISTORIES   200 /* at most, whatever is asked for */
#define LISTENERS   8
#define CONNECTIONS 1000

/* --- the daemon ----------------------------------------------------------------------------- */

/* Open fds; 0 where the kernel (before 6.2) or a missing /proc doesn't tell. */
static uint64_t count_fds(void)
{
    struct stat status;

    return stat("/proc/self/fd", &status) == 0 ? (uint64_t)status.st_size : 0;
}

static void add_daemon(struct control_call *call)
{
    const struct connections *connections = call->context->connections;
    const struct daemon_facts *facts = call->context->orders.facts;
    struct control_reply *reply = &call->reply;
    json_t *root = reply->root;
    struct rlimit limit = {0};

    getrlimit(RLIMIT_NOFILE, &limit);
    reply_add_text(reply, root, "version", version_text);
    reply_add_count(reply, root, "pid", (uint64_t)getpid());
    reply_add_duration(reply, root, "uptime_ms", loop_now(connections->loop) - facts->began);
    reply_add_flag(reply, root, "stopping", (connections->turns.blocked & TURNS_STOPPING) != 0);
    reply_add_text(reply, root, "engine", launcher_engine(connections->launcher));
    reply_add_count(reply, root, "reloads", facts->reloads_done);
    reply_add_count(reply, root, "reloads_failed", facts->reloads_failed);
    reply_add_count(reply, root, "upgrades", facts->upgrades_done);
    reply_add_count(reply, root, "upgrades_failed", facts->upgrades_failed);
    reply_add_count(reply, root, "active", connections->admission.running);
    reply_add_count(reply, root, "limit", connections->admission.limit);
    reply_add_count(reply, root, "processes", connections->children.handlers);
    reply_add_count(reply, root, "held", connections->intake.count + connections->waiting_count);
    reply_add_count(reply, root, "connections", connections->next_number);
    reply_add_count(reply, root, "sources", sources_count(&connections->admission.sources));
    reply_add_count(reply, root, "bans",
                    bans_count(&connections->admission.bans, loop_now(connections->loop)));
    reply_add_count(reply, root, "fds", count_fds());
    reply_add_count(reply, root, "fds_limit", limit.rlim_cur);
    reply_add_count(reply, root, "messages_lost", log_lost_total());
    reply_add_duration(reply, root, "history_slot_ms", HISTORY_SLOT);
}

/* --- a service ------------------------------------------------------------------------------ */

static void add_listeners(struct control_reply *reply, json_t *object,
                          const struct service *service, uint64_t most)
{
    json_t *listeners = reply_add_array(reply, object, "listeners");

    for (size_t i = 0; i < service->listener_count && i < most; i++) {
        const struct listener *listener = &service->listeners[i];
        json_t *item = reply_add_item(reply, listeners);
        char text[ENDPOINT_TEXT_SIZE];

        endpoint_format(listener->endpoint, text);
        reply_add_text(reply, item, "address", text);
        reply_add_text(reply, item, "state", listener_state_name(listener));
        if (listener->source.fd < 0 && listener->error != 0)
            reply_add_text(reply, item, "error", listener_error_text(listener->error));
    }
}

/* One number as it is; of more than one those that aren't 0, by their names. */
static void add_fact(struct control_reply *reply, json_t *object,
                     const struct service_counters *counters, enum fact_id id)
{
    const struct fact *fact = &counters_facts[id];
    json_t *members = fact->name ? reply_add_object(reply, object, fact->key) : NULL;

    if (!fact->name && fact->unit)
        reply_add_duration(reply, object, fact->key, counters_get(counters, id, 0));
    else if (!fact->name)
        reply_add_count(reply, object, fact->key, counters_get(counters, id, 0));
    for (size_t i = 0; fact->name && i < fact->count; i++)
        if (counters_get(counters, id, i) > 0)
            reply_add_count(reply, members, fact->name(i), counters_get(counters, id, i));
}

static void add_counters(struct control_reply *reply, json_t *object, const struct service *service)
{
    static const struct service_counters none;
    const struct service_counters *counters =
        service->reporter.counters ? service->reporter.counters : &none;

    add_fact(reply, object, counters, FACT_STARTED);
    add_fact(reply, object, counters, FACT_GONE);
    add_fact(reply, object, counters, FACT_ACCEPT_ERRORS);
    reply_add_number(
        reply, object, "rate",
        history_rate(&counters->history, HISTORY_STARTED, loop_now(service->services->loop)));
    add_fact(reply, object, counters, FACT_CPU);
    add_fact(reply, object, counters, FACT_PENALTIES);
    add_fact(reply, object, counters, FACT_REFUSED);
    add_fact(reply, object, counters, FACT_EXITS);
    add_fact(reply, object, counters, FACT_START_FAILURES);
}

/* Why it rests, and until when. */
static void add_rest(struct control_reply *reply, json_t *object, const struct service *service)
{
    nanoseconds now = loop_now(service->services->loop);

    if (!loop_is_armed(&service->throttle_timer))
        return;
    reply_add_text(reply, object, "stage", stage_name(service->throttle_stage));
    reply_add_text(reply, object, "error", strerror(service->throttle_error));
    reply_add_duration(reply, object, "rests_ms",
                       service->throttle_until > now ? service->throttle_until - now : 0);
}

static void add_history(struct control_reply *reply, json_t *object, const char *name,
                        const struct service *service, enum history_kind kind)
{
    const struct history *history =
        service->reporter.counters ? &service->reporter.counters->history : NULL;
    json_t *list = reply_add_array(reply, object, name);
    uint32_t counts[HISTORY_SLOTS];

    history_read(history, kind, loop_now(service->services->loop), counts);
    for (size_t i = 0; i < HISTORY_SLOTS; i++)
        if (json_array_append_new(list, json_integer(counts[i])) < 0)
            reply->failed = true;
}

/* What of a service is wanted. */
struct detail {
    uint64_t listeners; /* at most */
    bool history;
};

static void add_service(struct control_reply *reply, json_t *services,
                        const struct service *service, const struct detail *detail)
{
    json_t *object = reply_add_item(reply, services);
    const struct service_settings *settings = service->settings;

    reply_add_text(reply, object, "name", settings->name);
    if (settings->description)
        reply_add_text(reply, object, "description", settings->description);
    reply_add_text(reply, object, "state", service_state_names[service_state(service)]);
    add_rest(reply, object, service);
    reply_add_count(reply, object, "active", service->admission.running);
    reply_add_count(reply, object, "limit", service->admission.limit);
    /* Those that are let in and have no place yet. */
    reply_add_count(reply, object, "held", service->connections - service->admission.running);
    add_counters(reply, object, service);
    control_add_warm(reply, object, service);
    reply_add_count(reply, object, "sockets", service->listener_count);
    reply_add_count(reply, object, "pending", service_pending(service));
    add_listeners(reply, object, service, detail->listeners);
    if (!detail->history)
        return;
    add_history(reply, object, "started_history", service, HISTORY_STARTED);
    add_history(reply, object, "refused_history", service, HISTORY_REFUSED);
}

int control_status(struct control_call *call)
{
    const struct control_argument *one = &call->arguments[0];
    uint64_t first = control_count(&call->arguments[1], 0);
    uint64_t count = control_count(&call->arguments[2], SERVICES);
    struct detail detail = {control_count(&call->arguments[3], LISTENERS),
                            call->arguments[4].given && call->arguments[4].flag};
    const struct service *named = one->given ? control_find_service(call, one) : NULL;
    json_t *services;
    uint64_t index = 0;

    if (one->given && !named)
        return -EINVAL;
    if (detail.history && count > HISTORIES)
        count = HISTORIES;
    add_daemon(call);
    services = reply_add_array(&call->reply, call->reply.root, "services");
    if (named)
        add_service(&call->reply, services, named, &detail);
    for (const struct service *service = call->context->connections->services->first; service;
         service = service->next) {
        if (!named && index >= first && index - first < count)
            add_service(&call->reply, services, service, &detail);
        index++;
    }
    reply_add_count(&call->reply, call->reply.root, "services_total", index);
    return 0;
}

/* --- connections ---------------------------------------------------------------------------- */

static const char *const state_names[] = {
    [CONNECTION_AWAITS_HEADER] = "awaits-header",
    [CONNECTION_AWAITS_DATA] = "awaits-data",
    [CONNECTION_AWAITS_PLACE] = "awaits-place",
    [CONNECTION_HELD] = "held",
    [CONNECTION_AWAITS_WARM] = "awaits-handler",
    [CONNECTION_STARTING] = "starting",
    [CONNECTION_RUNNING] = "running",
    [CONNECTION_FAILED] = "failed",
};

struct listing {
    struct control_call *call;
    const struct service *service; /* NULL: all */
    json_t *connections;
    uint64_t most, total;
};

static void list_one(struct listing *listing, const struct connection *connection)
{
    struct control_reply *reply = &listing->call->reply;
    nanoseconds now = loop_now(listing->call->context->connections->loop);
    char text[ADDR_TEXT_SIZE];
    json_t *item;

    if (listing->service && connection->service != listing->service)
        return;
    if (listing->total++ >= listing->most)
        return;
    item = reply_add_item(reply, listing->connections);
    reply_add_text(reply, item, "service", connection->service->settings->name);
    reply_add_count(reply, item, "connection", connection->number);
    reply_add_text(reply, item, "state", state_names[connection->state]);
    if (connection->process.pid > 0)
        reply_add_count(reply, item, "pid", (uint64_t)connection->process.pid);
    if (!connection->lent) {
        addr_format(&connection->peer, text);
        reply_add_text(reply, item, "peer", text);
    }
    reply_add_duration(reply, item, "age_ms", now - connection->accepted);
}

/* One on its way to a warm handler. */
static void list_request(struct pool_request *request, void *context)
{
    list_one(context, MAP_ENTRY(request, struct connection, request));
}

int control_connections(struct control_call *call)
{
    const struct control_argument *one = &call->arguments[0];
    struct connections *connections = call->context->connections;
    struct listing listing = {.call = call,
                              .most = control_count(&call->arguments[1], CONNECTIONS)};

    if (one->given && !(listing.service = control_find_service(call, one)))
        return -EINVAL;
    listing.connections = reply_add_array(&call->reply, call->reply.root, "connections");
    for (struct connection *item = children_youngest(&connections->children); item;
         item = children_older(&connections->children, item))
        list_one(&listing, item);
    pools_visit_requests(call->context->pools, list_request, &listing);
    for (const struct service *service = connections->services->first; service;
         service = service->next)
        for (struct connection *item = service->ready ? service->ready->first : NULL; item;
             item = item->younger)
            list_one(&listing, item);
    for (struct connection *item = connections->intake.youngest; item; item = item->older)
        list_one(&listing, item);
    reply_add_count(&call->reply, call->reply.root, "total", listing.total);
    if (call->arguments[2].given && call->arguments[2].flag)
        control_add_parked(call, listing.service, listing.most);
    return 0;
}

/* --- events and metrics --------------------------------------------------------------------- */

#define EVENTS 20

/* A line is "TIME LEVEL …". */
static void add_event(struct control_reply *reply, json_t *list, const char *line)
{
    const char *level = strchr(line, ' ');
    const char *text = level ? strchr(level + 1, ' ') : NULL;
    json_t *item = reply_add_item(reply, list);

    if (!text)
        return;
    json_object_set_new(item, "time", json_stringn(line, (size_t)(level - line)));
    json_object_set_new(item, "level", json_stringn(level + 1, (size_t)(text - level - 1)));
    reply_add_text(reply, item, "text", text + 1);
}

int control_events(struct control_call *call)
{
    uint64_t most = control_count(&call->arguments[0], EVENTS);
    json_t *list = reply_add_array(&call->reply, call->reply.root, "events");
    const char *line;

    for (size_t age = 0; age < most && (line = log_recent(age)) != NULL; age++)
        add_event(&call->reply, list, line);
    return 0;
}

int control_metrics(struct control_call *call)
{
    uint64_t place = control_count(&call->arguments[0], 0);
    json_t *root = call->reply.root;
    size_t length;
    char *text =
        metrics_print(call->context->connections, call->context->orders.facts, &place, &length);

    if (!text)
        return -ENOMEM;
    json_object_set_new(root, "metrics", json_stringn(text, length));
    free(text);
    if (place > 0)
        reply_add_count(&call->reply, root, "next", place);
    /* A part of before a reload and one of after it don't belong together. */
    reply_add_count(&call->reply, root, "reloads", call->context->orders.facts->reloads_done);
    return json_object_get(root, "metrics") ? 0 : -ENOMEM;
}
