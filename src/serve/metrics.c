/* metrics: see metrics.h. */
#include "serve/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "serve/server.h"

/* A part is complete with the family's services at which it has so many bytes. */
#define PART_SIZE  (128 * 1024)
#define PART_BLOCK 100 /* services that are printed without a look at that */

struct family {
    const char *name, *type, *unit, *help; /* unit NULL: none */
    /* Prints the samples of one service; or, where that is NULL, the daemon's. */
    void (*print_service)(FILE *file, const char *name, const struct service *service);
    void (*print_daemon)(FILE *file, const char *name, const struct server *server);
};

/* --- pieces --------------------------------------------------------------------------------- */

/* A label's value: a service's name has no control characters, but may have these. */
static void print_label(FILE *file, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', file);
        fputc(*text, file);
    }
}

/* NAME{service="…" up to where more labels or the end may follow. */
static void begin(FILE *file, const char *name, const char *suffix, const struct service *service)
{
    fprintf(file, "%s%s{service=\"", name, suffix);
    print_label(file, service->settings->name);
    fputc('"', file);
}

static void print_one(FILE *file, const char *name, const char *suffix,
                      const struct service *service, uint64_t value)
{
    begin(file, name, suffix, service);
    fprintf(file, "} %" PRIu64 "\n", value);
}

static void print_labelled(FILE *file, const char *name, const struct service *service,
                           const char *label, const char *word, uint64_t value)
{
    begin(file, name, "_total", service);
    fprintf(file, ",%s=\"%s\"} %" PRIu64 "\n", label, word, value);
}

static void print_seconds(FILE *file, nanoseconds time)
{
    fprintf(file, "%" PRIu64 ".%09" PRIu64 "\n", time / CLOCK_SECOND, time % CLOCK_SECOND);
}

/* --- families ------------------------------------------------------------------------------- */

static void print_connections(FILE *file, const char *name, const struct service *service)
{
    print_one(file, name, "_total", service, service->counters ? service->counters->started : 0);
}

static void print_active(FILE *file, const char *name, const struct service *service)
{
    print_one(file, name, "", service, service->admission.running);
}

static void print_held(FILE *file, const char *name, const struct service *service)
{
    if (service->counters)
        print_one(file, name, "", service, service->connections - service->admission.running);
}

static void print_refused(FILE *file, const char *name, const struct service *service)
{
    for (unsigned i = 0; service->counters && i < REASON_COUNT; i++)
        if (service->counters->refused[i] > 0)
            print_labelled(file, name, service, "reason", admission_reason_names[i],
                           service->counters->refused[i]);
}

static void print_exits(FILE *file, const char *name, const struct service *service)
{
    for (unsigned i = 0; service->counters && i < OUTCOME_COUNT; i++)
        print_labelled(file, name, service, "outcome", outcome_names[i],
                       service->counters->exits[i]);
}

static void print_start_failures(FILE *file, const char *name, const struct service *service)
{
    for (unsigned i = 0; service->counters && i < STAGE_COUNT; i++)
        if (service->counters->start_failures[i] > 0)
            print_labelled(file, name, service, "stage", stage_name(i),
                           service->counters->start_failures[i]);
}

static void print_durations(FILE *file, const char *name, const struct service *service)
{
    const struct service_counters *counters = service->counters;
    uint64_t sum = 0;

    if (!counters)
        return;
    for (unsigned i = 0; i <= EVENT_BUCKETS; i++) {
        sum += counters->durations[i];
        begin(file, name, "_bucket", service);
        fprintf(file, ",le=\"%s\"} %" PRIu64 "\n",
                i < EVENT_BUCKETS ? event_buckets[i].text : "+Inf", sum);
    }
    begin(file, name, "_count", service);
    fprintf(file, "} %" PRIu64 "\n", sum);
    begin(file, name, "_sum", service);
    fputs("} ", file);
    print_seconds(file, counters->duration);
}

static void print_cpu(FILE *file, const char *name, const struct service *service)
{
    if (!service->counters)
        return;
    begin(file, name, "_total", service);
    fputs("} ", file);
    print_seconds(file, service->counters->cpu);
}

static void print_warm(FILE *file, const char *name, const struct service *service)
{
    if (!service->warming)
        return;
    print_labelled(file, name, service, "start", "warm", service->warming->served);
    print_labelled(file, name, service, "start", "cold", service->warming->colds);
}

static void print_warm_ready(FILE *file, const char *name, const struct service *service)
{
    if (service->warming)
        print_one(file, name, "", service, warming_ready(service->warming));
}

static void print_sources(FILE *file, const char *name, const struct server *server)
{
    fprintf(file, "%s %zu\n", name, sources_count(&server->admission.sources));
}

static void print_bans(FILE *file, const char *name, const struct server *server)
{
    fprintf(file, "%s %zu\n", name, server->admission.bans.count);
}

