/* value: tables of texts for each parser (edges, overflow, signs, blanks, what is left behind),
 * durations there and back, and words split and quoted. */
#include "base/value.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

static const struct {
    const char *text;
    int error;
    bool value;
} bool_rows[] = {
    {"yes", 0, true},          {"YES", 0, true},          {"Yes", 0, true},
    {"true", 0, true},         {"on", 0, true},           {"1", 0, true},
    {"no", 0, false},          {"nO", 0, false},          {"False", 0, false},
    {"off", 0, false},         {"0", 0, false},           {"", -EINVAL, false},
    {"y", -EINVAL, false},     {"n", -EINVAL, false},     {" yes", -EINVAL, false},
    {"yes ", -EINVAL, false},  {"00", -EINVAL, false},    {"2", -EINVAL, false},
    {"-1", -EINVAL, false},    {"yesno", -EINVAL, false}, {"ja", -EINVAL, false},
    {"yes\n", -EINVAL, false},
};

START_TEST(test_bool)
{
    /* Both beginnings: what fails must leave either alone. */
    for (unsigned before = 0; before < 2; before++) {
        bool value = before;
        int error = value_parse_bool(bool_rows[_i].text, &value);
        bool expected = bool_rows[_i].error == 0 ? bool_rows[_i].value : before;

        ck_assert_msg(error == bool_rows[_i].error, "'%s': %d", bool_rows[_i].text, error);
        ck_assert_msg(value == expected, "'%s': %d", bool_rows[_i].text, value);
    }
}
END_TEST

#define UNTOUCHED 0xdeadbeefU

static const struct {
    const char *text;
    int error;
    uint64_t value;
} count_rows[] = {
    {"0", 0, 0},
    {"1", 0, 1},
    {"007", 0, 7},
    {"4294967296", 0, 4294967296},
    {"18446744073709551615", 0, UINT64_MAX},
    {"000000000000000000000000018446744073709551615", 0, UINT64_MAX},
    {"18446744073709551616", -ERANGE, 0},
    {"18446744073709551620", -ERANGE, 0},
    {"99999999999999999999", -ERANGE, 0},
    {"184467440737095516150", -ERANGE, 0},
    {"9999999999999999999999999999999999999999", -ERANGE, 0},
    {"99999999999999999999x", -EINVAL, 0},
    {"", -EINVAL, 0},
    {"-1", -EINVAL, 0},
    {"+1", -EINVAL, 0},
    {"-0", -EINVAL, 0},
    {" 1", -EINVAL, 0},
    {"1 ", -EINVAL, 0},
    {"1\n", -EINVAL, 0},
    {"1x", -EINVAL, 0},
    {"0x10", -EINVAL, 0},
    {"1.0", -EINVAL, 0},
    {"1e3", -EINVAL, 0},
    {"1,000", -EINVAL, 0},
    {"\xd9\xa1", -EINVAL, 0}, /* an Arabic one */
    {"/", -EINVAL, 0},        /* the neighbours of the digits */
    {":", -EINVAL, 0},
};

START_TEST(test_count)
{
    uint64_t value = UNTOUCHED;
    int error = value_parse_count(count_rows[_i].text, &value);
    uint64_t expected = count_rows[_i].error == 0 ? count_rows[_i].value : UNTOUCHED;

    ck_assert_msg(error == count_rows[_i].error, "'%s': %d", count_rows[_i].text, error);
    ck_assert_msg(value == expected, "'%s': another value", count_rows[_i].text);
}
END_TEST

#define DAY (86400 * CLOCK_SECOND)

