/* control: see control.h. */
#include "control/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/stranger.h"
#include "connection/connections.h"
#include "control/client.h"
#include "control/command.h"

#define ROOTS_PATH "/run/stdinetd.sock"
#define FILE_NAME  "stdinetd.sock"

/* How long until a socket that can't be opened is tried again; and until clients are accepted again
 * where there was no fd for one. */
#define OPEN_WAIT   (5 * CLOCK_SECOND)
#define ACCEPT_WAIT CLOCK_SECOND
#define BACKLOG     CONTROL_CLIENTS

struct control {
    struct control_context context;
    struct listener listener; /* fd -1: not open */
    struct endpoint endpoint; /* its path; empty: none is wanted */
    char path[ENDPOINT_PATH_MAX + 1];
    gid_t group; /* (gid_t)-1: none */
    int error;   /* why it is not open, said already; 0: it is */
    struct loop_timer timer;
    struct control_client clients[CONTROL_CLIENTS];
};

/* --- where it is ---------------------------------------------------------------------------- */

/* Writes the path that the configuration means, empty for none. 0; -ENAMETOOLONG. */
static int choose_path(const struct settings_sink *setting, char path[static ENDPOINT_PATH_MAX + 1])
{
    const char *directory = getenv("XDG_RUNTIME_DIR");
    int length = 0;

    path[0] = '\0';
    if (setting->path)
        length = snprintf(path, ENDPOINT_PATH_MAX + 1, "%s", setting->path);
    else if (setting->kind == SETTINGS_CONTROL_NONE)
        return 0;
    else if (geteuid() == 0)
        length = snprintf(path, ENDPOINT_PATH_MAX + 1, "%s", ROOTS_PATH);
    else if (directory && directory[0] == '/')
        length = snprintf(path, ENDPOINT_PATH_MAX + 1, "%s/%s", directory, FILE_NAME);
    return length > ENDPOINT_PATH_MAX ? -ENAMETOOLONG : 0;
}

/* --- the socket ----------------------------------------------------------------------------- */

static void say_not_open(struct control *control, int error)
{
    if (error == control->error)
        return;
    control->error = error;
    if (error == -EADDRINUSE)
        log_warning("control socket %s is in use by another daemon; will retry", control->path);
    else
        log_warning("cannot open control socket %s: %s; will retry", control->path,
                    listener_error_text(-error));
}

static void open_socket(struct control *control)
{
    struct settings_group group = {.gid = control->group};
    struct service_settings settings = {.backlog = BACKLOG,
                                        .socket_mode = control->group == (gid_t)-1 ? 0600 : 0660,
                                        .socket_group =
                                            control->group == (gid_t)-1 ? NULL : &group};
    struct inherited none = {0};
    struct loop *loop = control->context.connections->loop;
    int error = listener_open(&control->listener, &settings, &none);

    if (error == 0)
        error = loop_watch(loop, &control->listener.source, EPOLLIN);
    if (error < 0) {
        listener_close(&control->listener);
        say_not_open(control, error);
        loop_arm(loop, &control->timer, loop_now(loop) + OPEN_WAIT);
        return;
    }
    if (control->error != 0)
        log_notice("control socket opened: %s", control->path);
    control->error = 0;
}

static void close_socket(struct control *control)
{
    loop_disarm(control->context.connections->loop, &control->timer);
    loop_unwatch(control->context.connections->loop, &control->listener.source);
    listener_close(&control->listener);
    control->error = 0;
}

static void on_timer(struct loop_timer *timer)
{
    struct control *control = timer->owner;

    if (control->listener.source.fd < 0)
        open_socket(control);
    else if (loop_watch(control->context.connections->loop, &control->listener.source, EPOLLIN) < 0)
        loop_arm(control->context.connections->loop, timer,
                 loop_now(control->context.connections->loop) + ACCEPT_WAIT);
}

void control_apply(struct control *control, const struct daemon_settings *settings)
{
    gid_t group = settings->control_group ? settings->control_group->gid : (gid_t)-1;
    char path[ENDPOINT_PATH_MAX + 1];
    int error = choose_path(&settings->control, path);

    if (error < 0)
        path[0] = '\0';
    if (error == 0 && strcmp(path, control->path) == 0 && group == control->group &&
        !listener_is_lost(&control->listener))
        return;
    close_socket(control);
    control->group = group;
    memcpy(control->path, path, sizeof(path));
    if (error < 0)
        log_warning("control socket path exceeds %d bytes", ENDPOINT_PATH_MAX);
    if (path[0] != '\0')
        open_socket(control);
}

/* --- who may use it ------------------------------------------------------------------------- */

/* Whether gid is among the peer's supplementary groups. */
static bool is_in_groups(int fd, gid_t gid)
{
    socklen_t size = 0;
    bool found = false;
    gid_t *groups;

    /* Nothing is written where there is no room. */
    /* cppcheck-suppress nullPointer */
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &size) == 0 || errno != ERANGE)
        return false; /* it has none */
    groups = malloc(size);
    if (groups && getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) == 0)
        for (size_t i = 0; !found && i < size / sizeof(*groups); i++)
            found = groups[i] == gid;
    free(groups);
    return found;
}

static bool may_use(const struct control *control, int fd, const struct addr *peer)
{
    uid_t uid = addr_unix_uid(peer);

    if (uid == 0 || uid == geteuid())
        return true;
    if (control->group == (gid_t)-1)
        return false;
    return addr_unix_gid(peer) == control->group || is_in_groups(fd, control->group);
}

/* --- clients -------------------------------------------------------------------------------- */

