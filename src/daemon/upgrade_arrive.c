/* upgrade_arrive: see upgrade.h. The side of the build that comes: what it finds when it begins,
 * and what it says when it is only asked. Called by main.c. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/value.h"
#include "carry/adoption.h"
#include "config/arguments.h"
#include "config/dump.h"
#include "config/load.h"
#include "daemon/daemon.h"
#include "handover/version.h"

/* More than a million connections take; a bound against what is no handover. */
#define HANDOVER_MAX ((off_t)1 << 30)

/* Reads a whole memfd from its beginning. 0 or -errno. */
static int read_memory(int fd, char **ret_text, size_t *ret_length)
{
    struct stat status;

    if (fstat(fd, &status) < 0)
        return -errno;
    if (!S_ISREG(status.st_mode) || status.st_size > HANDOVER_MAX)
        return -EINVAL;
    if (lseek(fd, 0, SEEK_SET) < 0)
        return -errno;
    return fd_read_all(fd, (size_t)HANDOVER_MAX, ret_text, ret_length);
}

/* What stands there, opened. 0 or -errno, with the problem. */
static int open_adoption(int fd, struct adoption *ret, char problem[static HANDOVER_PROBLEM_SIZE])
{
    size_t length = 0;
    char *text = NULL;
    int error = read_memory(fd, &text, &length);

    if (error == 0)
        error = adoption_open(text, length, ret, problem);
    if (error < 0 && problem[0] == '\0')
        snprintf(problem, HANDOVER_PROBLEM_SIZE, "%s", strerror(-error));
    return error;
}

/* Two numbers with something between them. */
static bool parse_pair(const char *text, char between, uint64_t *ret_first, uint64_t *ret_second)
{
    const char *second = strchr(text, between);
    char first[32];

    if (!second || (size_t)(second - text) >= sizeof(first))
        return false;
    memcpy(first, text, (size_t)(second - text));
    first[second - text] = '\0';
    return value_parse_count(first, ret_first) == 0 &&
           value_parse_count(second + 1, ret_second) == 0 && *ret_second <= INT32_MAX;
}

/* The fd that our variable names, if it is meant for this very process, and what a daemon of ours
 * leaves: sealed memory. Else -1. */
static int find_memory(void)
{
    const char *text = getenv(UPGRADE_VARIABLE);
    const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    uint64_t pid, fd;
    int found;

    if (!text || !parse_pair(text, ':', &pid, &fd) || pid != (uint64_t)getpid())
        return -1;
    found = fcntl((int)fd, F_GET_SEALS);
    return found >= 0 && (found & seals) == seals ? (int)fd : -1;
}

struct adoption *upgrade_arrive(char ret_problem[static HANDOVER_PROBLEM_SIZE])
{
    struct adoption *adoption = NULL;
    int fd = find_memory();
    int error;

    ret_problem[0] = '\0';
    unsetenv(UPGRADE_VARIABLE);
    if (fd < 0)
        return NULL;
    adoption = calloc(1, sizeof(*adoption));
    error = adoption ? open_adoption(fd, adoption, ret_problem) : -ENOMEM;
    fd_close(fd);
    if (error == 0) {
        adoption_read(adoption, ADOPTION_OF_PROCESS);
        handover_claim(&adoption->handover, adoption->configuration_fd);
        return adoption;
    }
    if (ret_problem[0] == '\0')
        snprintf(ret_problem, HANDOVER_PROBLEM_SIZE, "%s", strerror(-error));
    syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, 0);
    free(adoption);
    return NULL;
}

void upgrade_settle(struct daemon_start *start)
{
    struct adoption *adoption = start->adoption;

    start->adoption = NULL;
    if (!adoption)
        return;
    adoption_close_rest(adoption);
    fd_close(adoption->configuration_fd);
    adoption_close(adoption);
    free(adoption);
}

int upgrade_load_proven(struct daemon_start *start, struct config **ret)
{
    const char *file = start->request->file;
    struct load_request proven = {.file = file ? file : "command line", .proven = true};
    int fd = start->adoption ? start->adoption->configuration_fd : -1;
    struct problems problems = {0};
    size_t length = 0;
    char *text = NULL;
    int error = fd < 0 ? -ENOENT : read_memory(fd, &text, &length);

    if (error == 0 && length == 0)
        error = -ENOENT;
    if (error == 0) {
        proven.text = text;
        proven.text_length = length;
        error = config_load(&proven, ret, &problems);
    }
    problems_free(&problems);
    free(text);
    if (error == 0)
        start->adoption->fell_back = true;
    return error;
}

/* --- when we are only asked ----------------------------------------------------------------- */

/* Writes down how we understand the configuration. What no ini can say isn't written. 0 or -errno.
 */
static int write_configuration(int fd, const struct config *config)
{
    FILE *file = fdopen(fd, "w");
    int error = file ? config_dump(config, file) : -errno;

    if (error == -EILSEQ && ftruncate(fd, 0) == 0)
        error = 0;
    if (file && fclose(file) != 0 && error == 0)
        error = -errno;
    return error;
}

/* Whether the log could be opened. */
static int try_log(const struct daemon_settings *settings, bool daemonize,
                   char problem[static HANDOVER_PROBLEM_SIZE])
{
    int error = daemon_open_log(settings, daemonize);

    if (error < 0)
        snprintf(problem, HANDOVER_PROBLEM_SIZE, "cannot open log%s%s: %s",
                 settings->log.path ? " " : "", settings->log.path ? settings->log.path : "",
                 strerror(-error));
    log_close(0);
    return error;
}

int upgrade_prove(const char *fds, const struct config *config, const struct daemon_start *start)
{
    char problem[HANDOVER_PROBLEM_SIZE] = "";
    struct adoption adoption = {0};
    uint64_t memory_fd, configuration_fd;
    int error =
        parse_pair(fds, ',', &memory_fd, &configuration_fd) && memory_fd <= INT32_MAX ? 0 : -EBADF;

    if (error == 0)
        error = open_adoption((int)memory_fd, &adoption, problem);
    if (error == 0)
        error = adoption_check(&adoption, problem);
    if (error == 0)
        error = try_log(&config->daemon, start->daemonize, problem);
    if (error == 0)
        error = write_configuration((int)configuration_fd, config);
    adoption_close(&adoption);
    if (error == 0) {
        printf("stdinetd %s " PROOF_WORDS "\n", version_text);
        return EXIT_OK;
    }
    fprintf(stderr, "stdinetd %s cannot take over: %s\n", version_text,
            problem[0] != '\0' ? problem : strerror(-error));
    return EXIT_SYSTEM;
}
