/* handover: see handover.h. */
#include "handover/handover.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"
#include "handover/record.h"
#include "handover/version.h"

/* --- what every handover has ---------------------------------------------------------------- */

/* The first line, for the body behind it. */
static void make_head(const char *body, size_t length, char ret[static HANDOVER_HEAD_SIZE + 1])
{
    static const struct siphash_key key;

    snprintf(ret, HANDOVER_HEAD_SIZE + 1, "stdinetd-handover checksum=%016" PRIx64 "\n",
             siphash(&key, body, length));
}

struct version_line {
    unsigned major, minor;
    const char *program;
};

static const struct record_field version_fields[] = {
    {"major", RECORD_NUMBER, RECORD_AT(struct version_line, major)},
    {"minor", RECORD_NUMBER, RECORD_AT(struct version_line, minor)},
    {"program", RECORD_TEXT, RECORD_AT(struct version_line, program), .most = 31},
};

static const struct record version_record = {"version", sizeof(struct version_line), version_fields,
                                             3, NULL};

static const struct record_field fd_fields[] = {
    {"number", RECORD_FD, .size = sizeof(int), .missing = "invalid value of number"},
};

static const struct record fd_record = {"fd", sizeof(int), fd_fields, 1, NULL};

/* --- writing -------------------------------------------------------------------------------- */

void handover_write_begin(struct handover_writer *writer)
{
    const struct version_line version = {version_handover_major, version_handover_minor,
                                         version_text};

    *writer = (struct handover_writer){0};
    writer->file = open_memstream(&writer->text, &writer->length);
    if (!writer->file) {
        writer->failed = true;
        return;
    }
    fprintf(writer->file, "%*s", (int)HANDOVER_HEAD_SIZE, "\n");
    record_write(writer, &version_record, &version);
}

int handover_write_end(struct handover_writer *writer)
{
    char head[HANDOVER_HEAD_SIZE + 1];

    if (!writer->file)
        return -ENOMEM;
    for (size_t i = 0; i < writer->fd_count; i++)
        fprintf(writer->file, "fd number=%d\n", writer->fds[i]);
    if (ferror(writer->file))
        writer->failed = true;
    if (fclose(writer->file) != 0)
        writer->failed = true;
    writer->file = NULL;
    /* Without memory for the text glibc's fclose() says that all is well, and there is none. */
    if (writer->failed || !writer->text)
        return -ENOMEM;
    make_head(writer->text + HANDOVER_HEAD_SIZE, writer->length - HANDOVER_HEAD_SIZE, head);
    memcpy(writer->text, head, HANDOVER_HEAD_SIZE);
    return 0;
}

void handover_write_free(struct handover_writer *writer)
{
    if (writer->file)
        fclose(writer->file);
    free(writer->text);
    free(writer->fds);
    *writer = (struct handover_writer){0};
}

/* --- fds ------------------------------------------------------------------------------------ */

static int compare_fds(const void *one, const void *other)
{
    const struct handover_fd *left = one, *right = other;

    return (left->fd > right->fd) - (left->fd < right->fd);
}

int handover_claim(struct handover *handover, int fd)
{
    struct handover_fd wanted = {.fd = fd};
    struct handover_fd *found =
        handover->fd_count == 0
            ? NULL
            : bsearch(&wanted, handover->fds, handover->fd_count, sizeof(wanted), compare_fds);

    if (!found || found->claimed)
        return -1;
    found->claimed = true;
    return fd;
}

int handover_claim_any(struct handover *handover)
{
    for (size_t i = 0; i < handover->fd_count; i++)
        if (!handover->fds[i].claimed) {
            handover->fds[i].claimed = true;
            return handover->fds[i].fd;
        }
    return -1;
}

/* One fd named twice is one. */
static void sort_fds(struct handover *handover)
{
    size_t kept = 0;

    if (handover->fd_count == 0)
        return;
    qsort(handover->fds, handover->fd_count, sizeof(*handover->fds), compare_fds);
    for (size_t i = 1; i < handover->fd_count; i++)
        if (handover->fds[i].fd != handover->fds[kept].fd)
            handover->fds[++kept] = handover->fds[i];
    handover->fd_count = kept + 1;
}

/* --- the whole ------------------------------------------------------------------------------ */

/* The line behind the first one. */
static int read_version(struct handover_line *line, struct handover *handover)
{
    struct version_line version;

    record_read(line, &version_record, &version);
    handover->minor = version.minor;
    snprintf(handover->program, sizeof(handover->program), "%s",
             version.program ? version.program : "unknown");
    if (!handover_is_kind(line, "version"))
        handover_refuse(line, "it has no version");
    else if (version.major != version_handover_major)
        snprintf(line->problem, sizeof(line->problem),
                 "it has version %u; this build (%s) reads version %u", version.major, version_text,
                 version_handover_major);
    return handover_check(line);
}

static int read_fd(struct handover_line *line, struct handover *handover, size_t *room)
{
    int fd, error = record_read(line, &fd_record, &fd);

    if (error < 0)
        return error;
    if (handover->fd_count == *room) {
        struct handover_fd *fds = handover->fds;

        *room = *room > 0 ? *room * 2 : 64;
        fds = *room <= HANDOVER_FDS_MAX ? realloc(fds, *room * sizeof(*fds)) : NULL;
        if (!fds)
            return -ENOMEM;
        handover->fds = fds;
    }
    handover->fds[handover->fd_count++] = (struct handover_fd){.fd = fd};
    return 0;
}

static int read_lines(struct handover_line *line, struct handover *handover)
{
    size_t room = 0;
    int error = handover_check(line);

    while (error == 0 && handover_next_line(line))
        error =
            handover_is_kind(line, "fd") ? read_fd(line, handover, &room) : handover_check(line);
    sort_fds(handover);
    return error;
}

static int read_all(struct handover *handover, char problem[static HANDOVER_PROBLEM_SIZE])
{
    struct handover_line *line = malloc(sizeof(*line));
    int error = -EINVAL;

    if (!line)
        return -ENOMEM;
    if (handover_first_line(handover, line))
        error = read_version(line, handover);
    else
        snprintf(line->problem, sizeof(line->problem), "it is empty");
    if (error == 0)
        error = read_lines(line, handover);
    if (error == -EINVAL)
        snprintf(problem, HANDOVER_PROBLEM_SIZE, "%s", line->problem);
    free(line);
    return error;
}

int handover_open(const char *text, size_t length, struct handover *ret,
                  char problem[static HANDOVER_PROBLEM_SIZE])
{
    struct handover handover = {.text = text, .length = length};
    char head[HANDOVER_HEAD_SIZE + 1] = "";
    int error;

    if (length >= HANDOVER_HEAD_SIZE)
        make_head(text + HANDOVER_HEAD_SIZE, length - HANDOVER_HEAD_SIZE, head);
    if (length < HANDOVER_HEAD_SIZE || memcmp(text, head, HANDOVER_HEAD_SIZE) != 0 ||
        text[length - 1] != '\n') {
        snprintf(problem, HANDOVER_PROBLEM_SIZE, "it is damaged");
        return -EINVAL;
    }
    error = read_all(&handover, problem);
    if (error < 0) {
        handover_close(&handover);
        return error;
    }
    *ret = handover;
    return 0;
}

void handover_close(struct handover *handover)
{
    free(handover->fds);
    *handover = (struct handover){0};
}
