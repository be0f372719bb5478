/* time: the seconds since 1900 as four bytes, the highest first (RFC 868). They overflow in 2036;
 * the protocol knows no more of them. Four bytes are also what an empty datagram is answered with.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "handlers/classic.h"
#include "handlers/stream.h"

/* From 1900-01-01 to 1970-01-01: 70 years, 17 of them leap years. */
#define SECONDS_BEFORE_1970 ((uint64_t)(70 * 365 + 17) * 86400)

static uint32_t read_clock(void)
{
    return htonl((uint32_t)((uint64_t)time(NULL) + SECONDS_BEFORE_1970));
}

static int time_stream(void)
{
    uint32_t seconds = read_clock();

    return stream_write(STDOUT_FILENO, &seconds, sizeof(seconds));
}

static long time_datagram(char bytes[static DATAGRAM_SIZE], size_t size)
{
    uint32_t seconds = read_clock();

    (void)size;
    memcpy(bytes, &seconds, sizeof(seconds));
    return sizeof(seconds);
}

int main(int argc, char *argv[])
{
    static const struct classic_service service = {
        .name = "time",
        .purpose = "Tells the seconds since 1900 in binary (RFC 868), on a stream or to datagrams.",
        .serve_stream = time_stream,
        .answer_datagram = time_datagram,
    };

    return classic_main(&service, argc, argv);
}
