/* adopt_daemon: what is carried over of the process and the daemon itself, and of sockets that its
 * service manager passed to it. Rows of adoption.c's table. */
#include <errno.h>
#include <limits.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/log_recent.h"
#include "serve/adoption.h"
#include "serve/server.h"

/* --- process -------------------------------------------------------------------------------- */

#define PROCESS(member) RECORD_AT(struct adoption, member)

static const struct record_field process_fields[] = {
    {"daemonized", RECORD_FLAG, PROCESS(daemonized)},
    {"nofile-soft", RECORD_NUMBER, PROCESS(nofile.rlim_cur)},
    {"nofile-hard", RECORD_NUMBER, PROCESS(nofile.rlim_max)},
    {"configuration", RECORD_FD, PROCESS(configuration_fd)},
    {"log-unsaid", RECORD_NUMBER, PROCESS(log_unsaid)},
    {"log-lost", RECORD_NUMBER, PROCESS(log_lost)},
};

static void collect_process(struct handover_writer *writer, struct server *server)
{
    struct adoption left = {.daemonized = server->daemonized,
                            .nofile = server->origin.nofile,
                            .configuration_fd = server->upgrade.configuration_fd};

    log_leave(&left.log_unsaid, &left.log_lost);
    record_write(writer, &adopt_process.record, &left);
}

static int apply_process(struct adoption *adoption, const void *values)
{
    const struct adoption *left = values;

    record_copy(&adopt_process.record, left, adoption, sizeof(*adoption));
    adoption->configuration_fd = left->configuration_fd;
    return 0;
}

ADOPTION_SECTION(process, "process", ADOPTION_OF_PROCESS, struct adoption, NULL);

/* --- the last lines of the log ---------------------------------------------------------------- */

static const struct record_field event_fields[] = {
    {"text", RECORD_TEXT, .size = sizeof(const char *), .most = LOG_RECENT_LINE},
};

static void collect_event(struct handover_writer *writer, struct server *server)
{
    (void)server;
    for (size_t age = LOG_RECENT; age-- > 0;) {
        const char *text = log_recent(age);

        if (text)
            record_write(writer, &adopt_event.record, &text);
    }
}

static int apply_event(struct adoption *adoption, const void *values)
{
    const char *const *text = values;

    (void)adoption;
    if (*text)
        log_recent_resume(*text);
    return 0;
}

ADOPTION_SECTION(event, "event", ADOPTION_OF_PROCESS, const char *, NULL);

/* --- daemon --------------------------------------------------------------------------------- */

#define DAEMON(member) RECORD_AT(struct server, member)

static const struct record_field daemon_fields[] = {
    {"began", RECORD_NUMBER, DAEMON(began)},
    {"next-service", RECORD_NUMBER, DAEMON(next_service)},
    {"next-connection", RECORD_NUMBER, DAEMON(next_connection)},
    {"reloads-done", RECORD_NUMBER, DAEMON(reloads_done)},
    {"reloads-failed", RECORD_NUMBER, DAEMON(reloads_failed)},
    {"upgrades-done", RECORD_NUMBER, DAEMON(upgrades_done)},
    {"upgrades-failed", RECORD_NUMBER, DAEMON(upgrades_failed)},
    {"reload-due", RECORD_FLAG, DAEMON(upgrade.reload_due)},
    {"pid-file", RECORD_TEXT, DAEMON(pid_file.path), .most = PATH_MAX},
    {"pid-fd", RECORD_FD, DAEMON(pid_file.fd)},
};

static void collect_daemon(struct handover_writer *writer, struct server *server)
{
    record_write(writer, &adopt_daemon.record, server);
}

static int apply_daemon(struct adoption *adoption, const void *values)
{
    const struct pid_file *file = &((const struct server *)values)->pid_file;
    struct server *server = adoption->server;

    record_copy(&adopt_daemon.record, values, server, sizeof(*server));
    adoption->reload_due = server->upgrade.reload_due;
    server->upgrade.reload_due = false;
    if (!file->path || file->fd < 0)
        return 0;
    if (handover_claim(&adoption->handover, file->fd) < 0)
        return -EBADF;
    return startup_adopt_pid_file(file->path, file->fd, &server->pid_file);
}

ADOPTION_SECTION(daemon, "daemon", ADOPTION_OF_DAEMON, struct server, NULL);

/* --- inherited sockets ---------------------------------------------------------------------- */

#define INHERITED(member) RECORD_AT(struct inherited_socket, member)
#define NOT_INHERITED     "it has no name, or no fd"

static const struct record_field inherited_fields[] = {
    {"fd", RECORD_FD, INHERITED(fd), .missing = NOT_INHERITED},
    {"name", RECORD_TEXT, INHERITED(name), .most = 1024, .missing = NOT_INHERITED},
    {"named", RECORD_FLAG, INHERITED(named)},
};

static void collect_inherited(struct handover_writer *writer, struct server *server)
{
    for (size_t i = 0; i < server->inherited.count; i++)
        record_write(writer, &adopt_inherited.record, &server->inherited.sockets[i]);
}

static int apply_inherited(struct adoption *adoption, const void *values)
{
    const struct inherited_socket *left = values;
    struct inherited *inherited = &adoption->server->inherited;
    int error;

    if (inherited->count >= INHERITED_MAX)
        return -ENOSPC;
    if (handover_claim(&adoption->handover, left->fd) < 0)
        return -EBADF;
    error = inherited_add(inherited, left->fd, left->name, left->named);
    if (error < 0)
        fd_close(left->fd);
    return error;
}

ADOPTION_SECTION(inherited, "inherited", ADOPTION_OF_DAEMON, struct inherited_socket, NULL);
