/* listener: see listener.h. */
#include "listen/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "listen/inherited.h"

/* Seconds as TCP_DEFER_ACCEPT takes them; less than one is one. */
static int whole_seconds(nanoseconds duration)
{
    return (int)((duration + CLOCK_SECOND - 1) / CLOCK_SECOND);
}

/* Accepted connections inherit these from their listener: no call for each. Before listen(), since
 * a TCP window's scale is settled with the buffers that a connection begins with, tcp(7). */
static void set_connection_options(int fd, enum endpoint_kind kind,
                                   const struct service_settings *settings)
{
    if (settings->receive_buffer > 0)
        fd_set_option(fd, SOL_SOCKET, SO_RCVBUF, (int)settings->receive_buffer);
    if (settings->send_buffer > 0)
        fd_set_option(fd, SOL_SOCKET, SO_SNDBUF, (int)settings->send_buffer);
    if (kind != ENDPOINT_TCP)
        return;
    fd_set_option(fd, SOL_SOCKET, SO_KEEPALIVE, settings->keepalive);
    fd_set_option(fd, IPPROTO_TCP, TCP_NODELAY, settings->nodelay);
    fd_set_option(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, whole_seconds(settings->defer_accept));
}

int listener_bind_device(int fd, const char *device)
{
    return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, (socklen_t)strlen(device)) < 0
               ? -errno
               : 0;
}

static int bind_inet(int fd, const struct endpoint *endpoint, const struct addr *addr,
                     const struct service_settings *settings)
{
    struct sockaddr_storage address;
    socklen_t length = addr_to_sockaddr(addr, &address);
    /* Both families where no address was given; an IPv6 address of its own takes no IPv4 clients
     * anyway, and the IPv6 wildcard does unless ipv6-only. */
    int only = settings->ipv6_only || (!endpoint->every_address && !addr_is_any(addr));
    int error = 0;

    /* For UDP this would let others take the port away. */
    if (endpoint->kind == ENDPOINT_TCP)
        error = fd_set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (error == 0 && settings->reuse_port)
        error = fd_set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (error == 0 && settings->bind_device)
        error = listener_bind_device(fd, settings->bind_device);
    if (error == 0 && addr->family == ADDR_IPV6)
        error = fd_set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, only);
    if (error == 0 && settings->freebind)
        error = addr->family == ADDR_IPV6 ? fd_set_option(fd, IPPROTO_IPV6, IPV6_FREEBIND, 1)
                                          : fd_set_option(fd, IPPROTO_IP, IP_FREEBIND, 1);
    if (error < 0)
        return error;
    return bind(fd, (struct sockaddr *)&address, length) < 0 ? -errno : 0;
}

