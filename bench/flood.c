/* flood: clients that want nothing but to come: many a second, from many sources, or silent.
 *
 *   flood [-r RATE] [-t SECONDS] [-n CONNECTIONS] [-o OPEN] [-s SOURCE] [-v SOURCES] [-w | -k]
 *         ADDRESS PORT
 *
 * Makes RATE connections a second (0, the default: as many as it can) for SECONDS (10), or until
 * CONNECTIONS (no bound), from SOURCE, or from SOURCES of them in turn: IPv4 addresses from SOURCE
 * on, or IPv6 networks (/64) from SOURCE's on. It never waits for an answer: OPEN (1000) are kept
 * open, and the oldest is reset for the next one, so that no port is left in TIME_WAIT. What became
 * of it is looked at then: answered (it had bytes), closed (its end without any), reset, or nothing
 * yet. With -w each connection's writing side is closed at once, and the oldest is waited for (at
 * most a second): as fast as the server closes them. With -k nothing is reset, the line is printed
 * when all are made, and then it waits for a signal. Prints one line of NAME=VALUE: tried,
 * answered, closed, reset, open, seconds, rate (tried a second). One thread; everything is
 * allocated before the first connection.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE 1000 /* milliseconds for the end of a connection, with -w */

union address {
    struct sockaddr any;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
};

struct flood {
    double rate, seconds;
    uint64_t most, sources;
    size_t open;
    bool wait, keep;
    union address server, source;
    socklen_t length;
    int *fds; /* a ring */
    uint64_t tried, answered, closed, reset, pending;
};

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

/* The address of the next connection: its number is put into the network, or the address. */
static union address source_of(const struct flood *flood)
{
    uint64_t number = flood->tried % flood->sources;
    union address source = flood->source;

    if (source.any.sa_family == AF_INET)
        source.ipv4.sin_addr.s_addr = htonl(ntohl(source.ipv4.sin_addr.s_addr) + (uint32_t)number);
    for (unsigned i = 0; source.any.sa_family == AF_INET6 && i < 4; i++)
        source.ipv6.sin6_addr.s6_addr[7 - i] |= (uint8_t)(number >> (8 * i));
    return source;
}

static int begin(const struct flood *flood)
{
    int fd = socket(flood->server.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool is_ipv6 = flood->server.any.sa_family == AF_INET6;
    union address source = source_of(flood);
    int on = 1;

    if (fd < 0)
        die("socket");
    /* Without the first bind() would choose the port, out of a range that is soon used up. */
    if (flood->source.any.sa_family != AF_UNSPEC &&
        (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)) < 0 ||
         (is_ipv6 && setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &on, sizeof(on)) < 0) ||
         bind(fd, &source.any, flood->length) < 0))
        die("bind");
    /* On loopback it is done in connect() itself, which says EINPROGRESS all the same. A refusal is
     * found at its end. */
    connect(fd, &flood->server.any, flood->length);
    if (flood->wait)
        shutdown(fd, SHUT_WR);
    return fd;
}

static void end(struct flood *flood, int fd)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    struct pollfd poller = {.fd = fd, .events = POLLIN};
    char bytes[256];
    ssize_t got;

    if (flood->wait)
        poll(&poller, 1, PATIENCE);
    got = recv(fd, bytes, sizeof(bytes), 0);
    if (got > 0)
        flood->answered++;
    else if (got == 0)
        flood->closed++;
    else if (errno == EAGAIN)
        flood->pending++;
    else
        flood->reset++;
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(fd);
}

static void next(struct flood *flood)
{
    int *place = &flood->fds[flood->tried % flood->open];

    if (*place >= 0)
        end(flood, *place);
    *place = begin(flood);
    flood->tried++;
}

/* Makes those that are due, a few each millisecond. */
static void run(struct flood *flood)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    double began = now(), passed = 0;

    while (passed < flood->seconds && flood->tried < flood->most) {
        double due = flood->rate > 0 ? flood->rate * passed : (double)flood->tried + 64;

        while ((double)flood->tried < due && flood->tried < flood->most)
            next(flood);
        if (flood->rate > 0)
            nanosleep(&pause, NULL);
        passed = now() - began;
    }
    for (size_t i = 0; !flood->keep && i < flood->open; i++)
        if (flood->fds[i] >= 0)
            end(flood, flood->fds[i]);
    flood->seconds = now() - began;
}

static void read_address(const char *text, union address *ret, socklen_t *ret_length)
{
    memset(ret, 0, sizeof(*ret));
    if (inet_pton(AF_INET, text, &ret->ipv4.sin_addr) == 1) {
        ret->any.sa_family = AF_INET;
        *ret_length = sizeof(ret->ipv4);
    } else if (inet_pton(AF_INET6, text, &ret->ipv6.sin6_addr) == 1) {
        ret->any.sa_family = AF_INET6;
        *ret_length = sizeof(ret->ipv6);
    } else {
        fprintf(stderr, "flood: %s is no address\n", text);
        exit(64);
    }
}

static void read_arguments(struct flood *flood, int argc, char *argv[])
{
    int letter;

    while ((letter = getopt(argc, argv, "r:t:n:o:s:v:wk")) != -1) {
        double number = optarg ? strtod(optarg, NULL) : 0;

        if (letter == 'r')
            flood->rate = number;
        else if (letter == 't')
            flood->seconds = number;
        else if (letter == 'n')
            flood->most = (uint64_t)number;
        else if (letter == 'o')
            flood->open = (size_t)number;
        else if (letter == 's')
            read_address(optarg, &flood->source, &flood->length);
        else if (letter == 'v')
            flood->sources = (uint64_t)number;
        else if (letter == 'w')
            flood->wait = true;
        else if (letter == 'k')
            flood->keep = true;
    }
    if (flood->keep)
        flood->open = flood->most;
    if (argc - optind != 2 || flood->open == 0 || flood->open > 1000000 || flood->sources == 0) {
        fputs("usage: flood [-r RATE] [-t SECONDS] [-n CONNECTIONS] [-o OPEN] [-s SOURCE] "
              "[-v SOURCES] [-w | -k] ADDRESS PORT\n",
              stderr);
        exit(64);
    }
    read_address(argv[optind], &flood->server, &flood->length);
    /* Both families have it in one place. */
    flood->server.ipv4.sin_port = htons((uint16_t)strtoul(argv[optind + 1], NULL, 10));
}

int main(int argc, char *argv[])
{
    struct flood flood = {.seconds = 10, .most = UINT64_MAX, .open = 1000, .sources = 1};

    read_arguments(&flood, argc, argv);
    flood.fds = malloc(flood.open * sizeof(*flood.fds));
    if (!flood.fds)
        die("flood");
    for (size_t i = 0; i < flood.open; i++)
        flood.fds[i] = -1;
    run(&flood);
    printf("tried=%llu answered=%llu closed=%llu reset=%llu open=%llu seconds=%.3f rate=%.0f\n",
           (unsigned long long)flood.tried, (unsigned long long)flood.answered,
           (unsigned long long)flood.closed, (unsigned long long)flood.reset,
           (unsigned long long)flood.pending, flood.seconds, (double)flood.tried / flood.seconds);
    fflush(stdout);
    if (flood.keep)
        pause();
    return 0;
}
