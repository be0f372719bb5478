/* client: a conversation with the daemon over its control socket: a JSON object a line each way.
 *
 * Which commands there are is not known here. Called by every command but import.
 */
#ifndef STDINETD_CTL_CLIENT_H
#define STDINETD_CTL_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "ctl/ctl.h"

/* Milliseconds that an answer may take; who waits for something to happen has no bound. */
#define CLIENT_TIMEOUT 30000
#define CLIENT_FOREVER (-1)

struct client {
    int fd;
    char *input; /* what has come of an answer */
    size_t used, room;
};

/* The path of the socket: as given, or where the daemon has it by itself. */
const char *client_path(const struct ctl *ctl);

/* Connects. 0 or -errno. */
int client_open(const struct ctl *ctl, struct client *ret);
void client_close(struct client *client);

/* Asks, and waits for the answer, ok or not: an object that the caller gives back. arguments, which
 * become the daemon's, may be NULL: none. 0; -ECONNRESET where the daemon has closed; -ETIMEDOUT;
 * -EPROTO where what came is no answer; another -errno. */
int client_ask(struct client *client, const char *command, json_t *arguments, int timeout,
               json_t **ret);

/* Whether an answer is ok. */
bool client_is_ok(const json_t *answer);

/* Prints it as one line of JSON. */
void client_print_json(const json_t *answer);

/* Prints an answer where JSON is wanted, or says on standard error what went wrong with it, or that
 * there is none because of an error. EXIT_OK with an answer that is ok; else the status to end
 * with. */
int client_take(const struct ctl *ctl, int error, const json_t *answer);

/* What most commands do: asks what the command line's command is, and the above. */
int client_get(const struct ctl *ctl, struct client *client, json_t *arguments, int timeout,
               json_t **ret);

/* The same on a connection of its own. */
int client_call(const struct ctl *ctl, json_t *arguments, int timeout, json_t **ret);

/* Says that no daemon answers, and why; returns EXIT_UNAVAILABLE. */
int client_fail(const struct ctl *ctl, int error);

#endif
