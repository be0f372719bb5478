/* settings: see settings.h. */
#include "config/settings.h"

bool settings_wait(const struct service_settings *service)
{
    if (service->wait.set)
        return service->wait.value != 0;
    for (size_t i = 0; i < service->listen.count; i++)
        if (!endpoint_is_datagram(service->listen.items[i].kind))
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