static const struct {
    const char *text;
    int error;
    nanoseconds value;
} duration_rows[] = {
    {"0", 0, 0},
    {"0ms", 0, 0},
    {"0d", 0, 0},
    {"1", 0, CLOCK_SECOND},
    {"500ms", 0, 500 * CLOCK_MILLISECOND},
    {"10s", 0, 10 * CLOCK_SECOND},
    {"5m", 0, 300 * CLOCK_SECOND},
    {"1h", 0, 3600 * CLOCK_SECOND},
    {"2d", 0, 2 * DAY},
    {"010s", 0, 10 * CLOCK_SECOND},
    {"18446744073", 0, 18446744073 * CLOCK_SECOND},
    {"18446744073709ms", 0, 18446744073709 * CLOCK_MILLISECOND},
    {"213503d", 0, 213503 * DAY},
    {"18446744074", -ERANGE, 0},
    {"18446744074s", -ERANGE, 0},
    {"18446744073710ms", -ERANGE, 0},
    {"213504d", -ERANGE, 0},
    {"99999999999999999999ms", -ERANGE, 0},
    {"", -EINVAL, 0},
    {"s", -EINVAL, 0},
    {"ms", -EINVAL, 0},
    {"d", -EINVAL, 0},
    {"-1", -EINVAL, 0},
    {"+1s", -EINVAL, 0},
    {"1.5s", -EINVAL, 0},
    {"1 s", -EINVAL, 0},
    {" 1s", -EINVAL, 0},
    {"1s ", -EINVAL, 0},
    {"1S", -EINVAL, 0},
    {"1D", -EINVAL, 0},
    {"1ss", -EINVAL, 0},
    {"1sm", -EINVAL, 0},
    {"1m30s", -EINVAL, 0},
    {"1us", -EINVAL, 0},
    {"1w", -EINVAL, 0},
    {"1min", -EINVAL, 0},
    {"infinity", -EINVAL, 0},
    {"99999999999999999999x", -EINVAL, 0},
};

START_TEST(test_duration)
{
    nanoseconds value = UNTOUCHED;
    int error = value_parse_duration(duration_rows[_i].text, &value);
    nanoseconds expected = duration_rows[_i].error == 0 ? duration_rows[_i].value : UNTOUCHED;

    ck_assert_msg(error == duration_rows[_i].error, "'%s': %d", duration_rows[_i].text, error);
    ck_assert_msg(value == expected, "'%s': another value", duration_rows[_i].text);
}
END_TEST

static const struct {
    const char *text;
    int error;
    uint64_t value;
    const char *shown;
} size_rows[] = {
    {"0", 0, 0, "0"},
    {"1", 0, 1, "1"},
    {"1023", 0, 1023, "1023"},
    {"1024", 0, 1024, "1K"},
    {"64K", 0, 65536, "64K"},
    {"1024K", 0, 1048576, "1M"},
    {"3M", 0, 3145728, "3M"},
    {"2G", 0, 2147483648, "2G"},
    {"2049M", 0, 2148532224, "2049M"},
    {"unlimited", 0, UINT64_MAX, "unlimited"},
    {"18446744073709551614", 0, UINT64_MAX - 1, "18446744073709551614"},
    {"18446744073709551615", -ERANGE, 0, ""},
    {"18446744073709551616", -ERANGE, 0, ""},
    {"17179869184G", -ERANGE, 0, ""},
    {"", -EINVAL, 0, ""},
    {"K", -EINVAL, 0, ""},
    {"1k", -EINVAL, 0, ""},
    {"1KB", -EINVAL, 0, ""},
    {"1 K", -EINVAL, 0, ""},
    {"-1", -EINVAL, 0, ""},
    {"1.5M", -EINVAL, 0, ""},
    {"Unlimited", -EINVAL, 0, ""},
};

START_TEST(test_size)
{
    uint64_t value = UNTOUCHED;
    int error = value_parse_size(size_rows[_i].text, &value);
    char text[VALUE_TEXT_SIZE];

    ck_assert_msg(error == size_rows[_i].error, "'%s': %d", size_rows[_i].text, error);
    ck_assert_uint_eq(value, error == 0 ? size_rows[_i].value : UNTOUCHED);
    if (error < 0)
        return;
    value_format_size(value, text);
    ck_assert_str_eq(text, size_rows[_i].shown);
}
END_TEST

static const struct {
    const char *text;
    int error;
    long value;
} integer_rows[] = {
    {"0", 0, 0},
    {"-0", 0, 0},
    {"7", 0, 7},
    {"-20", 0, -20},
    {"19", 0, 19},
    {"-21", -ERANGE, 0},
    {"20", -ERANGE, 0},
    {"9223372036854775808", -ERANGE, 0},
    {"-9223372036854775808", -ERANGE, 0},
    {"18446744073709551616", -ERANGE, 0},
    {"", -EINVAL, 0},
    {"-", -EINVAL, 0},
    {"--1", -EINVAL, 0},
    {"+1", -EINVAL, 0},
    {"1x", -EINVAL, 0},
    {" 1", -EINVAL, 0},
};

START_TEST(test_integer)
{
    long value = 4711;
    int error = value_parse_integer(integer_rows[_i].text, -20, 19, &value);

    ck_assert_msg(error == integer_rows[_i].error, "'%s': %d", integer_rows[_i].text, error);
    ck_assert_int_eq(value, error == 0 ? integer_rows[_i].value : 4711);
}
END_TEST

