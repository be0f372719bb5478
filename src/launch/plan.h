/* plan: everything that a service's handlers are started with, worked out before the first client.
 *
 * The parent fills a plan once for each service and snapshot; the child only carries it out
 * (child.c). So nothing is looked up, allocated or decided between a connection and its program.
 */
#ifndef STDINETD_LAUNCH_PLAN_H
#define STDINETD_LAUNCH_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "config/settings.h"
#include "launch/variables.h"

/* What the daemon itself was started with and changed, and handlers get back or must not see. */
struct plan_origin {
    struct rlimit nofile;     /* the limit of open files before it was raised */
    bool oom_score_adjusted;  /* our oom_score_adj isn't 0: a handler's must be set */
    char *const *environment; /* ours, for pass-env; must outlive no plan: strings are copied */
};

struct plan {
    unsigned references;     /* the service's, and one for each start under way */
    struct config *snapshot; /* a reference: pointers below go into it */
    const char *service;     /* its name */
    const char *program;
    char *const *argv;           /* the snapshot's, or own_argv */
    char **own_argv;             /* where argv0 is given */
    struct variables *variables; /* of the environment */
    int clone_flags;             /* namespaces that a process can only be born into: CLONE_NEWPID */
    int unshare_flags;           /* the others, unshare(2) */
    bool own_proc;               /* /proc becomes one of the handler's own processes */
    const char *chroot;          /* NULL: none */
    const char *directory;
    mode_t umask;
    bool change_credentials; /* we are root: groups, gid and uid are set and verified */
    uid_t uid;
    gid_t gid;
    const gid_t *groups;
    size_t group_count;
    struct rlimit nofile;
    const struct settings_rlimits *rlimits; /* the snapshot's, or NULL; nofile stands above */
    struct settings_integer nice;
    uint64_t dropped_capabilities; /* from the bounding set, by number */
    bool no_new_privileges;
    char oom_score[8];  /* what to write into oom_score_adj; empty: nothing */
    bool oom_score_due; /* it was configured: a start without it fails */
    /* For a start that writes oom_score_adj: the kernel would change it for all who share the
     * child's memory, us among them (fs/proc/base.c, __set_oom_adj). */
    bool own_memory;
};

/* Makes the plan of a service of snapshot, on which it takes a reference; the plan has one of its
 * own then. sibling, of the same snapshot or NULL, may share memory with it. 0 or -ENOMEM. */
int plan_build(struct config *snapshot, const struct service_settings *service,
               const struct plan_origin *origin, const struct plan *sibling, struct plan **ret);

/* Counts one more holder, and gives the plan back for an assignment. */
struct plan *plan_ref(struct plan *plan);

/* Gives one holder's count back; the last one frees the plan. NULL is fine. */
void plan_unref(struct plan *plan);

#endif
