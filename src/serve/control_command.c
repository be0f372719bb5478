/* control_command: see control_command.h. The table, and what the commands share. */
#include "serve/control_command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log_recent.h"
#include "base/text.h"
#include "serve/connections.h"

/* Of what there may be very much, one answer has at most so much. */
#define SERVICES_MAX    500
#define CONNECTIONS_MAX 5000
#define LISTENERS_MAX   1024
#define SOURCES_MAX     1000
#define BANS_SHOWN_MAX  10000

#define REQUIRED .required = true
#define OPTIONAL .required = false

/* clang-format off */
const struct control_command control_table[] = {
    {"status", "the daemon, and its services from `first` on, `count` of them, or one", false,
     {{"service", CONTROL_TEXT, OPTIONAL}, {"first", CONTROL_COUNT, .maximum = UINT32_MAX},
      {"count", CONTROL_COUNT, .maximum = SERVICES_MAX},
      {"listeners", CONTROL_COUNT, .maximum = LISTENERS_MAX},
      {"history", CONTROL_FLAG, OPTIONAL}},
     control_status},
    {"connections", "the connections that are in our care, the youngest first", false,
     {{"service", CONTROL_TEXT, OPTIONAL}, {"count", CONTROL_COUNT, .maximum = CONNECTIONS_MAX},
      {"parked", CONTROL_FLAG, OPTIONAL}},
     control_connections},
    {"events", "the last lines of the log from notice up, the youngest first", false,
     {{"count", CONTROL_COUNT, .maximum = LOG_RECENT}}, control_events},
    {"metrics", "all counts as OpenMetrics text, from `first` on, as `next` was", false,
     {{"first", CONTROL_COUNT, .maximum = (uint64_t)UINT32_MAX << 8}}, control_metrics},
    {"explain", "what would happen to a client from an address, and by which rule", false,
     {{"service", CONTROL_TEXT, REQUIRED}, {"address", CONTROL_ADDRESS, REQUIRED}},
     control_explain},
    {"sources", "the busiest sources, and those with penalties", false,
     {{"service", CONTROL_TEXT, OPTIONAL}, {"count", CONTROL_COUNT, .maximum = SOURCES_MAX}},
     control_sources},
    {"ban", "refuses a network, for a time or for good; `kill`: its handlers end, too", true,
     {{"source", CONTROL_PREFIX, REQUIRED}, {"duration", CONTROL_DURATION, OPTIONAL},
      {"kill", CONTROL_FLAG, OPTIONAL}},
     control_ban},
    {"unban", "lifts that", true, {{"source", CONTROL_PREFIX, REQUIRED}}, control_unban},
    {"bans", "the bans, the youngest first", false,
     {{"count", CONTROL_COUNT, .maximum = BANS_SHOWN_MAX}}, control_bans},
    {"pause", "starts nothing more for a service; its clients wait", true,
     {{"service", CONTROL_TEXT, REQUIRED}}, control_pause},
    {"resume", "ends that", true, {{"service", CONTROL_TEXT, REQUIRED}}, control_resume},
    {"drain", "pauses, and answers when the service has no handler", true,
     {{"service", CONTROL_TEXT, REQUIRED}}, control_drain},
    {"kill", "TERM, and KILL after kill-after, to the handlers of a service, or to one by its pid",
     true, {{"target", CONTROL_TEXT, REQUIRED}}, control_kill},
    {"reload", "reads the configuration anew", true, {{0}}, control_reload},
    {"upgrade", "lets another build take over; answers when it did, or why not", true, {{0}},
     control_upgrade},
    {"stop", "stops, and again: one stage further", true, {{0}}, control_stop},
};
/* clang-format on */

const size_t control_table_count = sizeof(control_table) / sizeof(control_table[0]);

int control_refuse(struct control_call *call, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(call->problem, sizeof(call->problem), format, arguments);
    va_end(arguments);
    return -EINVAL;
}

struct service *control_find_service(struct control_call *call,
                                     const struct control_argument *argument)
{
    struct service *service =
        service_find(call->context->connections->services->first, argument->text);
    char shown[SERVICE_NAME_MAX * 2];

    if (service)
        return service;
    text_escape(argument->text, strlen(argument->text), shown, sizeof(shown));
    control_refuse(call, "there is no service \"%s\"", shown);
    return NULL;
}

uint64_t control_count(const struct control_argument *argument, uint64_t fallback)
{
    return argument->given ? argument->count : fallback;
}

void control_format_source(const struct service *service, const struct addr *addr,
                           char text[static PREFIX_TEXT_SIZE])
{
    struct addr source = *addr;
    struct prefix prefix = {.family = addr->family};
    const struct settings_lengths *lengths;

    if (!service || addr->scope != 0 || (addr->family != ADDR_IPV4 && addr->family != ADDR_IPV6)) {
        addr_format_host(addr, text);
        return;
    }
    source = rules_source_of(service->admission.rules, addr);
    lengths = &service->admission.rules->guard->source_prefix;
    prefix.length = addr->family == ADDR_IPV4 ? lengths->ipv4 : lengths->ipv6;
    memcpy(prefix.bytes, source.bytes, sizeof(prefix.bytes));
    prefix_format(&prefix, text);
}
