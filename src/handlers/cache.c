/* cache: see cache.h. */
#include "handlers/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/siphash.h"

#define MAGIC UINT64_C(0x3230636468637473) /* a file of this version */

/* Words of a command that are longer than this in all are run without a cache. */
#define IDENTITY_MAX 65536

/* No secret: it finds files, it keeps nobody out. */
static const struct siphash_key name_key = {1, 2};

/* The file: this, the identity, the output. */
struct header {
    uint64_t magic;
    uint64_t monotonic, wall;
    int32_t status;
    uint32_t is_late;
    uint32_t identity_length, output_length;
};

static uint64_t wall_clock(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * CLOCK_SECOND + (uint64_t)now.tv_nsec;
}

int cache_find_directory(char path[static CACHE_PATH_SIZE])
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    int length;

    if (runtime && runtime[0] == '/')
        length = snprintf(path, CACHE_PATH_SIZE, "%s/stdinetd-checks", runtime);
    else if (geteuid() == 0)
        length = snprintf(path, CACHE_PATH_SIZE, "/run/stdinetd-checks");
    else
        length = snprintf(path, CACHE_PATH_SIZE, "/tmp/stdinetd-checks-%u", geteuid());
    return length < CACHE_PATH_SIZE ? 0 : -ENAMETOOLONG;
}

/* Looks at what was opened, not at what has that name by now. */
static int check_owner(int fd, mode_t type)
{
    struct stat info;

    if (fstat(fd, &info) < 0)
        return -errno;
    if ((info.st_mode & S_IFMT) != type || info.st_uid != geteuid() ||
        (info.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return -EPERM;
    return 0;
}

/* Returns an fd or -errno. */
static int open_directory(const char *path)
{
    int fd, error;

    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return -errno;
    fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ELOOP || errno == ENOTDIR ? -EPERM : -errno;
    error = check_owner(fd, S_IFDIR);
    if (error < 0)
        fd_close(fd);
    return error < 0 ? error : fd;
}

/* What makes two runs the same: the user, how long they may take, the directory that relative names
 * begin in, the words. */
static int make_identity(char *const argv[], nanoseconds timeout, struct cache *cache)
{
    char start[PATH_MAX + 64], directory[PATH_MAX];
    size_t length, at;

    if (!getcwd(directory, sizeof(directory)))
        return -errno;
    length = at =
        (size_t)snprintf(start, sizeof(start), "%u %" PRIu64 " %s", geteuid(), timeout, directory) +
        1;
    for (int i = 0; argv[i]; i++)
        length += strlen(argv[i]) + 1;
    if (length > IDENTITY_MAX)
        return -E2BIG;
    cache->identity = malloc(length);
    if (!cache->identity)
        return -ENOMEM;
    memcpy(cache->identity, start, at);
    for (int i = 0; argv[i]; i++) {
        memcpy(cache->identity + at, argv[i], strlen(argv[i]) + 1);
        at += strlen(argv[i]) + 1;
    }
    cache->identity_length = (uint32_t)length;
    return 0;
}

static int open_file(int directory, struct cache *cache)
{
    char name[32];

    snprintf(name, sizeof(name), "%016" PRIx64,
             siphash(&name_key, cache->identity, cache->identity_length));
    cache->fd = openat(directory, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    return cache->fd < 0 ? -errno : check_owner(cache->fd, S_IFREG);
}

int cache_open(const char *directory, char *const argv[], nanoseconds timeout, struct cache *ret)
{
    struct cache cache = {.fd = -1};
    int fd = open_directory(directory), error;

    if (fd < 0)
        return fd;
    error = make_identity(argv, timeout, &cache);
    if (error == 0)
        error = open_file(fd, &cache);
    fd_close(fd);
    if (error < 0) {
        cache_close(&cache);
        return error;
    }
    *ret = cache;
    return 0;
}

void cache_close(struct cache *cache)
{
    cache->fd = fd_close(cache->fd);
    free(cache->identity);
    cache->identity = NULL;
}

/* flock knows no timeout, and a signal for one could come before the call: so it is asked again. A
 * hundredth of a second is little beside the run of a program. */
int cache_lock(const struct cache *cache, nanoseconds deadline)
{
    const struct timespec pause = {.tv_nsec = 10000000};

    while (flock(cache->fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return -errno;
        if (clock_now() >= deadline)
            return -ETIMEDOUT;
        nanosleep(&pause, NULL);
    }
    return 0;
}

/* By both clocks: the monotonic one isn't set by anybody, and the wall clock tells this boot from
 * the one before. A moment in the future is of another time altogether. */
static bool is_young(const struct header *header, nanoseconds max_age)
{
    nanoseconds now = clock_now(), wall = wall_clock();

    return header->monotonic <= now && now - header->monotonic <= max_age && header->wall <= wall &&
           wall - header->wall <= max_age;
}

static bool read_parts(const struct cache *cache, struct header *header, char *identity,
                       struct program_result *result)
{
    struct iovec parts[] = {{header, sizeof(*header)},
                            {identity, cache->identity_length},
                            {result->output, sizeof(result->output)}};
    ssize_t got = preadv(cache->fd, parts, 3, 0);

    return got >= (ssize_t)(sizeof(*header) + cache->identity_length) && header->magic == MAGIC &&
           header->identity_length == cache->identity_length &&
           header->output_length == (size_t)got - sizeof(*header) - cache->identity_length &&
           memcmp(identity, cache->identity, cache->identity_length) == 0;
}

bool cache_read(const struct cache *cache, nanoseconds max_age, struct program_result *ret)
{
    char *identity = malloc(cache->identity_length);
    struct header header;
    bool usable =
        identity && read_parts(cache, &header, identity, ret) && is_young(&header, max_age);

    free(identity);
    if (!usable)
        return false;
    ret->status = header.status;
    ret->is_late = header.is_late;
    ret->length = header.output_length;
    return true;
}

/* What would end us where there is no room for a byte (RLIMIT_FSIZE) is an error instead. */
static int write_parts(int fd, const struct iovec *parts, int count, size_t size)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    int error = sigaction(SIGXFSZ, &ignore, &before) < 0 ? -errno : 0;
    ssize_t put;

    if (error < 0)
        return error;
    put = pwritev(fd, parts, count, 0);
    error = put < 0 ? -errno : (size_t)put == size ? 0 : -ENOSPC;
    sigaction(SIGXFSZ, &before, NULL);
    return error;
}

/* One byte is no result, and shows that there is room. */
int cache_clear(const struct cache *cache)
{
    const struct iovec byte = {(char[]){0}, 1};

    if (ftruncate(cache->fd, 0) < 0)
        return -errno;
    return write_parts(cache->fd, &byte, 1, 1);
}

/* Into the same file, since the lock is on it: with a rename, those who wait would hold the lock of
 * a file that nobody finds any more. It was cleared, and this is one call: what our death cuts off
 * is shorter than its header says. */
int cache_write(const struct cache *cache, const struct program_result *result)
{
    struct header header = {
        .magic = MAGIC,
        .monotonic = clock_now(),
        .wall = wall_clock(),
        .status = result->status,
        .is_late = result->is_late,
        .identity_length = cache->identity_length,
        .output_length = result->length,
    };
    const struct iovec parts[] = {{&header, sizeof(header)},
                                  {cache->identity, cache->identity_length},
                                  {(void *)(uintptr_t)result->output, result->length}};

    return write_parts(cache->fd, parts, 3,
                       sizeof(header) + cache->identity_length + result->length);
}
