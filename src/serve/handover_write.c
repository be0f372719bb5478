/* handover_write: see handover.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"
#include "serve/handover.h"
#include "serve/version.h"

/* The first line, whose digits are filled in at the end. */
#define HEAD       "stdinetd-handover checksum="
#define HEAD_BLANK HEAD "0000000000000000\n"

void handover_write_begin(struct handover_writer *writer)
{
    *writer = (struct handover_writer){0};
    writer->file = open_memstream(&writer->text, &writer->length);
    if (!writer->file) {
        writer->failed = true;
        return;
    }
    fputs(HEAD_BLANK, writer->file);
    handover_line(writer, "version");
    handover_put(writer, "major", version_handover_major);
    handover_put(writer, "minor", version_handover_minor);
    handover_put_text(writer, "program", version_text);
    handover_end_line(writer);
}

void handover_line(struct handover_writer *writer, const char *kind)
{
    if (writer->file)
        fputs(kind, writer->file);
}

void handover_end_line(struct handover_writer *writer)
{
    if (writer->file)
        putc('\n', writer->file);
}

static void put_key(struct handover_writer *writer, const char *key)
{
    putc(' ', writer->file);
    fputs(key, writer->file);
    putc('=', writer->file);
}

void handover_put(struct handover_writer *writer, const char *key, uint64_t number)
{
    char digits[24];
    char *at = digits + sizeof(digits) - 1;

    if (!writer->file || number == 0)
        return;
    put_key(writer, key);
    *at = '\0';
    for (; number > 0; number /= 10)
        *--at = (char)('0' + number % 10);
    fputs(at, writer->file);
}

void handover_put_bytes(struct handover_writer *writer, const char *key, const void *bytes,
                        size_t length)
{
    static const char digits[] = "0123456789ABCDEF";
    const unsigned char *from = bytes;

    if (!writer->file || length == 0)
        return;
    put_key(writer, key);
    for (size_t i = 0; i < length; i++) {
        if (from[i] > ' ' && from[i] < 0x7f && from[i] != '%') {
            putc(from[i], writer->file);
            continue;
        }
        putc('%', writer->file);
        putc(digits[from[i] / 16], writer->file);
        putc(digits[from[i] % 16], writer->file);
    }
}

void handover_put_text(struct handover_writer *writer, const char *key, const char *text)
{
    if (text)
        handover_put_bytes(writer, key, text, strlen(text));
}

void handover_put_addr(struct handover_writer *writer, const char *key, const struct addr *addr)
{
    char text[16 + 2 * sizeof(addr->bytes) + 32];
    int length =
        snprintf(text, sizeof(text), "%u.%u.%" PRIu32 ".", addr->family, addr->port, addr->scope);

    if (addr->family == ADDR_NONE || length < 0)
        return;
    for (size_t i = 0; i < sizeof(addr->bytes); i++)
        snprintf(text + length + 2 * i, 3, "%02x", addr->bytes[i]);
    handover_put_text(writer, key, text);
}

static bool make_fd_room(struct handover_writer *writer)
{
    size_t room = writer->fd_room > 0 ? writer->fd_room * 2 : 64;
    int *fds;

    if (writer->fd_count < writer->fd_room)
        return true;
    fds = realloc(writer->fds, room * sizeof(*fds));
    if (!fds)
        return false;
    writer->fds = fds;
    writer->fd_room = room;
    return true;
}

void handover_put_fd(struct handover_writer *writer, const char *key, int fd)
{
    if (!writer->file || fd < 0)
        return;
    handover_put(writer, key, (uint64_t)fd);
    if (!make_fd_room(writer)) {
        writer->failed = true;
        return;
    }
    writer->fds[writer->fd_count++] = fd;
}

static void write_checksum(char *text, size_t length)
{
    static const struct siphash_key key;
    const size_t head = strlen(HEAD_BLANK);
    char digits[17];

    snprintf(digits, sizeof(digits), "%016" PRIx64, siphash(&key, text + head, length - head));
    memcpy(text + strlen(HEAD), digits, 16);
}

int handover_write_end(struct handover_writer *writer)
{
    for (size_t i = 0; i < writer->fd_count; i++) {
        handover_line(writer, "fd");
        handover_put(writer, "number", (uint64_t)writer->fds[i]);
        handover_end_line(writer);
    }
    if (!writer->file)
        return -ENOMEM;
    if (ferror(writer->file))
        writer->failed = true;
    if (fclose(writer->file) != 0)
        writer->failed = true;
    writer->file = NULL;
    /* Without memory for the text glibc's fclose() says that all is well, and there is none. */
    if (writer->failed || !writer->text)
        return -ENOMEM;
    write_checksum(writer->text, writer->length);
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
