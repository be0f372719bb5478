/* upgrade_proof: asks another build whether it could take over, by having it try with a copy.
 *
 * A child of ours writes down what would be handed over (a snapshot, since it is a copy of us, and
 * at no cost to us), and executes the binary with our own command line behind "--prove FDS". That
 * loads the configuration, checks every line, and exits with 0; or it says on stderr what is wrong.
 * Nothing here waits; what it says is bounded. Also: how a binary is executed at all. Called by
 * upgrade.c.
 */
#ifndef STDINETD_DAEMON_UPGRADE_PROOF_H
#define STDINETD_DAEMON_UPGRADE_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "launch/processes.h"

struct daemon;

/* Whence we were started, and is executed again. */
struct upgrade_origin {
    const char *path;      /* of the binary, absolute; NULL: not known */
    const char *directory; /* where we were started; NULL: not known */
    char *const *argv;
    char *memory; /* what the first two point into */
};

/* Remembers it. To be called before anything changes. 0 or -ENOMEM. */
int upgrade_origin_open(char *const *argv, struct upgrade_origin *ret);
void upgrade_origin_close(struct upgrade_origin *origin);

/* The variable that tells a new build that this process was a daemon: "PID:FD". */
#define UPGRADE_VARIABLE "STDINETD_HANDOVER"

/* Executes the binary in this process: with these words behind argv[0] (NULL: none) and before the
 * other ones, this variable (NULL: none), and these fds left open. Returns only if that failed,
 * with -errno and everything as before. */
struct upgrade_execution {
    const char *words[2];
    const char *variable;
    const int *fds;
    size_t fd_count;
    bool daemonized; /* we work in / now, and relative names are of origin->directory */
};
int upgrade_execute(const struct upgrade_origin *origin, const struct upgrade_execution *execution);

/* A sealed memfd of these bytes; fd or -errno. */
int upgrade_make_memory(const char *text, size_t length);

#define PROOF_TEXT_MAX 4096

/* What a build says that can: other programs end well, too. */
#define PROOF_WORDS "can take over"

struct proof {
    struct process process;   /* pid 0: none; ended is its user's */
    struct loop_source words; /* what it says */
    size_t length;
    char text[PROOF_TEXT_MAX + 1];
};

/* Starts one. 0 with the fd on which the new build writes down what it understands of the
 * configuration; -errno. */
int proof_begin(struct daemon *daemon, struct proof *proof, int *ret_configuration_fd);

/* Its process has ended: takes its last words; proof->text is all. */
void proof_end(struct daemon *daemon, struct proof *proof);

/* Whether one that has ended with this status said that the new build can. */
bool proof_succeeded(const struct proof *proof, int status);

/* Kills one that is under way, and the same; its end is nobody's business then. */
void proof_kill(struct daemon *daemon, struct proof *proof);

#endif
