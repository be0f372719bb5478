/* chargen: lines of characters, on and on (RFC 864), in the pattern that the RFC shows.
 *
 * On a stream until the client goes. What the client sends is thrown away at the same time, so that
 * one that writes before it reads isn't stuck with us. A datagram is answered with as many
 * characters as it has bytes, at most the 512 of the RFC: whoever forges a source gets no more out
 * of us than what he puts in. (The RFC's random length made chargen a weapon.)
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "handlers/classic.h"
#include "handlers/stream.h"

#define FIRST_CHARACTER ' '
#define CHARACTERS      95 /* that are printable */
#define LINE_CHARACTERS 72
#define LINE_LENGTH     (LINE_CHARACTERS + 2)
#define CYCLE_LENGTH    (CHARACTERS * LINE_LENGTH) /* then the lines begin anew */
#define ANSWER_MAX      512

static void fill_cycle(char cycle[static CYCLE_LENGTH])
{
    for (int line = 0; line < CHARACTERS; line++) {
        for (int i = 0; i < LINE_CHARACTERS; i++)
            *cycle++ = (char)(FIRST_CHARACTER + (line + i) % CHARACTERS);
        *cycle++ = '\r';
        *cycle++ = '\n';
    }
}

/* Reads something away. The end of the input is not the end of the client: it is no longer watched
 * then. Returns 0 or -errno. */
static int read_away(struct pollfd *input)
{
    char bytes[4096];
    ssize_t got = stream_read_some(input->fd, bytes, sizeof(bytes));

    if (got == 0)
        input->fd = -1;
    return got < 0 && got != -EAGAIN ? (int)got : 0;
}

static int chargen_stream(void)
{
    static char cycle[CYCLE_LENGTH];
    struct pollfd fds[2] = {{.fd = STDIN_FILENO, .events = POLLIN},
                            {.fd = STDOUT_FILENO, .events = POLLOUT}};
    size_t at = 0;
    int error = 0;

    fill_cycle(cycle);
    while (error == 0) {
        if (poll(fds, 2, -1) < 0) {
            error = errno == EINTR ? 0 : -errno;
            continue;
        }
        if (fds[0].revents)
            error = read_away(&fds[0]);
        if (error == 0 && fds[1].revents) {
            ssize_t put = stream_write_some(STDOUT_FILENO, cycle + at, CYCLE_LENGTH - at);

            if (put > 0)
                at = (at + (size_t)put) % CYCLE_LENGTH;
            else if (put != -EAGAIN)
                error = (int)put;
        }
    }
    return error;
}

static long chargen_datagram(char bytes[static DATAGRAM_SIZE], size_t size)
{
    static char cycle[CYCLE_LENGTH];
    static size_t line; /* each answer begins with another */
    size_t length = size < ANSWER_MAX ? size : ANSWER_MAX, start, first;

    if (cycle[0] == '\0')
        fill_cycle(cycle);
    start = line * LINE_LENGTH;
    first = CYCLE_LENGTH - start < length ? CYCLE_LENGTH - start : length;
    memcpy(bytes, cycle + start, first);
    memcpy(bytes + first, cycle, length - first);
    line = (line + 1) % CHARACTERS;
    return (long)length;
}

int main(int argc, char *argv[])
{
    static const struct classic_service service = {
        .name = "chargen",
        .purpose = "Sends characters (RFC 864), on a stream or to datagrams.",
        .serve_stream = chargen_stream,
        .answer_datagram = chargen_datagram,
    };

    return classic_main(&service, argc, argv);
}
