/* client: see client.h. */
#include "control/client.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/stranger.h"
#include "base/text.h"
#include "connection/connections.h"
#include "control/command.h"
#include "control/reply.h"
#include "control/request.h"
#include "handover/version.h"

#define INPUT_FIRST ((size_t)1024)

static struct loop *loop_of(const struct control_client *client)
{
    return client->context->connections->loop;
}

/* It is gone, or has to go; its fd may be what others wait for. */
static void leave(struct control_client *client)
{
    control_client_end(client);
    turns_fds_given_back(&client->context->connections->turns);
}

/* --- output --------------------------------------------------------------------------------- */

static bool is_busy(const struct control_client *client)
{
    return client->output || client->draining || client->upgrading;
}

static void drop_output(struct control_client *client)
{
    free(client->output);
    client->output = NULL;
    client->output_length = client->output_sent = 0;
}

/* Sends what the socket takes now; false where the client is gone. */
static bool flush(struct control_client *client)
{
    ssize_t sent;

    if (!client->output)
        return true;
    sent = send(client->source.fd, client->output + client->output_sent,
                client->output_length - client->output_sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0)
        return errno == EAGAIN || errno == ENOMEM || errno == ENOBUFS;
    client->active = loop_now(loop_of(client));
    client->output_sent += (size_t)sent;
    if (client->output_sent == client->output_length)
        drop_output(client);
    return true;
}

/* Takes line, malloc'ed, as what is to be sent. NULL: there is no memory, not even to say so. */
static void put_output(struct control_client *client, char *line, size_t length)
{
    static const char short_of_memory[] = "{\"ok\":false,\"error\":\"out of memory\"}\n";

    if (line && length > CONTROL_ANSWER) {
        free(line);
        line = reply_print_error("answer too large; request fewer items", &length);
    }
    if (!line) {
        line = strdup(short_of_memory);
        length = sizeof(short_of_memory) - 1;
    }
    client->output = line; /* where it is NULL the client hears nothing, and goes when it is idle */
    client->output_length = line ? length : 0;
    client->output_sent = 0;
}

static void put_error(struct control_client *client, const char *problem)
{
    size_t length = 0;
    char *line = reply_print_error(problem, &length);

    put_output(client, line, length);
}

/* --- a request ------------------------------------------------------------------------------ */

/* An argument as a field; texts as they are, the others as JSON has them. */
static void log_argument(struct log_record *record, const struct control_request *request,
                         const char *name)
{
    const json_t *value = json_object_get(json_object_get(request->root, "arguments"), name);
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

    if (json_is_string(value))
        log_record_format(record, name, "%.200s", json_string_value(value));
    else if (text)
        log_record_format(record, name, "%.40s", text);
    free(text);
}

/* Who did what, with what result. */
static void log_write(const struct control_client *client, const struct control_request *request,
                      const char *problem)
{
    struct log_record record;

    log_record_begin(&record, problem ? LOG_LEVEL_WARNING : LOG_LEVEL_NOTICE, NULL, "control");
    log_record_event(&record, event_word(EVENT_ORDER));
    log_record_text(&record, "command", request->command->name);
    for (size_t i = 0; i < CONTROL_PARAMETERS && request->command->parameters[i].name; i++)
        if (request->arguments[i].given)
            log_argument(&record, request, request->command->parameters[i].name);
    log_record_number(&record, "uid", addr_unix_uid(&client->peer));
    log_record_number(&record, "from_pid", client->peer.scope);
    if (problem)
        log_record_text(&record, "error", problem);
    log_record_emit(&record);
}

static void run(struct control_client *client, const struct control_request *request)
{
    struct control_call call = {
        .context = client->context, .client = client, .arguments = request->arguments};
    size_t length = 0;
    char *line = NULL;
    int error;

    reply_begin(&call.reply);
    error = request->command->run(&call);
    if (error == -ENOMEM || call.reply.failed)
        memcpy(call.problem, "out of memory", sizeof("out of memory"));
    if (request->command->writes)
        log_write(client, request, call.problem[0] != '\0' ? call.problem : NULL);
    if (call.problem[0] != '\0')
        line = reply_print_error(call.problem, &length);
    else if (error == 0)
        line = reply_print(&call.reply, &length);
    if (error != -EINPROGRESS || call.problem[0] != '\0')
        put_output(client, line, length);
    reply_free(&call.reply);
}

