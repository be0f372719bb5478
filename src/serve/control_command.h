/* control_command: the commands of the control socket. control_command.c has the table, a row each;
 * what they do stands in control_status.c and its neighbours.
 *
 * A command finds its arguments checked, in the order of its row, and adds to call->reply, or says
 * what is wrong with control_refuse.
 */
#ifndef STDINETD_SERVE_CONTROL_COMMAND_H
#define STDINETD_SERVE_CONTROL_COMMAND_H

#include "serve/control_reply.h"
#include "serve/control_request.h"
#include "serve/orders.h"

struct connections;
struct control;
struct control_client;
struct pools;
struct service;

/* What commands look at and act on. */
struct control_context {
    struct control *control;
    struct connections *connections;
    struct pools *pools;
    struct orders orders;
};

struct control_call {
    const struct control_context *context;
    struct control_client *client; /* for an answer that comes later */
    const struct control_argument *arguments;
    struct control_reply reply;
    char problem[CONTROL_PROBLEM_SIZE]; /* empty: none */
};

/* Sets call->problem and returns -EINVAL. */
int control_refuse(struct control_call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The service that an argument names, or NULL, with call->problem. */
struct service *control_find_service(struct control_call *call,
                                     const struct control_argument *argument);

/* The count that was given, or fallback. */
uint64_t control_count(const struct control_argument *argument, uint64_t fallback);

/* Writes the source that addr is one of: its network as the service counts it (NULL: gone), or who
 * it is. */
void control_format_source(const struct service *service, const struct addr *addr,
                           char text[static PREFIX_TEXT_SIZE]);

/* control_status.c */
int control_status(struct control_call *call);
int control_connections(struct control_call *call);
int control_events(struct control_call *call);
int control_metrics(struct control_call *call);

/* control_warm.c: a part of a service's status; and of the connections: the processes that are
 * ready for some, at most so many. */
void control_add_warm(struct control_reply *reply, json_t *object, const struct service *service);
void control_add_parked(struct control_call *call, const struct service *service, uint64_t most);

/* control_explain.c, control_sources.c */
int control_explain(struct control_call *call);
int control_sources(struct control_call *call);

/* control_bans.c */
int control_ban(struct control_call *call);
int control_unban(struct control_call *call);
int control_bans(struct control_call *call);

/* control_change.c */
int control_pause(struct control_call *call);
int control_resume(struct control_call *call);
int control_drain(struct control_call *call);
int control_kill(struct control_call *call);
int control_reload(struct control_call *call);
int control_upgrade(struct control_call *call);
int control_stop(struct control_call *call);

#endif
