/* upgrade: another build of stdinetd takes the place of this one, in the same process: USR2.
 *
 * The binary that we were started from is asked first, in a process of its own and in the
 * background, whether it could: it gets a copy of what would be handed over, and our command line
 * (upgrade_proof.h). If it can't, or takes too long, or isn't there, everything stays as it was and
 * the log says why. If it can, no more handlers are started for a moment; when the starts that are
 * under way are done, all is written down anew and the binary is executed in our place, with the
 * sockets and the rest that it needs (adoption.h). Clients wait in the backlog meanwhile.
 *
 * Called by daemon.c (signals, the end of a turn), stop.c, and whoever else may order it.
 */
#ifndef STDINETD_DAEMON_UPGRADE_H
#define STDINETD_DAEMON_UPGRADE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/loop.h"
#include "config/settings.h"
#include "daemon/upgrade_proof.h"
#include "handover/handover.h"

struct adoption;
struct daemon;
struct daemon_start;

#define UPGRADE_PROBLEM_SIZE 512

enum upgrade_stage {
    UPGRADE_NOT,
    UPGRADE_PROVING, /* the new build is asked */
    UPGRADE_LEAVING, /* starts that are under way are waited for */
};

struct upgrade {
    const struct upgrade_origin *origin;
    enum upgrade_stage stage;
    struct proof proof;
    struct loop_timer timer; /* armed: the proof, or the waiting for starts, has taken too long */
    int configuration_fd;    /* of the proof: what the new build understands of it; -1: none */
    struct stat proven;      /* the file that was asked */
    uint64_t proven_reloads; /* and after how many reloads: about which configuration */
    bool reload_due;         /* HUP came meanwhile */
    char problem[UPGRADE_PROBLEM_SIZE]; /* what it is when the proof is over by the timer */
};

/* --- of the one that goes ------------------------------------------------------------------- */

/* The starting point; its timer must be reserved. */
void upgrade_open(struct daemon *daemon, const struct upgrade_origin *origin);
/* Gives up what is under way, telling nobody. */
void upgrade_close(struct daemon *daemon);

/* Orders an upgrade; one that is under way is everybody's. That it failed is logged, and told to
 * the clients of the control socket that wait for it, never at once. */
void upgrade_request(struct daemon *daemon);

/* Whether a reload must wait: then it comes behind the upgrade, by whichever build serves then. */
bool upgrade_defers_reload(struct daemon *daemon);

/* At the end of a turn: whether one that waited is due now, once. */
bool upgrade_releases_reload(struct daemon *daemon);

/* The daemon is about to end: gives up what is under way, for that reason. */
void upgrade_abandon(struct daemon *daemon, const char *reason);

/* The end of a turn of the loop: the moment to leave. */
void upgrade_end_turn(struct daemon *daemon);

/* --- of the one that comes ------------------------------------------------------------------ */

/* Whether this process was a daemon before it became us: what that one left, in malloc'ed memory,
 * or NULL. To be called first of all; the variable that tells is gone from the environment then.
 * Where it can't be read all its fds are closed, ret_problem is filled, and we begin anew. */
struct adoption *upgrade_arrive(char ret_problem[static HANDOVER_PROBLEM_SIZE]);
/* Frees it; what nobody has claimed is closed. */
void upgrade_settle(struct daemon_start *start);

/* When the configuration, which was right when we were asked, is wrong now: loads it as it was
 * then. 0; -errno, also where we took over from nobody. */
int upgrade_load_proven(struct daemon_start *start, struct config **ret);

/* --prove: whether we could take over what fds says, with that configuration. Exit status; says why
 * not on stderr. */
int upgrade_prove(const char *fds, const struct config *config, const struct daemon_start *start);

#endif