static const struct {
    nanoseconds value;
    const char *text;
} duration_format_rows[] = {
    {1 * CLOCK_MILLISECOND, "1ms"},
    {1500 * CLOCK_MILLISECOND, "1500ms"},
    {1 * CLOCK_SECOND, "1s"},
    {59 * CLOCK_SECOND, "59s"},
    {60 * CLOCK_SECOND, "1m"},
    {90 * CLOCK_SECOND, "90s"},
    {3600 * CLOCK_SECOND, "1h"},
    {36 * 3600 * CLOCK_SECOND, "36h"},
    {DAY, "1d"},
    {213503 * DAY, "213503d"},
};

START_TEST(test_duration_format)
{
    char text[VALUE_TEXT_SIZE];

    value_format_duration(duration_format_rows[_i].value, text);
    ck_assert_str_eq(text, duration_format_rows[_i].text);
}
END_TEST

static void check_duration_round_trip(nanoseconds value)
{
    char text[VALUE_TEXT_SIZE];
    nanoseconds back = UNTOUCHED;

    value_format_duration(value, text);
    ck_assert_msg(value_parse_duration(text, &back) == 0, "'%s' is refused", text);
    ck_assert_msg(back == value, "'%s' is another value", text);
}

START_TEST(test_duration_round_trip)
{
    uint64_t random = 1;

    for (uint64_t number = 0; number < 5000; number++) {
        check_duration_round_trip(number * CLOCK_MILLISECOND);
        check_duration_round_trip(number * CLOCK_SECOND);
        check_duration_round_trip(number * 60 * CLOCK_SECOND);
        check_duration_round_trip(number * DAY);
    }
    for (int i = 0; i < 10000; i++) {
        random = random * 6364136223846793005 + 1442695040888963407;
        check_duration_round_trip(random / CLOCK_MILLISECOND * CLOCK_MILLISECOND);
    }
    check_duration_round_trip(UINT64_MAX / CLOCK_MILLISECOND * CLOCK_MILLISECOND);
}
END_TEST

static const struct {
    const char *text;
    int error;
    unsigned value;
} mode_rows[] = {
    {"0", 0, 0},
    {"022", 0, 022},
    {"22", 0, 022},
    {"0666", 0, 0666},
    {"7777", 0, 07777},
    {"00007777", 0, 07777},
    {"10000", -ERANGE, 0},
    {"77777", -ERANGE, 0},
    {"8", -EINVAL, 0},
    {"0668", -EINVAL, 0},
    {"", -EINVAL, 0},
    {"-1", -EINVAL, 0},
    {"+7", -EINVAL, 0},
    {" 7", -EINVAL, 0},
    {"7 ", -EINVAL, 0},
    {"0o7", -EINVAL, 0},
    {"0x7", -EINVAL, 0},
    {"u=rw", -EINVAL, 0},
    {"rw-r--r--", -EINVAL, 0},
    {"7777777777777777777777777", -ERANGE, 0},
};

START_TEST(test_mode)
{
    unsigned value = UNTOUCHED;
    int error = value_parse_mode(mode_rows[_i].text, &value);
    unsigned expected = mode_rows[_i].error == 0 ? mode_rows[_i].value : UNTOUCHED;

    ck_assert_msg(error == mode_rows[_i].error, "'%s': %d", mode_rows[_i].text, error);
    ck_assert_msg(value == expected, "'%s': %o", mode_rows[_i].text, value);
}
END_TEST

/* In which way the words of a row are split. */
enum ways { AS_COMMAND = 1, AS_LIST = 2, BOTH = AS_COMMAND | AS_LIST };

#define WORDS_MAX 6

