/* plan: see plan.h. Called by serve when a service is made or reloaded. */
#include "launch/plan.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <unistd.h>

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

static void fill_namespaces(struct plan *plan, const struct service_settings *service)
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
    plan->own_proc = (wanted & both) == both;
}

/* All that this kernel has, but for those that are kept. */
static uint64_t dropped_capabilities(const struct settings_capabilities *capabilities)
{
    int count = cap_max_bits();
    uint64_t all = count < 64 ? (UINT64_C(1) << count) - 1 : UINT64_MAX;

    return capabilities->set ? all & ~capabilities->kept : 0;
}

int plan_build(struct config *snapshot, const struct service_settings *service,
               const struct plan_origin *origin, const struct plan *sibling, struct plan **ret)
{
    struct plan *plan = calloc(1, sizeof(*plan));

    if (!plan)
        return -ENOMEM;
    plan->references = 1;
    plan->snapshot = config_ref(snapshot);
    plan->service = service->name;
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
    fill_namespaces(plan, service);
    if (build_argv(plan, service) < 0 ||
        variables_build(service, origin->environment, sibling ? sibling->variables : NULL,
                        &plan->variables) < 0) {
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
    free(plan->own_argv);
    variables_unref(plan->variables);
    config_unref(plan->snapshot);
    free(plan);
}
