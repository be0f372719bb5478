/* check: see check.h. */
#include "handlers/check.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "handlers/cache.h"
#include "handlers/stream.h"
#include "handlers/usage.h"

/* How much longer than the program's own time to wait for another handler's run of it. */
#define LOCK_SURPLUS CLOCK_SECOND

struct settings {
    nanoseconds timeout, max_age;
    const char *directory; /* of the cache; NULL: the default */
};

/* inetd and xinetd have the connection as standard error too. What the program complains about must
 * not get between the prober and the answer. */
static void keep_stderr_off(void)
{
    struct stat connection, errors;
    int null;

    if (fstat(STDIN_FILENO, &connection) < 0 || fstat(STDERR_FILENO, &errors) < 0 ||
        !S_ISSOCK(connection.st_mode) || connection.st_dev != errors.st_dev ||
        connection.st_ino != errors.st_ino)
        return;
    null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (null >= 0)
        dup2(null, STDERR_FILENO);
    fd_close(null);
}

static void set_failed(struct program_result *result, bool is_late)
{
    result->status = PROGRAM_NOT_FOUND;
    result->is_late = is_late;
    result->length = 0;
}

static void run_program(const struct usage *usage, const struct settings *settings,
                        char *const argv[], struct program_result *ret)
{
    int error = program_run(argv, settings->timeout, ret);

    if (error == 0)
        return;
    usage_fail(usage, 0, "cannot run %s: %s", argv[0], strerror(-error));
    set_failed(ret, false);
}

/* Returns 0 or -errno: without a cache, then. */
static int open_cache(const struct settings *settings, char *const argv[], struct cache *ret,
                      char path[static CACHE_PATH_SIZE])
{
    int error = 0;

    if (!settings->directory)
        error = cache_find_directory(path);
    else if (snprintf(path, CACHE_PATH_SIZE, "%s", settings->directory) >= CACHE_PATH_SIZE)
        error = -ENAMETOOLONG;
    return error < 0 ? error : cache_open(path, argv, ret);
}

static void use_cache(const struct usage *usage, const struct settings *settings,
                      const struct cache *cache, char *const argv[], struct program_result *ret)
{
    int error = cache_lock(cache, clock_now() + settings->timeout + LOCK_SURPLUS);

    if (error == -ETIMEDOUT) {
        /* Fifty more runs of what hangs would make it no better. */
        usage_fail(usage, 0, "another run of %s doesn't end", argv[0]);
        set_failed(ret, true);
        return;
    }
    if (error == 0 && cache_read(cache, settings->max_age, ret))
        return;
    run_program(usage, settings, argv, ret);
    if (error == 0)
        error = cache_write(cache, ret);
    if (error < 0)
        usage_fail(usage, 0, "the result is not cached: %s", strerror(-error));
}

static void find_result(const struct usage *usage, const struct settings *settings,
                        char *const argv[], struct program_result *ret)
{
    char path[CACHE_PATH_SIZE] = "";
    struct cache cache;
    int error;

    if (settings->max_age == 0) {
        run_program(usage, settings, argv, ret);
        return;
    }
    error = open_cache(settings, argv, &cache, path);
    if (error < 0) {
        usage_fail(usage, 0, "no cache in %s: %s", path,
                   error == -EPERM ? "it is not ours alone" : strerror(-error));
        run_program(usage, settings, argv, ret);
        return;
    }
    use_cache(usage, settings, &cache, argv, ret);
    cache_close(&cache);
}

static int serve(const struct check_service *service, const struct usage *usage,
                 const struct settings *settings, char *const argv[])
{
    static struct program_result result; /* too large for a stack that an rlimit may have cut */
    int error = stream_ignore_sigpipe();

    if (error < 0)
        return usage_fail(usage, EXIT_SYSTEM, "%s", strerror(-error));
    keep_stderr_off();
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
         "how long the program may take (5s)"},
        {"cache", "DURATION", USAGE_DURATION, &settings.max_age, NULL,
         "answer from a result that is at most this old (0)"},
        {"cache-directory", "PATH", USAGE_TEXT, &settings.directory, NULL,
         "where results are kept; nobody else may write there"},
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

    if (settings.timeout == 0)
        return usage_fail(&usage, EXIT_USAGE, "--timeout 0: no program is that quick");
    return serve(service, &usage, &settings, argv + first);
}
