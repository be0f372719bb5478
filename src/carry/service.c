/* service: what is carried over of services: their counts, what they owe to their rate, their
 * rests, and what their handlers say on stderr. Rows of adoption.c's table.
 *
 * A service of the same name goes on as itself, with the number by which its sources are known. One
 * that the configuration doesn't have any more lives on, as after a reload, while handlers of it
 * run: of its settings it needs those for their end.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/map.h"
#include "carry/adoption.h"
#include "connection/connections.h"

/* --- services ------------------------------------------------------------------------------- */

struct service_left {
    struct service service;
    const char *name;
    size_t connections;
    nanoseconds linger_close, kill_after;
};

static const char *name_stage(size_t i)
{
    return i == STAGE_NONE ? NULL : stage_name((enum stage)i);
}

static const struct record_field service_fields[] = {
    {"name", RECORD_TEXT, LEFT(service, name), .most = SERVICE_NAME_MAX, .missing = "has no name"},
    {"number", RECORD_NUMBER, LEFT(service, service.admission.number)},
    {"rate-full", RECORD_NUMBER, LEFT(service, service.admission.bucket.full)},
    {"connections", RECORD_NUMBER, LEFT(service, connections)},
    {"paused", RECORD_FLAG, LEFT(service, service.paused)},
    {"linger-close", RECORD_NUMBER, LEFT(service, linger_close)},
    {"kill-after", RECORD_NUMBER, LEFT(service, kill_after)},
    {"failures", RECORD_NUMBER, LEFT(service, service.throttle_failures)},
    {"stage", RECORD_CHOICE, LEFT(service, service.throttle_stage), .name = name_stage,
     .count = STAGE_COUNT, .none = STAGE_NONE},
    {"error", RECORD_NUMBER, LEFT(service, service.throttle_error), .most = 4095},
    {"rests-until", RECORD_NUMBER, LEFT(service, service.throttle_until)},
    {"program-missing", RECORD_FLAG, LEFT(service, service.program_missing)},
};

static void write_service(struct handover_writer *writer, const struct service *service)
{
    struct service_left left = {.service = *service,
                                .name = service->settings->name,
                                .connections = service->connections,
                                .linger_close = service->settings->linger_close,
                                .kill_after = service->settings->kill_after};

    if (service->throttle_failures == 0) { /* of an earlier rest */
        left.service.throttle_stage = STAGE_NONE;
        left.service.throttle_error = 0;
        left.service.throttle_until = 0;
        left.service.program_missing = false;
    }
    record_write(writer, &adopt_service.record, &left);
}

static void collect_service(struct handover_writer *writer, const struct carried *carried)
{
    struct service *lists[] = {carried->services->first, carried->services->retired};
    uint32_t place = 0;

    for (size_t i = 0; i < 2; i++)
        for (struct service *service = lists[i]; service; service = service->next) {
            service->handover_place = place++;
            write_service(writer, service);
        }
}

/* By an index, which is made for the first. */
static struct service *find_name(struct adoption *adoption, const char *name)
{
    struct services *services = adoption->carried->services;

    if (!adoption->names.entries && names_open(&adoption->names, services) < 0)
        return service_find(services->first, name);
    return names_find(&adoption->names, name);
}

static int apply_service(struct adoption *adoption, const void *values)
{
    const struct service_left *left = values;
    struct service *service = find_name(adoption, left->name);
    int error = 0;

    if (!service && left->connections > 0)
        error = service_new_retired(adoption->carried->services, left->name, left->linger_close,
                                    left->kill_after, &service);
    if (adoption_add(&adoption->services, service) < 0)
        return -ENOMEM;
    if (!service)
        return error;
    record_copy(&adopt_service.record, left, service, sizeof(*service));
    admission_adapt(&service->admission, loop_now(adoption->carried->connections->loop));
    service_resume_rest(service);
    return error;
}

ADOPTION_SECTION(service, "service", ADOPTION_OF_SERVICES, struct service_left, NULL);

/* --- counters ------------------------------------------------------------------------------- */

struct counters_left {
    struct service_counters counters;
    uint64_t service;
    const char *history[HISTORY_KINDS]; /* what was counted lately */
};

