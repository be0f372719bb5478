/* daytime: the local time as a line of text (RFC 867), in ctime(3)'s form, as BSD's inetd has it
 * and clients have learnt to read. 26 bytes: what the protocol needs, also to an empty datagram. */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "handlers/classic.h"
#include "handlers/stream.h"

#define LINE_SIZE 64

/* No setlocale: always English. Returns the length, or -errno. */
static int format_line(char line[static LINE_SIZE])
{
    time_t now = time(NULL);
    struct tm local;
    size_t length;

    if (!localtime_r(&now, &local))
        return -errno;
    length = strftime(line, LINE_SIZE, "%a %b %e %H:%M:%S %Y\r\n", &local);
    return length > 0 ? (int)length : -EOVERFLOW;
}

static int daytime_stream(void)
{
    char line[LINE_SIZE];
    int length = format_line(line);

    return length < 0 ? length : stream_write(STDOUT_FILENO, line, (size_t)length);
}

static long daytime_datagram(char bytes[static DATAGRAM_SIZE], size_t size)
{
    char line[LINE_SIZE];
    int length = format_line(line);

    (void)size;
    if (length < 0)
        return -1;
    memcpy(bytes, line, (size_t)length);
    return length;
}

int main(int argc, char *argv[])
{
    static const struct classic_service service = {
        .name = "daytime",
        .purpose = "Tells the local time as a line (RFC 867), on a stream or to datagrams.",
        .serve_stream = daytime_stream,
        .answer_datagram = daytime_datagram,
    };

    return classic_main(&service, argc, argv);
}
