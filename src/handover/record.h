/* record: a line of a handover (handover.h) as a struct, with a row for each of its values: one
 * table for who writes it and who reads it.
 *
 * What isn't there is 0, false, NULL, no bytes, ADDR_NONE or -1, and what is that isn't written. So
 * a new row harms no build before it. Called by adoption.c and by the files of its table.
 */
#ifndef STDINETD_HANDOVER_RECORD_H
#define STDINETD_HANDOVER_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "handover/handover.h"

enum record_type {
    RECORD_NUMBER, /* of 8 to 64 bits; never negative */
    RECORD_FLAG,   /* bool */
    RECORD_TEXT,   /* const char *, which lives as long as the line */
    RECORD_BYTES,  /* struct record_bytes, the same */
    RECORD_ADDR,   /* struct addr */
    RECORD_FD,     /* int; not yet claimed */
    RECORD_CHOICE, /* of an enum, by its name */
};

struct record_bytes {
    const void *start;
    size_t length;
};

struct record_field {
    const char *key;
    enum record_type type;
    size_t offset, size;         /* of the member: RECORD_AT */
    uint64_t most;               /* the largest number, or the longest text; 0: what fits */
    const char *(*name)(size_t); /* of a choice; or of each of many numbers: KEY.NAME */
    size_t count;                /* of those */
    size_t none;                 /* the choice where there is none */
    const char *missing;         /* what is wrong without it; NULL: nothing */
};

/* A member and its size. */
#define RECORD_AT(type, member) \
    .offset = offsetof(type, member), .size = sizeof(((type *)0)->member)

struct record {
    const char *kind;
    size_t size; /* of the struct */
    const struct record_field *fields;
    size_t field_count;
    /* What the rows can't say of a line; NULL: they say all. It uses handover_refuse. */
    void (*check)(struct handover_line *line, const void *values);
};

/* Writes the line. */
void record_write(struct handover_writer *writer, const struct record *record, const void *values);

/* Checks the whole line and does nothing else. 0 with the values; -EINVAL: line->problem. */
int record_read(struct handover_line *line, const struct record *record, void *values);

/* Copies what owns nothing (numbers, flags, choices and addresses), as far as it is among the first
 * size bytes of the struct. */
void record_copy(const struct record *record, const void *values, void *to, size_t size);

#endif
