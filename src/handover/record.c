/* record: see record.h. */
#include "handover/record.h"

#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

static void put_key(struct handover_writer *writer, const char *key)
{
    putc(' ', writer->file);
    fputs(key, writer->file);
    putc('=', writer->file);
}

/* By hand: there are millions. */
static void put_number(struct handover_writer *writer, const char *key, uint64_t number)
{
    char digits[24];
    char *at = digits + sizeof(digits) - 1;

    if (number == 0)
        return;
    put_key(writer, key);
    *at = '\0';
    for (; number > 0; number /= 10)
        *--at = (char)('0' + number % 10);
    fputs(at, writer->file);
}

static void put_bytes(struct handover_writer *writer, const char *key, struct record_bytes bytes)
{
    static const char digits[] = "0123456789ABCDEF";
    const unsigned char *from = bytes.start;

    if (bytes.length > 0)
        put_key(writer, key);
    for (size_t i = 0; i < bytes.length; i++) {
        if (from[i] > ' ' && from[i] < 0x7f && from[i] != '%') {
            putc(from[i], writer->file);
            continue;
        }
        putc('%', writer->file);
        putc(digits[from[i] / 16], writer->file);
        putc(digits[from[i] % 16], writer->file);
    }
}

static void put_text(struct handover_writer *writer, const char *key, const char *text)
{
    put_bytes(writer, key, (struct record_bytes){text, text ? strlen(text) : 0});
}

static void put_addr(struct handover_writer *writer, const char *key, const struct addr *addr)
{
    if (addr->family == ADDR_NONE)
        return;
    put_key(writer, key);
    fprintf(writer->file, "%u.%u.%" PRIu32 ".", addr->family, addr->port, addr->scope);
    for (size_t i = 0; i < sizeof(addr->bytes); i++)
        fprintf(writer->file, "%02x", addr->bytes[i]);
}

static void put_fd(struct handover_writer *writer, const char *key, int fd)
{
    if (fd < 0)
        return;
    put_number(writer, key, (uint64_t)fd);
    handover_pass(writer, fd);
}

static void write_value(struct handover_writer *writer, const struct record_field *field,
                        const char *key, const void *value, size_t size)
{
    switch (field->type) {
    case RECORD_NUMBER:
    case RECORD_FLAG:
        put_number(writer, key, load(value, size));
        break;
    case RECORD_TEXT:
        put_text(writer, key, *(const char *const *)value);
        break;
    case RECORD_BYTES:
        put_bytes(writer, key, *(const struct record_bytes *)value);
        break;
    case RECORD_ADDR:
        put_addr(writer, key, value);
        break;
    case RECORD_FD:
        put_fd(writer, key, *(const int *)value);
        break;
    case RECORD_CHOICE:
        put_text(writer, key, field->name((size_t)load(value, size)));
        break;
    }
}

void record_write(struct handover_writer *writer, const struct record *record, const void *values)
{
    char key[KEY_SIZE];

    if (!writer->file)
        return;
    fputs(record->kind, writer->file);
    for (const struct record_field *field = record->fields;
         field < record->fields + record->field_count; field++) {
        size_t count = count_of(field), size = field->size / count;
        const char *value = (const char *)values + field->offset;

        for (size_t i = 0; i < count; i++)
            write_value(writer, field, key_of(field, i, key), value + i * size, size);
    }
    putc('\n', writer->file);
}

/* --- reading -------------------------------------------------------------------------------- */

/* Digits only. */
static bool parse_number(struct handover_word word, uint64_t *ret)
{
    uint64_t number = 0;

    for (size_t i = 0; i < word.length; i++)
        if (word.start[i] < '0' || word.start[i] > '9' ||
            __builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, (uint64_t)(word.start[i] - '0'), &number))
            return false;
    *ret = number;
    return word.length > 0;
}

