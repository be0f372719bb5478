/* request: a line from a control client and what it asks for: which row of the table of
 * commands, with arguments that are what the row says.
 *
 *   {"command": "ban", "arguments": {"source": "192.0.2.0/24", "duration": "1h"}}
 *
 * Pure, and fuzzed: bytes in, a request or a problem out. Whether a service of that name is there
 * is not known here. Called by client.c.
 */
#ifndef STDINETD_CONTROL_REQUEST_H
#define STDINETD_CONTROL_REQUEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/clock.h"
#include "base/prefix.h"

struct control_call;

/* What an argument is, as JSON and as a value. */
enum control_type {
    CONTROL_TEXT,     /* a string: the name of a service */
    CONTROL_PREFIX,   /* a string as in `allow` */
    CONTROL_ADDRESS,  /* a string: an address without a port, or "uid N" */
    CONTROL_DURATION, /* a string as in `max-runtime`, or a number of seconds; not 0 */
    CONTROL_COUNT,    /* a number */
    CONTROL_FLAG,     /* true or false */
    CONTROL_TYPES
};

struct control_parameter {
    const char *name; /* NULL: there is no more */
    enum control_type type;
    bool required;
    uint64_t maximum; /* of a count */
};

struct control_argument {
    bool given;
    union {
        const char *text;
        struct prefix prefix;
        struct addr address;
        nanoseconds duration;
        uint64_t count;
        bool flag;
    };
};

#define CONTROL_PARAMETERS 5

/* A command: a row of the table in command.c. */
struct control_command {
    const char *name;
    const char *help;
    bool writes; /* it changes something: a line in the log says who did it */
    struct control_parameter parameters[CONTROL_PARAMETERS];
    /* 0: call->reply is complete; -EINPROGRESS: the answer comes later; -EINVAL: call->problem says
     * why not; -ENOMEM. */
    int (*run)(struct control_call *call);
};

struct control_commands {
    const struct control_command *rows;
    size_t count;
};

#define CONTROL_PROBLEM_SIZE 256

struct control_request {
    json_t *root; /* the arguments' texts are in it */
    const struct control_command *command;
    struct control_argument arguments[CONTROL_PARAMETERS]; /* in the order of the parameters */
    char problem[CONTROL_PROBLEM_SIZE];                    /* what is wrong, as UTF-8 */
};

/* Parses a line, for one of these commands, without its '\n'. Returns 0; -EINVAL with ret->problem;
 * -ENOMEM. Free it in each case. */
int control_request_parse(const struct control_commands *commands, const char *line, size_t length,
                          struct control_request *ret);
void control_request_free(struct control_request *request);

#endif
