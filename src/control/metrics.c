/* metrics: see metrics.h. */
#include "control/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "connection/connections.h"
#include "control/orders.h"

/* A part is complete with the family's services at which it has so many bytes. */
#define PART_SIZE  (128 * 1024)
#define PART_BLOCK 100 /* services that are printed without a look at that */

/* --- pieces --------------------------------------------------------------------------------- */

/* A label's value: a service's name has no control characters, but may have these. */
static void print_value(FILE *file, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', file);
        fputc(*text, file);
    }
}

/* One sample up to its number: of a service, or of the daemon (NULL); word is its label's, NULL
 * where it has none. */
static void begin(FILE *file, const struct fact *fact, const char *suffix,
                  const struct service *service, const char *word)
{
    fprintf(file, "%s%s", fact->metric, suffix);
    if (service) {
        fputs("{service=\"", file);
        print_value(file, service->settings->name);
        fputc('"', file);
    }
    if (word)
        fprintf(file, "%s%s=\"%s\"", service ? "," : "{", fact->label, word);
    fputs(service || word ? "} " : " ", file);
}

static void print_number(FILE *file, uint64_t number)
{
    fprintf(file, "%" PRIu64 "\n", number);
}

static void print_seconds(FILE *file, nanoseconds time)
{
    fprintf(file, "%" PRIu64 ".%09" PRIu64 "\n", time / CLOCK_SECOND, time % CLOCK_SECOND);
}

/* --- samples -------------------------------------------------------------------------------- */

/* The samples of a fact, whose numbers stand in values. */
static void print_samples(FILE *file, enum fact_id id, const struct service *service,
                          const void *values)
{
    const struct fact *fact = &counters_facts[id];
    const char *suffix = strcmp(fact->type, "counter") == 0 ? "_total" : "";

    for (size_t i = 0; i < fact->count; i++) {
        uint64_t number = counters_get(values, id, i);

        if (number == 0 && fact->no_zeros)
            continue;
        begin(file, fact, suffix, service, fact->name ? fact->name(i) : NULL);
        if (fact->unit)
            print_seconds(file, number);
        else
            print_number(file, number);
    }
}

/* Each bucket has those below it in it, too. */
static void print_histogram(FILE *file, const struct service *service)
{
    const struct fact *fact = &counters_facts[FACT_DURATIONS];
    uint64_t sum = 0;

    for (unsigned i = 0; i <= EVENT_BUCKETS; i++) {
        sum += service->reporter.counters->durations[i];
        begin(file, fact, "_bucket", service, i < EVENT_BUCKETS ? fact->name(i) : "+Inf");
        print_number(file, sum);
    }
    begin(file, fact, "_count", service, NULL);
    print_number(file, sum);
    begin(file, fact, "_sum", service, NULL);
    print_seconds(file, service->reporter.counters->duration);
}

/* What never happened to a service has no sample. */
static bool has_samples(const struct fact *fact, const struct service *service)
{
    switch (fact->scope) {
    case FACT_OF_COUNTED:
        return service->reporter.counters != NULL;
    case FACT_OF_WARM:
        return service->warming != NULL;
    default:
        return true;
    }
}

static void print_service(FILE *file, enum fact_id id, const struct service *service)
{
    static const struct service_counters none;
    const struct warming *warming = service->warming;
    struct service_numbers numbers = {.active = service->admission.running,
                                      .held = service->connections - service->admission.running};

    if (!has_samples(&counters_facts[id], service))
        return;
    if (warming) {
        numbers.warm_starts[0] = warming->served;
        numbers.warm_starts[1] = warming->colds;
        numbers.warm_ready = warming_ready(warming);
    }
    if (id == FACT_DURATIONS)
        print_histogram(file, service);
    else if (counters_facts[id].place == FACT_IN_SERVICE)
        print_samples(file, id, service, &numbers);
    else
        print_samples(file, id, service,
                      service->reporter.counters ? service->reporter.counters : &none);
}

/* What all families are of. */
struct shown {
    const struct connections *connections;
    const struct daemon_facts *facts;
};

static void print_daemon(FILE *file, enum fact_id id, const struct shown *shown)
{
    const struct daemon_numbers numbers = {
        .sources = sources_count(&shown->connections->admission.sources),
        .bans = bans_count(&shown->connections->admission.bans, loop_now(shown->connections->loop)),
        .reloads = {shown->facts->reloads_done, shown->facts->reloads_failed},
        .upgrades = {shown->facts->upgrades_done, shown->facts->upgrades_failed},
        .messages_lost = log_lost_total(),
    };

    print_samples(file, id, NULL, &numbers);
}

/* --- parts ---------------------------------------------------------------------------------- */

static void print_head(FILE *file, const struct fact *fact)
{
    fprintf(file, "# TYPE %s %s\n", fact->metric, fact->type);
    if (fact->unit)
        fprintf(file, "# UNIT %s %s\n", fact->metric, fact->unit);
    fprintf(file, "# HELP %s %s\n", fact->metric, fact->help);
}

/* The index-th service; NULL where there are fewer. */
static const struct service *find_service(const struct shown *shown, uint64_t index)
{
    const struct service *service = shown->connections->services->first;

    while (service && index-- > 0)
        service = service->next;
    return service;
}

/* Prints a family from its index-th service on, until there is enough. Returns the index of the
 * next one, 0 when it is complete. */
static uint64_t print_family(FILE *file, enum fact_id id, const struct shown *shown, uint64_t index)
{
    const struct service *service = find_service(shown, index);

    if (index == 0)
        print_head(file, &counters_facts[id]);
    if (counters_facts[id].place == FACT_IN_DAEMON) {
        print_daemon(file, id, shown);
        return 0;
    }
    for (; service; service = service->next) {
        if (index % PART_BLOCK == 0 && ftell(file) >= PART_SIZE)
            return index;
        print_service(file, id, service);
        index++;
    }
    return 0;
}

/* A place is a fact and a service of it. */
static void print_part(FILE *file, const struct shown *shown, uint64_t *place)
{
    uint64_t index = *place >> 8;
    size_t id = *place & 0xff;

    while (id < FACT_COUNT && ftell(file) < PART_SIZE) {
        if (counters_facts[id].metric)
            index = print_family(file, (enum fact_id)id, shown, index);
        if (index == 0)
            id++;
    }
    *place = index << 8 | id;
    if (id < FACT_COUNT)
        return;
    fputs("# EOF\n", file);
    *place = 0;
}

char *metrics_print(const struct connections *connections, const struct daemon_facts *facts,
                    uint64_t *place, size_t *ret_length)
{
    const struct shown shown = {connections, facts};
    char *text = NULL;
    FILE *file = open_memstream(&text, ret_length);
    bool failed;

    if (!file)
        return NULL;
    print_part(file, &shown, place);
    failed = ferror(file) != 0;
    if (fclose(file) == 0 && !failed)
        return text;
    free(text);
    return NULL;
}
