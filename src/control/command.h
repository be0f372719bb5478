/* command: the commands of the control socket. command.c has the table, a row each;
 * what they do stands in status.c and its neighbours.
 *
 * A command finds its arguments checked, in the order of its row, and adds to call->reply, or says
 * what is wrong with control_refuse.
 */
#ifndef STDINETD_CONTROL_COMMAND_H
#define STDINETD_CONTROL_COMMAND_H

#include "control/call.h"

extern const struct control_commands control_commands;

struct service;

/* status.c */
int control_status(struct control_call *call);
int control_connections(struct control_call *call);
int control_events(struct control_call *call);
int control_metrics(struct control_call *call);

/* warm.c: a part of a service's status; and of the connections: the processes that are
 * ready for some, at most so many. */
void control_add_warm(struct control_reply *reply, json_t *object, const struct service *service);
void control_add_parked(struct control_call *call, const struct service *service, uint64_t most);

/* explain.c, sources.c */
int control_explain(struct control_call *call);
int control_sources(struct control_call *call);

/* bans.c */
int control_ban(struct control_call *call);
int control_unban(struct control_call *call);
int control_bans(struct control_call *call);

/* change.c */
int control_pause(struct control_call *call);
int control_resume(struct control_call *call);
int control_drain(struct control_call *call);
int control_kill(struct control_call *call);
int control_reload(struct control_call *call);
int control_upgrade(struct control_call *call);
int control_stop(struct control_call *call);

#endif
