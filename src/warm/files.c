/* files: see files.h. */
#include "warm/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"

/* As a handler of the plan would open it. */
static int open_as(const struct plan *plan, const char *path, int flags)
{
    struct open_how how = {.flags = (unsigned)flags | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};
    FD_CLEANUP int root = -1;

    if (!plan->chroot)
        return open(path, flags | O_CLOEXEC);
    root = open(plan->chroot, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return root < 0 ? -1 : (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

static bool look(const struct plan *plan, const char *path, struct stat *ret)
{
    FD_CLEANUP int fd = -1;

    if (!plan->chroot)
        return stat(path, ret) == 0;
    fd = open_as(plan, path, O_PATH);
    return fd >= 0 && fstat(fd, ret) == 0;
}

int warm_files_add(struct warm_files *files, const char *path, const struct warm_file *file)
{
    struct warm_file *added = &files->items[files->count];

    if (files->count == WARM_FILES)
        return -ENOSPC;
    *added = *file;
    added->path = strdup(path);
    if (!added->path)
        return -ENOMEM;
    files->count++;
    return 0;
}

/* What it is like now. The time is that of its status: nobody can set it back, and with other
 * permissions it isn't the same program either. Of a directory only which one it is. False: it is
 * neither that nor a regular file, or can't be looked at. */
static bool describe(const struct plan *plan, const char *path, struct warm_file *ret)
{
    struct stat status;

    if (!look(plan, path, &status) || (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)))
        return false;
    *ret = (struct warm_file){.device = status.st_dev, .inode = status.st_ino};
    if (S_ISREG(status.st_mode)) {
        ret->size = status.st_size;
        ret->changed = status.st_ctim;
    }
    return true;
}

static void note(struct warm_files *files, const struct plan *plan, const char *path)
{
    struct warm_file file;

    if (files->count < WARM_FILES && describe(plan, path, &file))
        warm_files_add(files, path, &file);
}

/* "#!/usr/bin/python3 …" */
static void note_interpreter(struct warm_files *files, const struct plan *plan)
{
    char line[256];
    FD_CLEANUP int fd = open_as(plan, plan->program, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    ssize_t got = fd < 0 ? -1 : pread(fd, line, sizeof(line) - 1, 0);
    char *name = line + 2;

    if (got < 2 || line[0] != '#' || line[1] != '!')
        return;
    line[got] = '\0';
    name += strspn(name, " \t");
    name[strcspn(name, " \t\n")] = '\0';
    if (name[0] == '/')
        note(files, plan, name);
}

void warm_files_note(struct warm_files *files, const struct plan *plan)
{
    char path[PATH_MAX];

    warm_files_forget(files);
    note(files, plan, plan->program);
    note(files, plan, plan->directory);
    note_interpreter(files, plan);
    for (size_t i = 1; plan->argv[0] && plan->argv[i]; i++) {
        const char *word = plan->argv[i];
        int length = word[0] == '/' ? snprintf(path, sizeof(path), "%s", word)
                                    : snprintf(path, sizeof(path), "%s/%s", plan->directory, word);

        if (word[0] != '\0' && word[0] != '-' && length < PATH_MAX)
            note(files, plan, path);
    }
}

bool warm_files_are_same(const struct warm_files *files, const struct plan *plan)
{
    for (size_t i = 0; i < files->count; i++) {
        const struct warm_file *file = &files->items[i];
        struct warm_file now;

        if (!describe(plan, file->path, &now) || now.device != file->device ||
            now.inode != file->inode || now.size != file->size ||
            now.changed.tv_sec != file->changed.tv_sec ||
            now.changed.tv_nsec != file->changed.tv_nsec)
            return false;
    }
    return true;
}

void warm_files_forget(struct warm_files *files)
{
    for (size_t i = 0; i < files->count; i++)
        free(files->items[i].path);
    files->count = 0;
}
