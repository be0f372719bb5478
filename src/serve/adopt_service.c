/* adopt_service: what is carried over of services: their counts, what they owe to their rate, their
 * rests, and what their handlers say on stderr. Rows of adoption.c's table.
 *
 * A service of the same name goes on as itself, with the number by which its sources are known. One
 * that the configuration doesn't have any more lives on, as after a reload, while handlers of it
 * run: of its settings it needs those for their end.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "serve/adoption.h"
#include "serve/server.h"

/* --- services ------------------------------------------------------------------------------- */

static void write_rest(struct handover_writer *writer, const struct service *service)
{
    if (service->throttle_failures == 0)
        return;
    handover_put(writer, "failures", service->throttle_failures);
    handover_put_text(writer, "stage", stage_name(service->throttle_stage));
    handover_put(writer, "error", (uint64_t)service->throttle_error);
    handover_put(writer, "rests-until", service->throttle_until);
    handover_put(writer, "program-missing", service->program_missing);
}

static uint32_t write_services(struct handover_writer *writer, struct service *services,
                               uint32_t place)
{
    for (struct service *service = services; service; service = service->next) {
        service->handover_place = place++;
        handover_line(writer, "service");
        handover_put_text(writer, "name", service->settings->name);
        handover_put(writer, "number", service->admission.number);
        handover_put(writer, "rate-full", service->admission.bucket.full);
        handover_put(writer, "connections", service->connections);
        handover_put(writer, "paused", service->paused);
        handover_put(writer, "linger-close", service->settings->linger_close);
        handover_put(writer, "kill-after", service->settings->kill_after);
        write_rest(writer, service);
        handover_end_line(writer);
    }
    return place;
}

void adopt_write_service(struct handover_writer *writer, struct server *server)
{
    uint32_t place = write_services(writer, server->services, 0);

    write_services(writer, server->retired, place);
}

struct service_left {
    const char *name;
    uint32_t number;
    uint64_t connections;
    nanoseconds rate_full, linger_close, kill_after, rests_until;
    unsigned failures;
    enum stage stage;
    int error;
    bool program_missing, paused;
};

static int read_service(struct handover_line *line, struct service_left *ret)
{
    const char *stages[STAGE_COUNT];

    for (size_t i = 0; i < STAGE_COUNT; i++)
        stages[i] = stage_name((enum stage)i);
    ret->name = handover_text(line, "name", SERVICE_NAME_MAX);
    ret->number = (uint32_t)handover_number(line, "number", UINT32_MAX);
    ret->connections = handover_number(line, "connections", UINT64_MAX);
    ret->paused = handover_flag(line, "paused");
    ret->rate_full = handover_number(line, "rate-full", UINT64_MAX);
    ret->linger_close = handover_number(line, "linger-close", UINT64_MAX);
    ret->kill_after = handover_number(line, "kill-after", UINT64_MAX);
    ret->failures = (unsigned)handover_number(line, "failures", UINT32_MAX);
    ret->stage = (enum stage)handover_choice(line, "stage", stages, STAGE_COUNT, STAGE_NONE);
    ret->error = (int)handover_number(line, "error", 4095);
    ret->rests_until = handover_number(line, "rests-until", UINT64_MAX);
    ret->program_missing = handover_flag(line, "program-missing");
    if (!ret->name)
        handover_refuse(line, "it has no name");
    return handover_check(line);
}

/* Mostly the one behind the one that was found last. */
static struct service *find_name(const struct adoption *adoption, const char *name)
{
    struct service *last = adoption_find_service(adoption, adoption->service_count - 1);
    struct service *service = service_find(last ? last->next : NULL, name);

    return service ? service : service_find(adoption->server->services, name);
}

static void resume(struct service *service, const struct service_left *left)
{
    service->admission.number = left->number;
    service->admission.bucket.full = left->rate_full;
    admission_adapt(&service->admission, loop_now(service->server->loop));
    service->paused = left->paused;
    service->throttle_failures = left->failures;
    service->throttle_stage = left->stage;
    service->throttle_error = left->error;
    service->throttle_until = left->rests_until;
    service->program_missing = left->program_missing;
    service_resume_rest(service);
}

