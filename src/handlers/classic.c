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

static int answer_stream(datagram_answer *answer)
{
    static char bytes[DATAGRAM_SIZE];
    long length = answer(bytes, 0);

    return length < 0 ? -EOVERFLOW
                      : stream_write(STDOUT_FILENO, bytes, (size_t)length,
                                     stream_deadline(STREAM_ANSWER_TIME));
}

static int serve(const struct classic_service *service)
{
    int type = 0, error;
    socklen_t length = sizeof(type);

    if (getsockopt(STDIN_FILENO, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_DGRAM)
        return datagram_serve(STDIN_FILENO, service->answer_datagram);
    error =
        service->serve_stream ? service->serve_stream() : answer_stream(service->answer_datagram);
    if (error == 0)
        stream_finish();
    return stream_is_gone(error) ? 0 : error;
}

int classic_main(const struct classic_service *service, int argc, char *argv[])
{
    struct usage usage = {.name = service->name, .operands = "", .purpose = service->purpose};
    int error;

    usage_parse(&usage, argc, argv);
    error = stream_ignore_sigpipe();
    if (error == 0)
        error = serve(service);
    if (error < 0)
        return usage_fail(&usage, EXIT_SYSTEM, "%s", strerror(-error));
    return EXIT_SUCCESS;
}
