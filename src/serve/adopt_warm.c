/* adopt_warm: the warm handlers that stand ready, which are carried over. Rows of adoption.c's
 * table.
 *
 * They are our children still, and wait on their sockets; what they were made of is told as a
 * fingerprint of the warmer's order. Where we would order something else, or speak otherwise with
 * them (WARM_PROTOCOL), nobody claims their sockets, and they are ended. Warmers aren't carried
 * over. Connections neither: whoever was sent one has answered before.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "serve/adoption.h"
#include "serve/server.h"
#include "serve/warming_parts.h"
#include "warm/link.h"

/* --- what a service has --------------------------------------------------------------------- */

/* Where they stand: a call's number from 2 on, as 0 isn't written, and 1 is the entry. */
#define CALL_OFFSET 2

void adopt_write_warming(struct handover_writer *writer, struct server *server)
{
    for (const struct service *service = server->services; service; service = service->next) {
        const struct warming *warming = service->warming;

        if (!warming || !warming->is_possible)
            continue;
        handover_line(writer, "warming");
        handover_put(writer, "service", service->handover_place);
        handover_put(writer, "protocol", WARM_PROTOCOL);
        handover_put(writer, "fingerprint", warming_fingerprint(warming));
        handover_put(writer, "stderr-inode", warming->stderr_inode);
        handover_put(writer, "connections", warming->connection_serial);
        handover_put(writer, "served", warming->served);
        handover_put(writer, "colds", warming->colds);
        if (warming->was_parked)
            handover_put(writer, "call", (uint64_t)(warming->call + CALL_OFFSET));
        handover_put_text(writer, "why", warming->why[0] != '\0' ? warming->why : NULL);
        handover_end_line(writer);
    }
}

int adopt_read_warming(struct adoption *adoption, struct handover_line *line)
{
    struct service *service =
        adoption_find_service(adoption, handover_number(line, "service", SIZE_MAX));
    uint64_t protocol = handover_number(line, "protocol", UINT32_MAX);
    uint64_t fingerprint = handover_number(line, "fingerprint", UINT64_MAX);
    uint64_t stderr_inode = handover_number(line, "stderr-inode", UINT64_MAX);
    uint32_t connections = (uint32_t)handover_number(line, "connections", UINT32_MAX);
    uint64_t served = handover_number(line, "served", UINT64_MAX);
    uint64_t colds = handover_number(line, "colds", UINT64_MAX);
    uint64_t call = handover_number(line, "call", INT_MAX);
    const char *why = handover_text(line, "why", WARM_WHY_SIZE);
    struct warming *warming;

    if (handover_check(line) < 0 || !service || !adoption->server)
        return handover_check(line);
    /* It is made anew by whoever calls warming_adapt. */
    warming = protocol == WARM_PROTOCOL
                  ? warming_resume(&adoption->server->pools, service, fingerprint)
                  : NULL;
    if (!warming)
        return 0;
    warming->stderr_inode = stderr_inode;
    warming->connection_serial = connections;
    warming->served = served;
    warming->colds = colds;
    warming->was_parked = call > 0;
    warming->call = (int)call - CALL_OFFSET;
    if (why)
        snprintf(warming->why, sizeof(warming->why), "%s", why);
    memcpy(warming->said, warming->why, sizeof(warming->said));
    return 0;
}

/* What lines tell of is there only where all of it can be used. */
static struct warming *find_warming(const struct adoption *adoption, struct handover_line *line)
{
    const struct service *service =
        adoption_find_service(adoption, handover_number(line, "service", SIZE_MAX));

    return service ? service->warming : NULL;
}

