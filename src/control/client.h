/* client: a client of the control socket: lines in, answers out, one after the other.
 *
 * Bounds: so many clients, so many bytes of a line and of an answer, one answer at a time for each:
 * who doesn't read it isn't read from, and who doesn't move for CONTROL_IDLE goes. Nothing here
 * waits: what a socket doesn't take is kept until it does. Called by control.c.
 */
#ifndef STDINETD_CONTROL_CLIENT_H
#define STDINETD_CONTROL_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "base/loop.h"
#include "control/control.h"
#include "handover/record.h"

#define CONTROL_CLIENTS 16
#define CONTROL_LINE    ((size_t)64 * 1024)
#define CONTROL_ANSWER  ((size_t)32 * 1024 * 1024)
#define CONTROL_IDLE    (60 * CLOCK_SECOND)

struct control_context;
struct service;

struct control_client {
    struct loop_source source; /* fd -1: free */
    struct loop_timer timer;   /* armed: idle until then; or lines wait that have been read */
    const struct control_context *context;
    struct addr peer; /* who it is, by the kernel's word */
    nanoseconds active;
    char *input;
    size_t input_used, input_room;
    char *output; /* NULL: nothing is to be sent */
    size_t output_length, output_sent;
    struct service *draining; /* its answer comes when this one has no handler; NULL: none */
    bool upgrading;           /* its answer comes with the upgrade that it ordered */
    bool ended;               /* it says no more */
};

/* Begins with a client whose fd becomes its own. 0 or -errno, with fd still the caller's. */
int control_client_begin(struct control_client *client, const struct control_context *context,
                         int fd, const struct addr *peer);

/* Ends it, whatever it waits for. One that is free is fine. */
void control_client_end(struct control_client *client);

/* The answer to a command that had none at once: problem, or NULL: it is done. */
void control_client_answer(struct control_client *client, const char *problem);

/* The upgrade that it ordered has worked. */
void control_client_upgraded(struct control_client *client,
                             const struct control_upgraded *upgraded);

/* What goes on in the next daemon. */
struct control_client_left {
    int fd;
    struct addr peer;
    bool ended, upgrading;
    struct record_bytes input; /* what it had said, and was not yet its turn */
};

/* Tells that of one that is at rest, or waits for something; false for one that is in the middle
 * of its answer: it is left out. And begins with such a one: see control_go_on_client. */
bool control_client_leave(const struct control_client *client, struct control_client_left *ret);
int control_client_go_on(struct control_client *client, const struct control_context *context,
                         const struct control_client_left *left, struct service *draining);

/* Says why to somebody who is not let in, and closes. */
void control_client_refuse(int fd, const char *problem);

#endif
