/* penalty: what the end of a connection means for its source, and until when it is remembered.
 *
 * What earns how much is admission's; here outcomes become what it asks for, the log is told, and
 * entries that say nothing any more are forgotten once a second. Called by end.c,
 * release.c and intake.c.
 */
#ifndef STDINETD_CONNECTION_PENALTY_H
#define STDINETD_CONNECTION_PENALTY_H

#include "admit/admission.h"

struct connection;
struct connections;

void penalty_open(struct connections *connections);

/* Forgets sources that nothing is to be remembered of, soon, if there may be any. */
void penalty_expire_later(struct connections *connections);

/* Remembers against its source how a connection ended: as told, or by a handler's wait status. */
void penalty_add(struct connections *connections, const struct connection *connection,
                 const struct admission_end *end);
void penalty_judge(struct connections *connections, const struct connection *connection,
                   int status);

#endif
