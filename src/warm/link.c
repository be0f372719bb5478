/* link: see link.h. */
#include "warm/link.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"

/* An order in memory, as an fd. */
static int make_order_file(const char *order, size_t size)
{
    int fd = memfd_create("order", MFD_CLOEXEC);

    if (fd < 0)
        return -errno;
    for (size_t done = 0; done < size;) {
        ssize_t written = write(fd, order + done, size - done);

        if (written <= 0) {
            int error = written < 0 ? -errno : -EIO;

            fd_close(fd);
            return error;
        }
        done += (size_t)written;
    }
    return fd;
}

/* Executes us anew, with nothing but these fds, signals as at our own start, and no environment. */
static int execute(const int fds[WARM_FD_COUNT], pid_t *ret_pid)
{
    char name[] = WARM_NAME;
    char *const argv[] = {name, NULL}, *const environment[] = {NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t set;
    int error;

    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    for (int fd = 0; fd < WARM_FD_COUNT; fd++)
        posix_spawn_file_actions_adddup2(&actions, fds[fd], fd);
    sigemptyset(&set);
    posix_spawnattr_setsigmask(&attributes, &set);
    sigfillset(&set);
    posix_spawnattr_setsigdefault(&attributes, &set);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    error = -posix_spawn(ret_pid, "/proc/self/exe", &actions, &attributes, argv, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return error;
}

int warm_link_spawn(const char *order, size_t order_size, int stderr_fd, int null_fd, int *ret_fd,
                    pid_t *ret_pid)
{
    FD_CLEANUP int order_fd = fd_move_high(make_order_file(order, order_size));
    FD_CLEANUP int theirs = -1, errors = -1;
    int ends[2], fds[WARM_FD_COUNT], error;

    if (order_fd < 0)
        return order_fd;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return -errno;
    /* High, so that none stands where another is to go. */
    theirs = fd_move_high(ends[1]);
    errors = fd_copy_high(stderr_fd);
    ends[0] = fd_move_high(ends[0]);
    for (int fd = 0; fd <= STDERR_FILENO; fd++)
        fds[fd] = null_fd;
    fds[WARM_FD_CONTROL] = theirs;
    fds[WARM_FD_ORDER] = order_fd;
    fds[WARM_FD_STDERR] = errors;
    error = errors < 0 ? errors : execute(fds, ret_pid);
    if (error < 0) {
        fd_close(ends[0]);
        return error;
    }
    *ret_fd = ends[0];
    return 0;
}

int warm_link_request(int fd, uint32_t serial)
{
    const struct warm_request request = {serial};

    return send(fd, &request, sizeof(request), MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

bool warm_link_is_child(pid_t pid)
{
    siginfo_t info = {0};

    return pid > 0 && waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/* Whether fd is a socket of the kind that the stub has, made by that process of that user. */
static bool is_parked(int fd, pid_t pid, uid_t uid)
{
    struct ucred maker = {0};
    int domain = -1, type = -1;
    socklen_t length = sizeof(domain);

    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) < 0 || domain != AF_UNIX)
        return false;
    length = sizeof(type);
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) < 0 || type != SOCK_SEQPACKET)
        return false;
    length = sizeof(maker);
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &maker, &length) == 0 && maker.pid == pid &&
           maker.uid == uid && warm_link_is_child(pid) &&
           fd_set_option(fd, SOL_SOCKET, SO_PASSCRED, 1) == 0;
}

int warm_link_report(int fd, uid_t uid, struct warm_report *ret, int *ret_fd)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec part = {ret, sizeof(*ret)};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = CMSG_LEN(sizeof(int))}; /* not a second one */
    ssize_t got = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    struct cmsghdr *rights = got < 0 ? NULL : CMSG_FIRSTHDR(&message);
    int parked = -1;

    *ret_fd = -1;
    if (got < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    if (rights && rights->cmsg_level == SOL_SOCKET && rights->cmsg_type == SCM_RIGHTS &&
        rights->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(&parked, CMSG_DATA(rights), sizeof(parked));
    if (got == 0) {
        fd_close(parked);
        return -EPIPE;
    }
    ret->why[WARM_WHY_SIZE - 1] = '\0';
    if (got != sizeof(*ret) || (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 ||
        (ret->pid != 0) != (parked >= 0) || (parked >= 0 && !is_parked(parked, ret->pid, uid))) {
        fd_close(parked);
        return -EPROTO;
    }
    /* There may be any number of them, and clients need some, too. */
    *ret_fd = parked < 0 ? -1 : fd_settle_high(parked);
    return parked >= 0 && *ret_fd < 0 ? *ret_fd : 1;
}

int warm_link_send(int fd, uint32_t operation, uint32_t serial, const char *region, size_t size,
                   int connection_fd)
{
    struct warm_message head = {operation, serial};
    char copy[WARM_REGION_MAX];
    struct iovec parts[2] = {{&head, sizeof(head)}, {copy, size}};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr message = {.msg_iov = parts,
                             .msg_iovlen = 2,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};

    memcpy(copy, region, size);
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&control.header), &connection_fd, sizeof(connection_fd));
    return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int warm_link_answer(int fd, uid_t uid, struct warm_answer *ret, pid_t *ret_pid)
{
    /* Room for the credentials, which come first, and for nothing else: fds would be ours. */
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(struct ucred))];
    } control = {0};
    struct iovec part = {ret, sizeof(*ret)};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    ssize_t got = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    struct cmsghdr *credentials = got < 0 ? NULL : CMSG_FIRSTHDR(&message);
    struct ucred sender = {0};

    if (got < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    if (got == 0)
        return -EPIPE;
    if (got != sizeof(*ret) || (message.msg_flags & MSG_TRUNC) != 0)
        return -EPROTO;
    if (credentials && credentials->cmsg_level == SOL_SOCKET &&
        credentials->cmsg_type == SCM_CREDENTIALS)
        memcpy(&sender, CMSG_DATA(credentials), sizeof(sender));
    *ret_pid = sender.uid == uid ? sender.pid : 0;
    return 1;
}

void warm_link_shut(int fd)
{
    shutdown(fd, SHUT_RD);
}