static void take_line(struct control_client *client, const char *line, size_t length)
{
    struct control_request request;
    int error;

    if (length > 0 && line[length - 1] == '\r')
        length--;
    if (length == 0) /* somebody types */
        return;
    if (length > CONTROL_LINE) {
        put_error(client, "request too long");
        return;
    }
    error = control_request_parse(&control_commands, line, length, &request);
    if (error == 0)
        run(client, &request);
    else
        put_error(client, error == -ENOMEM ? "out of memory" : request.problem);
    control_request_free(&request);
}

/* Takes the first whole line of what has been read; false where there is none. */
static bool take_first_line(struct control_client *client)
{
    char *end = client->input_used > 0 ? memchr(client->input, '\n', client->input_used) : NULL;
    size_t taken;

    if (!end)
        return false;
    taken = (size_t)(end - client->input) + 1;
    take_line(client, client->input, taken - 1);
    client->input_used -= taken;
    memmove(client->input, client->input + taken, client->input_used);
    return true;
}

/* --- input ---------------------------------------------------------------------------------- */

static bool make_room(struct control_client *client)
{
    size_t room = client->input_room > 0 ? client->input_room * 2 : INPUT_FIRST;
    char *grown;

    if (client->input_used < client->input_room)
        return true;
    grown = realloc(client->input, room);
    if (!grown)
        return false;
    client->input = grown;
    client->input_room = room;
    return true;
}

/* Reads once; false where the client is gone, or its line never ends. */
static bool read_more(struct control_client *client)
{
    ssize_t got;

    if (client->input_used > CONTROL_LINE) {
        put_error(client, "request too long");
        client->ended = true;
        client->input_used = 0;
        return flush(client);
    }
    if (!make_room(client))
        return false;
    got = stranger_receive(client->source.fd, client->input + client->input_used,
                           client->input_room - client->input_used);
    if (got == -EAGAIN)
        return true;
    if (got < 0)
        return false;
    if (got == 0)
        client->ended = true;
    client->active = loop_now(loop_of(client));
    client->input_used += (size_t)got;
    return true;
}

/* --- what happens next ---------------------------------------------------------------------- */

/* Waits for what the client has to do, with the time it has for that. Whose answer comes later has
 * all the time. */
static void await(struct control_client *client, bool more)
{
    struct loop *loop = loop_of(client);
    bool is_later = client->draining || client->upgrading;
    uint32_t events = client->output ? EPOLLOUT : is_later || more ? 0 : EPOLLIN;

    loop_unwatch(loop, &client->source);
    if (loop_watch(loop, &client->source, events) < 0) {
        leave(client);
        return;
    }
    if (is_later)
        loop_disarm(loop, &client->timer);
    else
        loop_arm(loop, &client->timer, more ? loop_now(loop) : client->active + CONTROL_IDLE);
}

/* One request a turn: the others' turn comes before the next one of the same client. */
static void progress(struct control_client *client)
{
    bool is_there = flush(client), took = false;

    if (is_there && !is_busy(client)) {
        took = take_first_line(client);
        is_there = flush(client) && (took || !client->ended);
    }
    if (is_there)
        await(client, took && !is_busy(client));
    else
        leave(client);
}

static void on_ready(struct loop_source *source, uint32_t events)
{
    struct control_client *client = source->owner;
    /* Both sides are closed, or it is reset: nobody reads an answer any more. */
    bool is_gone = (events & (EPOLLHUP | EPOLLERR)) && (is_busy(client) || !(events & EPOLLIN));

    if (is_gone || ((events & EPOLLIN) && !is_busy(client) && !read_more(client)))
        leave(client);
    else
        progress(client);
}