int adopt_read_service(struct adoption *adoption, struct handover_line *line)
{
    struct server *server = adoption->server;
    struct service *service;
    struct service_left left;
    int error = read_service(line, &left);

    if (error < 0 || !server)
        return error;
    service = find_name(adoption, left.name);
    if (!service && left.connections > 0)
        error =
            service_new_retired(server, left.name, left.linger_close, left.kill_after, &service);
    if (adoption_add_service(adoption, service) < 0)
        return -ENOMEM;
    if (service)
        resume(service, &left);
    return error;
}

/* --- counters ------------------------------------------------------------------------------- */

static const char *duration_key(size_t i)
{
    return i < EVENT_BUCKETS ? event_buckets[i].text : "longer";
}

static const char *stage_key(size_t i)
{
    return stage_name((enum stage)i);
}

static const char *reason_key(size_t i)
{
    return admission_reason_names[i];
}

static const char *outcome_key(size_t i)
{
    return outcome_names[i];
}

/* A counter's key: "started", or "refused.full" for one of many. */
struct counter {
    const char *key;
    const char *(*name)(size_t i); /* NULL: there is one */
    size_t count, offset, size;
};

#define COUNTER(key, field)                                     \
    {                                                           \
        key, NULL, 1, offsetof(struct service_counters, field), \
            sizeof(((struct service_counters *)0)->field)       \
    }
#define COUNTERS(key, name, count, field)                           \
    {                                                               \
        key, name, count, offsetof(struct service_counters, field), \
            sizeof(((struct service_counters *)0)->field[0])        \
    }

static const struct counter counters[] = {
    COUNTER("started", started),
    COUNTER("accept-errors", accept_errors),
    COUNTER("gone", gone),
    COUNTER("penalties", penalties),
    COUNTER("penalties-unsaid", penalties_unsaid),
    COUNTERS("refused", reason_key, REASON_COUNT, refused),
    COUNTERS("refused-unsaid", reason_key, REASON_COUNT, refused_unsaid),
    COUNTERS("exit", outcome_key, OUTCOME_COUNT, exits),
    COUNTERS("failed", stage_key, STAGE_COUNT, start_failures),
    COUNTERS("took", duration_key, EVENT_BUCKETS + 1, durations),
    COUNTER("duration", duration),
    COUNTER("cpu", cpu),
};

#define COUNTER_ROWS (sizeof(counters) / sizeof(counters[0]))
#define COUNTER_KEY  64

static void make_key(const struct counter *counter, size_t i, char key[static COUNTER_KEY])
{
    if (counter->name)
        snprintf(key, COUNTER_KEY, "%s.%s", counter->key, counter->name(i));
    else
        snprintf(key, COUNTER_KEY, "%s", counter->key);
}

static uint64_t get(const struct counter *counter, const void *values, size_t i)
{
    const char *field = (const char *)values + counter->offset + i * counter->size;
    uint64_t number = 0;
    uint32_t small = 0;

    if (counter->size == sizeof(small)) {
        memcpy(&small, field, sizeof(small));
        return small;
    }
    memcpy(&number, field, sizeof(number));
    return number;
}

static void set(const struct counter *counter, void *values, size_t i, uint64_t number)
{
    char *field = (char *)values + counter->offset + i * counter->size;
    uint32_t small = (uint32_t)number;

    if (counter->size == sizeof(small))
        memcpy(field, &small, sizeof(small));
    else
        memcpy(field, &number, sizeof(number));
}

static void write_counter(struct handover_writer *writer, const struct counter *counter,
                          const struct service_counters *values)
{
    for (size_t i = 0; i < counter->count; i++) {
        uint64_t number = get(counter, values, i);
        char key[COUNTER_KEY];

        if (number == 0)
            continue;
        make_key(counter, i, key);
        handover_put(writer, key, number);
    }
}

/* What was counted lately. */
static const char *const history_keys[HISTORY_KINDS] = {
    [HISTORY_STARTED] = "history-started", [HISTORY_REFUSED] = "history-refused"};

