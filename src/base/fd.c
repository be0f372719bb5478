/* fd: see fd.h. Knows nothing of services; never logs. */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

int fd_close(int fd)
{
    if (fd >= 0) {
        int saved = errno;

        close(fd);
        errno = saved;
    }
    return -1;
}

void fd_closep(int *fd)
{
    *fd = fd_close(*fd);
}

/* From where on numbers are high; -errno. */
static int first_high(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return -errno;
    return limit.rlim_cur < (rlim_t)2 * FD_HIGH ? (int)(limit.rlim_cur / 2) : FD_HIGH;
}

int fd_copy_high(int fd)
{
    int first = first_high();
    int high = first < 0 ? first : fcntl(fd, F_DUPFD_CLOEXEC, first);

    return high < 0 && first >= 0 ? -errno : high;
}

int fd_settle_high(int fd)
{
    int settled = fd_move_high(fd);

    if (settled != fd || fd < first_high() - FD_RESERVE)
        return settled;
    close(fd);
    return -EMFILE;
}

int fd_move_high(int fd)
{
    int high = fd < 0 ? -1 : fd_copy_high(fd);

    if (high < 0)
        return fd;
    close(fd);
    return high;
}

int fd_move_low(int fd)
{
    int low = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

    if (low < 0)
        return fd;
    close(low < fd ? fd : low);
    return low < fd ? low : fd;
}

int fd_set_option(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof(value)) < 0 ? -errno : 0;
}

int fd_ensure_standard(void)
{
    for (int fd = 0; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0) /* the lowest free one: fd */
            return -errno;
    return 0;
}

static int set_cloexec_one_by_one(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return -errno;
    /* Only for kernels before 5.11; an infinite limit must not make this loop last for minutes. */
    if (limit.rlim_cur > 65536)
        limit.rlim_cur = 65536;
    for (int fd = STDERR_FILENO + 1; fd < (int)limit.rlim_cur; fd++)
        fcntl(fd, F_SETFD, FD_CLOEXEC);
    return 0;
}

int fd_set_cloexec_all(void)
{
    if (syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
        return 0;
    return set_cloexec_one_by_one();
}

int fd_raise_limit(struct rlimit *ret_before)
{
    struct rlimit before, raised;

    if (getrlimit(RLIMIT_NOFILE, &before) < 0)
        return -errno;
    raised = before;
    raised.rlim_cur = raised.rlim_max;
    /* EPERM: the hard limit is above fs.nr_open; then what we have must do. */
    if (setrlimit(RLIMIT_NOFILE, &raised) < 0 && errno != EPERM)
        return -errno;
    *ret_before = before;
    return 0;
}

int fd_reopen_nonblocking(int fd)
{
    char path[64];
    int copy;

    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    copy = open(path, O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return copy < 0 ? -errno : copy;
}

int fd_read_all(int fd, size_t limit, char **ret_text, size_t *ret_length)
{
    size_t size = 4096, length = 0;
    char *text = malloc(size);

    if (!text)
        return -ENOMEM;
    for (;;) {
        ssize_t got = read(fd, text + length, size - length - 1);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            int error = -errno;

            free(text);
            return error;
        }
        if (got == 0)
            break;
        length += (size_t)got;
        if (length > limit) {
            free(text);
            return -EFBIG;
        }
        if (length + 1 == size) {
            char *larger = realloc(text, size * 2);

            if (!larger) {
                free(text);
                return -ENOMEM;
            }
            text = larger;
            size *= 2;
        }
    }
    text[length] = '\0';
    *ret_text = text;
    *ret_length = length;
    return 0;
}