static const char *name_reason(size_t i)
{
    return admission_reason_names[i];
}

static const char *name_outcome(size_t i)
{
    return outcome_names[i];
}

/* A counter that never was, of STAGE_NONE, needs a name all the same. */
static const char *name_failure(size_t i)
{
    return stage_name((enum stage)i);
}

static const char *name_duration(size_t i)
{
    return i < EVENT_BUCKETS ? event_buckets[i].text : "longer";
}

/* "0,7,1": each at most ten digits and a comma. */
#define HISTORY_TEXT (HISTORY_SLOTS * 11)

static const struct record_field counters_fields[] = {
    {"service", RECORD_NUMBER, LEFT(counters, service)},
    {"started", RECORD_NUMBER, LEFT(counters, counters.started)},
    {"accept-errors", RECORD_NUMBER, LEFT(counters, counters.accept_errors)},
    {"gone", RECORD_NUMBER, LEFT(counters, counters.gone)},
    {"penalties", RECORD_NUMBER, LEFT(counters, counters.penalties)},
    {"penalties-unsaid", RECORD_NUMBER, LEFT(counters, counters.penalties_unsaid)},
    {"refused", RECORD_NUMBER, LEFT(counters, counters.refused), .name = name_reason,
     .count = REASON_COUNT},
    {"refused-unsaid", RECORD_NUMBER, LEFT(counters, counters.refused_unsaid), .name = name_reason,
     .count = REASON_COUNT},
    {"exit", RECORD_NUMBER, LEFT(counters, counters.exits), .name = name_outcome,
     .count = OUTCOME_COUNT},
    {"failed", RECORD_NUMBER, LEFT(counters, counters.start_failures), .name = name_failure,
     .count = STAGE_COUNT},
    {"took", RECORD_NUMBER, LEFT(counters, counters.durations), .name = name_duration,
     .count = EVENT_BUCKETS + 1},
    {"duration", RECORD_NUMBER, LEFT(counters, counters.duration)},
    {"cpu", RECORD_NUMBER, LEFT(counters, counters.cpu)},
    {"history-first", RECORD_NUMBER, LEFT(counters, counters.history.first)},
    {"history-slot", RECORD_NUMBER, LEFT(counters, counters.history.slot),
     .most = UINT64_MAX / HISTORY_SLOT},
    {"history-started", RECORD_TEXT, LEFT(counters, history[HISTORY_STARTED]),
     .most = HISTORY_TEXT},
    {"history-refused", RECORD_TEXT, LEFT(counters, history[HISTORY_REFUSED]),
     .most = HISTORY_TEXT},
};

static void format_counts(const uint32_t counts[static HISTORY_SLOTS],
                          char text[static HISTORY_TEXT])
{
    size_t used = 0;

    for (size_t i = 0; i < HISTORY_SLOTS; i++)
        used += (size_t)snprintf(text + used, HISTORY_TEXT - used, "%s%" PRIu32, i > 0 ? "," : "",
                                 counts[i]);
}

static void parse_counts(const char *text, uint32_t counts[static HISTORY_SLOTS])
{
    for (size_t i = 0; text && i < HISTORY_SLOTS; i++) {
        size_t digits = strspn(text, "0123456789");

        counts[i] = (uint32_t)strtoul(text, NULL, 10);
        text = text[digits] == ',' ? text + digits + 1 : NULL;
    }
}

static void write_counters(struct handover_writer *writer, const struct service *service)
{
    struct counters_left left = {*service->reporter.counters, service->handover_place, {0}};
    char texts[HISTORY_KINDS][HISTORY_TEXT];

    if (left.counters.history.first == 0)
        left.counters.history.slot = 0;
    for (size_t kind = 0; left.counters.history.first > 0 && kind < HISTORY_KINDS; kind++) {
        format_counts(left.counters.history.counts[kind], texts[kind]);
        left.history[kind] = texts[kind];
    }
    record_write(writer, &adopt_counters.record, &left);
}

