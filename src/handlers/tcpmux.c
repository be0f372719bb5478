/* tcpmux: one port for many services by name (RFC 1078), from a directory of programs.
 *
 * The first line names the service; its program then gets the connection. Nothing behind the line
 * is read, since it is the program's. What may be started is what an administrator has put into the
 * directory for just this: a symbolic link there is as good as a file. A name is looked up in it,
 * never a path. The file's name says who gives the positive answer:
 *
 *     name, +name   we do ("+" as with inetd's tcpmux/+name)
 *     =name         the program does (inetd's tcpmux/name)
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "handlers/stream.h"
#include "handlers/usage.h"

#define LINE_SIZE 257             /* 256 bytes and a NUL */
#define FILE_SIZE (LINE_SIZE + 1) /* a name with its marker */

/* Before the name of a file. The first that is there wins. */
static const struct marker {
    const char *prefix;
    const char *answer;
} markers[] = {{"", "+Go\r\n"}, {"+", "+Go\r\n"}, {"=", ""}};

#define MARKER_COUNT (sizeof(markers) / sizeof(markers[0]))

/* Removes the line's end, if it is one. */
static bool end_line(char line[static LINE_SIZE], size_t length)
{
    if (length == 0 || line[length - 1] != '\n')
        return false;
    length--;
    if (length > 0 && line[length - 1] == '\r')
        length--;
    line[length] = '\0';
    return memchr(line, '\0', length) == NULL;
}

/* Reads up to and with the line's end, byte by byte: what follows stays for the program. Returns 0,
 * -EINVAL (no line of that length, or a NUL in it), -ETIMEDOUT, -EPIPE (the end) or -errno. */
static int read_line(nanoseconds timeout, char line[static LINE_SIZE])
{
    nanoseconds deadline = stream_deadline(timeout);
    size_t length = 0;

    while (length < LINE_SIZE - 1) {
        ssize_t got = stream_read(STDIN_FILENO, line + length, 1, deadline);

        if (got <= 0)
            return got < 0 ? (int)got : -EPIPE;
        if (line[length++] == '\n')
            return end_line(line, length) ? 0 : -EINVAL;
    }
    return -EINVAL;
}

/* Makes a name of the line, in lower case. No separator and no dot in front: never a path. */
static bool make_name(char *line)
{
    if (!isalnum((unsigned char)line[0]))
        return false;
    for (char *at = line; *at; at++) {
        *at = (char)tolower((unsigned char)*at);
        if (!islower((unsigned char)*at) && !isdigit((unsigned char)*at) && !strchr("._+-", *at))
            return false;
    }
    return true;
}

/* Whether the file is a program that we may execute. */
static bool is_program(int directory, const char *file)
{
    struct stat info;

    return fstatat(directory, file, &info, 0) == 0 && S_ISREG(info.st_mode) &&
           faccessat(directory, file, X_OK, AT_EACCESS) == 0;
}

/* The name without its marker; NULL where the file isn't one of ours. */
static const char *service_of(const char *file)
{
    char name[LINE_SIZE];

    if (file[0] == '+' || file[0] == '=')
        file++;
    if (strlen(file) >= sizeof(name))
        return NULL;
    memcpy(name, file, strlen(file) + 1);
    return make_name(name) && strcmp(name, file) == 0 ? file : NULL;
}

/* Finds the file of that name's program: the name behind its marker's prefix. NULL: there is none.
 */
static const struct marker *find_program(int directory, const char *name,
                                         char file[static FILE_SIZE])
{
    for (size_t i = 0; i < MARKER_COUNT; i++) {
        snprintf(file, FILE_SIZE, "%s%s", markers[i].prefix, name);
        if (is_program(directory, file))
            return &markers[i];
    }
    return NULL;
}

static int say(const char *text, nanoseconds deadline)
{
    return stream_write(STDOUT_FILENO, text, strlen(text), deadline);
}

/* "help" of the RFC: the names, a line each; of files that share one only what would be started. */
static int list_services(int directory, const char *path)
{
    nanoseconds deadline = stream_deadline(STREAM_ANSWER_TIME);
    char file[FILE_SIZE], line[FILE_SIZE + 2];
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, alphasort), error = 0;

    if (count < 0)
        return -errno;
    for (int i = 0; i < count; i++) {
        const char *name = service_of(entries[i]->d_name);

        if (error == 0 && name && find_program(directory, name, file) &&
            strcmp(file, entries[i]->d_name) == 0) {
            snprintf(line, sizeof(line), "%s\r\n", name);
            error = say(line, deadline);
        }
        free(entries[i]);
    }
    free(entries);
    return error;
}

/* Starts the program of that name. Returns only where there is none, with 0, or with -errno. */
static int start_service(int directory, const char *path, const char *name)
{
    char file[FILE_SIZE], full[4096];
    const struct marker *marker = find_program(directory, name, file);
    int error;

    if (!marker)
        return 0;
    if (snprintf(full, sizeof(full), "%s/%s", path, file) >= (int)sizeof(full))
        return -ENAMETOOLONG;
    error = say(marker->answer, stream_deadline(STREAM_ANSWER_TIME));
    if (error == 0)
        error = stream_restore_sigpipe();
    if (error < 0)
        return error;
    usage_restore_errors();
    execv(full, (char *[]){file + strlen(marker->prefix), NULL});
    return -errno;
}

static int refuse(const char *answer)
{
    int error = say(answer, stream_deadline(STREAM_ANSWER_TIME));

    if (error == 0)
        stream_finish();
    return error;
}

static int serve(int directory, const char *path, nanoseconds timeout)
{
    char line[LINE_SIZE];
    int error = read_line(timeout, line);

    if (error == 0 && make_name(line)) {
        if (strcmp(line, "help") == 0) {
            error = list_services(directory, path);
            if (error == 0)
                stream_finish();
            return error;
        }
        error = start_service(directory, path, line);
    }
    return error == 0 || error == -EINVAL ? refuse("-Service not available\r\n") : error;
}

/* Whoever may write there decides what everybody may start. Returns an fd or -errno. */
static int open_directory(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct stat info;

    if (fd < 0)
        return -errno;
    if (fstat(fd, &info) == 0 && (info.st_mode & S_IWOTH) == 0)
        return fd;
    fd_close(fd);
    return -EPERM;
}

int main(int argc, char *argv[])
{
    nanoseconds timeout = 10 * CLOCK_SECOND;
    const struct usage_option options[] = {
        {"timeout", "DURATION", USAGE_DURATION, &timeout, NULL,
         "time limit for the client's first line (10s); 0: no limit"},
    };
    const struct usage usage = {
        .name = "tcpmux",
        .operands = "DIRECTORY",
        .purpose = "Starts the program in DIRECTORY that the client names in its first line "
                   "(RFC 1078).",
        .options = options,
        .option_count = sizeof(options) / sizeof(options[0]),
        .operands_minimum = 1,
        .operands_maximum = 1,
    };
    const char *path = argv[usage_parse(&usage, argc, argv)];
    int directory = open_directory(path), error;

    if (directory < 0)
        return usage_fail(&usage, EXIT_SYSTEM, "%s: %s", path,
                          directory == -EPERM ? "it is writable by everybody"
                                              : strerror(-directory));
    error = stream_ignore_sigpipe();
    if (error == 0)
        error = serve(directory, path, timeout);
    if (error < 0 && !stream_is_gone(error))
        return usage_fail(&usage, EXIT_SYSTEM, "%s", strerror(-error));
    return EXIT_SUCCESS;
}
