/* discard: what comes is thrown away, and nothing is ever said (RFC 863). */
#include <unistd.h>

#include "handlers/classic.h"
#include "handlers/stream.h"

static int discard_stream(void)
{
    static char bytes[65536];
    ssize_t got;

    do
        got = stream_read(STDIN_FILENO, bytes, sizeof(bytes), STREAM_NO_DEADLINE);
    while (got > 0);
    return (int)got;
}

static long discard_datagram(char bytes[static DATAGRAM_SIZE], size_t size)
{
    (void)bytes;
    (void)size;
    return -1;
}

int main(int argc, char *argv[])
{
    static const struct classic_service service = {
        .name = "discard",
        .purpose = "Discards all input (RFC 863), from a stream or from datagrams.",
        .serve_stream = discard_stream,
        .answer_datagram = discard_datagram,
    };

    return classic_main(&service, argc, argv);
}