static void collect_counters(struct handover_writer *writer, const struct carried *carried)
{
    struct service *lists[] = {carried->services->first, carried->services->retired};

    for (size_t i = 0; i < 2; i++)
        for (const struct service *service = lists[i]; service; service = service->next)
            if (service->reporter.counters)
                write_counters(writer, service);
}

static int apply_counters(struct adoption *adoption, const void *values)
{
    const struct counters_left *left = values;
    struct service *service = adoption_find_service(adoption, left->service);
    struct service_counters *counters;

    if (!service)
        return 0;
    counters = event_counters(&service->reporter);
    *counters = left->counters;
    for (size_t kind = 0; kind < HISTORY_KINDS; kind++)
        parse_counts(left->history[kind], counters->history.counts[kind]);
    event_sum_up_later(&service->reporter);
    return 0;
}

ADOPTION_SECTION(counters, "counters", ADOPTION_OF_SERVICES, struct counters_left, NULL);

/* --- stderr --------------------------------------------------------------------------------- */

struct stderr_left {
    struct channel_left channel;
    uint64_t service;
};

static const struct record_field stderr_fields[] = {
    {"service", RECORD_NUMBER, LEFT(stderr, service)},
    {"read", RECORD_FD, LEFT(stderr, channel.read_fd)},
    {"write", RECORD_FD, LEFT(stderr, channel.write_fd)},
    {"send-buffer", RECORD_NUMBER, LEFT(stderr, channel.send_buffer), .most = INT_MAX},
    {"rests-until", RECORD_NUMBER, LEFT(stderr, channel.rests_until)},
    {"unfinished-until", RECORD_NUMBER, LEFT(stderr, channel.unfinished_until)},
    {"pid-0", RECORD_NUMBER, LEFT(stderr, channel.lines[0].pid), .most = INT_MAX},
    {"line-0", RECORD_BYTES, LEFT(stderr, channel.lines[0].text), .most = CHANNEL_LINE + 1},
    {"pid-1", RECORD_NUMBER, LEFT(stderr, channel.lines[1].pid), .most = INT_MAX},
    {"line-1", RECORD_BYTES, LEFT(stderr, channel.lines[1].text), .most = CHANNEL_LINE + 1},
    {"pid-2", RECORD_NUMBER, LEFT(stderr, channel.lines[2].pid), .most = INT_MAX},
    {"line-2", RECORD_BYTES, LEFT(stderr, channel.lines[2].text), .most = CHANNEL_LINE + 1},
    {"pid-3", RECORD_NUMBER, LEFT(stderr, channel.lines[3].pid), .most = INT_MAX},
    {"line-3", RECORD_BYTES, LEFT(stderr, channel.lines[3].text), .most = CHANNEL_LINE + 1},
};

_Static_assert(CHANNEL_WRITERS == 4, "each writer has a row");

static void collect_stderr(struct handover_writer *writer, const struct carried *carried)
{
    struct service *lists[] = {carried->services->first, carried->services->retired};

    for (size_t i = 0; i < 2; i++)
        for (const struct service *service = lists[i]; service; service = service->next) {
            struct stderr_left left = {.service = service->handover_place};

            if (!service->channel)
                continue;
            channel_leave(service->channel, &left.channel);
            record_write(writer, &adopt_stderr.record, &left);
        }
}

static int apply_stderr(struct adoption *adoption, const void *values)
{
    struct channel_left left = ((const struct stderr_left *)values)->channel;
    struct service *service =
        adoption_find_service(adoption, ((const struct stderr_left *)values)->service);
    int error = -EBADF;

    /* One whose service is gone has no handlers. */
    if (!service || service->channel)
        return 0;
    left.read_fd = handover_claim(&adoption->handover, left.read_fd);
    left.write_fd = handover_claim(&adoption->handover, left.write_fd);
    if (left.read_fd >= 0 && left.write_fd >= 0)
        error = channel_resume(adoption->carried->connections->loop, service->settings->name, &left,
                               &service->channel);
    if (error < 0) {
        fd_close(left.read_fd);
        fd_close(left.write_fd);
    }
    return error;
}

ADOPTION_SECTION(stderr, "stderr", ADOPTION_OF_SERVICES, struct stderr_left, NULL);
