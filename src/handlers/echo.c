/* echo: what comes goes back (RFC 862). A datagram comes back as it is, which amplifies nothing. */
#include <unistd.h>

#include "handlers/classic.h"
#include "handlers/stream.h"

/* Reads only when all before is written: a client that doesn't read is stopped by its own window.
 */
static int echo_stream(void)
{
    static char bytes[65536];

    for (;;) {
        ssize_t got = stream_read(STDIN_FILENO, bytes, sizeof(bytes), STREAM_NO_DEADLINE);
        int error;

        if (got <= 0)
            return (int)got;
        error = stream_write(STDOUT_FILENO, bytes, (size_t)got, STREAM_NO_DEADLINE);
        if (error < 0)
            return error;
    }
}

static long echo_datagram(char bytes[static DATAGRAM_SIZE], size_t size)
{
    (void)bytes;
    return (long)size;
}

int main(int argc, char *argv[])
{
    static const struct classic_service service = {
        .name = "echo",
        .purpose = "Sends back all input (RFC 862), on a stream or to datagrams.",
        .serve_stream = echo_stream,
        .answer_datagram = echo_datagram,
    };

    return classic_main(&service, argc, argv);
}
