/* datagram: see datagram.h. */
#include "handlers/datagram.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/addr.h"
#include "handlers/reply.h"
#include "handlers/stream.h"

/* Errors of recvmsg in a row that are taken for a socket that will never work. (One may be left
 * from an earlier send, as ECONNREFUSED.) */
#define ERRORS_MAX 16

union control {
    char bytes[CMSG_SPACE(sizeof(struct in_pktinfo)) + CMSG_SPACE(sizeof(struct in6_pktinfo))];
    struct cmsghdr align;
};

struct datagram {
    char bytes[DATAGRAM_SIZE];
    size_t size;
    bool truncated;
    struct sockaddr_storage from;
    socklen_t from_length;
    struct addr source, destination;
    bool to_everybody;  /* the system says that it was a broadcast or multicast */
    unsigned interface; /* that it came by */
};

/* From now on each datagram tells where it was sent to. A dual socket needs both: IPV6_PKTINFO
 * can't tell that an IPv4 datagram was a broadcast of its network. Where they don't exist (unix
 * sockets) answers are still right on a host with one address. */
static void ask_for_destinations(int fd, int family)
{
    if (family == AF_INET || family == AF_INET6)
        setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &(int){1}, sizeof(int));
    if (family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &(int){1}, sizeof(int));
}

static void read_ipv4_info(const struct cmsghdr *header, struct datagram *datagram)
{
    struct in_pktinfo info;

    memcpy(&info, CMSG_DATA(header), sizeof(info));
    datagram->destination.family = ADDR_IPV4;
    memset(datagram->destination.bytes, 0, sizeof(datagram->destination.bytes));
    memcpy(datagram->destination.bytes, &info.ipi_addr, sizeof(info.ipi_addr));
    datagram->interface = (unsigned)info.ipi_ifindex;
    /* For a datagram to one of our own addresses the kernel would answer from just that one; for
     * any kind of broadcast, that of a subnet too, from another. Of those that came before we asked
     * (the first one, which started us) it tells only the address: but no answer goes out from a
     * broadcast address either, which is where set_source would have it come from. */
    datagram->to_everybody =
        info.ipi_ifindex != 0 && info.ipi_addr.s_addr != info.ipi_spec_dst.s_addr;
}

static void read_ipv6_info(const struct cmsghdr *header, struct datagram *datagram)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6};
    struct in6_pktinfo info;

    /* An IPv4 datagram brings both, and its own tells more. */
    if (datagram->destination.family == ADDR_IPV4)
        return;
    memcpy(&info, CMSG_DATA(header), sizeof(info));
    address.sin6_addr = info.ipi6_addr;
    address.sin6_port = htons(datagram->destination.port);
    addr_from_sockaddr((const struct sockaddr *)&address, sizeof(address), &datagram->destination);
    datagram->interface = info.ipi6_ifindex;
}

static void read_control(struct msghdr *message, struct datagram *datagram, uint16_t port)
{
    datagram->destination = (struct addr){.family = ADDR_NONE, .port = port};
    datagram->to_everybody = false;
    datagram->interface = 0;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header;
         header = CMSG_NXTHDR(message, header)) {
        if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO)
            read_ipv4_info(header, datagram);
        else if (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PKTINFO)
            read_ipv6_info(header, datagram);
    }
}

static int receive(int fd, uint16_t port, struct datagram *ret)
{
    union control control;
    struct iovec part = {.iov_base = ret->bytes, .iov_len = sizeof(ret->bytes)};
    struct msghdr message = {.msg_name = &ret->from,
                             .msg_namelen = sizeof(ret->from),
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof(control.bytes)};
    /* poll may promise a datagram whose checksum then turns out wrong: never block here. */
    ssize_t got = recvmsg(fd, &message, MSG_DONTWAIT);

    if (got < 0)
        return -errno;
    ret->size = (size_t)got;
    ret->truncated = (message.msg_flags & MSG_TRUNC) != 0;
    ret->from_length = message.msg_namelen;
    addr_from_sockaddr((const struct sockaddr *)&ret->from, ret->from_length, &ret->source);
    read_control(&message, ret, port);
    return 0;
}

static bool is_answerable(const struct datagram *datagram)
{
    if (datagram->truncated || datagram->from_length == 0)
        return false;
    /* Only a bound peer of a unix socket has a name to send to. */
    if (datagram->source.family == ADDR_UNIX)
        return datagram->from_length > offsetof(struct sockaddr_un, sun_path);
    return !datagram->to_everybody && reply_is_allowed(&datagram->source, &datagram->destination);
}

