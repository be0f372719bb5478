/* text: which bytes are UTF-8, how strangers' bytes are shown, and that cutting splits nothing. */
#include "base/text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "unit.h"

/* Bytes that may hold a NUL, and how many they are. */
#define BYTES(text) text, sizeof(text) - 1

static const struct {
    const char *bytes;
    size_t length;
    size_t character; /* bytes of the first character; 0: it is none */
} utf8_rows[] = {
    {BYTES(""), 0},
    {BYTES("\0"), 1},
    {BYTES("a"), 1},
    {BYTES("ab"), 1},
    {BYTES("\x7f"), 1},
    {BYTES("\xc2\x80"), 2},
    {BYTES("\xdf\xbf"), 2},
    {BYTES("\xe0\xa0\x80"), 3},
    {BYTES("\xed\x9f\xbf"), 3}, /* U+D7FF */
    {BYTES("\xee\x80\x80"), 3}, /* U+E000 */
    {BYTES("\xef\xbf\xbf"), 3},
    {BYTES("\xf0\x90\x80\x80"), 4},
    {BYTES("\xf4\x8f\xbf\xbf"), 4}, /* U+10FFFF */
    /* Overlong forms. */
    {BYTES("\xc0\x80"), 0},
    {BYTES("\xc0\xaf"), 0},
    {BYTES("\xc1\xbf"), 0},
    {BYTES("\xe0\x80\x80"), 0},
    {BYTES("\xe0\x9f\xbf"), 0},
    {BYTES("\xf0\x80\x80\x80"), 0},
    {BYTES("\xf0\x8f\xbf\xbf"), 0},
    {BYTES("\xf8\x88\x80\x80\x80"), 0},
    {BYTES("\xfc\x84\x80\x80\x80\x80"), 0},
    /* Surrogates. */
    {BYTES("\xed\xa0\x80"), 0},
    {BYTES("\xed\xad\xbf"), 0},
    {BYTES("\xed\xbf\xbf"), 0},
    {BYTES("\xed\xa0\xbd\xed\xb8\x80"), 0},
    /* Over U+10FFFF. */
    {BYTES("\xf4\x90\x80\x80"), 0},
    {BYTES("\xf5\x80\x80\x80"), 0},
    {BYTES("\xf7\xbf\xbf\xbf"), 0},
    /* No beginning of anything. */
    {BYTES("\x80"), 0},
    {BYTES("\xbf"), 0},
    {BYTES("\xfe"), 0},
    {BYTES("\xff"), 0},
    /* Cut, or something else in the middle. */
    {BYTES("\xc2"), 0},
    {BYTES("\xe2"), 0},
    {BYTES("\xe2\x82"), 0},
    {BYTES("\xf0\x9f"), 0},
    {BYTES("\xf0\x9f\x98"), 0},
    {BYTES("\xc2\x41"), 0},
    {BYTES("\xe2\x41\x80"), 0},
    {BYTES("\xe2\x82\x41"), 0},
    {BYTES("\xf0\x9f\x98\x41"), 0},
    {BYTES("\xc2\xc2\x80"), 0},
    {BYTES("\xc2\0"), 0},
};

START_TEST(test_utf8)
{
    const char *bytes = utf8_rows[_i].bytes;
    size_t length = utf8_rows[_i].length, character = utf8_rows[_i].character;
    char longer[32] = "abc";

    ck_assert_uint_eq(text_utf8_length(bytes, length), character);
    memcpy(longer + 3, bytes, length);
    if (character == 0)
        ck_assert_uint_eq(text_utf8_check(longer, length + 3), 3);
    else
        ck_assert_uint_eq(text_utf8_check(longer, 3 + character), 3 + character);
    /* Of what was cut nothing is read: the rest of the character stands behind the end. */
    for (size_t cut = 0; cut < character; cut++)
        ck_assert_uint_eq(text_utf8_length(bytes, cut), 0);
}
END_TEST

