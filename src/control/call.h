/* call: one command of a control client: what it looks at and acts on, its arguments, and
 * its answer; and what commands share. Used by client.c, which makes it, and by each
 * command. */
#ifndef STDINETD_CONTROL_CALL_H
#define STDINETD_CONTROL_CALL_H

#include "control/orders.h"
#include "control/reply.h"
#include "control/request.h"

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

#endif