static void set_control(struct msghdr *message, int level, int type, const void *info, size_t size)
{
    struct cmsghdr *header;

    message->msg_controllen = CMSG_SPACE(size);
    header = CMSG_FIRSTHDR(message);
    header->cmsg_level = level;
    header->cmsg_type = type;
    header->cmsg_len = CMSG_LEN(size);
    memcpy(CMSG_DATA(header), info, size);
}

/* The answer comes from where the question went to: a client takes it from nowhere else. */
static void set_source(struct msghdr *message, const struct datagram *datagram)
{
    const struct addr *destination = &datagram->destination;
    struct in6_pktinfo info6 = {0};
    struct in_pktinfo info4 = {0};

    if (destination->family == ADDR_NONE)
        message->msg_control = NULL;
    else if (datagram->from.ss_family == AF_INET) {
        memcpy(&info4.ipi_spec_dst, destination->bytes, sizeof(info4.ipi_spec_dst));
        set_control(message, IPPROTO_IP, IP_PKTINFO, &info4, sizeof(info4));
    } else if (destination->family == ADDR_IPV4) {
        info6.ipi6_addr.s6_addr[10] = info6.ipi6_addr.s6_addr[11] = 0xff;
        memcpy(info6.ipi6_addr.s6_addr + 12, destination->bytes, 4);
        set_control(message, IPPROTO_IPV6, IPV6_PKTINFO, &info6, sizeof(info6));
    } else {
        memcpy(&info6.ipi6_addr, destination->bytes, sizeof(info6.ipi6_addr));
        /* A link-local address means nothing without its link; others find their own way. */
        if (IN6_IS_ADDR_LINKLOCAL(&info6.ipi6_addr))
            info6.ipi6_ifindex = datagram->interface;
        set_control(message, IPPROTO_IPV6, IPV6_PKTINFO, &info6, sizeof(info6));
    }
}

static void send_answer(int fd, struct datagram *datagram, size_t size)
{
    union control control = {0};
    struct iovec part = {.iov_base = datagram->bytes, .iov_len = size};
    struct msghdr message = {.msg_name = &datagram->from,
                             .msg_namelen = datagram->from_length,
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes};

    set_source(&message, datagram);
    /* A full buffer or a peer that is gone: the answer is lost, as datagrams may be. */
    (void)!sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void answer_one(int fd, struct datagram *datagram, datagram_answer *answer)
{
    static struct reply_rate rate;
    long size;

    /* The name of a unix peer is his own, which is no address that others write into a datagram. */
    if (!is_answerable(datagram) || (datagram->source.family != ADDR_UNIX &&
                                     reply_is_frequent(&rate, &datagram->source, clock_now())))
        return;
    size = answer(datagram->bytes, datagram->size);
    if (size >= 0)
        send_answer(fd, datagram, (size_t)size);
}

/* Our own port, 0 where there is none. */
static int find_name(int fd, int *ret_family, uint16_t *ret_port)
{
    struct sockaddr_storage name = {0};
    socklen_t length = sizeof(name);
    struct addr addr;

    if (getsockname(fd, (struct sockaddr *)&name, &length) < 0)
        return -errno;
    addr_from_sockaddr((const struct sockaddr *)&name, length, &addr);
    *ret_family = name.ss_family;
    *ret_port = addr.port;
    return 0;
}

int datagram_serve(int fd, datagram_answer *answer)
{
    static struct datagram datagram; /* too large for a stack that an rlimit may have cut */
    uint16_t port = 0;
    int family = AF_UNSPEC, errors = 0, error = find_name(fd, &family, &port), seen;

    if (error < 0)
        return error;
    ask_for_destinations(fd, family);
    while ((seen = stream_wait(fd, POLLIN | POLLRDHUP, stream_deadline(DATAGRAM_QUIET_TIME))) > 0) {
        error = receive(fd, port, &datagram);
        if (error == 0) {
            errors = 0;
            answer_one(fd, &datagram, answer);
        } else if (error == -EAGAIN && (seen & (POLLHUP | POLLRDHUP))) {
            /* Somebody has shut it down: it stays readable, and nothing will ever come. */
            return -ESHUTDOWN;
        } else if (error != -EAGAIN && error != -EINTR && ++errors >= ERRORS_MAX) {
            return error;
        }
    }
    return seen == -ETIMEDOUT ? 0 : seen;
}
