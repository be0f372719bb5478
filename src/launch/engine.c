/* engine: see engine.h, and launcher_close_connection of launcher.h. */
#include "launch/engine.h"

#include <sys/socket.h>

#include "base/fd.h"
#include "base/stranger.h"

/* Whether our close may wait, were it the last one. */
static bool lingers(int fd)
{
    struct linger linger;
    socklen_t length = sizeof(linger);

    return getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &length) == 0 && linger.l_onoff &&
           linger.l_linger > 0;
}

/* The handler may have run already, set SO_LINGER and left: then our close is the last one. Asked
 * first, since the alarm of stranger_close costs 8 microseconds (measured, on a virtual machine): a
 * quarter of a start. A handler that does both, unseen, between these two calls would have to know
 * when they come, and nothing tells it. Without a time to wait it is its wish to reset, and stays.
 */
void launcher_close_connection(int fd)
{
    if (lingers(fd))
        stranger_close(fd, false);
    else
        fd_close(fd);
}

void engine_give_back(struct engine *engine, const struct launch_connection *connection)
{
    /* One that is lent is open here too, and its options are its handler's. */
    if (connection->lent_name)
        fd_close(connection->fd);
    else
        launcher_close_connection(connection->fd);
    engine->given_back++;
}
