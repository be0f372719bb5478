/* settings: see settings.h. */
#include "config/settings.h"

bool settings_waits_on(const struct service_settings *service, enum endpoint_kind kind)
{
    return service->wait.set ? service->wait.value != 0 : endpoint_is_datagram(kind);
}

bool settings_waits(const struct service_settings *service)
{
    for (size_t i = 0; i < service->listen.count; i++)
        if (!settings_waits_on(service, service->listen.items[i].kind))
            return false;
    return service->listen.count > 0;
}

struct config *config_ref(struct config *config)
{
    config->references++;
    return config;
}

void config_unref(struct config *config)
{
    if (config && --config->references == 0)
        arena_free(config->arena);
}
