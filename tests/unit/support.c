/* support: see support.h. Nothing is tested here. */
#include "support.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/dump.h"

/* Nobody's uid and gid. */
#define ORDINARY 65534

static char base[64];
static char sandbox[128];

static void make_base(void)
{
    snprintf(base, sizeof(base), "/tmp/stdinetd-unit-XXXXXX");
    if (!mkdtemp(base))
        abort();
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

static void remove_base(void)
{
    nftw(base, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void make_sandbox(void)
{
    snprintf(sandbox, sizeof(sandbox), "%s/XXXXXX", base);
    ck_assert_ptr_nonnull(mkdtemp(sandbox));
}

/* Under a sanitizer the tests are one process: the next one is root's again. */
static void return_to_root(void)
{
    ck_assert(seteuid(getuid()) == 0 && setegid(getgid()) == 0);
}

void sandbox_add(TCase *tcase)
{
    /* Unchecked: it runs in the parent, so that failed tests leave nothing behind either. */
    tcase_add_unchecked_fixture(tcase, make_base, remove_base);
    tcase_add_checked_fixture(tcase, make_sandbox, return_to_root);
}

const char *sandbox_path(void)
{
    return sandbox;
}

const char *sandbox_join(const char *name)
{
    static char paths[8][PATH_MAX];
    static unsigned next;
    char *path = paths[next++ % 8];

    snprintf(path, sizeof(paths[0]), "%s/%s", sandbox, name);
    return path;
}

const char *sandbox_write_bytes(const char *name, mode_t mode, const char *bytes, size_t length)
{
    const char *path = sandbox_join(name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    ck_assert_msg(fd >= 0, "%s cannot be made", path);
    ck_assert(write(fd, bytes, length) == (ssize_t)length);
    ck_assert(fchmod(fd, mode) == 0);
    close(fd);
    return path;
}

const char *sandbox_write(const char *name, const char *text)
{
    return sandbox_write_bytes(name, 0644, text, strlen(text));
}

void sandbox_make_directory(const char *name)
{
    ck_assert(mkdir(sandbox_join(name), 0755) == 0);
}

void sandbox_leave_root(void)
{
    if (geteuid() != 0)
        return;
    ck_assert(chmod(base, 0711) == 0 && chown(sandbox, ORDINARY, ORDINARY) == 0);
    ck_assert(setegid(ORDINARY) == 0 && seteuid(ORDINARY) == 0);
}

static void write_line(bool is_warning, const char *line, void *context)
{
    (void)is_warning;
    fprintf(context, "%s\n", line);
}

struct load_result load_try(const struct load_request *request)
{
    struct load_result result = {0};
    struct problems problems = {0};
    size_t length = 0;
    FILE *file = open_memstream(&result.problems, &length);

    ck_assert_ptr_nonnull(file);
    result.error = config_load(request, &result.config, &problems);
    result.count = problems_total(&problems);
    problems_show(&problems, write_line, file);
    problems_free(&problems);
    fclose(file);
    return result;
}

struct load_result load_try_file(const char *path)
{
    struct load_request request = {.file = path};

    return load_try(&request);
}

void load_forget(struct load_result *result)
{
    config_unref(result->config);
    free(result->problems);
    *result = (struct load_result){0};
}

struct config *load_good(const struct load_request *request)
{
    struct load_result result = load_try(request);

    ck_assert_msg(result.error == 0, "config_load returned %d and said: %s", result.error,
                  result.problems);
    ck_assert_msg(result.count == 0, "loaded, but it said: %s", result.problems);
    free(result.problems);
    return result.config;
}

struct config *load_good_file(const char *path)
{
    struct load_request request = {.file = path};

    return load_good(&request);
}

const char *defaults_lines(void)
{
    return geteuid() == 0 ? "[defaults]\nuser = root\n" : "[defaults]\n\n";
}

const char *sandbox_write_config(const char *name, const char *text)
{
    size_t size = strlen(defaults_lines()) + strlen(text) + 1;
    char *all = malloc(size);
    const char *path;

    ck_assert_ptr_nonnull(all);
    snprintf(all, size, "%s%s", defaults_lines(), text);
    path = sandbox_write(name, all);
    free(all);
    return path;
}

char *dump_text(const struct config *config)
{
    char *text = NULL;
    size_t length = 0;
    FILE *file = open_memstream(&text, &length);

    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(config_dump(config, file), 0);
    fclose(file);
    return text;
}
