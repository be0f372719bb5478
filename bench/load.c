/* load: clients for the benchmarks: connect, first byte, end of the stream; and again.
 *
 *   load [-c AT_ONCE] [-n CONNECTIONS] [-s SOURCES | -a SOURCE] [-p MILLISECONDS] [-r TEXT]
 *        [-f | -k] ADDRESS PORT
 *
 * Keeps AT_ONCE connections open until CONNECTIONS are done, from SOURCES addresses in turn
 * (127.0.0.1, 127.0.0.2 …), or from the address SOURCE, which may be IPv6. With -p it does nothing
 * for so long after each of them. With -r it sends TEXT first and closes its writing side. An error
 * is a connection that could not be made, was reset, ended without a byte, or gave nothing for 10
 * s. With -k a connection is done with its first byte and kept open, until the end of load itself,
 * which then waits for a signal. Prints one line of NAME=VALUE: connections, errors, seconds, rate
 * (answered a second), and of the answered ones, in microseconds from before connect(), first_p50,
 * first_p99, end_p50, end_p99. One thread, epoll; everything is allocated before the first
 * connection.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE 10 /* seconds without anything from any connection */

struct client {
    int fd;
    double began, first; /* seconds; first 0: nothing came yet */
};

union address {
    struct sockaddr any;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
};

struct load {
    unsigned at_once, connections, sources, pause;
    bool first_byte, keep;
    const char *request;
    union address server, source; /* source: AF_UNSPEC unless -a */
    int epoll_fd;
    struct client *clients;
    unsigned started, finished, answered, errors;
    double *first, *end; /* of those answered */
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

static socklen_t length_of(const union address *address)
{
    return address->any.sa_family == AF_INET6 ? sizeof(address->ipv6) : sizeof(address->ipv4);
}

/* Without the option bind() would choose the port, out of a range that is soon used up. */
static void bind_source(const struct load *load, int fd)
{
    union address source = load->source;
    int on = 1;

    if (source.any.sa_family == AF_UNSPEC && load->sources == 1)
        return;
    if (source.any.sa_family == AF_UNSPEC) {
        source.ipv4.sin_family = AF_INET;
        source.ipv4.sin_addr.s_addr = htonl(INADDR_LOOPBACK + load->started % load->sources);
    }
    if (source.any.sa_family == AF_INET6 &&
        setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &on, sizeof(on)) < 0)
        die("IPV6_FREEBIND");
    if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)) < 0 ||
        bind(fd, &source.any, length_of(&source)) < 0)
        die("bind");
}

/* Begins the next connection in client's place; false where it could not even be begun. */
static bool begin(struct load *load, struct client *client)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = client};
    int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;

    *client = (struct client){.fd = socket(load->server.any.sa_family, type, 0)};
    if (client->fd < 0)
        die("socket");
    client->began = now();
    bind_source(load, client->fd);
    load->started++;
    if (connect(client->fd, &load->server.any, length_of(&load->server)) < 0 &&
        errno != EINPROGRESS)
        return false;
    if (epoll_ctl(load->epoll_fd, EPOLL_CTL_ADD, client->fd, &event) < 0)
        die("epoll_ctl");
    return true;
}

static void finish(struct load *load, struct client *client, bool good)
{
    if (good) {
        load->first[load->answered] = client->first - client->began;
        load->end[load->answered++] = now() - client->began;
    } else {
        load->errors++;
    }
    load->finished++;
    if (good && load->keep) {
        epoll_ctl(load->epoll_fd, EPOLL_CTL_DEL, client->fd, NULL);
        client = &load->clients[load->at_once++];
    } else {
        close(client->fd);
    }
    client->fd = -1;
    if (load->pause > 0)
        usleep(load->pause * 1000);
    while (load->started < load->connections && !begin(load, client)) {
        load->errors++;
        load->finished++;
        close(client->fd);
        client->fd = -1;
    }
}

static void send_request(struct load *load, struct client *client)
{
    size_t length = strlen(load->request);

    if (send(client->fd, load->request, length, MSG_NOSIGNAL) == (ssize_t)length)
        shutdown(client->fd, SHUT_WR);
}

static void take(struct load *load, struct client *client, uint32_t events)
{
    char bytes[4096];
    ssize_t got;

    if (load->request && (events & EPOLLOUT) && client->first == 0)
        send_request(load, client);
    if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
        return;
    while ((got = recv(client->fd, bytes, sizeof(bytes), 0)) > 0)
        if (client->first == 0)
            client->first = now();
    if (load->first_byte && client->first > 0)
        finish(load, client, true);
    else if (got == 0 || errno != EAGAIN)
        finish(load, client, got == 0 && client->first > 0);
}

