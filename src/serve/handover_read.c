/* handover_read: see handover.h. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/siphash.h"
#include "serve/handover.h"
#include "serve/version.h"

/* --- lines ---------------------------------------------------------------------------------- */

static bool is_word(struct handover_word word, const char *text)
{
    return word.length == strlen(text) && memcmp(word.start, text, word.length) == 0;
}

/* The word from start up to a space or end. */
static struct handover_word next_word(const char *start, const char *end)
{
    const char *space = memchr(start, ' ', (size_t)(end - start));

    return (struct handover_word){start, (size_t)((space ? space : end) - start)};
}

void handover_refuse(struct handover_line *line, const char *problem)
{
    if (line->problem[0] == '\0')
        snprintf(line->problem, sizeof(line->problem), "%s", problem);
}

static void refuse_value(struct handover_line *line, const char *key)
{
    char problem[HANDOVER_PROBLEM_SIZE];

    snprintf(problem, sizeof(problem), "%s has no such value", key);
    handover_refuse(line, problem);
}

/* Only bytes that handover_write puts into a word. */
static bool is_printable(struct handover_word word)
{
    for (size_t i = 0; i < word.length; i++)
        if (word.start[i] <= ' ' || word.start[i] >= 0x7f)
            return false;
    return word.length > 0;
}

static void split_field(struct handover_line *line, struct handover_word word)
{
    const char *equals = memchr(word.start, '=', word.length);
    struct handover_field field = {.key = word};

    if (!is_printable(word) || !equals || equals == word.start) {
        handover_refuse(line, "a word is no value");
        return;
    }
    if (line->field_count == HANDOVER_FIELDS_MAX) {
        handover_refuse(line, "a line has too many values");
        return;
    }
    field.key.length = (size_t)(equals - word.start);
    field.value.start = equals + 1;
    field.value.length = word.length - field.key.length - 1;
    line->fields[line->field_count++] = field;
}

static void split_line(struct handover_line *line, const char *start, const char *end)
{
    line->field_count = 0;
    line->scratch_used = 0;
    line->problem[0] = '\0';
    line->kind = next_word(start, end);
    if (!is_printable(line->kind))
        handover_refuse(line, "a line has no kind");
    for (start += line->kind.length; start < end;) {
        struct handover_word word = next_word(start + 1, end);

        split_field(line, word);
        start += 1 + word.length;
    }
}

bool handover_next_line(struct handover_line *line)
{
    const char *start = line->handover->text + line->next;
    const char *end = memchr(start, '\n', line->handover->length - line->next);

    /* handover_open has seen to it that the last line has an end. */
    if (!end)
        return false;
    line->next = (size_t)(end - line->handover->text) + 1;
    split_line(line, start, end);
    return true;
}

bool handover_first_line(struct handover *handover, struct handover_line *ret)
{
    ret->handover = handover;
    ret->next = handover->body;
    return handover_next_line(ret);
}

bool handover_is_kind(const struct handover_line *line, const char *kind)
{
    return is_word(line->kind, kind);
}

int handover_check(const struct handover_line *line)
{
    return line->problem[0] == '\0' ? 0 : -EINVAL;
}

/* --- values --------------------------------------------------------------------------------- */

static const struct handover_field *find(const struct handover_line *line, const char *key)
{
    for (size_t i = 0; i < line->field_count; i++)
        if (is_word(line->fields[i].key, key))
            return &line->fields[i];
    return NULL;
}

bool handover_has(const struct handover_line *line, const char *key)
{
    return find(line, key) != NULL;
}

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

uint64_t handover_number(struct handover_line *line, const char *key, uint64_t most)
{
    const struct handover_field *field = find(line, key);
    uint64_t number = 0;

    if (!field)
        return 0;
    if (!parse_number(field->value, &number) || number > most) {
        refuse_value(line, key);
        return 0;
    }
    return number;
}

