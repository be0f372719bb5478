/* program: see program.h. */
#include "config/program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"

static int open_outside(const char *path)
{
    int fd = open(path, O_PATH | O_CLOEXEC);

    return fd < 0 ? -errno : fd;
}

/* Opens path as who has chroot for "/" would: an absolute link in there leads to a place in there.
 */
static int open_inside(const char *chroot, const char *path)
{
    struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};
    FD_CLEANUP int root = open(chroot, O_PATH | O_DIRECTORY | O_CLOEXEC);
    unsigned tries = 100;
    int fd;

    if (root < 0)
        return -errno;
    do { /* EAGAIN: something was renamed meanwhile, openat2(2) */
        fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
    } while (fd < 0 && errno == EAGAIN && tries-- > 0);
    /* Before Linux 5.6, or forbidden: good enough where links in there are relative. */
    if (fd < 0 && (errno == ENOSYS || errno == EPERM))
        fd = openat(root, path + strspn(path, "/"), O_PATH | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

/* 0 for a regular file that somebody may execute; -errno, -ENOEXEC for another file. */
static int check_program(const struct program_request *request, const char *path)
{
    FD_CLEANUP int fd = request->chroot ? open_inside(request->chroot, path) : open_outside(path);
    struct stat status;

    if (fd < 0)
        return fd;
    if (fstat(fd, &status) < 0)
        return -errno;
    return S_ISREG(status.st_mode) && (status.st_mode & 0111) != 0 ? 0 : -ENOEXEC;
}

/* Looks the name up in our PATH; relative entries of PATH are never followed. Whether it is there:
 * then path has it. */
static bool search_path(const struct program_request *request, char path[static PATH_MAX])
{
    const char *directory = getenv("PATH");

    if (!directory || directory[0] == '\0')
        directory = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    while (*directory != '\0') {
        int length = (int)strcspn(directory, ":");

        if (directory[0] == '/' &&
            snprintf(path, PATH_MAX, "%.*s/%s", length, directory, request->name) < PATH_MAX &&
            check_program(request, path) == 0)
            return true;
        directory += length;
        directory += *directory == ':';
    }
    return false;
}

/* Writes the reason and gives back that there is one. */
__attribute__((format(printf, 2, 3))) static int refuse(char message[static PROGRAM_MESSAGE_SIZE],
                                                        const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, PROGRAM_MESSAGE_SIZE, format, arguments);
    va_end(arguments);
    return -EINVAL;
}

static int find_path(const struct program_request *request, char path[static PATH_MAX],
                     char message[static PROGRAM_MESSAGE_SIZE])
{
    const char *inside = request->chroot ? request->chroot : "";
    const char *name = request->name;
    int length, error;

    if (!strchr(name, '/')) {
        if (search_path(request, path))
            return 0;
        return refuse(message, "no program '%.150s' in PATH%s%.150s", name,
                      request->chroot ? " inside " : "", inside);
    }
    if (name[0] != '/' && request->chroot)
        return refuse(message, "with chroot, '%.150s' must be absolute or in PATH", name);
    length = name[0] == '/' ? snprintf(path, PATH_MAX, "%s", name)
                            : snprintf(path, PATH_MAX, "%s/%s", request->directory, name);
    error = length < PATH_MAX ? check_program(request, path) : -ENAMETOOLONG;
    if (error == -ENOEXEC)
        return refuse(message, "%.150s%.150s is not an executable file", inside, path);
    return error < 0 ? refuse(message, "%.150s%.150s: %s", inside, path, strerror(-error)) : 0;
}

int program_find(struct arena *arena, const struct program_request *request, const char **ret,
                 char message[static PROGRAM_MESSAGE_SIZE])
{
    char path[PATH_MAX];
    int error = find_path(request, path, message);
    const char *kept = error == 0 ? arena_copy_string(arena, path) : NULL;

    if (error < 0)
        return error;
    if (!kept)
        return -ENOMEM;
    *ret = kept;
    return 0;
}
