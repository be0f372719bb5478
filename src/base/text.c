/* text: see text.h. Called by log and by whoever shows a stranger's bytes. */
#include "base/text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

size_t text_utf8_length(const char *bytes, size_t length)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *byte = (const unsigned char *)bytes;
    uint32_t value;
    size_t size;

    if (length == 0)
        return 0;
    if (byte[0] < 0x80)
        return 1;
    if ((byte[0] & 0xe0) == 0xc0)
        size = 2;
    else if ((byte[0] & 0xf0) == 0xe0)
        size = 3;
    else if ((byte[0] & 0xf8) == 0xf0)
        size = 4;
    else
        return 0;
    if (length < size)
        return 0;
    value = byte[0] & (0xffU >> (size + 1));
    for (size_t i = 1; i < size; i++) {
        if ((byte[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (byte[i] & 0x3fU);
    }
    if (value < least[size] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return 0;
    return size;
}

size_t text_utf8_check(const char *bytes, size_t length)
{
    size_t offset = 0;

    while (offset < length) {
        size_t size = text_utf8_length(bytes + offset, length - offset);

        if (size == 0)
            break;
        offset += size;
    }
    return offset;
}

/* The longest that one character becomes, and a NUL: "\xe2\x80\xae". */
#define ESCAPE_SIZE 13

/* Whether a terminal or an editor would show another line than is there: U+0080 to U+009F are the
 * second set of control characters, which some terminals obey; U+2028 and U+2029 end lines; U+061C,
 * U+200E, U+200F, U+202A to U+202E and U+2066 to U+2069 turn text round (UAX #9). */
static bool misleads(const unsigned char *byte, size_t size)
{
    if (size == 2)
        return (byte[0] == 0xc2 && byte[1] < 0xa0) || (byte[0] == 0xd8 && byte[1] == 0x9c);
    if (size != 3 || byte[0] != 0xe2)
        return false;
    return byte[1] == 0x80
               ? byte[2] == 0x8e || byte[2] == 0x8f || (byte[2] >= 0xa8 && byte[2] <= 0xae)
               : byte[1] == 0x81 && byte[2] >= 0xa6 && byte[2] <= 0xa9;
}

/* How one character is shown: its own bytes, or an escape in text. Returns the bytes it takes. */
static size_t escape_one(const char *bytes, size_t length, char text[static ESCAPE_SIZE],
                         size_t *ret_shown)
{
    unsigned char byte = (unsigned char)bytes[0];
    size_t size = text_utf8_length(bytes, length);

    if (byte == '\\' || byte == '\n' || byte == '\t' || byte == '\r') {
        text[0] = '\\';
        text[1] = byte == '\\' ? '\\' : byte == '\n' ? 'n' : byte == '\t' ? 't' : 'r';
        *ret_shown = 2;
        return 1;
    }
    if (byte == 0xc0 && length > 1 && (unsigned char)bytes[1] == 0x80) {
        memcpy(text, "\\x00", 4);
        *ret_shown = 4;
        return 2;
    }
    if (size == 0 || byte < 0x20 || byte == 0x7f || misleads((const unsigned char *)bytes, size)) {
        size += size == 0;
        for (size_t i = 0; i < size; i++)
            snprintf(text + 4 * i, 5, "\\x%02x", (unsigned char)bytes[i]);
        *ret_shown = 4 * size;
        return size;
    }
    memcpy(text, bytes, size);
    *ret_shown = size;
    return size;
}

size_t text_escape(const char *bytes, size_t length, char *text, size_t size)
{
    size_t consumed = 0, written = 0;

    while (consumed < length) {
        char shown[ESCAPE_SIZE];
        size_t shown_length;
        size_t taken = escape_one(bytes + consumed, length - consumed, shown, &shown_length);

        if (written + shown_length >= size)
            break;
        memcpy(text + written, shown, shown_length);
        written += shown_length;
        consumed += taken;
    }
    if (size > 0)
        text[written] = '\0';
    return consumed;
}

bool text_needs_quotes(const char *text)
{
    return text[0] == '\0' || strpbrk(text, " \"=") != NULL;
}