static const struct {
    const char *text;
    unsigned ways;
    int error;
    const char *words[WORDS_MAX];
} split_rows[] = {
    {"", BOTH, 0, {NULL}},
    {"   \t  ", BOTH, 0, {NULL}},
    {"a", BOTH, 0, {"a"}},
    {"a b", BOTH, 0, {"a", "b"}},
    {"  a\t b \v\f\r\n c  ", BOTH, 0, {"a", "b", "c"}},
    {"a b c d e", BOTH, 0, {"a", "b", "c", "d", "e"}},
    {"a,b", AS_COMMAND, 0, {"a,b"}},
    {"a,b", AS_LIST, 0, {"a", "b"}},
    {"a, b ,c", AS_LIST, 0, {"a", "b", "c"}},
    {",,a,,b,,", AS_LIST, 0, {"a", "b"}},
    {" , , ", AS_LIST, 0, {NULL}},
    {",", AS_COMMAND, 0, {","}},
    {"'a,b' \"c,d\" e\\,f", AS_LIST, 0, {"a,b", "c,d", "e,f"}},
    {"'a b' \"c d\" e\\ f", BOTH, 0, {"a b", "c d", "e f"}},
    {"''", BOTH, 0, {""}},
    {"\"\"", BOTH, 0, {""}},
    {"'' \"\" ''", BOTH, 0, {"", "", ""}},
    {"'',\"\"", AS_LIST, 0, {"", ""}},
    {"''\"\"", BOTH, 0, {""}},
    {"a''b", BOTH, 0, {"ab"}},
    {"a\"b\"'c'd", BOTH, 0, {"abcd"}},
    {"--x=\"a b\"", BOTH, 0, {"--x=a b"}},
    {"'it\\s'", BOTH, 0, {"it\\s"}},
    {"'a\"b' \"a'b\"", BOTH, 0, {"a\"b", "a'b"}},
    {"\"a\\\"b\" \"a\\\\b\" \"a\\nb\"", BOTH, 0, {"a\"b", "a\\b", "anb"}},
    {"a\\\"b a\\'b a\\\\b", BOTH, 0, {"a\"b", "a'b", "a\\b"}},
    {"'a\\'", BOTH, 0, {"a\\"}},
    {"\\", BOTH, -EINVAL, {NULL}},
    {"a \\", BOTH, -EINVAL, {NULL}},
    {"\"a\\", BOTH, -EINVAL, {NULL}},
    {"\"a\\\"", BOTH, -EINVAL, {NULL}},
    {"'", BOTH, -EINVAL, {NULL}},
    {"\"", BOTH, -EINVAL, {NULL}},
    {"a 'b", BOTH, -EINVAL, {NULL}},
    {"a \"b' c", BOTH, -EINVAL, {NULL}},
    {"it's", BOTH, -EINVAL, {NULL}},
    {"$HOME `id` * ~ $(x) ;", AS_COMMAND, 0, {"$HOME", "`id`", "*", "~", "$(x)", ";"}},
    {"\xc3\xbc \xe2\x82\xac", BOTH, 0, {"\xc3\xbc", "\xe2\x82\xac"}},
};

static void check_split(int row, enum value_split split)
{
    const char *text = split_rows[row].text;
    struct value_words words = {0};
    struct arena *arena = arena_new();
    int error = value_split_words(arena, text, split, &words);
    size_t count = 0;

    ck_assert_msg(error == split_rows[row].error, "'%s': %d", text, error);
    while (error == 0 && count < WORDS_MAX && split_rows[row].words[count])
        count++;
    ck_assert_msg(words.count == count, "'%s': %zu words", text, words.count);
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(strcmp(words.items[i], split_rows[row].words[i]) == 0,
                      "'%s': word %zu is '%s'", text, i, words.items[i]);
    if (error == 0)
        ck_assert_ptr_null(words.items[count]);
    else
        ck_assert_ptr_null(words.items);
    arena_free(arena);
}

START_TEST(test_split)
{
    if (split_rows[_i].ways & AS_COMMAND)
        check_split(_i, VALUE_SPLIT_COMMAND);
    if (split_rows[_i].ways & AS_LIST)
        check_split(_i, VALUE_SPLIT_LIST);
}
END_TEST

START_TEST(test_split_many)
{
    struct arena *arena = arena_new();
    struct value_words words;
    char *text = malloc(20001);

    for (size_t i = 0; i < 10000; i++)
        memcpy(text + 2 * i, "x ", 2);
    text[20000] = '\0';
    ck_assert_int_eq(value_split_words(arena, text, VALUE_SPLIT_COMMAND, &words), 0);
    ck_assert_uint_eq(words.count, 10000);
    for (size_t i = 0; i < words.count; i++)
        ck_assert_str_eq(words.items[i], "x");
    ck_assert_ptr_null(words.items[words.count]);
    free(text);
    arena_free(arena);
}
END_TEST

