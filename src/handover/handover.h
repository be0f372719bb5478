/* handover: what a daemon writes down for the one that takes its place (upgrade.h), as text.
 *
 *   stdinetd-handover checksum=0123456789abcdef
 *   version major=1 minor=0 program=1.0.0
 *   KIND key=value key=value ...
 *   fd number=1030
 *
 * A line is a kind and values by name. What a reader doesn't know, a kind or a key, it skips; what
 * isn't there is 0, NULL or none: so an older and a newer build understand each other as long as
 * nothing changes its meaning, which would be another major version. The checksum is over all that
 * follows its line. The lines "fd" name every fd that is passed on; each can be claimed once.
 *
 * Only the form is known here; values are record.c's, and what is written is in adoption.c's table.
 * The reader trusts nothing (it is fuzzed), reads memory only, and changes none of it.
 */
#ifndef STDINETD_HANDOVER_HANDOVER_H
#define STDINETD_HANDOVER_HANDOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/addr.h"

/* --- writing -------------------------------------------------------------------------------- */

struct handover_writer {
    FILE *file; /* into text; NULL: there was no memory */
    char *text;
    size_t length;
    int *fds; /* those that were put */
    size_t fd_count, fd_room;
    bool failed;
};

/* An empty handover; what fails, now or later, handover_write_end tells. */
void handover_write_begin(struct handover_writer *writer);

/* An fd that is to be passed on. */
void handover_pass(struct handover_writer *writer, int fd);

/* Completes it: writer->text and writer->length are the whole, writer->fds what to pass on. 0 or
 * -ENOMEM. */
int handover_write_end(struct handover_writer *writer);

/* Frees text and fds. */
void handover_write_free(struct handover_writer *writer);

/* Its first line, with a checksum of the rest. */
#define HANDOVER_HEAD_SIZE (sizeof("stdinetd-handover checksum=0123456789abcdef\n") - 1)

/* --- reading -------------------------------------------------------------------------------- */

#define HANDOVER_PROBLEM_SIZE 160
#define HANDOVER_FIELDS_MAX   256 /* of a line; more are refused */
/* Of all texts and bytes that are taken from a line: what a control client has said is the most. */
#define HANDOVER_SCRATCH ((size_t)80 * 1024)
#define HANDOVER_FDS_MAX (1 << 22)

struct handover_fd {
    int fd;
    bool claimed;
};

struct handover {
    const char *text; /* the caller's */
    size_t length;
    unsigned minor;
    char program[32]; /* who wrote it: its version */
    struct handover_fd *fds;
    size_t fd_count;
};

struct handover_word {
    const char *start;
    size_t length;
};

struct handover_field {
    struct handover_word key, value;
};

/* A line, split; big, so it is used again for the next one. */
struct handover_line {
    struct handover *handover;
    size_t next; /* where the one behind it begins */
    struct handover_word kind;
    size_t field_count;
    struct handover_field fields[HANDOVER_FIELDS_MAX];
    char scratch[HANDOVER_SCRATCH];
    size_t scratch_used;
    char problem[HANDOVER_PROBLEM_SIZE]; /* of what was taken first that is wrong; "": none */
};

/* Checks length bytes of text, which must stay: checksum, version, every line's form, fds. 0;
 * -EINVAL with the problem; -ENOMEM. Closed by handover_close. */
int handover_open(const char *text, size_t length, struct handover *ret,
                  char problem[static HANDOVER_PROBLEM_SIZE]);
void handover_close(struct handover *handover);

/* The first line, and the one after line. False behind the last one. */
bool handover_first_line(struct handover *handover, struct handover_line *ret);
bool handover_next_line(struct handover_line *line);

bool handover_is_kind(const struct handover_line *line, const char *kind);
/* The value of that key; NULL: there is none. */
const struct handover_word *handover_find(const struct handover_line *line, const char *key);

/* Says that the line is wrong, in words of the caller's, unless it is known already. */
void handover_refuse(struct handover_line *line, const char *problem);
/* 0, or -EINVAL where something was wrong: line->problem. */
int handover_check(const struct handover_line *line);

/* Takes an fd that was passed on: fd, or -1 where it wasn't, or somebody has it already. */
int handover_claim(struct handover *handover, int fd);
/* The next fd that nobody has claimed, claimed; -1: none. */
int handover_claim_any(struct handover *handover);

#endif
