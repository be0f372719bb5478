/* variables: see variables.h. Called by plan.c.
 *
 * An environment is made, not inherited: what stands in the daemon's own (secrets, LD_PRELOAD)
 * reaches a handler only by name, through pass-env; and what a service manager tells us (LISTEN_,
 * NOTIFY_SOCKET, WATCHDOG_) not even so: config/codec.c.
 */
#include "launch/variables.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static char default_path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/* Strings of an environment while they are collected; the first of a name stays. */
struct collection {
    struct item {
        char *text;
        bool copied; /* else it lives as long as the snapshot */
    } * items;
    size_t count;
};

static bool has_name(const struct collection *collection, const char *text)
{
    size_t length = strcspn(text, "=") + 1;

    for (size_t i = 0; i < collection->count; i++)
        if (strncmp(collection->items[i].text, text, length) == 0)
            return true;
    return false;
}

static void collect(struct collection *collection, char *text, bool copied)
{
    if (!has_name(collection, text))
        collection->items[collection->count++] = (struct item){text, copied};
}

/* "NAME=value" of that name in environment, or NULL. */
static char *find_variable(char *const *environment, const char *name)
{
    size_t length = strlen(name);

    for (; environment && *environment; environment++)
        if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=')
            return *environment;
    return NULL;
}

/* What users write stands first, so that it wins over what we would set. */
static void collect_all(struct collection *collection, const struct service_settings *service,
                        char *const *inherited)
{
    for (size_t i = 0; i < service->env.count; i++)
        collect(collection, service->env.items[i], false);
    for (size_t i = 0; i < service->pass_env.count; i++) {
        char *variable = find_variable(inherited, service->pass_env.items[i]);

        if (variable)
            collect(collection, variable, true);
    }
    for (size_t i = 0; service->user && i < SETTINGS_USER_VARIABLES; i++)
        collect(collection, service->user->variables[i], false);
    collect(collection, default_path, false);
}

/* The pointers, and behind them in the same block the strings that are copied. */
static struct variables *pack(const struct collection *collection)
{
    size_t size = sizeof(struct variables) + (collection->count + 1) * sizeof(char *);
    struct variables *variables;
    char *text;

    for (size_t i = 0; i < collection->count; i++)
        size += collection->items[i].copied ? strlen(collection->items[i].text) + 1 : 0;
    variables = malloc(size);
    if (!variables)
        return NULL;
    *variables = (struct variables){.references = 1, .count = collection->count};
    text = (char *)(variables->items + collection->count + 1);
    for (size_t i = 0; i < collection->count; i++) {
        variables->items[i] = collection->items[i].text;
        if (collection->items[i].copied) {
            variables->items[i] = text;
            text = stpcpy(text, collection->items[i].text) + 1;
        }
    }
    variables->items[collection->count] = NULL;
    return variables;
}

/* Whether they would be the same: those of services that have all of it from [defaults]. */
static bool is_shared(const struct variables *sibling, const struct service_settings *service)
{
    return sibling && sibling->user == service->user && sibling->env == service->env.items &&
           sibling->pass_env == service->pass_env.items;
}

int variables_build(const struct service_settings *service, char *const *inherited,
                    struct variables *sibling, struct variables **ret)
{
    size_t most = service->env.count + service->pass_env.count + SETTINGS_USER_VARIABLES + 1;
    struct collection collection = {0};
    struct variables *variables;

    if (is_shared(sibling, service)) {
        sibling->references++;
        *ret = sibling;
        return 0;
    }
    collection.items = calloc(most, sizeof(*collection.items));
    if (!collection.items)
        return -ENOMEM;
    collect_all(&collection, service, inherited);
    variables = pack(&collection);
    free(collection.items);
    if (!variables)
        return -ENOMEM;
    variables->user = service->user;
    variables->env = service->env.items;
    variables->pass_env = service->pass_env.items;
    *ret = variables;
    return 0;
}

void variables_unref(struct variables *variables)
{
    if (variables && --variables->references == 0)
        free(variables);
}
