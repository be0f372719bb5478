/* order: the commands that change something: pause, resume, drain, kill, ban, unban, reload,
 * upgrade, stop. Silent where all is well, but for what is worth knowing. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "ctl/answer.h"
#include "ctl/command.h"

/* Gives the order that the command is; of one that kills it says how many handlers. */
static int order(const struct ctl *ctl, json_t *arguments, int timeout, bool kills)
{
    json_t *answer = NULL;
    int status = client_call(ctl, arguments, timeout, &answer);
    uint64_t killed = answer_count(answer, "killed");

    if (status == EXIT_OK && kills && !ctl->json)
        printf("sent SIGTERM to %" PRIu64 " %s\n", killed, killed == 1 ? "handler" : "handlers");
    json_decref(answer);
    return status;
}

int pause_run(const struct ctl *ctl, char *arguments[])
{
    return order(ctl, json_pack("{s:s}", "service", arguments[0]), CLIENT_TIMEOUT, false);
}

int drain_run(const struct ctl *ctl, char *arguments[])
{
    return order(ctl, json_pack("{s:s}", "service", arguments[0]), CLIENT_FOREVER, false);
}

int kill_run(const struct ctl *ctl, char *arguments[])
{
    return order(ctl, json_pack("{s:s}", "target", arguments[0]), CLIENT_TIMEOUT, true);
}

int ban_run(const struct ctl *ctl, char *arguments[])
{
    json_t *values = json_pack("{s:s, s:s*, s:o*}", "source", arguments[0], "duration",
                               arguments[1], "kill", ctl->option ? json_true() : NULL);

    return order(ctl, values, CLIENT_TIMEOUT, ctl->option);
}

int unban_run(const struct ctl *ctl, char *arguments[])
{
    return order(ctl, json_pack("{s:s}", "source", arguments[0]), CLIENT_TIMEOUT, false);
}

/* --- the daemon ----------------------------------------------------------------------------- */

static void print_problems(const json_t *problems)
{
    for (size_t i = 0; i < json_array_size(problems); i++) {
        const char *problem = json_string_value(json_array_get(problems, i));
        char shown[2048];

        if (!problem)
            continue;
        text_escape(problem, strlen(problem), shown, sizeof(shown));
        fprintf(stderr, "%s\n", shown);
    }
}

int reload_run(const struct ctl *ctl, char *arguments[])
{
    json_t *answer = NULL;
    int status = client_call(ctl, NULL, CLIENT_TIMEOUT, &answer);

    (void)arguments;
    if (status == EXIT_OK && !answer_flag(answer, "reloaded"))
        status = EXIT_REFUSED;
    if (!ctl->json)
        print_problems(json_object_get(answer, "problems"));
    json_decref(answer);
    return status;
}

/* However long the other build takes to show that it can. */
int upgrade_run(const struct ctl *ctl, char *arguments[])
{
    (void)arguments;
    return order(ctl, NULL, CLIENT_FOREVER, false);
}

/* The process that listens, to wait for; -1 where it can't be seen from here. Who asks before the
 * order is given can't get another process of the same number. */
static int open_daemon(const struct client *client)
{
    struct ucred daemon = {0};
    socklen_t length = sizeof(daemon);

    if (getsockopt(client->fd, SOL_SOCKET, SO_PEERCRED, &daemon, &length) < 0 || daemon.pid <= 0)
        return -1;
    return (int)syscall(SYS_pidfd_open, daemon.pid, 0);
}

/* Until the daemon is no more. Where its process can't be seen, until it has closed the
 * connection, which it does as one of its last things. */
static void await_end(const struct client *client, int daemon_fd)
{
    struct pollfd poller = {.fd = daemon_fd >= 0 ? daemon_fd : client->fd, .events = POLLIN};
    char bytes[64];
    int found;

    do {
        found = poll(&poller, 1, -1);
    } while ((found < 0 && errno == EINTR) ||
             (found > 0 && daemon_fd < 0 && recv(client->fd, bytes, sizeof(bytes), 0) > 0));
}

int stop_run(const struct ctl *ctl, char *arguments[])
{
    FD_CLEANUP int daemon_fd = -1;
    struct client client;
    json_t *answer = NULL;
    uint64_t running;
    int error = client_open(ctl, &client), status;

    (void)arguments;
    if (error < 0)
        return client_fail(ctl, error);
    daemon_fd = ctl->option ? open_daemon(&client) : -1;
    status = client_get(ctl, &client, NULL, CLIENT_TIMEOUT, &answer);
    running = answer_count(answer, "handlers");
    if (running > 0 && !ctl->json)
        printf("waiting for %" PRIu64 " %s to finish; stop again to end them now\n", running,
               running == 1 ? "handler" : "handlers");
    fflush(stdout);
    if (status == EXIT_OK && ctl->option)
        await_end(&client, daemon_fd);
    json_decref(answer);
    client_close(&client);
    return status;
}
