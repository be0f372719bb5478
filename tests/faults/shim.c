/* shim: an LD_PRELOAD library that makes calls of the daemon fail, as the page FAULTS=path says.
 *
 * It decides nothing: fault.c writes the page, from outside and at any time. A child of the fork
 * engine is left alone (it has another pid), unless FAULTS_FOLLOW is set, for --daemon; a child of
 * the clone engine makes raw system calls only, which never come here. Not for sanitizers, which
 * have a malloc of their own. Preloaded by lib.sh.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <poll.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "faults.h"

static struct faults *page;
static pid_t owner;
/* In a look-up of a user: libc crashes there for want of memory, which is not our daemon's. */
static bool looking_up;
/* After an upgrade's exec, until the start is over: from there is no way back, so what can fail was
 * tried before, by the build that was asked. */
static bool arriving;

/* libc's own, under the names that don't pass through us. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);

__attribute__((constructor)) static void open_page(void)
{
    const char *path = getenv("FAULTS");
    int fd = path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC) : -1;
    long memory;

    if (fd < 0)
        return;
    memory = syscall(SYS_mmap, NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    syscall(SYS_close, fd);
    owner = getpid();
    arriving = getenv("STDINETD_HANDOVER") != NULL;
    /* A failed mmap() by its number is -1, too. */
    page = memory == -1 ? NULL : (struct faults *)(uintptr_t)memory;
}

/* Whether this call fails; errno is set then. */
static bool fails(enum fault_row row)
{
    struct fault *fault = page ? &page->rows[row] : NULL;
    uint32_t count = fault ? __atomic_load_n(&fault->count, __ATOMIC_ACQUIRE) : 0;
    uint32_t number;

    if (row == FAULT_epoll_wait)
        arriving = false;
    if (!fault || arriving || (pid_t)syscall(SYS_getpid) != owner)
        return false;
    number = __atomic_fetch_add(&fault->calls, 1, __ATOMIC_ACQ_REL);
    if (count == 0 || number < fault->skip || number - fault->skip >= count)
        return false;
    __atomic_fetch_add(&fault->hits, 1, __ATOMIC_ACQ_REL);
    errno = fault->error;
    return true;
}

/* The next function of that name; the table keeps it, so that it is looked up once. */
static void *next_of(void **kept, const char *name)
{
    if (!*kept)
        *kept = dlsym(RTLD_NEXT, name);
    return *kept;
}

