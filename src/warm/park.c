/* park: see park.h.
 *
 * In this order: all signals are blocked (a handler would run in the middle of our calls); the
 * pending call is taken back; the process maps a page for the stub and one for its block (this
 * way round a process may do it that can't make memory both writable and executable), and makes a
 * socket pair, of which we take one end; what it has open is looked through; the block is written;
 * registers and signal mask are set; and it runs, traced by nobody.
 */
#include "warm/park.h"

#if WARM_IS_POSSIBLE

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"

/* Room for the two ends in the block's page, behind the block; and for the stub, which is small. */
#define ENDS_OFFSET sizeof(struct warm_block)
#define CODE_MAX    4096

/* Of the kernel's signal sets. */
#define SIGSET_SIZE ((void *)(uintptr_t)8)

_Static_assert(ENDS_OFFSET + 2 * sizeof(int32_t) <= WARM_PAGE, "the ends stand behind the block");

static size_t code_size(void)
{
    return (size_t)warm_stub_offset(warm_stub_stop);
}

/* A number for the kernel's signal mask; new, unless NULL, after asking for the old. */
static int swap_signals(const struct tracee *tracee, uint64_t *ret_old, const uint64_t *new)
{
    uint64_t copy = new ? *new : 0;

    if (ret_old && ptrace(PTRACE_GETSIGMASK, tracee->pid, SIGSET_SIZE, ret_old) < 0)
        return -errno;
    return new &&ptrace(PTRACE_SETSIGMASK, tracee->pid, SIGSET_SIZE, &copy) < 0 ? -errno : 0;
}

/* --- what it has open ------------------------------------------------------------------------- */