/* Quotes word, alone and among others, and splits it again. */
static void check_quote(const char *word, enum value_split split)
{
    char text[512], line[600];
    struct arena *arena = arena_new();
    struct value_words words = {0};
    size_t length = value_quote_word(word, text, sizeof(text));

    ck_assert_uint_eq(length, strlen(text));
    ck_assert_uint_eq(value_quote_word(word, NULL, 0), length);
    snprintf(line, sizeof(line), "first %s last", text);
    ck_assert_msg(value_split_words(arena, line, split, &words) == 0, "'%s' as %s", word, text);
    ck_assert_msg(words.count == 3, "'%s' as %s: %zu words", word, text, words.count);
    ck_assert_msg(strcmp(words.items[1], word) == 0, "'%s' as %s: '%s'", word, text,
                  words.items[1]);
    arena_free(arena);
}

static const char *const nasty_words[] = {
    "",     " ",       "  a  ",  "a b",    "\t",    "\n",       "\"",      "'",    "''",
    "\"\"", "it's",    "\\",     "\\\\",   "a\\",   "\\\"",     "\"a\" b", ",",    "a,b",
    ";",    " ;",      "a ;b",   "#",      "# x",   "`id`",     "$HOME",   "\x7f", "\x01",
    "[a]",  "key = v", "k:v",    "=",      "%41",   "\xc3\xbc", "\xff",    "\r",   "-",
    "/a/b", "\v\f",    "a\"b'c", "\\n\\t", "'\"\\", "a\nb",     "--x=y z", "!",    "|&<>(){}",
};

START_TEST(test_quote)
{
    check_quote(nasty_words[_i], VALUE_SPLIT_COMMAND);
    check_quote(nasty_words[_i], VALUE_SPLIT_LIST);
}
END_TEST

START_TEST(test_quote_every_byte)
{
    for (int byte = 1; byte < 256; byte++) {
        const char alone[] = {(char)byte, '\0'};
        const char inside[] = {'a', (char)byte, (char)byte, 'b', '\0'};

        check_quote(alone, VALUE_SPLIT_COMMAND);
        check_quote(alone, VALUE_SPLIT_LIST);
        check_quote(inside, VALUE_SPLIT_COMMAND);
        check_quote(inside, VALUE_SPLIT_LIST);
    }
}
END_TEST

START_TEST(test_quote_random)
{
    static const char letters[] = "ab \t\"'\\,;#=\n";
    uint64_t random = 7;

    for (int i = 0; i < 20000; i++) {
        char word[13];
        size_t length;

        random = random * 6364136223846793005 + 1442695040888963407;
        length = (random >> 60) % sizeof(word);
        for (size_t j = 0; j < length; j++)
            word[j] = letters[(random >> (4 * j)) % (sizeof(letters) - 1)];
        word[length] = '\0';
        check_quote(word, VALUE_SPLIT_COMMAND);
        check_quote(word, VALUE_SPLIT_LIST);
    }
}
END_TEST

START_TEST(test_quote_cut)
{
    char whole[32], text[32];
    size_t length = value_quote_word("a \"b\" \\c", whole, sizeof(whole));

    for (size_t size = 1; size <= length + 1; size++) {
        memset(text, 'X', sizeof(text));
        ck_assert_uint_eq(value_quote_word("a \"b\" \\c", text, size), length);
        ck_assert_uint_eq(strlen(text), size - 1);
        ck_assert(strncmp(text, whole, size - 1) == 0);
        ck_assert_msg(text[size] == 'X', "size %zu: written behind it", size);
    }
}
END_TEST

Suite *value_suite(void)
{
    Suite *suite = suite_create("value");
    TCase *tcase = tcase_create("value");

    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, test_bool, 0, ROWS(bool_rows));
    tcase_add_loop_test(tcase, test_count, 0, ROWS(count_rows));
    tcase_add_loop_test(tcase, test_size, 0, ROWS(size_rows));
    tcase_add_loop_test(tcase, test_integer, 0, ROWS(integer_rows));
    tcase_add_loop_test(tcase, test_duration, 0, ROWS(duration_rows));
    tcase_add_loop_test(tcase, test_duration_format, 0, ROWS(duration_format_rows));
    tcase_add_test(tcase, test_duration_round_trip);
    tcase_add_loop_test(tcase, test_mode, 0, ROWS(mode_rows));
    tcase_add_loop_test(tcase, test_split, 0, ROWS(split_rows));
    tcase_add_test(tcase, test_split_many);
    tcase_add_loop_test(tcase, test_quote, 0, ROWS(nasty_words));
    tcase_add_test(tcase, test_quote_every_byte);
    tcase_add_test(tcase, test_quote_random);
    tcase_add_test(tcase, test_quote_cut);
    suite_add_tcase(suite, tcase);
    return suite;
}
