/* reply: see reply.h. Called by client.c and the commands. */
#include "control/reply.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* Longer texts that are no UTF-8 are cut. */
#define ESCAPED_MAX 512

void reply_begin(struct control_reply *reply)
{
    *reply = (struct control_reply){.root = json_object()};
    reply->failed = reply->root == NULL;
    reply_add_flag(reply, reply->root, "ok", true);
}

void reply_free(struct control_reply *reply)
{
    json_decref(reply->root);
    reply->root = NULL;
}

/* Takes value, which may be NULL, into object. Gives it back for more, borrowed. */
static json_t *add(struct control_reply *reply, json_t *object, const char *name, json_t *value)
{
    if (json_object_set_new(object, name, value) < 0) {
        reply->failed = true;
        return NULL;
    }
    return value;
}

json_t *reply_add_object(struct control_reply *reply, json_t *object, const char *name)
{
    return add(reply, object, name, json_object());
}

json_t *reply_add_array(struct control_reply *reply, json_t *object, const char *name)
{
    return add(reply, object, name, json_array());
}

json_t *reply_add_item(struct control_reply *reply, json_t *array)
{
    json_t *item = json_object();

    if (json_array_append_new(array, item) < 0) {
        reply->failed = true;
        return NULL;
    }
    return item;
}

void reply_add_text(struct control_reply *reply, json_t *object, const char *name, const char *text)
{
    size_t length = strlen(text);
    char escaped[ESCAPED_MAX];

    if (text_utf8_check(text, length) < length) {
        text_escape(text, length, escaped, sizeof(escaped));
        text = escaped;
    }
    add(reply, object, name, json_string(text));
}

void reply_add_count(struct control_reply *reply, json_t *object, const char *name, uint64_t count)
{
    /* JSON's integers are jansson's: nothing here is counted beyond. */
    add(reply, object, name, json_integer(count <= INT64_MAX ? (json_int_t)count : INT64_MAX));
}

void reply_add_number(struct control_reply *reply, json_t *object, const char *name, double number)
{
    add(reply, object, name, json_real(number));
}

void reply_add_flag(struct control_reply *reply, json_t *object, const char *name, bool flag)
{
    add(reply, object, name, json_boolean(flag));
}

void reply_add_duration(struct control_reply *reply, json_t *object, const char *name,
                        nanoseconds duration)
{
    reply_add_count(reply, object, name, duration / CLOCK_MILLISECOND);
}

static char *print(json_t *root, size_t *ret_length)
{
    char *line = json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(6)), *longer;
    size_t length = line ? strlen(line) : 0;

    longer = line ? realloc(line, length + 2) : NULL;
    if (!longer) {
        free(line);
        return NULL;
    }
    memcpy(longer + length, "\n", 2);
    *ret_length = length + 1;
    return longer;
}

char *reply_print(struct control_reply *reply, size_t *ret_length)
{
    return reply->failed ? NULL : print(reply->root, ret_length);
}

char *reply_print_error(const char *problem, size_t *ret_length)
{
    struct control_reply reply = {.root = json_object()};
    char *line;

    reply_add_flag(&reply, reply.root, "ok", false);
    reply_add_text(&reply, reply.root, "error", problem);
    line = reply_print(&reply, ret_length);
    reply_free(&reply);
    return line;
}
