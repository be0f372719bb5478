/* metrics: see metrics.h. */
#include "serve/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "serve/server.h"

struct family {
    const char *name, *type, *unit, *help; /* unit NULL: none */
    void (*print)(FILE *file, const char *name, const struct server *server);
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

/* A name that is declared can't be in parentheses. NOLINTBEGIN(bugprone-macro-parentheses) */
#define EACH_SERVICE(service, server) \
    for (const struct service *service = (server)->services; service; service = service->next)
/* NOLINTEND(bugprone-macro-parentheses) */

static void print_connections(FILE *file, const char *name, const struct server *server)
{
    EACH_SERVICE(service, server)
    print_one(file, name, "_total", service, service->counters ? service->counters->started : 0);
}

static void print_active(FILE *file, const char *name, const struct server *server)
{
    EACH_SERVICE(service, server)
    print_one(file, name, "", service, service->admission.running);
}

static void print_held(FILE *file, const char *name, const struct server *server)
{
    EACH_SERVICE(service, server)
    if (service->counters)
        print_one(file, name, "", service, service->connections - service->admission.running);
}

static void print_refused(FILE *file, const char *name, const struct server *server)
{
    EACH_SERVICE(service, server)
    for (unsigned i = 0; service->counters && i < REASON_COUNT; i++)
        if (service->counters->refused[i] > 0)
            print_labelled(file, name, service, "reason", admission_reason_names[i],
                           service->counters->refused[i]);
}

static void print_exits(FILE *file, const char *name, const struct server *server)
{
    EACH_SERVICE(service, server)
    for (unsigned i = 0; service->counters && i < OUTCOME_COUNT; i++)
        print_labelled(file, name, service, "outcome", outcome_names[i],
                       service->counters->exits[i]);
}

static void print_start_failures(FILE *file, const char *name, const struct server *server)
{
    EACH_SERVICE(service, server)
    for (unsigned i = 0; service->counters && i < STAGE_COUNT; i++)
        if (service->counters->start_failures[i] > 0)
            print_labelled(file, name, service, "stage", stage_name(i),
                           service->counters->start_failures[i]);
}

static void print_durations(FILE *file, const char *name, const struct service *service)
{
    const struct service_counters *counters = service->counters;
    uint64_t sum = 0;

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

static void print_handler_seconds(FILE *file, const char *name, const struct server *server)
{
    EACH_SERVICE(service, server)
    if (service->counters)
        print_durations(file, name, service);
}

static void print_cpu(FILE *file, const char *name, const struct server *server)
{
    EACH_SERVICE(service, server)
    {
        if (!service->counters)
            continue;
        begin(file, name, "_total", service);
        fputs("} ", file);
        print_seconds(file, service->counters->cpu);
    }
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
    {"stdinetd_connections", "counter", NULL, "Connections that got a handler.", print_connections},
    {"stdinetd_connections_active", "gauge", NULL, "Handlers that run.", print_active},
    {"stdinetd_held", "gauge", NULL, "Clients that are let in and have no handler yet.",
     print_held},
    {"stdinetd_refused", "counter", NULL, "Clients that were refused.", print_refused},
    {"stdinetd_exits", "counter", NULL, "Handlers that ended.", print_exits},
    {"stdinetd_start_failures", "counter", NULL, "Starts of handlers that failed.",
     print_start_failures},
    {"stdinetd_handler_seconds", "histogram", "seconds", "From acceptance to a handler's end.",
     print_handler_seconds},
    {"stdinetd_handler_cpu_seconds", "counter", "seconds", "CPU time of handlers that ended.",
     print_cpu},
    {"stdinetd_sources", "gauge", NULL, "Sources that are remembered.", print_sources},
    {"stdinetd_bans", "gauge", NULL, "Networks that are banned.", print_bans},
    {"stdinetd_reloads", "counter", NULL, "Reloads of the configuration.", print_reloads},
    {"stdinetd_upgrades", "counter", NULL, "Upgrades to another build.", print_upgrades},
    {"stdinetd_messages_lost", "counter", NULL, "Log messages that found no room.", print_lost},
};

char *metrics_print(const struct server *server, size_t *ret_length)
{
    char *text = NULL;
    FILE *file = open_memstream(&text, ret_length);

    if (!file)
        return NULL;
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        const struct family *family = &families[i];

        fprintf(file, "# TYPE %s %s\n", family->name, family->type);
        if (family->unit)
            fprintf(file, "# UNIT %s %s\n", family->name, family->unit);
        fprintf(file, "# HELP %s %s\n", family->name, family->help);
        family->print(file, family->name, server);
    }
    fputs("# EOF\n", file);
    if (ferror(file) || fclose(file) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
