/* plan: see plan.h. Called by serve when a service is made or reloaded.
 *
 * The environment is made, not inherited: what stands in the daemon's own (secrets, LD_PRELOAD,
 * LISTEN_FDS, NOTIFY_SOCKET) reaches a handler only by name, through pass-env.
 */
#include "launch/plan.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <unistd.h>

static char default_path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/* Strings of an environment while they are collected; the first of a name stays. */
struct collection {
    struct item {
        char *text;
        bool copied; /* into the plan; else it lives as long as the snapshot */
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
                        const struct plan_origin *origin, char *service_variable)
{
    for (size_t i = 0; i < service->env.count; i++)
        collect(collection, service->env.items[i], false);
    for (size_t i = 0; i < service->pass_env.count; i++) {
        char *variable = find_variable(origin->environment, service->pass_env.items[i]);

        if (variable)
            collect(collection, variable, true);
    }
    for (size_t i = 0; service->user && i < SETTINGS_USER_VARIABLES; i++)
        collect(collection, service->user->variables[i], false);
    collect(collection, default_path, false);
    collect(collection, service_variable, true);
}

/* The pointers, and behind them in the same block the strings that are copied. */
static char **pack(const struct collection *collection)
{
    size_t size = (collection->count + 1) * sizeof(char *);
    char **items;
    char *text;

    for (size_t i = 0; i < collection->count; i++)
        size += collection->items[i].copied ? strlen(collection->items[i].text) + 1 : 0;
    items = malloc(size);
    if (!items)
        return NULL;
    text = (char *)(items + collection->count + 1);
    for (size_t i = 0; i < collection->count; i++) {
        items[i] = collection->items[i].text;
        if (collection->items[i].copied) {
            items[i] = text;
            text = stpcpy(text, collection->items[i].text) + 1;
        }
    }
    items[collection->count] = NULL;
    return items;
}

static int build_environment(struct plan *plan, const struct service_settings *service,
                             const struct plan_origin *origin)
{
    char variable[sizeof("STDINETD_SERVICE=") + SERVICE_NAME_MAX];
    size_t most = service->env.count + service->pass_env.count + SETTINGS_USER_VARIABLES + 2;
    struct collection collection = {.items = calloc(most, sizeof(*collection.items))};

    if (!collection.items)
        return -ENOMEM;
    snprintf(variable, sizeof(variable), "STDINETD_SERVICE=%s", service->name);
    collect_all(&collection, service, origin, variable);
    plan->environment = pack(&collection);
    plan->environment_count = collection.count;
    free(collection.items);
    return plan->environment ? 0 : -ENOMEM;
}

/* The snapshot's own words, unless argv[0] is another one. */
static int build_argv(struct plan *plan, const struct service_settings *service)
{
    size_t size = (service->exec.words.count + 1) * sizeof(*plan->argv);

    plan->argv = service->exec.words.items;
    if (!service->argv0)
        return 0;
    plan->own_argv = malloc(size);
    if (!plan->own_argv)
        return -ENOMEM;
    memcpy(plan->own_argv, service->exec.words.items, size);
    memcpy(&plan->own_argv[0], &service->argv0, sizeof(service->argv0));
    plan->argv = plan->own_argv;
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

/* Unless it is configured, a handler's is 0, whatever the daemon's own is. */
static void fill_oom_score(struct plan *plan, const struct service_settings *service,
                           const struct plan_origin *origin)
{
    plan->oom_score_due = service->oom_score_adjust.set;
    plan->own_memory = plan->oom_score_due || origin->oom_score_adjusted;
    if (plan->own_memory)
        snprintf(plan->oom_score, sizeof(plan->oom_score), "%d", service->oom_score_adjust.value);
}

static int fill_namespaces(struct plan *plan, const struct service_settings *service)
{
    static const int flags[] = {[ISOLATE_NETWORK] = CLONE_NEWNET,
                                [ISOLATE_PID] = CLONE_NEWPID,
                                [ISOLATE_IPC] = CLONE_NEWIPC,
                                [ISOLATE_UTS] = CLONE_NEWUTS,
                                [ISOLATE_MOUNT] = CLONE_NEWNS};
    const int both = CLONE_NEWPID | CLONE_NEWNS;
    int wanted = 0;

    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
        wanted |= service->isolate & 1U << i ? flags[i] : 0;
    plan->clone_flags = wanted & CLONE_NEWPID;
    plan->unshare_flags = wanted & ~CLONE_NEWPID;
    /* Where mounts are its own anyway, /proc can tell of its own processes. */
    if ((wanted & both) == both &&
        asprintf(&plan->proc, "%s/proc", service->chroot ? service->chroot : "") < 0) {
        plan->proc = NULL;
        return -ENOMEM;
    }
    return 0;
}

/* All that this kernel has, but for those that are kept. */
static uint64_t dropped_capabilities(const struct settings_capabilities *capabilities)
{
    int count = cap_max_bits();
    uint64_t all = count < 64 ? (UINT64_C(1) << count) - 1 : UINT64_MAX;

    return capabilities->set ? all & ~capabilities->kept : 0;
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
    plan->chroot = service->chroot;
    plan->directory = service->directory;
    plan->umask = service->umask;
    plan->nofile = origin->nofile;
    plan->nice = service->nice;
    plan->dropped_capabilities = dropped_capabilities(&service->capabilities);
    plan->no_new_privileges = service->no_new_privileges;
    plan->rlimits = service->rlimits;
    if (plan->rlimits && plan->rlimits->set[RLIMIT_NOFILE])
        plan->nofile = plan->rlimits->values[RLIMIT_NOFILE];
    fill_oom_score(plan, service, origin);
    fill_credentials(plan, service);
    if (fill_namespaces(plan, service) < 0 || build_argv(plan, service) < 0 ||
        build_environment(plan, service, origin) < 0) {
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
    free(plan->proc);
    free(plan->own_argv);
    free(plan->environment);
    config_unref(plan->snapshot);
    free(plan);
}