/* As RFC 3629 writes it, surrogates too. */
static size_t encode(uint32_t value, char bytes[static 4])
{
    size_t size = value < 0x80 ? 1 : value < 0x800 ? 2 : value < 0x10000 ? 3 : 4;
    static const unsigned first[] = {0, 0, 0xc0, 0xe0, 0xf0};

    for (size_t i = size - 1; i > 0; i--) {
        bytes[i] = (char)(0x80 | (value & 0x3f));
        value >>= 6;
    }
    bytes[0] = (char)(first[size] | value);
    return size;
}

START_TEST(test_utf8_every_character)
{
    for (uint32_t value = 0; value < 0x120000; value++) {
        char bytes[4];
        size_t size = encode(value, bytes);
        bool good = value <= 0x10ffff && (value < 0xd800 || value > 0xdfff);

        if (text_utf8_length(bytes, size) != (good ? size : 0))
            ck_abort_msg("U+%04X", value);
    }
}
END_TEST

static const struct {
    const char *bytes;
    size_t length;
    const char *shown;
} escape_rows[] = {
    {BYTES(""), ""},
    {BYTES("plain text, 'quotes' \"too\" = ;#%"), "plain text, 'quotes' \"too\" = ;#%"},
    {BYTES("a\nb\tc\rd"), "a\\nb\\tc\\rd"},
    {BYTES("a\\b"), "a\\\\b"},
    {BYTES("\\n"), "\\\\n"},
    {BYTES("\\x41"), "\\\\x41"},
    {BYTES("\0"), "\\x00"},
    {BYTES("a\0b"), "a\\x00b"},
    {BYTES("\x01\x02\x07\x08\x0b\x0c\x0e\x1f"), "\\x01\\x02\\x07\\x08\\x0b\\x0c\\x0e\\x1f"},
    {BYTES("\x1b[31mred"), "\\x1b[31mred"},
    {BYTES("\x7f"), "\\x7f"},
    {BYTES("\xc2\x80\xc2\x9b\xc2\x9f"), "\\xc2\\x80\\xc2\\x9b\\xc2\\x9f"},
    {BYTES("\xc2\xa0\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80"),
     "\xc2\xa0\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80"},
    /* What turns text round, and other ends of lines; their neighbours stay. */
    {BYTES("\xe2\x80\xae\xe2\x81\xa6"), "\\xe2\\x80\\xae\\xe2\\x81\\xa6"},
    {BYTES("\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c"), "\\xe2\\x80\\x8e\\xe2\\x80\\x8f\\xd8\\x9c"},
    {BYTES("\xe2\x80\xa8\xe2\x80\xa9\xe2\x81\xa9"),
     "\\xe2\\x80\\xa8\\xe2\\x80\\xa9\\xe2\\x81\\xa9"},
    {BYTES("\xe2\x80\x8d\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xa5\xe2\x81\xaa\xd8\x9b"),
     "\xe2\x80\x8d\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xa5\xe2\x81\xaa\xd8\x9b"},
    {BYTES("\xff\xfe\x80\xbf"), "\\xff\\xfe\\x80\\xbf"},
    {BYTES("\xed\xa0\x80"), "\\xed\\xa0\\x80"},
    {BYTES("\xc1\x80"), "\\xc1\\x80"},
    {BYTES("\xe2\x82"), "\\xe2\\x82"},
    {BYTES("\xe2\x82x"), "\\xe2\\x82x"},
    {BYTES("\xc0\x80"), "\\x00"},
    {BYTES("a\xc0\x80\xc0\x80z"), "a\\x00\\x00z"},
    {BYTES("\xc0"), "\\xc0"},
    {BYTES("\xc0\xc0\x80"), "\\xc0\\x00"},
    {BYTES("\xc0\x81"), "\\xc0\\x81"},
};

START_TEST(test_escape)
{
    char text[256];
    size_t length = escape_rows[_i].length;

    ck_assert_uint_eq(text_escape(escape_rows[_i].bytes, length, text, sizeof(text)), length);
    ck_assert_str_eq(text, escape_rows[_i].shown);
}
END_TEST

