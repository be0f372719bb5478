/* files: which files a service's handlers are made of, and whether they still are the ones that
 * were there when a handler was warmed up: its program, its directory, the interpreter that its
 * first line names, and every argument that is a regular file (a script, mostly) or a directory.
 * Called by pool/pool.c. */
#ifndef STDINETD_WARM_FILES_H
#define STDINETD_WARM_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "launch/plan.h"

#define WARM_FILES 9

struct warm_file {
    char *path; /* inside the plan's root directory; malloc'ed */
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed;
};

struct warm_files {
    struct warm_file items[WARM_FILES];
    size_t count;
};

/* Takes note of them as they are now; what can't be looked at has no note. */
void warm_files_note(struct warm_files *files, const struct plan *plan);

/* Adds one as it was; file->path isn't used. 0; -ENOSPC; -ENOMEM. */
int warm_files_add(struct warm_files *files, const char *path, const struct warm_file *file);

/* Whether all that were noted are the same still. */
bool warm_files_are_same(const struct warm_files *files, const struct plan *plan);

void warm_files_forget(struct warm_files *files);

#endif
