/* settings: see settings.h. */
#include "config/settings.h"

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
