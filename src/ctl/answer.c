/* answer: see answer.h. Called by the commands that show something. */
#include "ctl/answer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *answer_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? text : "";
}

uint64_t answer_count(const json_t *object, const char *name)
{
    json_int_t count = json_integer_value(json_object_get(object, name));

    return count > 0 ? (uint64_t)count : 0;
}

double answer_number(const json_t *object, const char *name)
{
    return json_number_value(json_object_get(object, name));
}

bool answer_flag(const json_t *object, const char *name)
{
    return json_is_true(json_object_get(object, name));
}

uint64_t answer_sum(const json_t *object, const char *name)
{
    json_t *members = json_object_get(object, name), *value;
    const char *key;
    uint64_t sum = 0;

    json_object_foreach(members, key, value)
    {
        sum += (uint64_t)json_integer_value(value);
    }
    return sum;
}

void answer_format_span(uint64_t milliseconds, char text[static ANSWER_SPAN_SIZE])
{
    uint64_t seconds = milliseconds / 1000, minutes = seconds / 60, hours = minutes / 60;

    if (milliseconds < 1000)
        snprintf(text, ANSWER_SPAN_SIZE, "%" PRIu64 "ms", milliseconds);
    else if (minutes == 0)
        snprintf(text, ANSWER_SPAN_SIZE, "%" PRIu64 "s", seconds);
    else if (hours == 0)
        snprintf(text, ANSWER_SPAN_SIZE, "%" PRIu64 "m %" PRIu64 "s", minutes, seconds % 60);
    else if (hours < 48)
        snprintf(text, ANSWER_SPAN_SIZE, "%" PRIu64 "h %" PRIu64 "m", hours, minutes % 60);
    else
        snprintf(text, ANSWER_SPAN_SIZE, "%" PRIu64 "d %" PRIu64 "h", hours / 24, hours % 24);
}

/* The status from a service on. */
static int ask_from(struct client *client, const char *service, int timeout, size_t first,
                    json_t **ret)
{
    json_t *arguments = json_pack("{s:I, s:s*}", "first", (json_int_t)first, "service", service);

    return client_ask(client, "status", arguments, timeout, ret);
}

int answer_ask_status(struct client *client, const char *service, int timeout, json_t **ret)
{
    json_t *whole, *services;
    int error = ask_from(client, service, timeout, 0, &whole);

    if (error < 0)
        return error;
    services = json_object_get(whole, "services");
    while (!service && json_array_size(services) < answer_count(whole, "services_total")) {
        size_t before = json_array_size(services);
        json_t *more;

        error = ask_from(client, service, timeout, before, &more);
        if (error < 0) {
            json_decref(whole);
            return error;
        }
        json_array_extend(services, json_object_get(more, "services"));
        json_decref(more);
        if (json_array_size(services) == before) /* a reload came between */
            break;
    }
    *ret = whole;
    return 0;
}

/* Reloads that may come between the parts of the metrics, before it is given up. */
#define METRICS_TRIES 5

/* The parts so far. */
struct parts {
    char *text;
    size_t length;
    uint64_t next, reloads; /* next 0: there is none yet, or all */
    unsigned tries;
};

static int append(struct parts *parts, const char *part)
{
    size_t more = strlen(part);
    char *grown = realloc(parts->text, parts->length + more + 1);

    if (!grown)
        return -ENOMEM;
    memcpy(grown + parts->length, part, more + 1);
    parts->text = grown;
    parts->length += more;
    return 0;
}

/* Takes an answer's part; the first ones again where a reload came between. */
static int take_part(struct parts *parts, const json_t *answer)
{
    if (parts->next > 0 && answer_count(answer, "reloads") != parts->reloads) {
        parts->next = parts->length = 0;
        return ++parts->tries < METRICS_TRIES ? -EAGAIN : -EBUSY;
    }
    parts->reloads = answer_count(answer, "reloads");
    parts->next = answer_count(answer, "next");
    return append(parts, answer_text(answer, "metrics"));
}

int answer_ask_metrics(struct client *client, json_t **ret)
{
    struct parts parts = {0};
    json_t *answer = NULL;
    int error;

    do {
        json_decref(answer);
        answer = NULL;
        error = client_ask(client, "metrics", json_pack("{s:I}", "first", (json_int_t)parts.next),
                           CLIENT_TIMEOUT, &answer);
        if (error == 0 && client_is_ok(answer))
            error = take_part(&parts, answer);
    } while (error == -EAGAIN || (error == 0 && client_is_ok(answer) && parts.next > 0));
    if (error == 0 && client_is_ok(answer))
        json_object_set_new(answer, "metrics", json_stringn(parts.text, parts.length));
    free(parts.text);
    if (error < 0) {
        json_decref(answer);
        return error;
    }
    *ret = answer;
    return 0;
}
