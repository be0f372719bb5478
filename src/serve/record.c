/* record: see record.h. */
#include "serve/record.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define KEY_SIZE 64

/* How many values a row has. */
static size_t count_of(const struct record_field *field)
{
    return field->type == RECORD_NUMBER && field->count > 0 ? field->count : 1;
}

/* The i-th one's key. */
static const char *key_of(const struct record_field *field, size_t i, char text[static KEY_SIZE])
{
    if (field->type != RECORD_NUMBER || field->count == 0)
        return field->key;
    snprintf(text, KEY_SIZE, "%s.%s", field->key, field->name(i));
    return text;
}

/* --- numbers of any size -------------------------------------------------------------------- */

/* By way of a union: a member may be of any integer type of its size. */
union number {
    uint8_t of_8;
    uint16_t of_16;
    uint32_t of_32;
    uint64_t of_64;
};

static uint64_t load(const void *value, size_t size)
{
    union number number = {0};

    memcpy(&number, value, size);
    return size == 8   ? number.of_64
           : size == 4 ? number.of_32
           : size == 2 ? number.of_16
                       : number.of_8;
}

static void store(void *value, size_t size, uint64_t from)
{
    union number number = {.of_64 = from};

    if (size == 4)
        number.of_32 = (uint32_t)from;
    else if (size == 2)
        number.of_16 = (uint16_t)from;
    else if (size == 1)
        number.of_8 = (uint8_t)from;
    memcpy(value, &number, size);
}

/* --- writing -------------------------------------------------------------------------------- */

static void write_value(struct handover_writer *writer, const struct record_field *field,
                        const char *key, const void *value, size_t size)
{
    const struct record_bytes *bytes = value;

    switch (field->type) {
    case RECORD_NUMBER:
        handover_put(writer, key, load(value, size));
        break;
    case RECORD_FLAG:
        handover_put(writer, key, *(const bool *)value);
        break;
    case RECORD_TEXT:
        handover_put_text(writer, key, *(const char *const *)value);
        break;
    case RECORD_BYTES:
        handover_put_bytes(writer, key, bytes->start, bytes->length);
        break;
    case RECORD_ADDR:
        handover_put_addr(writer, key, value);
        break;
    case RECORD_FD:
        handover_put_fd(writer, key, *(const int *)value);
        break;
    case RECORD_CHOICE:
        handover_put_text(writer, key, field->name((size_t)load(value, size)));
        break;
    }
}

void record_write(struct handover_writer *writer, const struct record *record, const void *values)
{
    char key[KEY_SIZE];

    handover_line(writer, record->kind);
    for (const struct record_field *field = record->fields;
         field < record->fields + record->field_count; field++) {
        size_t count = count_of(field), size = field->size / count;
        const char *value = (const char *)values + field->offset;

        for (size_t i = 0; i < count; i++)
            write_value(writer, field, key_of(field, i, key), value + i * size, size);
    }
    handover_end_line(writer);
}

/* --- reading -------------------------------------------------------------------------------- */

static size_t read_choice(struct handover_line *line, const struct record_field *field)
{
    const char *names[RECORD_CHOICES_MAX];

    for (size_t i = 0; i < field->count; i++)
        names[i] = field->name(i);
    return handover_choice(line, field->key, names, field->count, field->none);
}

static void read_value(struct handover_line *line, const struct record_field *field,
                       const char *key, void *value, size_t size)
{
    uint64_t most = field->most > 0 ? field->most : UINT64_MAX >> (64 - 8 * size);
    struct record_bytes *bytes = value;

    switch (field->type) {
    case RECORD_NUMBER:
        store(value, size, handover_number(line, key, most));
        break;
    case RECORD_FLAG:
        *(bool *)value = handover_flag(line, key);
        break;
    case RECORD_TEXT:
        *(const char **)value = handover_text(line, key, field->most);
        break;
    case RECORD_BYTES:
        bytes->start = handover_take_bytes(line, key, field->most, &bytes->length);
        break;
    case RECORD_ADDR:
        *(struct addr *)value = handover_addr(line, key);
        break;
    case RECORD_FD:
        *(int *)value = handover_fd(line, key);
        break;
    case RECORD_CHOICE:
        store(value, size, read_choice(line, field));
        break;
    }
}

int record_read(struct handover_line *line, const struct record *record, void *values)
{
    char key[KEY_SIZE];

    memset(values, 0, record->size);
    for (const struct record_field *field = record->fields;
         field < record->fields + record->field_count; field++) {
        size_t count = count_of(field), size = field->size / count;
        char *value = (char *)values + field->offset;

        for (size_t i = 0; i < count; i++)
            read_value(line, field, key_of(field, i, key), value + i * size, size);
        if (field->missing && !handover_has(line, field->key))
            handover_refuse(line, field->missing);
    }
    if (record->check)
        record->check(line, values);
    return handover_check(line);
}

void record_copy(const struct record *record, const void *values, void *to, size_t size)
{
    for (size_t i = 0; i < record->field_count; i++) {
        const struct record_field *field = &record->fields[i];

        if (field->type != RECORD_TEXT && field->type != RECORD_BYTES && field->type != RECORD_FD &&
            field->offset + field->size <= size)
            memcpy((char *)to + field->offset, (const char *)values + field->offset, field->size);
    }
}