static void on_timer(struct loop_timer *timer)
{
    struct control_client *client = timer->owner;

    if (client->active + CONTROL_IDLE <= loop_now(loop_of(client)))
        leave(client);
    else
        progress(client);
}

int control_client_begin(struct control_client *client, const struct control_context *context,
                         int fd, const struct addr *peer)
{
    int error;

    *client = (struct control_client){.source = {.fd = fd, .ready = on_ready, .owner = client},
                                      .timer = {.fired = on_timer, .owner = client},
                                      .context = context,
                                      .peer = *peer,
                                      .active = loop_now(context->connections->loop)};
    error = loop_watch(context->connections->loop, &client->source, EPOLLIN);
    if (error < 0) {
        client->source.fd = -1;
        return error;
    }
    loop_arm(context->connections->loop, &client->timer, client->active + CONTROL_IDLE);
    return 0;
}

void control_client_end(struct control_client *client)
{
    if (client->source.fd < 0)
        return;
    loop_unwatch(loop_of(client), &client->source);
    loop_disarm(loop_of(client), &client->timer);
    client->source.fd = stranger_close(client->source.fd, true);
    client->draining = NULL;
    client->upgrading = false;
    drop_output(client);
    free(client->input);
    client->input = NULL;
    client->input_used = client->input_room = 0;
}

/* The answer goes out. What the client says next is for another turn: who calls us is in the middle
 * of something. */
static void answer(struct control_client *client)
{
    client->draining = NULL;
    client->upgrading = false;
    client->active = loop_now(loop_of(client));
    if (flush(client))
        await(client, true);
    else
        leave(client);
}

static void put_reply(struct control_client *client, struct control_reply *reply)
{
    size_t length = 0;
    char *line = reply_print(reply, &length);

    reply_free(reply);
    put_output(client, line, length);
}

void control_client_answer(struct control_client *client, const char *problem)
{
    struct control_reply reply;

    if (problem) {
        put_error(client, problem);
    } else {
        reply_begin(&reply);
        put_reply(client, &reply);
    }
    answer(client);
}

/* --- upgrades ------------------------------------------------------------------------------- */

void control_client_upgraded(struct control_client *client, const struct control_upgraded *upgraded)
{
    struct control_reply reply;

    reply_begin(&reply);
    reply_add_text(&reply, reply.root, "from", upgraded->from);
    reply_add_text(&reply, reply.root, "version", version_text);
    reply_add_count(&reply, reply.root, "sockets", upgraded->sockets);
    reply_add_count(&reply, reply.root, "handlers", upgraded->handlers);
    reply_add_count(&reply, reply.root, "clients", upgraded->clients);
    put_reply(client, &reply);
    answer(client);
}

bool control_client_leave(const struct control_client *client, struct control_client_left *ret)
{
    *ret = (struct control_client_left){.fd = client->source.fd,
                                        .peer = client->peer,
                                        .ended = client->ended,
                                        .upgrading = client->upgrading,
                                        .input = {client->input, client->input_used}};
    return !client->output && client->input_used <= CONTROL_LINE;
}

int control_client_go_on(struct control_client *client, const struct control_context *context,
                         const struct control_client_left *left, struct service *draining)
{
    char *input = left->input.length > 0 ? malloc(CONTROL_LINE) : NULL;
    int error = control_client_begin(client, context, left->fd, &left->peer);

    if (error < 0) {
        free(input);
        return error;
    }
    client->ended = left->ended;
    client->upgrading = left->upgrading;
    client->draining = draining;
    if (input) {
        memcpy(input, left->input.start, left->input.length);
        client->input = input;
        client->input_used = left->input.length;
        client->input_room = CONTROL_LINE;
    }
    if (draining)
        draining->draining = true;
    await(client, client->input_used > 0);
    return 0;
}

void control_client_refuse(int fd, const char *problem)
{
    size_t length = 0;
    char *line = reply_print_error(problem, &length);

    /* It fits into an empty buffer, or it isn't heard. */
    if (line)
        (void)send(fd, line, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    free(line);
    stranger_close(fd, true);
}