static void print_reloads(FILE *file, const char *name, const struct server *server)
{
    fprintf(file, "%s_total{result=\"ok\"} %" PRIu64 "\n", name, server->reloads_done);
    fprintf(file, "%s_total{result=\"failed\"} %" PRIu64 "\n", name, server->reloads_failed);
}

static void print_upgrades(FILE *file, const char *name, const struct server *server)
{
    fprintf(file, "%s_total{result=\"ok\"} %" PRIu64 "\n", name, server->upgrades_done);
    fprintf(file, "%s_total{result=\"failed\"} %" PRIu64 "\n", name, server->upgrades_failed);
}

static void print_lost(FILE *file, const char *name, const struct server *server)
{
    (void)server;
    fprintf(file, "%s_total %" PRIu64 "\n", name, log_lost_total());
}

static const struct family families[] = {
    {"stdinetd_connections", "counter", NULL, "Connections that got a handler.", print_connections,
     NULL},
    {"stdinetd_connections_active", "gauge", NULL, "Handlers that run.", print_active, NULL},
    {"stdinetd_held", "gauge", NULL, "Clients that are let in and have no handler yet.", print_held,
     NULL},
    {"stdinetd_refused", "counter", NULL, "Clients that were refused.", print_refused, NULL},
    {"stdinetd_exits", "counter", NULL, "Handlers that ended.", print_exits, NULL},
    {"stdinetd_start_failures", "counter", NULL, "Starts of handlers that failed.",
     print_start_failures, NULL},
    {"stdinetd_handler_seconds", "histogram", "seconds", "From acceptance to a handler's end.",
     print_durations, NULL},
    {"stdinetd_handler_cpu_seconds", "counter", "seconds", "CPU time of handlers that ended.",
     print_cpu, NULL},
    {"stdinetd_warm", "counter", NULL, "Starts of warm services' handlers.", print_warm, NULL},
    {"stdinetd_warm_ready", "gauge", NULL, "Warm handlers and templates that are ready.",
     print_warm_ready, NULL},
    {"stdinetd_sources", "gauge", NULL, "Sources that are remembered.", NULL, print_sources},
    {"stdinetd_bans", "gauge", NULL, "Networks that are banned.", NULL, print_bans},
    {"stdinetd_reloads", "counter", NULL, "Reloads of the configuration.", NULL, print_reloads},
    {"stdinetd_upgrades", "counter", NULL, "Upgrades to another build.", NULL, print_upgrades},
    {"stdinetd_messages_lost", "counter", NULL, "Log messages that found no room.", NULL,
     print_lost},
};

#define FAMILIES (sizeof(families) / sizeof(families[0]))

/* --- parts ---------------------------------------------------------------------------------- */

static void print_head(FILE *file, const struct family *family)
{
    fprintf(file, "# TYPE %s %s\n", family->name, family->type);
    if (family->unit)
        fprintf(file, "# UNIT %s %s\n", family->name, family->unit);
    fprintf(file, "# HELP %s %s\n", family->name, family->help);
}

/* The index-th service; NULL where there are fewer. */
static const struct service *find_service(const struct server *server, uint64_t index)
{
    const struct service *service = server->services;

    while (service && index-- > 0)
        service = service->next;
    return service;
}

/* Prints a family from its index-th service on, until there is enough. Returns the index of the
 * next one, 0 when it is complete. */
static uint64_t print_family(FILE *file, const struct family *family, const struct server *server,
                             uint64_t index)
{
    const struct service *service = find_service(server, index);

    if (index == 0)
        print_head(file, family);
    if (family->print_daemon) {
        family->print_daemon(file, family->name, server);
        return 0;
    }
    for (; service; service = service->next) {
        if (index % PART_BLOCK == 0 && ftell(file) >= PART_SIZE)
            return index;
        family->print_service(file, family->name, service);
        index++;
    }
    return 0;
}

/* A place is a family and a service of it. */
static void print_part(FILE *file, const struct server *server, uint64_t *place)
{
    uint64_t index = *place >> 8;
    size_t family = *place & 0xff;

    while (family < FAMILIES && ftell(file) < PART_SIZE) {
        index = print_family(file, &families[family], server, index);
        if (index == 0)
            family++;
    }
    *place = index << 8 | family;
    if (family < FAMILIES)
        return;
    fputs("# EOF\n", file);
    *place = 0;
}

char *metrics_print(const struct server *server, uint64_t *place, size_t *ret_length)
{
    char *text = NULL;
    FILE *file = open_memstream(&text, ret_length);
    bool failed;

    if (!file)
        return NULL;
    print_part(file, server, place);
    failed = ferror(file) != 0;
    if (fclose(file) == 0 && !failed)
        return text;
    free(text);
    return NULL;
}
