/* call: see call.h. */
#include "control/call.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "connection/connections.h"

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
    control_refuse(call, "unknown service \"%s\"", shown);
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
