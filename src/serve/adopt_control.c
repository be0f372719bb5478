/* adopt_control: the control socket that is carried over, and its clients: who ordered the upgrade
 * is answered by the new build. Rows of adoption.c's table; what stands in the lines is control.c's
 * and control_client.c's. */
#include <errno.h>

#include "serve/adoption.h"
#include "serve/control.h"
#include "serve/server.h"

void adopt_write_control(struct handover_writer *writer, struct server *server)
{
    if (server->control)
        control_hand_over(server->control, writer);
}

int adopt_read_control(struct adoption *adoption, struct handover_line *line)
{
    return control_take_over(adoption->server ? adoption->server->control : NULL, line);
}

void adopt_write_control_client(struct handover_writer *writer, struct server *server)
{
    if (server->control)
        control_hand_over_clients(server->control, writer);
}

int adopt_read_control_client(struct adoption *adoption, struct handover_line *line)
{
    struct service *draining = NULL;
    uint64_t place = handover_number(line, "draining", SIZE_MAX);

    if (place > 0)
        draining = adoption_find_service(adoption, place - 1);
    return control_take_over_client(adoption->server ? adoption->server->control : NULL, line,
                                    draining);
}