static void run(struct load *load)
{
    struct epoll_event events[256];

    unsigned at_once = load->at_once;

    for (unsigned i = 0; i < at_once && load->started < load->connections; i++)
        if (!begin(load, &load->clients[i]))
            finish(load, &load->clients[i], false);
    while (load->finished < load->connections) {
        int count = epoll_wait(load->epoll_fd, events, 256, PATIENCE * 1000);

        if (count == 0)
            for (unsigned i = 0; i < load->at_once; i++)
                if (load->clients[i].fd >= 0 && (!load->keep || load->clients[i].first == 0))
                    finish(load, &load->clients[i], false);
        for (int i = 0; i < count; i++)
            take(load, events[i].data.ptr, events[i].events);
    }
}

static int compare(const void *one, const void *other)
{
    double left = *(const double *)one, right = *(const double *)other;

    return left < right ? -1 : left > right;
}

/* The quantile in microseconds; 0 where nothing was answered. */
static double quantile(double *values, unsigned count, double which)
{
    if (count == 0)
        return 0;
    qsort(values, count, sizeof(*values), compare);
    return values[(unsigned)((double)(count - 1) * which)] * 1e6;
}

static bool read_address(const char *text, union address *ret)
{
    if (inet_pton(AF_INET, text, &ret->ipv4.sin_addr) == 1)
        ret->any.sa_family = AF_INET;
    else if (inet_pton(AF_INET6, text, &ret->ipv6.sin6_addr) == 1)
        ret->any.sa_family = AF_INET6;
    return ret->any.sa_family != AF_UNSPEC;
}

static void read_arguments(struct load *load, int argc, char *argv[])
{
    int letter;

    while ((letter = getopt(argc, argv, "c:n:s:a:p:r:fk")) != -1) {
        unsigned number = optarg ? (unsigned)strtoul(optarg, NULL, 10) : 0;

        if (letter == 'c')
            load->at_once = number;
        else if (letter == 'n')
            load->connections = number;
        else if (letter == 's')
            load->sources = number;
        else if (letter == 'a')
            read_address(optarg, &load->source);
        else if (letter == 'p')
            load->pause = number;
        else if (letter == 'r')
            load->request = optarg;
        else if (letter == 'f')
            load->first_byte = true;
        else if (letter == 'k')
            load->first_byte = load->keep = true;
    }
    if (argc - optind != 2 || load->at_once == 0 || load->sources == 0 ||
        !read_address(argv[optind], &load->server)) {
        fputs("usage: load [-c AT_ONCE] [-n CONNECTIONS] [-s SOURCES | -a SOURCE] "
              "[-p MILLISECONDS] [-r TEXT] [-f | -k] ADDRESS PORT\n",
              stderr);
        exit(64);
    }
    /* Both families have it in one place. */
    load->server.ipv4.sin_port = htons((uint16_t)strtoul(argv[optind + 1], NULL, 10));
}

int main(int argc, char *argv[])
{
    struct load load = {.at_once = 1, .connections = 1000, .sources = 1};
    double began, seconds;

    read_arguments(&load, argc, argv);
    load.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    load.clients = calloc(load.at_once + (load.keep ? load.connections : 0), sizeof(*load.clients));
    load.first = calloc(load.connections + 1, sizeof(*load.first));
    load.end = calloc(load.connections + 1, sizeof(*load.end));
    if (load.epoll_fd < 0 || !load.clients || !load.first || !load.end)
        die("load");
    for (unsigned i = 0; i < load.at_once + (load.keep ? load.connections : 0); i++)
        load.clients[i].fd = -1;
    began = now();
    run(&load);
    seconds = now() - began;
    printf("connections=%u errors=%u seconds=%.3f rate=%.0f first_p50=%.0f first_p99=%.0f "
           "end_p50=%.0f end_p99=%.0f\n",
           load.connections, load.errors, seconds, load.answered / seconds,
           quantile(load.first, load.answered, 0.5), quantile(load.first, load.answered, 0.99),
           quantile(load.end, load.answered, 0.5), quantile(load.end, load.answered, 0.99));
    fflush(stdout);
    if (load.keep)
        pause();
    return 0;
}
