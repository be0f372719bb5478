/* pid_file: see pid_file.h. Called by the daemon. */
#include "base/pid_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

/* Whether path still names the file that fd is. */
static bool is_same_file(int fd, const char *path)
{
    struct stat one, other;

    return fstat(fd, &one) == 0 && lstat(path, &other) == 0 && one.st_dev == other.st_dev &&
           one.st_ino == other.st_ino;
}

/* Whether a file is empty, or says a number and nothing else: what else there is belongs to
 * somebody who didn't mean it to be a pid file. */
static bool holds_pid_at_most(int fd)
{
    char text[32];
    ssize_t length = pread(fd, text, sizeof(text), 0), digits = 0;

    while (digits < length && text[digits] >= '0' && text[digits] <= '9')
        digits++;
    if (digits < length && text[digits] == '\n')
        return digits > 0 && digits + 1 == length;
    return digits == length && length < (ssize_t)sizeof(text);
}

/* Opens and locks a pid file. The lock, not the number in it, tells whether its writer lives:
 * numbers are used again. fd or -errno; -EAGAIN when another daemon removed it under our hands. */
static int lock_pid_file(const char *path)
{
    FD_CLEANUP int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
    struct stat status;
    int kept;

    if (fd < 0 || fstat(fd, &status) < 0)
        return -errno;
    if (!S_ISREG(status.st_mode))
        return -EINVAL;
    if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        return errno == EWOULDBLOCK ? -EEXIST : -errno;
    if (!is_same_file(fd, path))
        return -EAGAIN;
    if (!holds_pid_at_most(fd))
        return -ENOTUNIQ;
    kept = fd;
    fd = -1;
    return kept;
}

int pid_file_write(const char *path, struct pid_file *ret)
{
    FD_CLEANUP int fd = -1;

    do {
        fd = lock_pid_file(path);
    } while (fd == -EAGAIN);
    if (fd < 0)
        return fd;
    if (ftruncate(fd, 0) < 0 || dprintf(fd, "%d\n", (int)getpid()) < 0)
        return -errno;
    ret->path = strdup(path);
    if (!ret->path)
        return -ENOMEM;
    ret->fd = fd_move_high(fd);
    fd = -1;
    return 0;
}

int pid_file_adopt(const char *path, int fd, struct pid_file *ret)
{
    char *copy = strdup(path);

    if (!copy)
        return -ENOMEM;
    *ret = (struct pid_file){.path = copy, .fd = fd};
    return 0;
}

void pid_file_remove(struct pid_file *file)
{
    if (!file->path)
        return;
    if (is_same_file(file->fd, file->path) && holds_pid_at_most(file->fd))
        unlink(file->path);
    free(file->path);
    fd_close(file->fd);
    *file = (struct pid_file){.fd = -1};
}
