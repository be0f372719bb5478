/* warm: the warm handlers that stand ready, which are carried over. Rows of adoption.c's
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
#include "carry/adoption.h"
#include "connection/connections.h"
#include "pool/parts.h"
#include "warm/link.h"

/* --- what a service has --------------------------------------------------------------------- */

/* Where they stand: a call's number from 2 on, as 0 isn't written, and 1 is the entry. */
#define CALL_OFFSET 2

struct warming_left {
    struct warming warming;
    uint64_t service, fingerprint;
    uint32_t protocol, call;
    const char *why;
};

static const struct record_field warming_fields[] = {
    {"service", RECORD_NUMBER, LEFT(warming, service)},
    {"protocol", RECORD_NUMBER, LEFT(warming, protocol)},
    {"fingerprint", RECORD_NUMBER, LEFT(warming, fingerprint)},
    {"stderr-inode", RECORD_NUMBER, LEFT(warming, warming.stderr_inode)},
    {"connections", RECORD_NUMBER, LEFT(warming, warming.connection_serial)},
    {"served", RECORD_NUMBER, LEFT(warming, warming.served)},
    {"colds", RECORD_NUMBER, LEFT(warming, warming.colds)},
    {"call", RECORD_NUMBER, LEFT(warming, call), .most = INT_MAX},
    {"why", RECORD_TEXT, LEFT(warming, why), .most = WARM_WHY_SIZE},
};

static void collect_warming(struct handover_writer *writer, const struct carried *carried)
{
    for (const struct service *service = carried->services->first; service;
         service = service->next) {
        const struct warming *warming = service->warming;
        struct warming_left left = {.service = service->handover_place, .protocol = WARM_PROTOCOL};

        if (!warming || !warming->is_possible)
            continue;
        left.warming = *warming;
        left.fingerprint = warming_fingerprint(warming);
        left.call = warming->was_parked ? (uint32_t)(warming->call + CALL_OFFSET) : 0;
        left.why = warming->why;
        record_write(writer, &adopt_warming.record, &left);
    }
}

static int apply_warming(struct adoption *adoption, const void *values)
{
    const struct warming_left *left = values;
    struct service *service = adoption_find_service(adoption, left->service);
    struct warming *warming = NULL;

    if (service && left->protocol == WARM_PROTOCOL)
        warming = warming_resume(adoption->carried->pools, service, left->fingerprint);
    if (!warming) /* it is made anew by whoever calls warming_adapt */
        return 0;
    record_copy(&adopt_warming.record, left, warming, sizeof(*warming));
    warming->was_parked = left->call > 0;
    warming->call = (int)left->call - CALL_OFFSET;
    if (left->why)
        snprintf(warming->why, sizeof(warming->why), "%s", left->why);
    memcpy(warming->said, warming->why, sizeof(warming->said));
    return 0;
}

ADOPTION_SECTION(warming, "warming", ADOPTION_OF_SERVICES, struct warming_left, NULL);

/* What lines tell of is there only where all of it can be used. */
static struct warming *find_warming(const struct adoption *adoption, uint64_t place)
{
    const struct service *service = adoption_find_service(adoption, place);

    return service ? service->warming : NULL;
}

struct warm_file_left {
    uint64_t service;
    struct warm_file file;
};

static const struct record_field warm_file_fields[] = {
    {"service", RECORD_NUMBER, LEFT(warm_file, service)},
    {"path", RECORD_TEXT, LEFT(warm_file, file.path), .most = PATH_MAX, .missing = "has no path"},
    {"device", RECORD_NUMBER, LEFT(warm_file, file.device)},
    {"inode", RECORD_NUMBER, LEFT(warm_file, file.inode)},
    {"size", RECORD_NUMBER, LEFT(warm_file, file.size), .most = INT64_MAX},
    {"seconds", RECORD_NUMBER, LEFT(warm_file, file.changed.tv_sec), .most = INT64_MAX},
    {"nanoseconds", RECORD_NUMBER, LEFT(warm_file, file.changed.tv_nsec), .most = 999999999},
};

static void collect_warm_file(struct handover_writer *writer, const struct carried *carried)
{
    for (const struct service *service = carried->services->first; service; service = service->next)
        for (size_t i = 0; service->warming && i < service->warming->files.count; i++) {
            struct warm_file_left left = {service->handover_place,
                                          service->warming->files.items[i]};

            record_write(writer, &adopt_warm_file.record, &left);
        }
}

static int apply_warm_file(struct adoption *adoption, const void *values)
{
    const struct warm_file_left *left = values;
    struct warming *warming = find_warming(adoption, left->service);

    return warming ? warm_files_add(&warming->files, left->file.path, &left->file) : 0;
}

ADOPTION_SECTION(warm_file, "warm-file", ADOPTION_OF_SERVICES, struct warm_file_left, NULL);

/* --- who stands there ----------------------------------------------------------------------- */

struct parked_left {
    struct warm_child child;
    uint64_t service;
    bool is_template;
};

#define NOT_PARKED "is not a process, or has no socket"

static const struct record_field parked_fields[] = {
    {"service", RECORD_NUMBER, LEFT(parked, service)},
    {"pid", RECORD_NUMBER, LEFT(parked, child.process.pid), .most = INT_MAX, .missing = NOT_PARKED},
    {"fd", RECORD_FD, LEFT(parked, child.source.fd), .missing = NOT_PARKED},
    {"since", RECORD_NUMBER, LEFT(parked, child.since)},
    {"uses", RECORD_NUMBER, LEFT(parked, child.uses)},
    {"template", RECORD_FLAG, LEFT(parked, is_template)},
};

/* It will be sent signals: never to ourselves or to everybody. */
static void check_parked(struct handover_line *line, const void *values)
{
    if (((const struct parked_left *)values)->child.process.pid <= 1)
        handover_refuse(line, NOT_PARKED);
}

static void collect_parked(struct handover_writer *writer, const struct carried *carried)
{
    for (const struct service *service = carried->services->first; service;
         service = service->next) {
        const struct warming *warming = service->warming;
        const struct warm_child *child = warming ? warming->ready : NULL;
        struct parked_left left = {.service = service->handover_place};

        for (; child; child = child->next) {
            left.child = *child;
            if (!child->reaped)
                record_write(writer, &adopt_parked.record, &left);
        }
        if (!warming || !warming->template || warming->template->reaped)
            continue;
        left.child = *warming->template;
        left.is_template = true;
        record_write(writer, &adopt_parked.record, &left);
    }
}

static int apply_parked(struct adoption *adoption, const void *values)
{
    const struct parked_left *left = values;
    struct warming *warming = find_warming(adoption, left->service);
    pid_t pid = left->child.process.pid;
    struct warm_child *child;

    if (!warm_link_is_child(pid) || processes_find(adoption->carried->connections->processes, pid))
        return 0;
    /* Not to be used: it ends by itself, unless somebody stopped it. */
    if (!warming) {
        kill(pid, SIGKILL);
        return 0;
    }
    child = calloc(1, sizeof(*child));
    if (!child)
        return -ENOMEM;
    if (handover_claim(&adoption->handover, left->child.source.fd) < 0) {
        free(child);
        return -EBADF;
    }
    *child = (struct warm_child){.warming = warming,
                                 .source = {.fd = left->child.source.fd, .owner = child},
                                 .since = left->child.since,
                                 .uses = left->child.uses};
    warm_child_know(child, pid);
    supply_take(warming, child, left->is_template);
    return 0;
}

ADOPTION_SECTION(parked, "parked", ADOPTION_OF_SERVICES, struct parked_left, check_parked);
