/* classic: see classic.h. */
#include "handlers/classic.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "handlers/stream.h"
#include "handlers/usage.h"

/* A socket's option as a number; 0 where fd is no socket. */
static int socket_fact(int fd, int option)
{
    int value = 0;
    socklen_t length = sizeof(value);

    return getsockopt(fd, SOL_SOCKET, option, &value, &length) < 0 ? 0 : value;
}

static int serve(const struct classic_service *service)
{
    int error;

    if (socket_fact(STDIN_FILENO, SO_TYPE) == SOCK_DGRAM)
        return datagram_serve(STDIN_FILENO, service->answer_datagram);
    error = service->serve_stream();
    if (error == 0)
        stream_finish();
    return stream_is_gone(error) ? 0 : error;
}

int classic_main(const struct classic_service *service, int argc, char *argv[])
{
    struct usage usage = {.name = service->name, .operands = "", .purpose = service->purpose};
    int error;

    usage_parse(&usage, argc, argv);
    if (socket_fact(STDIN_FILENO, SO_ACCEPTCONN))
        return usage_fail(&usage, EXIT_USAGE,
                          "standard input is a listening socket, no connection");
    error = stream_ignore_sigpipe();
    if (error == 0)
        error = serve(service);
    if (error < 0)
        return usage_fail(&usage, EXIT_SYSTEM, "%s", strerror(-error));
    return EXIT_SUCCESS;
}
