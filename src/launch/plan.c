/* plan: see plan.h. Called by serve when a service is made or reloaded.
 *
 * The environment is made, not inherited: what stands in the daemon's own (secrets, LD_PRELOAD,
 * LISTEN_FDS, NOTIFY_SOCKET) reaches a handler only by name, through pass-env.
 */
#include "launch/plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* Strings of an environment while they are collected; the first of a name stays. */
struct collection {
    char **items;
    size_t count, room;
    bool failed;
};

static bool has_name(const struct collection *collection, const char *item)
{
    size_t length = strcspn(item, "=") + 1;

    for (size_t i = 0; i < collection->count; i++)
        if (strncmp(collection->items[i], item, length) == 0)
            return true;
    return false;
}

static void collect(struct collection *collection, const char *name, const char *value)
{
    char *item;

    if (asprintf(&item, "%s%s%s", name, value ? "=" : "", value ? value : "") < 0) {
        collection->failed = true;
        return;
    }
    if (has_name(collection, item)) {
        free(item);
        return;
    }
    if (collection->count == collection->room) {
        size_t room = collection->room ? collection->room * 2 : 16;
        char **items = realloc(collection->items, room * sizeof(*items));

        if (!items) {
            free(item);
            collection->failed = true;
            return;
        }
        collection->items = items;
        collection->room = room;
    }
    collection->items[collection->count++] = item;
}

static const char *find_variable(char *const *environment, const char *name)
{
    size_t length = strlen(name);

    for (; environment && *environment; environment++)
        if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=')
            return *environment + length + 1;
    return NULL;
}

/* What users write stands first, so that it wins over what we would set. */
static void collect_all(struct collection *collection, const struct service_settings *service,
                        const struct plan_origin *origin)
{
    for (size_t i = 0; i < service->env.count; i++)
        collect(collection, service->env.items[i], NULL);
    for (size_t i = 0; i < service->pass_env.count; i++) {
        const char *value = find_variable(origin->environment, service->pass_env.items[i]);

        if (value)
            collect(collection, service->pass_env.items[i], value);
    }
    if (service->user) {
        collect(collection, "USER", service->user->name);
        collect(collection, "LOGNAME", service->user->name);
        collect(collection, "HOME", service->user->home);
        collect(collection, "SHELL", service->user->shell);
    }
    collect(collection, "PATH", DEFAULT_PATH);
    collect(collection, "STDINETD_SERVICE", service->name);
}

/* Moves the strings into one block behind their pointers: little memory, and one free. */
static char **pack(const struct collection *collection)
{
    size_t size = (collection->count + 1) * sizeof(char *);
    char **items;
    char *text;

    for (size_t i = 0; i < collection->count; i++)
        size += strlen(collection->items[i]) + 1;
    items = malloc(size);
    if (!items)
        return NULL;
    text = (char *)(items + collection->count + 1);
    for (size_t i = 0; i < collection->count; i++) {
        items[i] = text;
        text = stpcpy(text, collection->items[i]) + 1;
    }
    items[collection->count] = NULL;
    return items;
}

static int build_environment(struct plan *plan, const struct service_settings *service,
                             const struct plan_origin *origin)
{
    struct collection collection = {0};

    collect_all(&collection, service, origin);
    if (!collection.failed)
        plan->environment = pack(&collection);
    plan->environment_count = collection.count;
    for (size_t i = 0; i < collection.count; i++)
        free(collection.items[i]);
    free(collection.items);
    return plan->environment ? 0 : -ENOMEM;
}

/* argv is the snapshot's, unless argv[0] is another one. */
static int build_argv(struct plan *plan, const struct service_settings *service)
{
    size_t count = service->exec.words.count;

    plan->argv = malloc((count + 1) * sizeof(*plan->argv));
    if (!plan->argv)
        return -ENOMEM;
    memcpy(plan->argv, service->exec.words.items, (count + 1) * sizeof(*plan->argv));
    if (service->argv0)
        memcpy(&plan->argv[0], &service->argv0, sizeof(service->argv0));
    return 0;
}

static void fill_credentials(struct plan *plan, const struct service_settings *service)
{
    plan->change_credentials = geteuid() == 0 && service->user != NULL;
    if (!plan->change_credentials)
        return;
    plan->uid = service->user->uid;
    plan->gid = service->group ? service->group->gid : service->user->gid;
    plan->groups = service->groups.gids;
    plan->group_count = service->groups.kind == GROUPS_NONE ? 0 : service->groups.count;
}

int plan_build(struct config *snapshot, const struct service_settings *service,
               const struct plan_origin *origin, struct plan **ret)
{
    struct plan *plan = calloc(1, sizeof(*plan));

    if (!plan)
        return -ENOMEM;
    plan->references = 1;
    plan->snapshot = config_ref(snapshot);
    plan->program = service->exec.program;
    plan->directory = service->directory;
    plan->umask = service->umask;
    plan->nofile = origin->nofile;
    plan->reset_oom = plan->own_memory = origin->oom_score_adjusted;
    fill_credentials(plan, service);
    if (build_argv(plan, service) < 0 || build_environment(plan, service, origin) < 0) {
        plan_unref(plan);
        return -ENOMEM;
    }
    *ret = plan;
    return 0;
}

struct plan *plan_ref(struct plan *plan)
{
    plan->references++;
    return plan;
}

void plan_unref(struct plan *plan)
{
    if (!plan || --plan->references > 0)
        return;
    free(plan->argv);
    free(plan->environment);
    config_unref(plan->snapshot);
    free(plan);
}
