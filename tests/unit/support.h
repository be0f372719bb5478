/* support: what several files of tests need: a directory of their own, and loading with all that
 * it says caught. */
#ifndef STDINETD_UNIT_SUPPORT_H
#define STDINETD_UNIT_SUPPORT_H

#include <check.h>

#include "config/load.h"

/* Gives each test of tcase an empty directory; all of them are removed behind the last test. */
void sandbox_add(TCase *tcase);

/* The directory of the test that runs, without a '/' at its end. */
const char *sandbox_path(void);

/* The path of name in it; good until the eighth call from now. */
const char *sandbox_join(const char *name);

/* Writes a file of that name with this mode, whatever the umask is; returns its path. */
const char *sandbox_write_bytes(const char *name, mode_t mode, const char *bytes, size_t length);

/* The same for text, with mode 0644. */
const char *sandbox_write(const char *name, const char *text);

/* Makes a directory of that name in it. */
void sandbox_make_directory(const char *name);

/* Where we are root: what is left of the test is an ordinary user's, and the directory, too. */
void sandbox_leave_root(void);

/* What came of a config_load. */
struct load_result {
    int error;
    struct config *config; /* NULL unless error is 0 */
    unsigned count;        /* of problems */
    char *problems;        /* one a line, as they are shown */
};

/* Loads and catches; undone by load_forget. */
struct load_result load_try(const struct load_request *request);
struct load_result load_try_file(const char *path);
void load_forget(struct load_result *result);

/* Loads what must be right: fails the test with the problems where it isn't. */
struct config *load_good(const struct load_request *request);
struct config *load_good_file(const char *path);

/* "[defaults]", and the user that is required when we are root: always two lines. */
const char *defaults_lines(void);
#define DEFAULTS_LINES 2U

/* The file of that name in the sandbox: defaults_lines() and then text. */
const char *sandbox_write_config(const char *name, const char *text);

/* The text of config_dump in malloc'ed memory. */
char *dump_text(const struct config *config);

#endif