/* A place for one more: a free one, or that of who has said nothing for longest, unless all have
 * just said something. */
static struct control_client *find_place(struct control *control)
{
    struct control_client *found = NULL;

    for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
        struct control_client *client = &control->clients[i];

        if (client->source.fd < 0)
            return client;
        if (!client->draining && (!found || client->active < found->active))
            found = client;
    }
    if (!found || loop_now(control->context.connections->loop) - found->active < CLOCK_SECOND)
        return NULL;
    control_client_end(found);
    return found;
}

static void admit(struct control *control, int fd, const struct addr *peer)
{
    struct control_client *client;

    if (!may_use(control, fd, peer)) {
        log_notice("control: permission denied for uid %u", addr_unix_uid(peer));
        control_client_refuse(fd, "permission denied");
        return;
    }
    client = find_place(control);
    if (!client)
        control_client_refuse(fd, "too many clients; try again later");
    else if (control_client_begin(client, &control->context, fd, peer) < 0)
        control_client_refuse(fd, "out of memory");
}

/* One a turn: it is watched level-triggered, and nobody is in a hurry. */
static void on_client(struct loop_source *source, uint32_t events)
{
    struct control *control = source->owner;
    struct loop *loop = control->context.connections->loop;
    struct arrival arrival;
    int error = listener_accept(&control->listener, &arrival);

    (void)events;
    if (error == 0) {
        admit(control, fd_move_high(arrival.fd), &arrival.peer);
    } else if (error == -EMFILE || error == -ENFILE || error == -ENOMEM || error == -ENOBUFS) {
        loop_unwatch(loop, source);
        loop_arm(loop, &control->timer, loop_now(loop) + ACCEPT_WAIT);
    }
}

void control_tell_drained(struct control *control)
{
    for (size_t i = 0; control && i < CONTROL_CLIENTS; i++) {
        struct control_client *client = &control->clients[i];
        struct service *service = client->source.fd >= 0 ? client->draining : NULL;

        if (service && !service->draining && service->admission.running > 0) {
            control_client_answer(client, "the service was resumed");
        } else if (service && service->admission.running == 0) {
            service->draining = false;
            control_client_answer(client, NULL);
        }
    }
}

/* --- its life ------------------------------------------------------------------------------- */

int control_open(struct connections *connections, struct pools *pools, const struct orders *orders,
                 struct control **ret)
{
    struct control *control = calloc(1, sizeof(*control));
    int error = control ? loop_reserve(connections->loop, CONTROL_CLIENTS + 1) : -ENOMEM;

    if (error < 0) {
        free(control);
        return error;
    }
    control->context = (struct control_context){control, connections, pools, *orders};
    control->endpoint = (struct endpoint){.kind = ENDPOINT_UNIX, .path = control->path};
    control->listener = (struct listener){
        .endpoint = &control->endpoint,
        .source = {.fd = -1, .ready = on_client, .owner = control},
    };
    control->group = (gid_t)-1;
    control->timer = (struct loop_timer){.fired = on_timer, .owner = control};
    for (size_t i = 0; i < CONTROL_CLIENTS; i++)
        control->clients[i].source.fd = -1;
    *ret = control;
    return 0;
}

/* --- between two builds --------------------------------------------------------------------- */

void control_leave(const struct control *control, struct control_left *ret)
{
    const struct listener *listener = &control->listener;

    *ret = (struct control_left){.path = control->path[0] != '\0' ? control->path : NULL,
                                 .group = (uint32_t)control->group + 1,
                                 .error = -control->error,
                                 .fd = listener->source.fd,
                                 .device = listener->device,
                                 .inode = listener->inode};
}

int control_go_on(struct control *control, const struct control_left *left)
{
    struct loop *loop = control->context.connections->loop;

    control->group = (gid_t)(left->group - 1);
    control->error = -left->error;
    snprintf(control->path, sizeof(control->path), "%s", left->path);
    if (left->fd >= 0)
        listener_adopt(&control->listener, left->fd, NULL, left->device, left->inode);
    if (left->fd >= 0 && listener_is_lost(&control->listener))
        listener_close(&control->listener);
    if (control->listener.source.fd >= 0)
        return loop_watch(loop, &control->listener.source, EPOLLIN);
    loop_arm(loop, &control->timer, loop_now(loop));
    return 0;
}

const struct control_client *control_client_at(const struct control *control, size_t i)
{
    return &control->clients[i];
}

int control_go_on_client(struct control *control, const struct control_client_left *left,
                         struct service *draining)
{
    struct control_client *client = find_place(control);

    return client ? control_client_go_on(client, &control->context, left, draining) : -ENOSPC;
}

void control_upgrade_failed(struct control *control, const char *reason)
{
    for (size_t i = 0; control && i < CONTROL_CLIENTS; i++)
        if (control->clients[i].source.fd >= 0 && control->clients[i].upgrading)
            control_client_answer(&control->clients[i], reason);
}

void control_upgraded(struct control *control, const struct control_upgraded *upgraded)
{

    for (size_t i = 0; control && i < CONTROL_CLIENTS; i++)
        if (control->clients[i].source.fd >= 0 && control->clients[i].upgrading)
            control_client_upgraded(&control->clients[i], upgraded);
}

void control_close(struct control *control)
{
    if (!control)
        return;
    /* Who waits for the end finds no socket any more after it. */
    close_socket(control);
    for (size_t i = 0; i < CONTROL_CLIENTS; i++)
        control_client_end(&control->clients[i]);
    loop_reserve(control->context.connections->loop, -(CONTROL_CLIENTS + 1));
    free(control);
}
