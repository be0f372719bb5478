/* status_line: see status_line.h. */
#include "control/status_line.h"

#include "base/log.h"
#include "connection/state.h"
#include "pool/pool.h"
#include "report/event.h"
#include "service/service.h"

static void add(struct log_record *record, const struct service *service, enum fact_id id)
{
    static const struct service_counters none;

    log_record_number(
        record, counters_facts[id].key,
        counters_sum(service->reporter.counters ? service->reporter.counters : &none, id));
}

/* Each of its numbers by its own name. */
static void add_each(struct log_record *record, const struct service *service, enum fact_id id)
{
    for (size_t i = 0; i < counters_facts[id].count; i++)
        log_record_number(
            record, counters_facts[id].name(i),
            service->reporter.counters ? counters_get(service->reporter.counters, id, i) : 0);
}

void status_line_log(const struct service *service)
{
    size_t pending = service_pending(service);
    struct log_record record;

    log_record_begin(&record, LOG_LEVEL_NOTICE, service->settings->name, "status");
    log_record_text(&record, "state", service_state_names[service_state(service)]);
    event_add_active(&record, &service->admission);
    log_record_number(&record, "sockets", service->listener_count);
    if (pending > 0)
        log_record_number(&record, "pending", pending);
    add(&record, service, FACT_STARTED);
    add_each(&record, service, FACT_EXITS);
    add(&record, service, FACT_REFUSED);
    add(&record, service, FACT_START_FAILURES);
    add(&record, service, FACT_GONE);
    warming_add_status(service, &record);
    add(&record, service, FACT_ACCEPT_ERRORS);
    log_record_emit(&record);
}