static int digit_of(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    if (byte >= 'A' && byte <= 'F')
        return byte - 'A' + 10;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* The value's bytes; false where they don't fit, or it is malformed. */
static bool decode(struct handover_word word, unsigned char *bytes, size_t size, size_t *ret)
{
    size_t used = 0;

    for (size_t i = 0; i < word.length; i++, used++) {
        unsigned char byte = (unsigned char)word.start[i];

        if (used == size)
            return false;
        if (byte == '%') {
            int high = i + 2 < word.length ? digit_of(word.start[i + 1]) : -1;
            int low = i + 2 < word.length ? digit_of(word.start[i + 2]) : -1;

            if (high < 0 || low < 0)
                return false;
            byte = (unsigned char)(high * 16 + low);
            i += 2;
        }
        bytes[used] = byte;
    }
    *ret = used;
    return true;
}

/* Bytes, at most so many, in the line's scratch, with a NUL behind them. */
static bool take_bytes(struct handover_line *line, struct handover_word word, size_t most,
                       struct record_bytes *ret)
{
    char *bytes = line->scratch + line->scratch_used;
    size_t room = sizeof(line->scratch) - line->scratch_used, length;

    if (room == 0 || !decode(word, (unsigned char *)bytes, most < room ? most : room - 1, &length))
        return false;
    bytes[length] = '\0';
    line->scratch_used += length + 1;
    *ret = (struct record_bytes){bytes, length};
    return true;
}

static bool take_text(struct handover_line *line, struct handover_word word, size_t most,
                      const char **ret)
{
    struct record_bytes bytes;

    if (!take_bytes(line, word, most, &bytes) || bytes.length == 0 ||
        memchr(bytes.start, '\0', bytes.length))
        return false;
    *ret = bytes.start;
    return true;
}

static bool take_number(const struct record_field *field, struct handover_word word, void *value,
                        size_t size)
{
    uint64_t largest = field->type == RECORD_FLAG ? 1 : UINT64_MAX >> (64 - 8 * size);
    uint64_t number;

    if (!parse_number(word, &number) || number > (field->most > 0 ? field->most : largest))
        return false;
    store(value, size, number);
    return true;
}

/* The number that word begins with, and the rest behind a '.'. */
static bool cut_number(struct handover_word *word, uint64_t most, uint64_t *ret)
{
    const char *dot = memchr(word->start, '.', word->length);
    struct handover_word number = *word;

    if (!dot)
        return false;
    number.length = (size_t)(dot - word->start);
    word->length -= number.length + 1;
    word->start = dot + 1;
    return parse_number(number, ret) && *ret <= most;
}

static bool parse_addr(struct handover_word word, struct addr *ret)
{
    struct addr addr = {0};
    uint64_t family, port, scope;

    if (!cut_number(&word, ADDR_VSOCK, &family) || family == ADDR_NONE ||
        !cut_number(&word, UINT16_MAX, &port) || !cut_number(&word, UINT32_MAX, &scope) ||
        word.length != 2 * sizeof(addr.bytes))
        return false;
    addr.family = (uint8_t)family;
    addr.port = (uint16_t)port;
    addr.scope = (uint32_t)scope;
    for (size_t i = 0; i < sizeof(addr.bytes); i++) {
        int high = digit_of(word.start[2 * i]), low = digit_of(word.start[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        addr.bytes[i] = (uint8_t)(high * 16 + low);
    }
    *ret = addr;
    return true;
}

static bool take_fd(struct handover_word word, int *ret)
{
    uint64_t number;

    if (!parse_number(word, &number) || number <= STDERR_FILENO || number > INT_MAX)
        return false;
    *ret = (int)number;
    return true;
}

static bool take_choice(const struct record_field *field, struct handover_word word, void *value,
                        size_t size)
{
    for (size_t i = 0; i < field->count; i++) {
        const char *name = field->name(i);

        if (name && word.length == strlen(name) && memcmp(word.start, name, word.length) == 0) {
            store(value, size, i);
            return true;
        }
    }
    return false;
}

/* False where it is malformed, or too large. */
static bool take_value(struct handover_line *line, const struct record_field *field,
                       struct handover_word word, void *value, size_t size)
{
    switch (field->type) {
    case RECORD_NUMBER:
    case RECORD_FLAG:
        return take_number(field, word, value, size);
    case RECORD_TEXT:
        return take_text(line, word, field->most, value);
    case RECORD_BYTES:
        return take_bytes(line, word, field->most, value);
    case RECORD_ADDR:
        return parse_addr(word, value);
    case RECORD_FD:
        return take_fd(word, value);
    case RECORD_CHOICE:
        return take_choice(field, word, value, size);
    }
    return false;
}

static void read_value(struct handover_line *line, const struct record_field *field,
                       const char *key, void *value, size_t size)
{
    const struct handover_word *word = handover_find(line, key);
    char problem[HANDOVER_PROBLEM_SIZE];

    if (field->type == RECORD_FD)
        *(int *)value = -1;
    else if (field->type == RECORD_CHOICE)
        store(value, size, field->none);
    if (!word && field->missing)
        handover_refuse(line, field->missing);
    if (!word || take_value(line, field, *word, value, size))
        return;
    snprintf(problem, sizeof(problem), "invalid value of %s", key);
    handover_refuse(line, problem);
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
