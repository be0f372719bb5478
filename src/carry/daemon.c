/* daemon: what is carried over of the process and the daemon itself, and of sockets that its
 * service manager passed to it. Rows of adoption.c's table. */
#include <errno.h>
#include <limits.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/log_recent.h"
#include "base/pid_file.h"
#include "carry/adoption.h"
#include "connection/connections.h"
#include "control/orders.h"

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

static void collect_process(struct handover_writer *writer, const struct carried *carried)
{
    struct adoption left = {.daemonized = carried->daemonized,
                            .nofile = carried->nofile,
                            .configuration_fd = carried->configuration_fd};

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

static void collect_event(struct handover_writer *writer, const struct carried *carried)
{
    (void)carried;
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

struct daemon_left {
    struct daemon_facts facts;
    uint32_t next_service;
    uint64_t next_connection;
    bool reload_due;
    struct pid_file pid_file;
};

static const struct record_field daemon_fields[] = {
    {"began", RECORD_NUMBER, LEFT(daemon, facts.began)},
    {"next-service", RECORD_NUMBER, LEFT(daemon, next_service)},
    {"next-connection", RECORD_NUMBER, LEFT(daemon, next_connection)},
    {"reloads-done", RECORD_NUMBER, LEFT(daemon, facts.reloads_done)},
    {"reloads-failed", RECORD_NUMBER, LEFT(daemon, facts.reloads_failed)},
    {"upgrades-done", RECORD_NUMBER, LEFT(daemon, facts.upgrades_done)},
    {"upgrades-failed", RECORD_NUMBER, LEFT(daemon, facts.upgrades_failed)},
    {"reload-due", RECORD_FLAG, LEFT(daemon, reload_due)},
    {"pid-file", RECORD_TEXT, LEFT(daemon, pid_file.path), .most = PATH_MAX},
    {"pid-fd", RECORD_FD, LEFT(daemon, pid_file.fd)},
};

static void collect_daemon(struct handover_writer *writer, const struct carried *carried)
{
    const struct daemon_left left = {*carried->facts, carried->services->next_number,
                                     carried->connections->next_number, carried->reload_due,
                                     *carried->pid_file};

    record_write(writer, &adopt_daemon.record, &left);
}

static int apply_daemon(struct adoption *adoption, const void *values)
{
    const struct daemon_left *left = values;
    const struct pid_file *file = &left->pid_file;
    struct carried *carried = adoption->carried;

    *carried->facts = left->facts;
    carried->services->next_number = left->next_service;
    carried->connections->next_number = left->next_connection;
    adoption->reload_due = left->reload_due;
    if (!file->path || file->fd < 0)
        return 0;
    if (handover_claim(&adoption->handover, file->fd) < 0)
        return -EBADF;
    return pid_file_adopt(file->path, file->fd, carried->pid_file);
}

ADOPTION_SECTION(daemon, "daemon", ADOPTION_OF_DAEMON, struct daemon_left, NULL);

/* --- inherited sockets ---------------------------------------------------------------------- */

#define INHERITED(member) RECORD_AT(struct inherited_socket, member)
#define NOT_INHERITED     "has no name or no fd"

static const struct record_field inherited_fields[] = {
    {"fd", RECORD_FD, INHERITED(fd), .missing = NOT_INHERITED},
    {"name", RECORD_TEXT, INHERITED(name), .most = 1024, .missing = NOT_INHERITED},
    {"named", RECORD_FLAG, INHERITED(named)},
};

static void collect_inherited(struct handover_writer *writer, const struct carried *carried)
{
    for (size_t i = 0; i < carried->services->inherited.count; i++)
        record_write(writer, &adopt_inherited.record, &carried->services->inherited.sockets[i]);
}

static int apply_inherited(struct adoption *adoption, const void *values)
{
    const struct inherited_socket *left = values;
    struct inherited *inherited = &adoption->carried->services->inherited;
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