/* "0,7,1": each at most ten digits and a comma. */
#define HISTORY_TEXT (HISTORY_SLOTS * 11)

static void write_history(struct handover_writer *writer, const struct history *history)
{
    char text[HISTORY_TEXT];

    if (history->first == 0)
        return;
    handover_put(writer, "history-first", history->first);
    handover_put(writer, "history-slot", history->slot);
    for (size_t kind = 0; kind < HISTORY_KINDS; kind++) {
        size_t used = 0;

        for (size_t i = 0; i < HISTORY_SLOTS; i++)
            used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%" PRIu32,
                                     i > 0 ? "," : "", history->counts[kind][i]);
        handover_put_text(writer, history_keys[kind], text);
    }
}

static void read_history(struct handover_line *line, struct history *ret)
{
    ret->first = handover_number(line, "history-first", UINT64_MAX);
    ret->slot = handover_number(line, "history-slot", UINT64_MAX / HISTORY_SLOT);
    for (size_t kind = 0; kind < HISTORY_KINDS; kind++) {
        const char *text = handover_text(line, history_keys[kind], HISTORY_TEXT);

        for (size_t i = 0; text && i < HISTORY_SLOTS; i++) {
            size_t digits = strspn(text, "0123456789");

            ret->counts[kind][i] = (uint32_t)strtoul(text, NULL, 10);
            text = text[digits] == ',' ? text + digits + 1 : NULL;
        }
    }
}

static void write_counters(struct handover_writer *writer, const struct service *services)
{
    for (const struct service *service = services; service; service = service->next) {
        if (!service->reporter.counters)
            continue;
        handover_line(writer, "counters");
        handover_put(writer, "service", service->handover_place);
        for (size_t i = 0; i < COUNTER_ROWS; i++)
            write_counter(writer, &counters[i], service->reporter.counters);
        write_history(writer, &service->reporter.counters->history);
        handover_end_line(writer);
    }
}

void adopt_write_counters(struct handover_writer *writer, struct server *server)
{
    write_counters(writer, server->services);
    write_counters(writer, server->retired);
}

static void read_counter(struct handover_line *line, const struct counter *counter,
                         struct service_counters *ret)
{
    uint64_t most = counter->size == sizeof(uint32_t) ? UINT32_MAX : UINT64_MAX;
    char key[COUNTER_KEY];

    for (size_t i = 0; i < counter->count; i++) {
        make_key(counter, i, key);
        set(counter, ret, i, handover_number(line, key, most));
    }
}

int adopt_read_counters(struct adoption *adoption, struct handover_line *line)
{
    struct service *service =
        adoption_find_service(adoption, handover_number(line, "service", SIZE_MAX));
    struct service_counters values = {0};

    for (size_t i = 0; i < COUNTER_ROWS; i++)
        read_counter(line, &counters[i], &values);
    read_history(line, &values.history);
    if (handover_check(line) < 0 || !service)
        return handover_check(line);
    *event_counters(&service->reporter) = values;
    event_sum_up_later(&service->reporter);
    return 0;
}

/* --- stderr --------------------------------------------------------------------------------- */

static void write_channels(struct handover_writer *writer, const struct service *services)
{
    for (const struct service *service = services; service; service = service->next) {
        if (!service->channel)
            continue;
        handover_line(writer, "stderr");
        handover_put(writer, "service", service->handover_place);
        channel_hand_over(service->channel, writer);
        handover_end_line(writer);
    }
}

void adopt_write_stderr(struct handover_writer *writer, struct server *server)
{
    write_channels(writer, server->services);
    write_channels(writer, server->retired);
}

int adopt_read_stderr(struct adoption *adoption, struct handover_line *line)
{
    uint64_t place = handover_number(line, "service", SIZE_MAX);
    struct service *service = adoption_find_service(adoption, place);

    if (!adoption->server)
        return channel_take_over(NULL, NULL, line, NULL);
    /* One whose service is gone has no handlers. */
    if (!service || service->channel)
        return 0;
    return channel_take_over(adoption->server->loop, service->settings->name, line,
                             &service->channel);
}