/* PASS(result, name, (parameters), (arguments)): the libc's function, after the row had its say. */
#define PASS_AS(row, result, name, parameters, arguments) \
    result name parameters                                \
    {                                                     \
        static void *kept;                                \
        union {                                           \
            void *object;                                 \
            result(*function) parameters;                 \
        } next = {.object = next_of(&kept, #name)};       \
        if (fails(row))                                   \
            return (result)-1;                            \
        return next.function arguments;                   \
    }
#define PASS(result, name, parameters, arguments) \
    PASS_AS(FAULT_##name, result, name, parameters, arguments)

/* Not ours: for trying a peer. */
PASS(int, accept, (int fd, __SOCKADDR_ARG peer, socklen_t *restrict length), (fd, peer, length))
PASS(int, accept4, (int fd, __SOCKADDR_ARG peer, socklen_t *restrict length, int flags),
     (fd, peer, length, flags))
PASS(int, bind, (int fd, __CONST_SOCKADDR_ARG address, socklen_t length), (fd, address, length))
PASS(int, close, (int fd), (fd))
PASS(int, connect, (int fd, __CONST_SOCKADDR_ARG address, socklen_t length), (fd, address, length))
PASS(int, epoll_create1, (int flags), (flags))
PASS_AS(operation == EPOLL_CTL_ADD ? FAULT_epoll_add : FAULT_epoll_del, int, epoll_ctl,
        (int epoll_fd, int operation, int fd, struct epoll_event *event),
        (epoll_fd, operation, fd, event))
PASS(int, epoll_wait, (int epoll_fd, struct epoll_event *events, int most, int timeout),
     (epoll_fd, events, most, timeout))
PASS(ssize_t, getrandom, (void *bytes, size_t size, unsigned flags), (bytes, size, flags))
PASS(int, kill, (pid_t pid, int number), (pid, number))
PASS(int, listen, (int fd, int backlog), (fd, backlog))
PASS(int, memfd_create, (const char *name, unsigned flags), (name, flags))
PASS(int, pipe2, (int fds[2], int flags), (fds, flags))
PASS(int, poll, (struct pollfd * pollers, nfds_t count, int timeout), (pollers, count, timeout))
PASS(ssize_t, read, (int fd, void *bytes, size_t size), (fd, bytes, size))
PASS(ssize_t, recvmsg, (int fd, struct msghdr *message, int flags), (fd, message, flags))
PASS(ssize_t, send, (int fd, const void *bytes, size_t size, int flags), (fd, bytes, size, flags))
PASS(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags), (fd, message, flags))
PASS(ssize_t, sendto,
     (int fd, const void *bytes, size_t size, int flags, __CONST_SOCKADDR_ARG address,
      socklen_t length),
     (fd, bytes, size, flags, address, length))
PASS(int, setsockopt, (int fd, int level, int name, const void *value, socklen_t length),
     (fd, level, name, value, length))
PASS(int, shutdown, (int fd, int how), (fd, how))
PASS(int, signalfd, (int fd, const sigset_t *mask, int flags), (fd, mask, flags))
PASS(int, socketpair, (int domain, int type, int protocol, int pair[2]),
     (domain, type, protocol, pair))
PASS(int, timerfd_create, (clockid_t clock, int flags), (clock, flags))
PASS(pid_t, wait4, (pid_t pid, int *status, int options, struct rusage *usage),
     (pid, status, options, usage))
PASS(int, waitid, (idtype_t type, id_t id, siginfo_t *info, int options), (type, id, info, options))
PASS(ssize_t, write, (int fd, const void *bytes, size_t size), (fd, bytes, size))
PASS(ssize_t, writev, (int fd, const struct iovec *parts, int count), (fd, parts, count))

static enum fault_row socket_row(int domain)
{
    return domain == AF_INET6  ? FAULT_socket_inet6
           : domain == AF_UNIX ? FAULT_socket_unix
                               : FAULT_socket;
}
PASS_AS(socket_row(domain), int, socket, (int domain, int type, int protocol),
        (domain, type, protocol))

/* --- those that take what they are given by "..." -------------------------------------------- */

#define REST(last, type, name) \
    va_list rest;              \
    type name;                 \
    va_start(rest, last);      \
    name = va_arg(rest, type); \
    va_end(rest)

int open(const char *path, int flags, ...)
{
    REST(flags, unsigned, mode);
    return fails(FAULT_open) ? -1 : (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...) __attribute__((alias("open")));

int openat(int directory, const char *path, int flags, ...)
{
    REST(flags, unsigned, mode);
    return fails(FAULT_open) ? -1 : (int)syscall(SYS_openat, directory, path, flags, mode);
}

int fcntl(int fd, int command, ...)
{
    REST(command, long, argument);
    if ((command == F_DUPFD || command == F_DUPFD_CLOEXEC) && fails(FAULT_fcntl_dupfd))
        return -1;
    if (command == F_SETFL && fails(FAULT_fcntl_setfl))
        return -1;
    return (int)syscall(SYS_fcntl, fd, command, argument);
}

int fcntl64(int fd, int command, ...) __attribute__((alias("fcntl")));

int clone(int (*function)(void *), void *stack, int flags, void *argument, ...)
{
    static void *kept;
    union {
        void *object;
        int (*function)(int (*)(void *), void *, int, void *, ...);
    } next = {.object = next_of(&kept, "clone")};
    void *more[3];
    va_list rest;

    va_start(rest, argument);
    for (int i = 0; i < 3; i++)
        more[i] = va_arg(rest, void *);
    va_end(rest);
    if (fails(FAULT_clone))
        return -1;
    return next.function(function, stack, flags, argument, more[0], more[1], more[2]);
}

pid_t fork(void)
{
    static void *kept;
    union {
        void *object;
        pid_t (*function)(void);
    } next = {.object = next_of(&kept, "fork")};
    pid_t pid = fails(FAULT_fork) ? -1 : next.function();

    if (pid == 0 && getenv("FAULTS_FOLLOW"))
        owner = getpid();
    return pid;
}

/* --- look-ups of users and groups ------------------------------------------------------------ */

#define LOOK_UP(result, failed, name, parameters, arguments) \
    result name parameters                                   \
    {                                                        \
        static void *kept;                                   \
        union {                                              \
            void *object;                                    \
            result(*function) parameters;                    \
        } next = {.object = next_of(&kept, #name)};          \
        result found;                                        \
        if (fails(FAULT_lookup))                             \
            return failed;                                   \
        looking_up = true;                                   \
        found = next.function arguments;                     \
        looking_up = false;                                  \
        return found;                                        \
    }

LOOK_UP(struct passwd *, NULL, getpwnam, (const char *name), (name))
LOOK_UP(struct passwd *, NULL, getpwuid, (uid_t uid), (uid))
LOOK_UP(struct group *, NULL, getgrnam, (const char *name), (name))
LOOK_UP(struct servent *, NULL, getservbyname, (const char *name, const char *protocol),
        (name, protocol))
LOOK_UP(int, -1, getgrouplist, (const char *user, gid_t gid, gid_t *gids, int *count),
        (user, gid, gids, count))

/* --- those that answer otherwise ------------------------------------------------------------- */

void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
    if (fails(FAULT_mmap))
        return MAP_FAILED;
    return (void *)(uintptr_t)syscall(SYS_mmap, address, size, protection, flags, fd, offset);
}

static bool memory_is_short(void)
{
    return !looking_up && fails(FAULT_malloc);
}

void *malloc(size_t size)
{
    return memory_is_short() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return memory_is_short() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    return memory_is_short() ? NULL : __libc_realloc(memory, size);
}

/* No failure but a lie, for where nobody may raise the limit that high. */
int getrlimit(__rlimit_resource_t resource, struct rlimit *limit)
{
    if (fails(FAULT_getrlimit))
        return -1;
    if (fails(FAULT_getrlimit_unlimited)) {
        *limit = (struct rlimit){RLIM_INFINITY, RLIM_INFINITY};
        return 0;
    }
    return (int)syscall(SYS_prlimit64, 0, resource, NULL, limit);
}

int getrlimit64(__rlimit_resource_t resource, struct rlimit64 *limit)
    __attribute__((alias("getrlimit")));

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int result = (int)syscall(SYS_clock_gettime, clock, now);

    if (result == 0 && clock == CLOCK_REALTIME && fails(FAULT_clock_realtime))
        now->tv_sec += page->rows[FAULT_clock_realtime].error;
    return result;
}
