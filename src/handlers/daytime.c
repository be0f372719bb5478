/* daytime: the local time as a line of text (RFC 867), in ctime(3)'s form, as BSD's inetd has it
 * and clients have learnt to read. 26 bytes: what the protocol needs, also to an empty datagram. */
#include <time.h>

#include "handlers/classic.h"

/* No setlocale: always English. */
static long daytime_answer(char bytes[static DATAGRAM_SIZE], size_t size)
{
    time_t now = time(NULL);
    struct tm local;

    (void)size;
    if (!localtime_r(&now, &local))
        return -1;
    return (long)strftime(bytes, DATAGRAM_SIZE, "%a %b %e %H:%M:%S %Y\r\n", &local);
}

int main(int argc, char *argv[])
{
    static const struct classic_service service = {
        .name = "daytime",
        .purpose = "Sends the local time as a line (RFC 867), on a stream or to datagrams.",
        .answer_datagram = daytime_answer,
    };

    return classic_main(&service, argc, argv);
}
