/* relay: passes the connection on to another address, in both directions.
 *
 * Here: the command line, and the PROXY header that tells the target whose connection it is.
 * target.c finds the way, exchange.c passes the bytes; nothing of them is looked at. A target that
 * can't be reached is said on stderr and is exit status 1, so that the super-server can count it.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/clock.h"
#include "base/value.h"
#include "handlers/exchange.h"
#include "handlers/proxy_header.h"
#include "handlers/stream.h"
#include "handlers/target.h"
#include "handlers/usage.h"

#define EXIT_CONNECT 1 /* the target could not be reached */

static const char *const proxy_names[] = {"none", "v1", "v2", NULL}; /* as enum proxy_version */

struct settings {
    int proxy;
    nanoseconds connect_timeout, idle_timeout;
};

/* One end as the environment tells it (UCSPI): where a proxy's header told the super-server whose
 * the connection really is, the socket doesn't know. */
static bool read_told(const char *host_name, const char *port_name, struct addr *ret)
{
    const char *host = getenv(host_name), *port = getenv(port_name);
    long number;

    if (!host || !port || addr_parse_host(host, ret) < 0 ||
        value_parse_integer(port, 0, 65535, &number) < 0)
        return false;
    ret->port = (uint16_t)number;
    return true;
}

/* Both ends as the socket has them; what isn't known is ADDR_NONE. */
static void read_names(struct addr *ret_client, struct addr *ret_server)
{
    struct sockaddr_storage name;
    struct sockaddr *generic = (struct sockaddr *)&name;
    socklen_t length = sizeof(name);

    *ret_client = *ret_server = (struct addr){.family = ADDR_NONE};
    if (getpeername(STDIN_FILENO, generic, &length) == 0)
        addr_from_sockaddr(generic, length, ret_client);
    length = sizeof(name);
    if (getsockname(STDIN_FILENO, generic, &length) == 0)
        addr_from_sockaddr(generic, length, ret_server);
}

/* The first bytes of a fresh connection: they always fit into its buffer. */
static int send_header(int target, enum proxy_version version)
{
    char header[PROXY_HEADER_SIZE];
    struct addr client, server;
    size_t length;

    if (!read_told("TCPREMOTEIP", "TCPREMOTEPORT", &client) ||
        !read_told("TCPLOCALIP", "TCPLOCALPORT", &server))
        read_names(&client, &server);
    length = proxy_header_format(version, &client, &server, header);
    return length > 0 ? stream_write(target, header, length, stream_deadline(STREAM_ANSWER_TIME))
                      : 0;
}

static int serve(const struct usage *usage, const char *address, const struct settings *settings,
                 const struct target *target)
{
    enum exchange_end end;
    int fd = target_connect(target, settings->connect_timeout), error;

    if (fd < 0)
        return usage_fail(usage, EXIT_CONNECT, "cannot connect to %s: %s", address, strerror(-fd));
    error = send_header(fd, (enum proxy_version)settings->proxy);
    if (error < 0)
        return usage_fail(usage, EXIT_CONNECT, "%s: %s", address, strerror(-error));
    error = exchange_run(fd, settings->idle_timeout, &end);
    if (error < 0)
        return usage_fail(usage, EXIT_SYSTEM, "%s", strerror(-error));
    if (end == EXCHANGE_IDLE)
        usage_fail(usage, 0, "connection closed: idle for too long");
    return EXIT_SUCCESS;
}

int main(int argc, char *argv[])
{
    struct settings settings = {.proxy = PROXY_NONE,
                                .connect_timeout = 5 * CLOCK_SECOND,
                                .idle_timeout = 600 * CLOCK_SECOND};
    const struct usage_option options[] = {
        {"proxy", "VERSION", USAGE_CHOICE, &settings.proxy, proxy_names,
         "send the client's address in a PROXY header: v1 or v2"},
        {"connect-timeout", "DURATION", USAGE_DURATION, &settings.connect_timeout, NULL,
         "time limit for connecting (5s); 0: no limit"},
        {"idle-timeout", "DURATION", USAGE_DURATION, &settings.idle_timeout, NULL,
         "close the connection when idle for this long (10m); 0: never"},
    };
    const struct usage usage = {
        .name = "relay",
        .operands = "ADDRESS",
        .purpose = "Passes the connection on to ADDRESS: 192.0.2.1:80, [::1]:80, unix:/PATH or "
                   "unix:@NAME.",
        .options = options,
        .option_count = sizeof(options) / sizeof(options[0]),
        .operands_minimum = 1,
        .operands_maximum = 1,
    };
    struct target target;
    const char *address = argv[usage_parse(&usage, argc, argv)], *problem;
    int error;

    problem = target_parse(address, &target);
    if (problem)
        return usage_fail(&usage, EXIT_USAGE, "%s: %s", address, problem);
    error = stream_ignore_sigpipe();
    if (error < 0)
        return usage_fail(&usage, EXIT_SYSTEM, "%s", strerror(-error));
    return serve(&usage, address, &settings, &target);
}
