/* program: which file a command means: by PATH, by its path, in another root; and what is refused.
 */
#include "config/program.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support.h"
#include "unit.h"

static struct arena *arena;

/* Names in the sandbox: a program, a file, a root with links that lead elsewhere outside of it. */
static void make_files(void)
{
    arena = arena_new();
    sandbox_write_bytes("program", 0755, "", 0);
    sandbox_write_bytes("just-a-file", 0644, "", 0);
    sandbox_make_directory("root");
    sandbox_make_directory("root/bin");
    sandbox_write_bytes("root/bin/inner", 0755, "", 0);
    ck_assert(symlink("/bin/inner", sandbox_join("root/bin/absolute")) == 0);
    ck_assert(symlink("../../../../../../bin/inner", sandbox_join("root/bin/upwards")) == 0);
    ck_assert(symlink(sandbox_join("program"), sandbox_join("root/bin/outside")) == 0);
    ck_assert(symlink("loop", sandbox_join("root/bin/loop")) == 0);
}

static void forget_files(void)
{
    arena_free(arena);
}

static const struct {
    const char *name;
    bool chroot;
    const char *found;   /* NULL: refused; a leading '.' is the sandbox */
    const char *message; /* a part of it */
} rows[] = {
    {"program", false, "./program", NULL},
    {"./program", false, "././program", NULL},
    {"root/bin/inner", false, "./root/bin/inner", NULL},
    {"just-a-file", false, NULL, "no program 'just-a-file' in PATH"},
    {"./just-a-file", false, NULL, "is not an executable file"},
    {"./root", false, NULL, "is not an executable file"},
    {"./nothing", false, NULL, "No such file"},
    {"/", false, NULL, "is not an executable file"},
    {"/no/such/program", false, NULL, "/no/such/program: No such file"},
    {"/etc/passwd", false, NULL, "/etc/passwd is not an executable file"},
    {"/bin/inner", false, NULL, "/bin/inner: No such file"},
    {"/bin/inner", true, "/bin/inner", NULL},
    {"inner", true, "/bin/inner", NULL},
    /* A link is followed as its user will: from the new root. */
    {"/bin/absolute", true, "/bin/absolute", NULL},
    {"/bin/upwards", true, "/bin/upwards", NULL},
    {"/bin/outside", true, NULL, "No such file"},
    {"/bin/loop", true, NULL, "Too many levels"},
    {"/bin", true, NULL, "/root/bin is not an executable file"},
    {"program", true, NULL, "in PATH inside "},
    {"./bin/inner", true, NULL, "must be absolute"},
};

START_TEST(test_find)
{
    struct program_request request = {.name = rows[_i].name, .directory = sandbox_path()};
    char path[PATH_MAX], expected[PATH_MAX], message[PROGRAM_MESSAGE_SIZE] = "";
    const char *found = NULL;
    int error;

    snprintf(path, sizeof(path), "relative:%s:/bin", sandbox_path());
    setenv("PATH", path, 1);
    if (rows[_i].chroot)
        request.chroot = sandbox_join("root");
    error = program_find(arena, &request, &found, message);
    if (rows[_i].message) {
        ck_assert_msg(error == -EINVAL, "%s: %d", rows[_i].name, error);
        ck_assert_msg(strstr(message, rows[_i].message), "%s: %s", rows[_i].name, message);
        ck_assert_ptr_null(found);
        return;
    }
    ck_assert_msg(error == 0, "%s: %s", rows[_i].name, message);
    if (rows[_i].found[0] == '.')
        snprintf(expected, sizeof(expected), "%s%s", sandbox_path(), rows[_i].found + 1);
    else
        snprintf(expected, sizeof(expected), "%s", rows[_i].found);
    ck_assert_str_eq(found, expected);
}
END_TEST

START_TEST(test_long_name)
{
    char name[PATH_MAX + 10], message[PROGRAM_MESSAGE_SIZE] = "";
    struct program_request request = {.name = name, .directory = sandbox_path()};
    const char *found = NULL;

    memset(name, 'x', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    ck_assert_int_eq(program_find(arena, &request, &found, message), -EINVAL);
    name[0] = '/';
    ck_assert_int_eq(program_find(arena, &request, &found, message), -EINVAL);
    ck_assert_ptr_nonnull(strstr(message, "too long"));
}
END_TEST

/* Without PATH in our environment: where programs are on every system. */
START_TEST(test_without_path)
{
    struct program_request request = {.name = "sh", .directory = "/"};
    char message[PROGRAM_MESSAGE_SIZE];
    const char *found = NULL;

    unsetenv("PATH");
    ck_assert_int_eq(program_find(arena, &request, &found, message), 0);
    ck_assert(access(found, X_OK) == 0);
}
END_TEST

Suite *program_suite(void)
{
    Suite *suite = suite_create("program");
    TCase *tcase = tcase_create("program");

    sandbox_add(tcase);
    tcase_add_checked_fixture(tcase, make_files, forget_files);
    tcase_add_loop_test(tcase, test_find, 0, ROWS(rows));
    tcase_add_test(tcase, test_long_name);
    tcase_add_test(tcase, test_without_path);
    suite_add_tcase(suite, tcase);
    return suite;
}
