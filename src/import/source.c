/* source: see source.h. */
#include "import/source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

void import_read_text(struct import *import, const char *path, const char *text, size_t length)
{
    const char *file = import->file;
    unsigned line = import->line;

    import->file = import_escape(import, path);
    import->line = 0;
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        length -= 3;
    }
    if (length > 0 && memchr(text, '\0', length))
        import_say(import, NULL, IMPORT_ERROR, "has NUL bytes: not a configuration");
    else
        import->reader(import, text, length);
    import->file = file;
    import->line = line;
}

/* Of a file that a configuration names: nothing that could make us wait. */
static int read_regular(const char *path, char **ret_text, size_t *ret_length)
{
    FD_CLEANUP int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat status;

    if (fd < 0 || fstat(fd, &status) < 0)
        return -errno;
    if (!S_ISREG(status.st_mode))
        return S_ISDIR(status.st_mode) ? -EISDIR : -EINVAL;
    return fd_read_all(fd, IMPORT_FILE_MAX, ret_text, ret_length);
}

/* Of what the caller names: a pipe will do, too. */
static int read_any(const char *path, char **ret_text, size_t *ret_length)
{
    FD_CLEANUP int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

    return fd < 0 ? -errno : fd_read_all(fd, IMPORT_FILE_MAX, ret_text, ret_length);
}

/* Where a file is that a configuration names. */
static const char *rooted(struct import *import, const char *path)
{
    return import->root
               ? import_format(import, "%s%s%s", import->root, path[0] == '/' ? "" : "/", path)
               : path;
}

int import_read_named(struct import *import, const char *path, char **ret_text, size_t *ret_length)
{
    return read_regular(rooted(import, path), ret_text, ret_length);
}

static void say_unreadable(struct import *import, const char *path, int error)
{
    import_say(import, NULL, IMPORT_ERROR, "%s: %s", path,
               error == -EFBIG ? "larger than 1 MiB: not a configuration" : strerror(-error));
    import->unreadable = true;
}

/* What was read, or the error in reading it. text is freed. */
static void take_file(struct import *import, const char *path, int error, char *text, size_t length)
{
    if (error < 0) {
        say_unreadable(import, path, error);
        return;
    }
    import->file_count++;
    import->depth++;
    import_read_text(import, path, text, length);
    import->depth--;
    free(text);
}

static bool may_read(struct import *import, const char *path)
{
    const char *problem = import->depth >= IMPORT_DEPTH_MAX ? "includes are nested too deeply"
                          : import->file_count >= IMPORT_FILES_MAX ? "too many files"
                                                                   : NULL;

    if (problem)
        import_say(import, NULL, IMPORT_ERROR, "%s: %s; ignored", path, problem);
    return !problem;
}

/* path is as the system has it. */
static void read_included(struct import *import, const char *path)
{
    char *text = NULL;
    size_t length = 0;
    int error;

    if (!may_read(import, path))
        return;
    error = read_regular(path, &text, &length);
    take_file(import, path, error, text, length);
}

/* xinetd skips what an editor or a package manager leaves behind. */
static int is_wanted(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);

    return !strchr(entry->d_name, '.') && entry->d_name[length - 1] != '~';
}

/* As strcmp, whatever the locale. */
static int compare_names(const struct dirent **one, const struct dirent **other)
{
    return strcmp((*one)->d_name, (*other)->d_name);
}

/* path is as the system has it. */
static void read_directory(struct import *import, const char *path)
{
    struct dirent **entries;
    int count = scandir(path, &entries, is_wanted, compare_names);

    if (count < 0) {
        say_unreadable(import, path, -errno);
        return;
    }
    for (int i = 0; i < count; i++) {
        const char *name = import_format(import, "%s/%s", path, entries[i]->d_name);
        struct stat status;

        if (stat(name, &status) < 0 || S_ISREG(status.st_mode))
            read_included(import, name);
        free(entries[i]);
    }
    free(entries);
}

void import_include(struct import *import, const char *path)
{
    read_included(import, rooted(import, path));
}

void import_include_directory(struct import *import, const char *path)
{
    if (may_read(import, path))
        read_directory(import, rooted(import, path));
}

void import_read_path(struct import *import, const char *path)
{
    bool standard = strcmp(path, "-") == 0;
    struct stat status;
    char *text = NULL;
    size_t length = 0;
    int error;

    if (!standard && stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
        read_directory(import, path);
        return;
    }
    if (!may_read(import, path))
        return;
    error = standard ? fd_read_all(STDIN_FILENO, IMPORT_FILE_MAX, &text, &length)
                     : read_any(path, &text, &length);
    take_file(import, standard ? "standard input" : path, error, text, length);
}