static int open_socket(const struct endpoint *endpoint, int *ret)
{
    int fd = socket(endpoint_domain(endpoint),
                    endpoint_type(endpoint->kind) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -errno;
    /* Listeners must not take the last fds, or no client of any would be served. */
    fd = fd_settle_high(fd);
    if (fd < 0)
        return fd;
    *ret = fd;
    return 0;
}

/* What is to happen to a socket that is bound: datagrams come by themselves. */
static int begin_listening(int fd, enum endpoint_kind kind, const struct service_settings *settings)
{
    set_connection_options(fd, kind, settings);
    if (endpoint_is_datagram(kind) || listen(fd, (int)settings->backlog) == 0)
        return 0;
    return -errno;
}

static int open_inet_addr(const struct endpoint *endpoint, const struct addr *addr,
                          const struct service_settings *settings, int *ret)
{
    struct endpoint place = *endpoint;
    FD_CLEANUP int fd = -1;
    int error;

    place.addr = *addr;
    error = open_socket(&place, &fd);
    if (error == 0)
        error = bind_inet(fd, endpoint, addr, settings);
    if (error == 0)
        error = begin_listening(fd, endpoint->kind, settings);
    if (error < 0)
        return error;
    *ret = fd;
    fd = -1;
    return 0;
}

/* "Every address" is one IPv6 socket for both, or an IPv4 one where the kernel has no IPv6. */
static int open_inet(const struct endpoint *endpoint, const struct service_settings *settings,
                     int *ret)
{
    struct addr every_ipv4 = {.family = ADDR_IPV4, .port = endpoint->addr.port};
    int error = open_inet_addr(endpoint, &endpoint->addr, settings, ret);

    if (endpoint->every_address && !settings->ipv6_only &&
        (error == -EAFNOSUPPORT || error == -EADDRNOTAVAIL))
        error = open_inet_addr(endpoint, &every_ipv4, settings, ret);
    return error;
}

static int open_vsock(const struct endpoint *endpoint, const struct service_settings *settings,
                      int *ret)
{
    struct sockaddr_storage address;
    socklen_t length = addr_to_sockaddr(&endpoint->addr, &address);
    FD_CLEANUP int fd = -1;
    int error = open_socket(endpoint, &fd);

    if (error == 0 && bind(fd, (struct sockaddr *)&address, length) < 0)
        error = -errno;
    if (error == 0)
        error = begin_listening(fd, endpoint->kind, settings);
    if (error < 0)
        return error;
    *ret = fd;
    fd = -1;
    return 0;
}

static socklen_t fill_unix(const char *path, struct sockaddr_un *ret)
{
    size_t length = strlen(path);

    *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(ret->sun_path, path, length); /* at most ENDPOINT_PATH_MAX */
    if (path[0] != '@')
        return (socklen_t)sizeof(*ret);
    ret->sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
}

/* Makes the path free: removes a socket that nobody listens on, and nothing else. Whether somebody
 * does is asked with datagrams, of whatever kind the socket is: EPROTOTYPE says that it lives, and
 * nobody there accepts a client and starts a handler for the question. */
static int clear_unix_path(const struct endpoint *endpoint, const struct sockaddr_un *address,
                           socklen_t length)
{
    FD_CLEANUP int fd = -1;
    struct stat status;

    if (lstat(endpoint->path, &status) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (!S_ISSOCK(status.st_mode))
        return -EEXIST;
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    if (connect(fd, (const struct sockaddr *)address, length) == 0 || errno != ECONNREFUSED)
        return -EADDRINUSE;
    return unlink(endpoint->path) < 0 && errno != ENOENT ? -errno : 0;
}

/* Opens the socket that stands at path itself, for its owner and mode alone. Whoever owns the
 * directory may have put a link or another file there: that is refused. fd or -errno. */
static int open_unix_path(const char *path, struct stat *ret_status)
{
    FD_CLEANUP int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    int kept;

    if (fd < 0 || fstat(fd, ret_status) < 0)
        return -errno;
    if (!S_ISSOCK(ret_status->st_mode))
        return -EEXIST;
    kept = fd;
    fd = -1;
    return kept;
}

static int own_unix_path(int fd, const struct service_settings *settings)
{
    uid_t uid = settings->socket_user ? settings->socket_user->uid : (uid_t)-1;
    gid_t gid = settings->socket_group ? settings->socket_group->gid : (gid_t)-1;

    if (uid == (uid_t)-1 && gid == (gid_t)-1)
        return 0;
    return fchownat(fd, "", uid, gid, AT_EMPTY_PATH) < 0 ? -errno : 0;
}

/* bind() makes the path with the umask's mode: no moment in which others could connect. */
static int bind_unix(int fd, const char *path, const struct sockaddr_un *address, socklen_t length,
                     const struct service_settings *settings)
{
    mode_t before = umask(~settings->socket_mode & 0777);
    int error = bind(fd, (const struct sockaddr *)address, length) < 0 ? -errno : 0;

    umask(before);
    if (error == 0 && path[0] == '/') {
        struct stat status;
        FD_CLEANUP int path_fd = open_unix_path(path, &status);

        error = path_fd < 0 ? path_fd : own_unix_path(path_fd, settings);
    }
    return error;
}

static int open_unix(struct listener *listener, const struct service_settings *settings, int *ret)
{
    const char *path = listener->endpoint->path;
    struct sockaddr_un address;
    socklen_t length = fill_unix(path, &address);
    FD_CLEANUP int fd = -1;
    struct stat status;
    int error = path[0] == '/' ? clear_unix_path(listener->endpoint, &address, length) : 0;

    if (error == 0)
        error = open_socket(listener->endpoint, &fd);
    if (error == 0)
        error = bind_unix(fd, path, &address, length, settings);
    if (error == 0)
        error = begin_listening(fd, listener->kind, settings);
    if (error < 0)
        return error;
    if (path[0] == '/' && lstat(path, &status) == 0) {
        listener->device = status.st_dev;
        listener->inode = status.st_ino;
    }
    *ret = fd;
    fd = -1;
    return 0;
}

/* The inherited socket stays with whoever passed it too, so a copy of the fd is enough for us. */
static int take_inherited(struct listener *listener, const struct inherited_socket *inherited,
                          const struct service_settings *settings, int *ret)
{
    enum endpoint_kind kind = inherited->endpoint.kind;
    FD_CLEANUP int fd = -1;
    int error;

    if (inherited->used)
        return -EADDRINUSE;
    if (endpoint_is_datagram(kind) && !settings_waits_on(settings, kind))
        return -EPROTOTYPE;
    fd = fcntl(inherited->fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (fd < 0)
        return -errno;
    fd = fd_settle_high(fd);
    if (fd < 0)
        return fd;
    error = begin_listening(fd, kind, settings);
    if (error == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
        error = -errno;
    if (error < 0)
        return error;
    listener->kind = kind;
    listener->path = inherited->endpoint.path;
    *ret = fd;
    fd = -1;
    return 0;
}

int listener_open(struct listener *listener, const struct service_settings *settings,
                  struct inherited *inherited)
{
    const struct endpoint *endpoint = listener->endpoint;
    const struct inherited_socket *given = inherited_find(inherited, endpoint, listener->ordinal);
    int fd = -1, error = -ENOENT;

    listener->kind = endpoint->kind;
    listener->path = endpoint_is_unix(endpoint->kind) ? endpoint->path : NULL;
    if (given)
        error = take_inherited(listener, given, settings, &fd);
    else if (endpoint_is_inet(endpoint->kind))
        error = open_inet(endpoint, settings, &fd);
    else if (endpoint_is_unix(endpoint->kind))
        error = open_unix(listener, settings, &fd);
    else if (endpoint->kind == ENDPOINT_VSOCK)
        error = open_vsock(endpoint, settings, &fd);
    if (error < 0)
        return error;
    listener->source.fd = fd;
    if (given) {
        unsigned index = (unsigned)(given - inherited->sockets);

        inherited_use(inherited, index, true);
        listener->inherited = (uint16_t)(index + 1);
    }
    return 0;
}

const char *listener_error_text(int error)
{
    switch (error) {
    case EEXIST:
        return "path exists and is not a socket";
    case ENOENT:
        return "no inherited socket of that name, or no such directory";
    case EPROTOTYPE:
        return "the inherited socket is a datagram socket, which needs wait = yes";
    default:
        return strerror(error);
    }
}

bool listener_waits(const struct listener *listener)
{
    return settings_waits_on(listener->owner->settings, listener->kind);
}

int listener_set_blocking(const struct listener *listener, bool blocking)
{
    return fcntl(listener->source.fd, F_SETFL, blocking ? 0 : O_NONBLOCK) < 0 ? -errno : 0;
}

void listener_move(struct listener *from, struct listener *to)
{
    to->source.fd = from->source.fd;
    to->kind = from->kind;
    to->path = to->endpoint->kind == ENDPOINT_FD ? from->path : to->endpoint->path;
    to->inherited = from->inherited;
    to->error = from->error;
    to->device = from->device;
    to->inode = from->inode;
    from->source.fd = -1;
    from->inherited = 0;
}

void listener_adopt(struct listener *listener, int fd, const struct inherited_socket *given,
                    dev_t device, ino_t inode)
{
    const struct endpoint *endpoint = given ? &given->endpoint : listener->endpoint;

    listener->source.fd = fd;
    listener->kind = endpoint->kind;
    listener->path = endpoint_is_unix(endpoint->kind) ? endpoint->path : NULL;
    listener->device = device;
    listener->inode = inode;
    if (given) {
        struct inherited *inherited = listener->owner->context->inherited;
        unsigned index = (unsigned)(given - inherited->sockets);

        inherited_use(inherited, index, true);
        listener->inherited = (uint16_t)(index + 1);
    }
}

/* Of an inherited one we don't know whose path it is. */
static bool has_own_path(const struct listener *listener)
{
    return listener->path && listener->path[0] == '/' && listener->inode != 0;
}

bool listener_is_lost(const struct listener *listener)
{
    struct stat status;

    if (listener->source.fd < 0 || !has_own_path(listener))
        return false;
    return lstat(listener->path, &status) < 0
               ? errno == ENOENT
               : status.st_dev != listener->device || status.st_ino != listener->inode;
}

void listener_remove_path(const char *path, dev_t device, ino_t inode)
{
    struct stat status;

    if (lstat(path, &status) == 0 && S_ISSOCK(status.st_mode) && status.st_dev == device &&
        status.st_ino == inode)
        unlink(path);
}

void listener_close(struct listener *listener)
{
    if (listener->source.fd < 0)
        return;
    /* Of an inherited one we don't know these, and leave it. */
    if (listener->path && listener->path[0] == '/')
        listener_remove_path(listener->path, listener->device, listener->inode);
    listener->source.fd = fd_close(listener->source.fd);
    if (listener->inherited > 0)
        inherited_use(listener->owner->context->inherited, listener->inherited - 1U, false);
    listener->inherited = 0;
    listener->device = 0;
    listener->inode = 0;
}

/* The owner that a path shall have; where neither names one it stays as it is. */
static uid_t wanted_uid(const struct service_settings *settings,
                        const struct service_settings *before, uid_t now)
{
    if (settings->socket_user)
        return settings->socket_user->uid;
    return before && before->socket_user ? geteuid() : now;
}

static gid_t wanted_gid(const struct service_settings *settings,
                        const struct service_settings *before, gid_t now)
{
    if (settings->socket_group)
        return settings->socket_group->gid;
    return before && before->socket_group ? getegid() : now;
}

static int change_mode(int path_fd, mode_t mode)
{
    char link[64];

    snprintf(link, sizeof(link), "/proc/self/fd/%d", path_fd); /* fchmod refuses an O_PATH fd */
    return chmod(link, mode) < 0 ? -errno : 0;
}

int listener_own_path(const struct listener *listener, const struct service_settings *settings,
                      const struct service_settings *before)
{
    struct stat status = {0};
    FD_CLEANUP int fd = -1;
    uid_t uid;
    gid_t gid;

    if (listener->source.fd < 0 || !has_own_path(listener))
        return 0;
    fd = open_unix_path(listener->path, &status);
    if (fd < 0)
        return fd;
    if (status.st_dev != listener->device || status.st_ino != listener->inode)
        return -ESTALE;
    uid = wanted_uid(settings, before, status.st_uid);
    gid = wanted_gid(settings, before, status.st_gid);
    if ((uid != status.st_uid || gid != status.st_gid) &&
        fchownat(fd, "", uid, gid, AT_EMPTY_PATH) < 0)
        return -errno;
    return (status.st_mode & 0777) == settings->socket_mode
               ? 0
               : change_mode(fd, settings->socket_mode);
}

void listener_adjust(struct listener *listener, const struct service_settings *settings)
{
    if (listener->source.fd < 0)
        return;
    /* listen() on a listening socket only changes its backlog, listen(2). */
    begin_listening(listener->source.fd, listener->kind, settings);
}

/* Who is at the other end of a unix connection: the kernel's word, not the peer's. */
static void identify_unix_peer(struct arrival *arrival, const struct sockaddr_storage *address,
                               socklen_t length)
{
    struct ucred credentials = {.uid = (uid_t)-1, .gid = (gid_t)-1};
    socklen_t size = sizeof(credentials);
    size_t path_length = length > offsetof(struct sockaddr_un, sun_path)
                             ? length - offsetof(struct sockaddr_un, sun_path)
                             : 0;

    getsockopt(arrival->fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size);
    arrival->peer = addr_unix(credentials.uid, credentials.gid, (uint32_t)credentials.pid);
    if (path_length > 0 && path_length <= ENDPOINT_PATH_MAX)
        memcpy(arrival->peer_path, ((const struct sockaddr_un *)address)->sun_path, path_length);
}

int listener_accept(struct listener *listener, struct arrival *ret)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof(address);
    int fd = accept4(listener->source.fd, (struct sockaddr *)&address, &length, SOCK_CLOEXEC);

    if (fd < 0)
        return -errno;
    /* accept4's word counts: getpeername fails after an early reset. */
    ret->fd = fd;
    ret->peer_path[0] = '\0';
    if (endpoint_is_unix(listener->kind)) {
        memset(ret->peer_path, 0, sizeof(ret->peer_path));
        identify_unix_peer(ret, &address, length);
    } else {
        addr_from_sockaddr((struct sockaddr *)&address, length, &ret->peer);
    }
    return 0;
}

bool listener_is_gone(int fd, bool is_unix)
{
    struct pollfd poller = {.fd = fd, .events = POLLIN | POLLRDHUP};

    /* On a unix socket HUP also means: has said all and closed. Its bytes are still there. */
    if (is_unix || poll(&poller, 1, 0) <= 0)
        return false;
    return (poller.revents & (POLLERR | POLLHUP)) != 0;
}

void listener_local_addr(const struct listener *listener, int fd, struct addr *ret)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof(address);

    *ret = listener->endpoint->addr;
    if (endpoint_is_unix(listener->kind))
        ret->family = ADDR_UNIX;
    else if ((listener->endpoint->kind != ENDPOINT_TCP || addr_is_any(&listener->endpoint->addr)) &&
             getsockname(fd, (struct sockaddr *)&address, &length) == 0)
        addr_from_sockaddr((struct sockaddr *)&address, length, ret);
}