/* Whether a piece that the escaping takes as one begins at offset. */
static bool is_boundary(const char *bytes, size_t length, size_t offset)
{
    size_t at = 0;

    while (at < offset) {
        size_t size = text_utf8_length(bytes + at, length - at);

        if (size == 0)
            size = length - at >= 2 && memcmp(bytes + at, "\xc0\x80", 2) == 0 ? 2 : 1;
        at += size;
    }
    return at == offset;
}

/* What was taken, escaped alone, is what was written: no half character and no half escape. */
START_TEST(test_escape_cut)
{
    const char *bytes = escape_rows[_i].bytes;
    size_t length = escape_rows[_i].length;

    for (size_t size = 1; size <= strlen(escape_rows[_i].shown) + 1; size++) {
        char text[256], again[256];
        size_t consumed;

        memset(text, 'X', sizeof(text));
        consumed = text_escape(bytes, length, text, size);
        ck_assert_msg(memchr(text, '\0', size), "size %zu: no end", size);
        ck_assert_msg(text[size] == 'X', "size %zu: written behind it", size);
        ck_assert_msg(strncmp(text, escape_rows[_i].shown, strlen(text)) == 0, "size %zu", size);
        ck_assert_uint_eq(text_utf8_check(text, strlen(text)), strlen(text));
        text_escape(bytes, consumed, again, sizeof(again));
        ck_assert_str_eq(text, again);
        ck_assert_msg(is_boundary(bytes, length, consumed), "size %zu: stopped inside a character",
                      size);
    }
}
END_TEST

START_TEST(test_escape_no_room)
{
    char text[2] = "X";

    ck_assert_uint_eq(text_escape("abc", 3, text, 0), 0);
    ck_assert_str_eq(text, "X");
}
END_TEST

/* Whatever comes in, what comes out is printable UTF-8. */
START_TEST(test_escape_random)
{
    static const char first[] = "\xc0\xc2\xe0\xed\xf0\xf4\x80\x9b\xbf\x00\x1b\\a\xff\x7f\n";
    uint64_t random = 3;

    for (int i = 0; i < 20000; i++) {
        char bytes[8], text[64];

        for (size_t j = 0; j < sizeof(bytes); j++) {
            random = random * 6364136223846793005 + 1442695040888963407;
            bytes[j] = first[(random >> 33) % (sizeof(first) - 1)];
        }
        ck_assert_uint_eq(text_escape(bytes, sizeof(bytes), text, sizeof(text)), sizeof(bytes));
        ck_assert_uint_eq(text_utf8_check(text, strlen(text)), strlen(text));
        for (const char *at = text; *at != '\0'; at++) {
            ck_assert((unsigned char)*at >= 0x20 && *at != 0x7f);
            ck_assert(!((unsigned char)at[0] == 0xc2 && (unsigned char)at[1] < 0xa0));
        }
    }
}
END_TEST

START_TEST(test_needs_quotes)
{
    static const char *const yes[] = {"", " ", "a b", "\"", "a\"b", "=", "a=b"};
    static const char *const no[] = {"a", "1.2.3.4:80", "exit.1", "it's", "\xc3\xbc", "a\tb"};

    for (int i = 0; i < ROWS(yes); i++)
        ck_assert_msg(text_needs_quotes(yes[i]), "'%s'", yes[i]);
    for (int i = 0; i < ROWS(no); i++)
        ck_assert_msg(!text_needs_quotes(no[i]), "'%s'", no[i]);
}
END_TEST

Suite *text_suite(void)
{
    Suite *suite = suite_create("text");
    TCase *tcase = tcase_create("text");

    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, test_utf8, 0, ROWS(utf8_rows));
    tcase_add_test(tcase, test_utf8_every_character);
    tcase_add_loop_test(tcase, test_escape, 0, ROWS(escape_rows));
    tcase_add_loop_test(tcase, test_escape_cut, 0, ROWS(escape_rows));
    tcase_add_test(tcase, test_escape_no_room);
    tcase_add_test(tcase, test_escape_random);
    tcase_add_test(tcase, test_needs_quotes);
    suite_add_tcase(suite, tcase);
    return suite;
}
