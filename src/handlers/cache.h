/* cache: the result of a check's program, shared between the handlers that answer probers.
 *
 * A file for each program with its arguments, in a directory that nobody but our user can write to:
 * everybody may make a directory in /tmp first, and whoever writes there decides what probers hear.
 * Its lock makes many probers at once cost one run: one runs the program, the others wait and find
 * the result. A result is only used if it is whole, of this very program, and young.
 * Where the cache can't be used, checks still work, each with a run of its own. Used by check.
 */
#ifndef STDINETD_HANDLERS_CACHE_H
#define STDINETD_HANDLERS_CACHE_H

#include <stdbool.h>

#include "base/clock.h"
#include "handlers/program.h"

struct cache {
    int fd;         /* of the file; the lock is on it */
    char *identity; /* what is run: uid, timeout, directory and words */
    uint32_t identity_length;
};

/* Where the files are unless an administrator says: XDG_RUNTIME_DIR/stdinetd-checks, or
 * /run/stdinetd-checks for root, or /tmp/stdinetd-checks-UID. */
#define CACHE_PATH_SIZE 4096
int cache_find_directory(char path[static CACHE_PATH_SIZE]);

/* Opens the cache of that program in the directory, which is made (0700) if need be. Returns 0,
 * -EPERM where it isn't ours alone, or -errno. */
int cache_open(const char *directory, char *const argv[], nanoseconds timeout, struct cache *ret);
void cache_close(struct cache *cache);

/* Waits for the others. 0, -ETIMEDOUT or -errno. The lock is given back by cache_close, or by our
 * death. */
int cache_lock(const struct cache *cache, nanoseconds deadline);

/* Under the lock: takes a result that is at most max_age old; whether there is one. */
bool cache_read(const struct cache *cache, nanoseconds max_age, struct program_result *ret);

/* Under the lock, before a run: forgets the result that is too old. 0 or -errno: no result can be
 * kept here, and nobody should wait for one. */
int cache_clear(const struct cache *cache);

/* Under the lock, once after cache_clear: keeps a result, of now. 0 or -errno. */
int cache_write(const struct cache *cache, const struct program_result *result);

#endif
