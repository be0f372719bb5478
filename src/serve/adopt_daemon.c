/* adopt_daemon: what is carried over of the process and the daemon itself, and of sockets that its
 * service manager passed to it. Rows of adoption.c's table. */
#include <errno.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/log_recent.h"
#include "serve/adoption.h"
#include "serve/server.h"

/* --- process -------------------------------------------------------------------------------- */

void adopt_write_process(struct handover_writer *writer, struct server *server)
{
    uint64_t unsaid, lost;

    log_leave(&unsaid, &lost);
    handover_line(writer, "process");
    handover_put(writer, "daemonized", server->daemonized);
    handover_put(writer, "nofile-soft", server->origin.nofile.rlim_cur);
    handover_put(writer, "nofile-hard", server->origin.nofile.rlim_max);
    handover_put_fd(writer, "configuration", server->upgrade.configuration_fd);
    handover_put(writer, "log-unsaid", unsaid);
    handover_put(writer, "log-lost", lost);
    handover_end_line(writer);
}

int adopt_read_process(struct adoption *adoption, struct handover_line *line)
{
    adoption->daemonized = handover_flag(line, "daemonized");
    adoption->nofile.rlim_cur = handover_number(line, "nofile-soft", UINT64_MAX);
    adoption->nofile.rlim_max = handover_number(line, "nofile-hard", UINT64_MAX);
    adoption->configuration_fd = handover_fd(line, "configuration");
    adoption->log_unsaid = handover_number(line, "log-unsaid", UINT64_MAX);
    adoption->log_lost = handover_number(line, "log-lost", UINT64_MAX);
    return handover_check(line);
}

/* --- the last lines of the log ---------------------------------------------------------------- */

void adopt_write_event(struct handover_writer *writer, struct server *server)
{
    (void)server;
    for (size_t age = LOG_RECENT; age-- > 0;) {
        const char *text = log_recent(age);

        if (!text)
            continue;
        handover_line(writer, "event");
        handover_put_text(writer, "text", text);
        handover_end_line(writer);
    }
}

/* They have no server to be in: in a build that is only asked they do no harm. */
int adopt_read_event(struct adoption *adoption, struct handover_line *line)
{
    const char *text = handover_text(line, "text", LOG_RECENT_LINE);

    (void)adoption;
    if (handover_check(line) == 0 && text)
        log_recent_resume(text);
    return handover_check(line);
}

/* --- daemon --------------------------------------------------------------------------------- */

void adopt_write_daemon(struct handover_writer *writer, struct server *server)
{
    handover_line(writer, "daemon");
    handover_put(writer, "began", server->began);
    handover_put(writer, "next-service", server->next_service);
    handover_put(writer, "next-connection", server->next_connection);
    handover_put(writer, "reloads-done", server->reloads_done);
    handover_put(writer, "reloads-failed", server->reloads_failed);
    handover_put(writer, "upgrades-done", server->upgrades_done);
    handover_put(writer, "upgrades-failed", server->upgrades_failed);
    handover_put(writer, "reload-due", server->upgrade.reload_due);
    handover_put_text(writer, "pid-file", server->pid_file.path);
    handover_put_fd(writer, "pid-fd", server->pid_file.fd);
    handover_end_line(writer);
}

static int adopt_pid_file(struct adoption *adoption, const char *path, int fd)
{
    if (!path || fd < 0)
        return 0;
    if (handover_claim(&adoption->handover, fd) < 0)
        return -EBADF;
    return startup_adopt_pid_file(path, fd, &adoption->server->pid_file);
}

int adopt_read_daemon(struct adoption *adoption, struct handover_line *line)
{
    struct server *server = adoption->server, left = {0};
    const char *pid_file = handover_text(line, "pid-file", 4096);
    int pid_fd = handover_fd(line, "pid-fd");
    bool reload_due = handover_flag(line, "reload-due");

    left.began = handover_number(line, "began", UINT64_MAX);
    left.next_service = (uint32_t)handover_number(line, "next-service", UINT32_MAX);
    left.next_connection = handover_number(line, "next-connection", UINT64_MAX);
    left.reloads_done = handover_number(line, "reloads-done", UINT64_MAX);
    left.reloads_failed = handover_number(line, "reloads-failed", UINT64_MAX);
    left.upgrades_done = handover_number(line, "upgrades-done", UINT64_MAX);
    left.upgrades_failed = handover_number(line, "upgrades-failed", UINT64_MAX);
    if (handover_check(line) < 0 || !server)
        return handover_check(line);
    server->began = left.began;
    server->next_service = left.next_service;
    server->next_connection = left.next_connection;
    server->reloads_done = left.reloads_done;
    server->reloads_failed = left.reloads_failed;
    server->upgrades_done = left.upgrades_done;
    server->upgrades_failed = left.upgrades_failed;
    adoption->reload_due = reload_due;
    return adopt_pid_file(adoption, pid_file, pid_fd);
}

/* --- inherited sockets ---------------------------------------------------------------------- */

void adopt_write_inherited(struct handover_writer *writer, struct server *server)
{
    for (size_t i = 0; i < server->inherited.count; i++) {
        const struct inherited_socket *socket = &server->inherited.sockets[i];

        handover_line(writer, "inherited");
        handover_put_fd(writer, "fd", socket->fd);
        handover_put_text(writer, "name", socket->name);
        handover_put(writer, "named", socket->named);
        handover_end_line(writer);
    }
}

int adopt_read_inherited(struct adoption *adoption, struct handover_line *line)
{
    struct server *server = adoption->server;
    const char *name = handover_text(line, "name", 1024);
    bool named = handover_flag(line, "named");
    int fd = handover_fd(line, "fd"), error;

    if (!name || fd < 0)
        handover_refuse(line, "it has no name, or no fd");
    if (handover_check(line) < 0 || !server)
        return handover_check(line);
    if (server->inherited.count >= INHERITED_MAX)
        return -ENOSPC;
    if (handover_claim(&adoption->handover, fd) < 0)
        return -EBADF;
    error = inherited_add(&server->inherited, fd, name, named);
    if (error < 0)
        fd_close(fd);
    return error;
}