bool handover_flag(struct handover_line *line, const char *key)
{
    return handover_number(line, key, 1) == 1;
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

size_t handover_bytes(struct handover_line *line, const char *key, void *bytes, size_t size)
{
    const struct handover_field *field = find(line, key);
    size_t length = 0;

    if (field && !decode(field->value, bytes, size, &length))
        refuse_value(line, key);
    return length;
}

const void *handover_take_bytes(struct handover_line *line, const char *key, size_t most,
                                size_t *ret_length)
{
    char *bytes = line->scratch + line->scratch_used;
    size_t room = sizeof(line->scratch) - line->scratch_used;

    *ret_length = handover_bytes(line, key, bytes, most < room ? most : room);
    line->scratch_used += *ret_length;
    return *ret_length > 0 ? bytes : NULL;
}

const char *handover_text(struct handover_line *line, const char *key, size_t most)
{
    char *text = line->scratch + line->scratch_used;
    size_t room = sizeof(line->scratch) - line->scratch_used, length;

    if (!handover_has(line, key))
        return NULL;
    if (most >= room) {
        refuse_value(line, key);
        return NULL;
    }
    length = handover_bytes(line, key, text, most);
    if (length == 0 || memchr(text, '\0', length)) {
        refuse_value(line, key);
        return NULL;
    }
    text[length] = '\0';
    line->scratch_used += length + 1;
    return text;
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

struct addr handover_addr(struct handover_line *line, const char *key)
{
    const struct handover_field *field = find(line, key);
    struct addr addr = {0};

    if (field && !parse_addr(field->value, &addr))
        refuse_value(line, key);
    return addr;
}

int handover_fd(struct handover_line *line, const char *key)
{
    uint64_t fd = handover_number(line, key, INT_MAX);

    if (!handover_has(line, key))
        return -1;
    if (fd <= STDERR_FILENO) {
        refuse_value(line, key);
        return -1;
    }
    return (int)fd;
}

size_t handover_choice(struct handover_line *line, const char *key, const char *const *names,
                       size_t count, size_t none)
{
    const struct handover_field *field = find(line, key);

    if (!field)
        return none;
    for (size_t i = 0; i < count; i++)
        if (names[i] && is_word(field->value, names[i]))
            return i;
    refuse_value(line, key);
    return none;
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

static int add_fd(struct handover *handover, size_t *room, int fd)
{
    struct handover_fd *fds;

    if (handover->fd_count == *room) {
        *room = *room > 0 ? *room * 2 : 64;
        fds = realloc(handover->fds, *room * sizeof(*fds));
        if (!fds)
            return -ENOMEM;
        handover->fds = fds;
    }
    handover->fds[handover->fd_count++] = (struct handover_fd){.fd = fd};
    return 0;
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

/* The checksum's line. Returns its length, 0 where it is none. */
static size_t read_head(const char *text, size_t length, uint64_t *ret)
{
    static const char head[] = "stdinetd-handover checksum=";
    const size_t digits = sizeof(head) - 1;
    uint64_t checksum = 0;

    if (length < digits + 17 || memcmp(text, head, digits) != 0 || text[digits + 16] != '\n')
        return 0;
    for (size_t i = 0; i < 16; i++) {
        int digit = digit_of(text[digits + i]);

        if (digit < 0)
            return 0;
        checksum = checksum * 16 + (uint64_t)digit;
    }
    *ret = checksum;
    return digits + 17;
}

/* The line behind it. */
static int read_version(struct handover_line *line, struct handover *handover)
{
    uint64_t major = handover_number(line, "major", UINT_MAX);
    const char *program = handover_text(line, "program", sizeof(handover->program) - 1);

    handover->minor = (unsigned)handover_number(line, "minor", UINT_MAX);
    snprintf(handover->program, sizeof(handover->program), "%s", program ? program : "unknown");
    if (!handover_is_kind(line, "version"))
        handover_refuse(line, "it doesn't say its version");
    else if (major != version_handover_major)
        snprintf(line->problem, sizeof(line->problem),
                 "it is of version %" PRIu64 ", and this build (%s) reads version %u", major,
                 version_text, version_handover_major);
    return handover_check(line);
}

static int read_lines(struct handover_line *line, struct handover *handover)
{
    size_t room = 0;
    int error = handover_check(line);

    while (error == 0 && handover_next_line(line)) {
        if (handover_is_kind(line, "fd")) {
            int fd = handover_fd(line, "number");

            if (fd < 0 || handover->fd_count == HANDOVER_FDS_MAX)
                refuse_value(line, "number");
            else if (add_fd(handover, &room, fd) < 0)
                return -ENOMEM;
        }
        error = handover_check(line);
    }
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
    static const struct siphash_key key;
    uint64_t checksum = 0;
    size_t head = read_head(text, length, &checksum);
    struct handover handover = {.text = text, .length = length, .body = head};
    int error;

    if (head == 0 || text[length - 1] != '\n' ||
        siphash(&key, text + head, length - head) != checksum) {
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
