/* control: the control socket that is carried over, and its clients: who ordered the upgrade
 * is answered by the new build. Rows of adoption.c's table. */
#include <errno.h>

#include "base/stranger.h"
#include "carry/adoption.h"
#include "connection/connections.h"
#include "control/client.h"
#include "control/control.h"

/* --- the socket ----------------------------------------------------------------------------- */

static const struct record_field control_fields[] = {
    {"path", RECORD_TEXT, LEFT(control, path), .most = ENDPOINT_PATH_MAX},
    {"group", RECORD_NUMBER, LEFT(control, group)},
    {"error", RECORD_NUMBER, LEFT(control, error), .most = 4095},
    {"fd", RECORD_FD, LEFT(control, fd)},
    {"device", RECORD_NUMBER, LEFT(control, device)},
    {"inode", RECORD_NUMBER, LEFT(control, inode)},
};

static void collect_control(struct handover_writer *writer, const struct carried *carried)
{
    struct control_left left;

    if (!carried->control)
        return;
    control_leave(carried->control, &left);
    record_write(writer, &adopt_control.record, &left);
}

static int apply_control(struct adoption *adoption, const void *values)
{
    const struct control_left *left = values;

    if (!left->path || !adoption->carried->control)
        return 0;
    if (left->fd >= 0 && handover_claim(&adoption->handover, left->fd) < 0)
        return -EBADF;
    return control_go_on(adoption->carried->control, left);
}

ADOPTION_SECTION(control, "control", ADOPTION_OF_SERVICES, struct control_left, NULL);

/* --- its clients ---------------------------------------------------------------------------- */

struct client_left {
    struct control_client_left client;
    uint64_t draining; /* the place of the service that it waits for, and 1; 0: none */
};

#define NOBODY "names no client"

static const struct record_field control_client_fields[] = {
    {"fd", RECORD_FD, LEFT(client, client.fd), .missing = NOBODY},
    {"peer", RECORD_ADDR, LEFT(client, client.peer), .missing = NOBODY},
    {"ended", RECORD_FLAG, LEFT(client, client.ended)},
    {"upgrading", RECORD_FLAG, LEFT(client, client.upgrading)},
    {"draining", RECORD_NUMBER, LEFT(client, draining)},
    {"input", RECORD_BYTES, LEFT(client, client.input), .most = CONTROL_LINE},
};

static void check_client(struct handover_line *line, const void *values)
{
    if (((const struct client_left *)values)->client.peer.family != ADDR_UNIX)
        handover_refuse(line, NOBODY);
}

static void collect_control_client(struct handover_writer *writer, const struct carried *carried)
{
    for (size_t i = 0; carried->control && i < CONTROL_CLIENTS; i++) {
        const struct control_client *client = control_client_at(carried->control, i);
        struct client_left left = {0};

        if (client->source.fd < 0 || !control_client_leave(client, &left.client))
            continue;
        if (client->draining)
            left.draining = client->draining->handover_place + 1;
        record_write(writer, &adopt_control_client.record, &left);
    }
}

static int apply_control_client(struct adoption *adoption, const void *values)
{
    const struct client_left *left = values;
    struct service *draining = adoption_find_service(adoption, left->draining - 1);
    int error;

    if (!adoption->carried->control)
        return 0;
    if (handover_claim(&adoption->handover, left->client.fd) < 0)
        return -EBADF;
    error = control_go_on_client(adoption->carried->control, &left->client, draining);
    if (error < 0)
        stranger_close(left->client.fd, true);
    return error;
}

ADOPTION_SECTION(control_client, "control-client", ADOPTION_OF_SERVICES, struct client_left,
                 check_client);