static bool is_same_file(const struct stat *one, const struct stat *other)
{
    return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

/* The flags of an open file, with O_CLOEXEC of the fd, as /proc tells them. 0 or -errno. */
static int read_flags(int directory, const char *name, uint32_t *ret)
{
    char path[32], text[128];
    FD_CLEANUP int fd = -1;
    const char *place;
    ssize_t got;

    snprintf(path, sizeof(path), "../fdinfo/%.12s", name);
    fd = openat(directory, path, O_RDONLY | O_CLOEXEC);
    got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    if (got <= 0)
        return -EIO;
    text[got] = '\0';
    place = strstr(text, "flags:");
    if (!place)
        return -EIO;
    *ret = (uint32_t)strtoul(place + strlen("flags:"), NULL, 8);
    return 0;
}

static void refuse_copies(struct park *park, const char *reason)
{
    if (park->is_cloneable)
        snprintf(park->why_not, sizeof(park->why_not), "%s", reason);
    park->is_cloneable = false;
}

static int add_fd(struct warm_fd *items, uint32_t *count, uint32_t most, int fd, uint32_t flags)
{
    if (*count == most)
        return -E2BIG;
    items[(*count)++] = (struct warm_fd){fd, flags & O_CLOEXEC};
    return 0;
}

/* Whether it is a device that has no place in it. */
static bool is_plain_device(const struct stat *status)
{
    return S_ISCHR(status->st_mode) && major(status->st_rdev) == 1 &&
           (minor(status->st_rdev) == 3 || minor(status->st_rdev) == 5 ||
            minor(status->st_rdev) == 8 || minor(status->st_rdev) == 9);
}

static int look_at(struct park *park, struct warm_block *block, int directory, const char *name)
{
    int fd = (int)strtol(name, NULL, 10);
    struct stat status;
    uint32_t flags;

    if (fstatat(directory, name, &status, 0) < 0 || read_flags(directory, name, &flags) < 0)
        return -EIO;
    if (is_same_file(&status, &park->placeholder))
        return add_fd(block->aliases, &block->alias_count, WARM_ALIASES, fd, flags);
    if (fd == STDERR_FILENO && is_same_file(&status, &park->stderr_file))
        return 0;
    if (is_plain_device(&status))
        return 0;
    if (S_ISREG(status.st_mode) && (flags & (O_ACCMODE | O_PATH)) == O_RDONLY) {
        if (add_fd(block->reopens, &block->reopen_count, WARM_REOPENS, fd, flags) < 0)
            refuse_copies(park, "it has too many files open");
        return 0;
    }
    refuse_copies(park, "it has other fds open than files it reads");
    return 0;
}

/* Where there is no /proc, copies of it can't open anew what it has open (stub.c). Its root
 * directory is ours, too. */
static void look_for_proc(struct park *park, const struct warm_block *block)
{
    if (block->reopen_count > 0 && access("/proc/self/fd", F_OK) < 0)
        refuse_copies(park, "it has files open, and its root directory has no /proc");
}

/* Before the socket pair is made. */
static int look_at_fds(struct park *park, struct warm_block *block)
{
    char path[32];
    struct dirent *entry;
    DIR *directory;
    int fd, error = 0;

    snprintf(path, sizeof(path), "%d/fd", park->tracee->pid);
    fd = openat(park->tracee->proc_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    directory = fd < 0 ? NULL : fdopendir(fd);
    if (!directory) {
        fd_close(fd);
        return -EIO;
    }
    /* cppcheck-suppress readdirCalled */
    while (error == 0 && (entry = readdir(directory)) != NULL)
        if (entry->d_name[0] != '.')
            error = look_at(park, block, fd, entry->d_name);
    closedir(directory);
    return error;
}

/* --- the stub --------------------------------------------------------------------------------- */

struct site {
    struct park *park;
    uint64_t pc;   /* of a system call instruction */
    uint64_t base; /* of the stub */
};

static int call(struct site *site, const char *what, long number, const uint64_t arguments[6],
                int64_t *ret)
{
    struct park *park = site->park;
    int error = tracee_call(park->tracee, &park->registers, site->pc, number, arguments, ret);

    if (error < 0)
        return tracee_fail(park->tracee, "cannot stop it: %s", strerror(-error));
    if (*ret < 0)
        return tracee_fail(park->tracee, "%s: %s", what, strerror((int)-*ret));
    return 0;
}

/* Two pages, from where the stub can jump to the program: the kernel takes a hint where there is
 * room. */
static int find_room(struct site *site)
{
    uint64_t map[6] = {
        0, 2 * WARM_PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, (uint64_t)-1, 0};
    int64_t result;

    for (unsigned attempt = 0; attempt < ARCH_HINTS; attempt++) {
        int error;

        map[0] = arch_hint(site->park->resume, attempt);
        error = call(site, "mmap", SYS_mmap, map, &result);
        if (error < 0)
            return error;
        site->base = (uint64_t)result;
        if (arch_reaches(site->base, site->park->resume))
            return 0;
        error = call(site, "munmap", SYS_munmap,
                     (const uint64_t[6]){site->base, 2 * WARM_PAGE, 0, 0, 0, 0}, &result);
        if (error < 0)
            return error;
    }
    return tracee_fail(site->park->tracee, "no free memory near its code");
}

static int map_pages(struct site *site)
{
    int64_t result;
    int error = find_room(site);

    if (error < 0)
        return error;
    return call(
        site, "mprotect", SYS_mprotect,
        (const uint64_t[6]){site->base + WARM_PAGE, WARM_PAGE, PROT_READ | PROT_WRITE, 0, 0, 0},
        &result);
}

/* An fd of the process, as one of ours. */
static int take_fd(const struct tracee *tracee, int fd)
{
    FD_CLEANUP int pid_fd = (int)syscall(SYS_pidfd_open, tracee->pid, 0);
    int copy = pid_fd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, pid_fd, fd, 0);

    return copy < 0 ? -errno : copy;
}

static int get_option(int fd, int name)
{
    int value = -1;
    socklen_t length = sizeof(value);

    return getsockopt(fd, SOL_SOCKET, name, &value, &length) < 0 ? -1 : value;
}

/* A socket pair of the process: one end is taken from it, and closed there by the stub. */
static int make_control(struct site *site, struct warm_block *block)
{
    struct park *park = site->park;
    const uint64_t ends = site->base + WARM_PAGE + ENDS_OFFSET;
    int32_t fds[2];
    int64_t result;
    int error =
        call(site, "socketpair", SYS_socketpair,
             (const uint64_t[6]){AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends, 0, 0}, &result);

    if (error < 0)
        return error;
    if (tracee_read(park->tracee, ends, fds, sizeof(fds)) < 0)
        return -EIO;
    block->control = fds[0];
    block->peer = fds[1];
    park->control = take_fd(park->tracee, fds[1]);
    if (park->control < 0)
        return tracee_fail(park->tracee, "pidfd_getfd: %s", strerror(-park->control));
    if (get_option(park->control, SO_DOMAIN) != AF_UNIX ||
        get_option(park->control, SO_TYPE) != SOCK_SEQPACKET)
        return tracee_fail(park->tracee, "its socket is not ours");
    return 0;
}

/* What a copy needs of libc's thread, if it can be told. */
static void fill_thread(struct park *park, struct warm_block *block)
{
    const struct gate *gate = park->gate;
    int32_t word = 0;

    block->robust_list = gate->robust_list;
    block->robust_size = gate->robust_size;
    if (gate->thread_id == 0)
        return;
    /* glibc keeps the thread's number there; musl a lock, and the number where nobody says. */
    if (tracee_read(park->tracee, gate->thread_id, &word, sizeof(word)) == 0 &&
        word == park->tracee->pid)
        block->thread_id = gate->thread_id;
    else
        refuse_copies(park, "the thread layout of its C library is unknown");
}

/* Addresses as the process has them. */
static void fill_message(const struct park *park, struct warm_block *block, uint64_t base)
{
    const uint64_t here = base + WARM_PAGE;

    block->expected = sizeof(block->message) + park->region_size;
    block->parts[0].iov_base = (void *)(uintptr_t)(here + offsetof(struct warm_block, message));
    block->parts[0].iov_len = sizeof(block->message);
    block->parts[1].iov_base = (void *)(uintptr_t)park->region;
    block->parts[1].iov_len = park->region_size;
    block->header.msg_iov = (struct iovec *)(uintptr_t)(here + offsetof(struct warm_block, parts));
    block->header.msg_iovlen = 2;
    block->header.msg_control = (void *)(uintptr_t)(here + offsetof(struct warm_block, ancillary));
    memcpy(block->path, WARM_PATH_PREFIX, sizeof(WARM_PATH_PREFIX));
}

/* Writes stub and block, and sets registers so that it goes on there. */
static int plant(struct site *site, struct warm_block *block)
{
    struct park *park = site->park;
    struct arch_registers registers;
    unsigned char code[CODE_MAX];
    int error;

    if (code_size() > sizeof(code))
        return -E2BIG;
    memcpy(code, warm_stub_start, code_size());
    fill_message(park, block, site->base);
    arch_park(&park->registers, park->call, park->resume, site->base, block, &registers, code);
    error = tracee_poke(park->tracee, site->base, code, code_size());
    if (error == 0)
        error = tracee_write(park->tracee, site->base + WARM_PAGE, block, sizeof(*block));
    if (error == 0)
        error = tracee_set_registers(park->tracee, &registers);
    return error;
}

/* Where the first calls are made: behind the gate's own instruction, or one that is put over the
 * program's first one; before are the bytes that stood there. */
static int find_site(struct site *site, unsigned char before[ARCH_CODE_MAX])
{
    struct park *park = site->park;
    unsigned char bytes[ARCH_CODE_MAX];

    site->pc = park->resume;
    if (tracee_read(park->tracee, park->resume, bytes, arch_call_size) < 0)
        return -EIO;
    if (park->call < 0) {
        memcpy(before, bytes, sizeof(bytes));
        return tracee_poke(park->tracee, site->pc, arch_call, arch_call_size);
    }
    if (memcmp(bytes, arch_call, arch_call_size) != 0)
        return tracee_fail(park->tracee, "it makes system calls in an unknown way");
    return tracee_cancel(park->tracee, &park->registers);
}

static int prepare(struct park *park, struct warm_block *block)
{
    struct site site = {.park = park};
    unsigned char before[ARCH_CODE_MAX];
    int error = find_site(&site, before);

    if (error == 0)
        error = look_at_fds(park, block);
    if (error == 0)
        look_for_proc(park, block);
    if (error == 0)
        fill_thread(park, block);
    if (error == 0)
        error = map_pages(&site);
    if (error == 0)
        error = make_control(&site, block);
    if (error == 0 && park->call < 0)
        error = tracee_poke(park->tracee, site.pc, before, arch_call_size);
    return error < 0 ? error : plant(&site, block);
}

int park_tracee(struct park *park)
{
    static const uint64_t all = UINT64_MAX;
    struct warm_block block;
    uint64_t mask;
    int error;

    memset(&block, 0, sizeof(block));
    park->control = -1;
    park->is_cloneable = true;
    if (park->gate->has_drawn)
        refuse_copies(park, "it has read random numbers, which its copies would share");
    error = swap_signals(park->tracee, &mask, &all);
    if (error == 0)
        error = prepare(park, &block);
    if (error == 0)
        error = swap_signals(park->tracee, NULL, &mask);
    if (error == 0 && ptrace(PTRACE_DETACH, park->tracee->pid, NULL, NULL) < 0)
        error = -errno;
    if (error < 0)
        park->control = fd_close(park->control);
    return error;
}

#endif
