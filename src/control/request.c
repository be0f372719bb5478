/* request: see request.h. */
#include "control/request.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/value.h"

/* A client's own words are shown escaped, and not more than these bytes of them. */
#define SHOWN 64

static int refuse(struct control_request *request, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static int refuse(struct control_request *request, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(request->problem, sizeof(request->problem), format, arguments);
    va_end(arguments);
    return -EINVAL;
}

static int refuse_argument(struct control_request *request,
                           const struct control_parameter *parameter, const char *what)
{
    return refuse(request, "%s: %s", parameter->name, what);
}

/* --- an argument's value -------------------------------------------------------------------- */

/* Numbers of seconds beyond this would overflow; it is longer than anybody waits. */
#define SECONDS_MAX ((json_int_t)1000000000)

static int parse_text(struct control_request *request, const struct control_parameter *parameter,
                      const json_t *value, struct control_argument *ret)
{
    if (!json_is_string(value))
        return refuse_argument(request, parameter, "is not a string");
    ret->text = json_string_value(value);
    return 0;
}

static int parse_prefix(struct control_request *request, const struct control_parameter *parameter,
                        const json_t *value, struct control_argument *ret)
{
    const char *problem = "is not a string";

    if (!json_is_string(value) ||
        prefix_parse(json_string_value(value), &ret->prefix, &problem) < 0)
        return refuse_argument(request, parameter, problem);
    return 0;
}

/* "uid 1000", as logs show who came by a unix socket. */
static int parse_uid(const char *text, struct addr *ret)
{
    uint64_t uid;

    if (strncmp(text, "uid ", 4) != 0 || value_parse_count(text + 4, &uid) < 0 || uid > UINT32_MAX)
        return -EINVAL;
    *ret = addr_unix((uint32_t)uid, UINT32_MAX, 0);
    return 0;
}

static int parse_address(struct control_request *request, const struct control_parameter *parameter,
                         const json_t *value, struct control_argument *ret)
{
    const char *text = json_string_value(value);

    if (!text || (addr_parse_host(text, &ret->address) < 0 && parse_uid(text, &ret->address) < 0))
        return refuse_argument(request, parameter,
                               "is not an IP address (no name, no port) or \"uid N\"");
    return 0;
}

static int parse_duration(struct control_request *request,
                          const struct control_parameter *parameter, const json_t *value,
                          struct control_argument *ret)
{
    json_int_t seconds = json_integer_value(value); /* 0 where it is none */

    ret->duration = 0;
    if (json_is_string(value) && value_parse_duration(json_string_value(value), &ret->duration) < 0)
        return refuse_argument(request, parameter,
                               "is not a duration such as 500ms, 10s, 5m, 1h or 2d");
    if (seconds > 0 && seconds <= SECONDS_MAX)
        ret->duration = (nanoseconds)seconds * CLOCK_SECOND;
    if (ret->duration == 0 || ret->duration > (nanoseconds)SECONDS_MAX * CLOCK_SECOND)
        return refuse_argument(request, parameter, "is not a duration, or out of range");
    return 0;
}

static int parse_count(struct control_request *request, const struct control_parameter *parameter,
                       const json_t *value, struct control_argument *ret)
{
    json_int_t count = json_integer_value(value);

    if (!json_is_integer(value) || count < 0)
        return refuse_argument(request, parameter, "is not a non-negative integer");
    ret->count = (uint64_t)count;
    if (ret->count > parameter->maximum)
        ret->count = parameter->maximum;
    return 0;
}

static int parse_flag(struct control_request *request, const struct control_parameter *parameter,
                      const json_t *value, struct control_argument *ret)
{
    if (!json_is_boolean(value))
        return refuse_argument(request, parameter, "is not true or false");
    ret->flag = json_is_true(value);
    return 0;
}

static int (*const parsers[CONTROL_TYPES])(struct control_request *request,
                                           const struct control_parameter *parameter,
                                           const json_t *value, struct control_argument *ret) = {
    [CONTROL_TEXT] = parse_text,       [CONTROL_PREFIX] = parse_prefix,
    [CONTROL_ADDRESS] = parse_address, [CONTROL_DURATION] = parse_duration,
    [CONTROL_COUNT] = parse_count,     [CONTROL_FLAG] = parse_flag,
};

/* --- the whole line ------------------------------------------------------------------------- */

static int parse_argument(struct control_request *request, const char *name, const json_t *value)
{
    const struct control_parameter *parameters = request->command->parameters;
    char shown[SHOWN];

    for (size_t i = 0; i < CONTROL_PARAMETERS && parameters[i].name; i++) {
        if (strcmp(parameters[i].name, name) != 0)
            continue;
        request->arguments[i].given = true;
        return parsers[parameters[i].type](request, &parameters[i], value, &request->arguments[i]);
    }
    text_escape(name, strlen(name), shown, sizeof(shown));
    return refuse(request, "%s takes no argument \"%s\"", request->command->name, shown);
}

static int parse_arguments(struct control_request *request, json_t *arguments)
{
    const char *name;
    json_t *value;
    int error = 0;

    if (arguments && !json_is_object(arguments))
        return refuse(request, "\"arguments\" is not an object");
    json_object_foreach(arguments, name, value)
    {
        error = parse_argument(request, name, value);
        if (error < 0)
            return error;
    }
    for (size_t i = 0; i < CONTROL_PARAMETERS && request->command->parameters[i].name; i++)
        if (request->command->parameters[i].required && !request->arguments[i].given)
            return refuse(request, "%s needs \"%s\"", request->command->name,
                          request->command->parameters[i].name);
    return 0;
}

static int find_command(const struct control_commands *commands, struct control_request *request,
                        const json_t *name)
{
    char shown[SHOWN];

    if (!json_is_string(name))
        return refuse(request, "\"command\" is missing or not a string");
    for (size_t i = 0; i < commands->count; i++)
        if (strcmp(commands->rows[i].name, json_string_value(name)) == 0) {
            request->command = &commands->rows[i];
            return 0;
        }
    text_escape(json_string_value(name), json_string_length(name), shown, sizeof(shown));
    return refuse(request, "unknown command \"%s\"", shown);
}

static int check_members(struct control_request *request)
{
    const char *name;
    json_t *value;

    json_object_foreach(request->root, name, value)
    {
        if (strcmp(name, "command") != 0 && strcmp(name, "arguments") != 0)
            return refuse(request, "a request can have \"command\" and \"arguments\" only");
    }
    return 0;
}

int control_request_parse(const struct control_commands *commands, const char *line, size_t length,
                          struct control_request *ret)
{
    json_error_t problem;
    int error;

    *ret = (struct control_request){.root =
                                        json_loadb(line, length, JSON_REJECT_DUPLICATES, &problem)};
    if (!ret->root && json_error_code(&problem) == json_error_out_of_memory)
        return -ENOMEM;
    if (!json_is_object(ret->root))
        return refuse(ret, "request is not a JSON object");
    error = check_members(ret);
    if (error == 0)
        error = find_command(commands, ret, json_object_get(ret->root, "command"));
    if (error == 0)
        error = parse_arguments(ret, json_object_get(ret->root, "arguments"));
    return error;
}

void control_request_free(struct control_request *request)
{
    json_decref(request->root);
    request->root = NULL;
}
