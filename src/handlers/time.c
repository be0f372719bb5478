/* time: the seconds since 1900 as four bytes, the highest first (RFC 868). They overflow in 2036;
 * the protocol knows no more of them. Four bytes are also what an empty datagram is answered with.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "handlers/classic.h"

/* From 1900-01-01 to 1970-01-01: 70 years, 17 of them leap years. */
#define SECONDS_BEFORE_1970 ((uint64_t)(70 * 365 + 17) * 86400)

static long time_answer(char bytes[static DATAGRAM_SIZE], size_t size)
{
    uint32_t seconds = htonl((uint32_t)((uint64_t)time(NULL) + SECONDS_BEFORE_1970));

    (void)size;
    memcpy(bytes, &seconds, sizeof(seconds));
    return sizeof(seconds);
}

int main(int argc, char *argv[])
{
    static const struct classic_service service = {
        .name = "time",
        .purpose = "Sends the seconds since 1900 in binary (RFC 868), on a stream or to datagrams.",
        .answer_datagram = time_answer,
    };

    return classic_main(&service, argc, argv);
}
