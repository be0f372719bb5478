/* parts: what the files of pool.h have between them, and nobody else calls.
 *
 *   pool.c         what a service has: warm or cold, and why; who takes one
 *   supply.c       the warmer: how many there are to be, what it reports, what goes wrong
 *   ready.c        those that stand ready, one connection for each
 *   copies.c       a template, which makes a copy of itself for each connection
 *   child.c        all of them as children of ours that are no handlers
 */
#ifndef STDINETD_POOL_PARTS_H
#define STDINETD_POOL_PARTS_H

#include "launch/launcher.h"
#include "pool/pool.h"

/* --- pool.c, for carry/warm.c --------------------------------------------------------------- */

/* Of what the warmer was told: the same number, the same handlers. */
uint64_t warming_fingerprint(const struct warming *warming);
/* Makes the service warm, with nothing ready and no files noted yet, if that is its fingerprint
 * now. NULL: it isn't, or there is no memory. */
struct warming *warming_resume(struct pools *pools, struct service *service, uint64_t fingerprint);

/* --- child.c -------------------------------------------------------------------------------- */

/* From now on it is known by its pid; child->warming is set. */
void warm_child_know(struct warm_child *child, pid_t pid);
/* It is none of these any more: its socket is closed, it may go on. */
void warm_child_forget(struct warm_child *child);
/* The same, and it is killed, unless it has been reaped. */
void warm_child_end(struct warm_child *child);
/* The same, and its memory is freed. */
void warm_child_discard(struct warm_child *child);
/* Takes it out of a list that it is in; puts it at the end of one. */
void warm_child_unlist(struct warm_child **list, const struct warm_child *child);
void warm_child_append(struct warm_child **list, struct warm_child *child);
/* warm-age; 0: for ever. And whether a parked one is over it. */
nanoseconds warm_child_most_age(const struct warming *warming);
bool warm_child_is_old(const struct warming *warming, const struct warm_child *child);
/* A connection was sent to one: an answer is due. */
void warm_child_await_answer(struct warming *warming);
/* Has it looked at the turn's end whether enough are ready; and one has ended by itself, and is
 * forgotten: it is replaced after a while. */
void warm_child_refill(struct warming *warming);
void warm_child_lost(struct warming *warming);

/* --- supply.c ------------------------------------------------------------------------------- */

void supply_open(struct warming *warming);
/* Ends the warmer; it asks for nothing any more, and waits for no turn. */
void supply_stop(struct warming *warming);
/* Sees to it that enough are ready. */
void supply_refill(struct warming *warming);
/* Takes a parked one, which stands there since child->since, as one that is ready or the template.
 */
void supply_take(struct warming *warming, struct warm_child *child, bool copies);
/* Says why, once for each reason. */
void supply_say(struct warming *warming, enum log_level level, const char *message);
#define SUPPLY_COLD "cannot prestart handlers; starting on demand"
/* The file's number; 0: not known. */
uint64_t supply_inode(int fd);

/* --- ready.c -------------------------------------------------------------------------------- */

/* A new one, the youngest. 0 or -errno. */
int ready_add(struct warming *warming, struct warm_child *child);
/* Those over warm-age go. */
void ready_discard_old(struct warming *warming);
void ready_discard_all(struct warming *warming);
/* Takes the connections back from those that have not answered: they are started cold. */
void ready_take_back(struct warming *warming);
/* Gives the connection, with what its handler is told, to one of them. False: there is none. */
bool ready_take(struct warming *warming, struct pool_request *request, const char *region);
/* What has come of answers: of all, of one. */
void ready_read_answers(struct warming *warming);
void ready_read_answer(struct warm_child *child);

/* An answer comes within a fraction of a millisecond; this long, and somebody stopped who has to
 * give it. */
#define ANSWER_WAIT (2 * CLOCK_SECOND)

/* Those that have not answered for too long lose their connections. Whether there were any. */
bool ready_check(struct warming *warming, nanoseconds now);

/* --- copies.c ------------------------------------------------------------------------------- */

/* A new template, or NULL. */
void copies_set_template(struct warming *warming, struct warm_child *template);
/* Has the template make a copy for connection, now or soon. False where too many wait. */
bool copies_take(struct warming *warming, struct pool_request *request, const char *region);
void copies_take_answers(struct warming *warming);
/* Those that have waited for too long are started cold. Whether there were any. */
bool copies_check(struct warming *warming);
/* Those that wait and weren't sent are started cold, and a successor isn't waited for. */
void copies_give_up_waiting(struct warming *warming);
/* The template is gone, or not to be trusted: those that wait are started cold. */
void copies_end(struct warming *warming);

#endif