static void write_files(struct handover_writer *writer, const struct service *service)
{
    const struct warm_files *files = &service->warming->files;

    for (size_t i = 0; i < files->count; i++) {
        const struct warm_file *file = &files->items[i];

        handover_line(writer, "warm-file");
        handover_put(writer, "service", service->handover_place);
        handover_put_text(writer, "path", file->path);
        handover_put(writer, "device", file->device);
        handover_put(writer, "inode", file->inode);
        handover_put(writer, "size", (uint64_t)file->size);
        handover_put(writer, "seconds", (uint64_t)file->changed.tv_sec);
        handover_put(writer, "nanoseconds", (uint64_t)file->changed.tv_nsec);
        handover_end_line(writer);
    }
}

void adopt_write_warm_file(struct handover_writer *writer, struct server *server)
{
    for (const struct service *service = server->services; service; service = service->next)
        if (service->warming)
            write_files(writer, service);
}

int adopt_read_warm_file(struct adoption *adoption, struct handover_line *line)
{
    struct warming *warming = find_warming(adoption, line);
    const char *path = handover_text(line, "path", PATH_MAX);
    struct warm_file file = {
        .device = handover_number(line, "device", UINT64_MAX),
        .inode = handover_number(line, "inode", UINT64_MAX),
        .size = (off_t)handover_number(line, "size", INT64_MAX),
        .changed = {.tv_sec = (time_t)handover_number(line, "seconds", INT64_MAX),
                    .tv_nsec = (long)handover_number(line, "nanoseconds", 999999999)}};

    if (!path)
        handover_refuse(line, "it has no path");
    if (handover_check(line) < 0 || !warming)
        return handover_check(line);
    return warm_files_add(&warming->files, path, &file);
}

/* --- who stands there ----------------------------------------------------------------------- */

static void write_parked(struct handover_writer *writer, const struct service *service,
                         const struct warm_child *child, bool is_template)
{
    if (child->reaped)
        return;
    handover_line(writer, "parked");
    handover_put(writer, "service", service->handover_place);
    handover_put(writer, "pid", (uint64_t)child->process.pid);
    handover_put_fd(writer, "fd", child->source.fd);
    handover_put(writer, "since", child->since);
    handover_put(writer, "uses", child->uses);
    handover_put(writer, "template", is_template);
    handover_end_line(writer);
}

void adopt_write_parked(struct handover_writer *writer, struct server *server)
{
    for (const struct service *service = server->services; service; service = service->next) {
        const struct warming *warming = service->warming;

        if (!warming)
            continue;
        for (const struct warm_child *child = warming->ready; child; child = child->next)
            write_parked(writer, service, child, false);
        if (warming->template)
            write_parked(writer, service, warming->template, true);
    }
}

int adopt_read_parked(struct adoption *adoption, struct handover_line *line)
{
    struct warming *warming = find_warming(adoption, line);
    pid_t pid = (pid_t)handover_number(line, "pid", INT_MAX);
    int fd = handover_fd(line, "fd");
    nanoseconds since = handover_number(line, "since", UINT64_MAX);
    uint64_t uses = handover_number(line, "uses", UINT64_MAX);
    bool is_template = handover_flag(line, "template");
    struct warm_child *child;

    /* It will be sent signals: never to ourselves or to everybody. */
    if (pid <= 1 || fd < 0)
        handover_refuse(line, "it is no process, or has no socket");
    if (handover_check(line) < 0 || !adoption->server)
        return handover_check(line);
    if (!warm_link_is_child(pid) || processes_find(&adoption->server->processes, pid))
        return 0;
    /* Not to be used: it ends by itself, unless somebody stopped it. */
    if (!warming) {
        kill(pid, SIGKILL);
        return 0;
    }
    child = calloc(1, sizeof(*child));
    if (!child)
        return -ENOMEM;
    fd = handover_claim(&adoption->handover, fd);
    if (fd < 0) {
        free(child);
        return -EBADF;
    }
    *child = (struct warm_child){
        .warming = warming, .source = {.fd = fd, .owner = child}, .since = since, .uses = uses};
    warm_child_know(child, pid);
    supply_take(warming, child, is_template);
    return 0;
}
