/* reply: an answer to a control client while it is put together: a JSON object.
 *
 * What a call adds may fail for lack of memory: then the reply remembers it, and the calls that
 * follow do nothing, so that only the end is to be looked at. NULL objects are fine for the same
 * reason. Texts that are no UTF-8 go in escaped.
 */
#ifndef STDINETD_CONTROL_REPLY_H
#define STDINETD_CONTROL_REPLY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

struct control_reply {
    json_t *root; /* NULL: no memory */
    bool failed;
};

/* An empty one; free it. */
void reply_begin(struct control_reply *reply);
void reply_free(struct control_reply *reply);

/* A new member of object, or a new last item of array. */
json_t *reply_add_object(struct control_reply *reply, json_t *object, const char *name);
json_t *reply_add_array(struct control_reply *reply, json_t *object, const char *name);
json_t *reply_add_item(struct control_reply *reply, json_t *array);
void reply_add_text(struct control_reply *reply, json_t *object, const char *name,
                    const char *text);
void reply_add_count(struct control_reply *reply, json_t *object, const char *name, uint64_t count);
void reply_add_flag(struct control_reply *reply, json_t *object, const char *name, bool flag);
void reply_add_number(struct control_reply *reply, json_t *object, const char *name, double number);
/* In milliseconds. */
void reply_add_duration(struct control_reply *reply, json_t *object, const char *name,
                        nanoseconds duration);

/* The whole as one line with its '\n', in malloc'ed memory; NULL without memory. */
char *reply_print(struct control_reply *reply, size_t *ret_length);

/* The line that says that something failed, as a program: {"ok":false,"error":"…"}. */
char *reply_print_error(const char *problem, size_t *ret_length);

#endif
