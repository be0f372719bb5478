/* check: see check.h. */
#include "handlers/check.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "handlers/cache.h"
#include "handlers/stream.h"
#include "handlers/usage.h"

/* How much longer than the program's own time to wait for another handler's run of it. */
#define LOCK_SURPLUS (2 * CLOCK_SECOND)

struct settings {
    nanoseconds timeout, max_age;
    const char *directory; /* of the cache; NULL: the default */
};

/* 0 or -errno: it could not be started, which is a failed check too. */
static int run_program(const struct usage *usage, const struct settings *settings,
                       char *const argv[], struct program_result *ret)
{
    int error = program_run(argv, settings->timeout, ret);

    if (error < 0) {
        usage_fail(usage, 0, "cannot run %s: %s", argv[0], strerror(-error));
        ret->status = PROGRAM_NOT_FOUND;
        ret->is_late = false;
        ret->length = 0;
    }
    return error;
}

/* Takes the lock too. Returns 0 or -errno: without a cache, then. */
static int open_cache(const struct settings *settings, char *const argv[], struct cache *ret,
                      char path[static CACHE_PATH_SIZE])
{
    int error = 0;

    if (!settings->directory)
        error = cache_find_directory(path);
    else if (snprintf(path, CACHE_PATH_SIZE, "%s", settings->directory) >= CACHE_PATH_SIZE)
        error = -ENAMETOOLONG;
    if (error == 0)
        error = cache_open(path, argv, settings->timeout, ret);
    if (error == 0)
        error = cache_lock(ret, settings->timeout == 0
                                    ? STREAM_NO_DEADLINE
                                    : stream_deadline(settings->timeout + LOCK_SURPLUS));
    return error;
}

static void report_cache(const struct usage *usage, const char *path, int error)
{
    usage_fail(usage, 0, "cannot use the cache in %s: %s", path,
               error == -EPERM       ? "others have access to it"
               : error == -ETIMEDOUT ? "another run does not end"
                                     : strerror(-error));
}

static void find_result(const struct usage *usage, const struct settings *settings,
                        char *const argv[], struct program_result *ret)
{
    struct cache cache = {.fd = -1};
    char path[CACHE_PATH_SIZE] = "";
    int error;

    if (settings->max_age == 0) {
        run_program(usage, settings, argv, ret);
        return;
    }
    error = open_cache(settings, argv, &cache, path);
    if (error == 0 && cache_read(&cache, settings->max_age, ret)) {
        cache_close(&cache);
        return;
    }
    if (error == 0)
        error = cache_clear(&cache);
    if (error < 0) {
        report_cache(usage, path, error);
        cache_close(&cache); /* those who wait for the lock go on */
    }
    if (run_program(usage, settings, argv, ret) == 0 && error == 0) {
        error = cache_write(&cache, ret);
        if (error < 0)
            report_cache(usage, path, error);
    }
    cache_close(&cache);
}

static int serve(const struct check_service *service, const struct usage *usage,
                 const struct settings *settings, char *const argv[])
{
    static struct program_result result; /* too large for a stack that an rlimit may have cut */
    int error = stream_ignore_sigpipe();

    if (error < 0)
        return usage_fail(usage, EXIT_SYSTEM, "%s", strerror(-error));
    if (service->read_question)
        service->read_question();
    find_result(usage, settings, argv, &result);
    error = service->answer(&result);
    if (error < 0 && !stream_is_gone(error))
        return usage_fail(usage, EXIT_SYSTEM, "%s", strerror(-error));
    if (error == 0)
        stream_finish();
    return EXIT_SUCCESS;
}

int check_main(const struct check_service *service, int argc, char *argv[])
{
    struct settings settings = {.timeout = 5 * CLOCK_SECOND};
    const struct usage_option options[] = {
        {"timeout", "DURATION", USAGE_DURATION, &settings.timeout, NULL,
         "time limit of the program (5s); 0: no limit"},
        {"cache", "DURATION", USAGE_DURATION, &settings.max_age, NULL,
         "maximum age of a cached result (0)"},
        {"cache-directory", "PATH", USAGE_TEXT, &settings.directory, NULL,
         "directory for cached results, of this user alone"},
    };
    const struct usage usage = {
        .name = service->name,
        .operands = "PROGRAM [ARGUMENT]...",
        .purpose = service->purpose,
        .options = options,
        .option_count = sizeof(options) / sizeof(options[0]),
        .operands_minimum = 1,
        .operands_maximum = INT_MAX,
    };
    int first = usage_parse(&usage, argc, argv);

    return serve(service, &usage, &settings, argv + first);
}
