/* reader: each trap of libinih (DESIGN section 8) and the rest of the grammar: what a text becomes,
 * and at which line it is refused. */
#include "config/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/value.h"
#include "unit.h"

static struct arena *arena;
static struct document document;
static struct problems problems;

static void open_document(void)
{
    arena = arena_new();
    document_begin(&document, arena);
    problems = (struct problems){0};
}

static void close_document(void)
{
    problems_free(&problems);
    arena_free(arena);
}

static void read_bytes(const char *text, size_t length)
{
    /* Exactly as long as it is, so that a sanitizer sees every byte that is read behind it. */
    char *copy = malloc(length > 0 ? length : 1);

    memcpy(copy, text, length);
    ck_assert_int_eq(reader_read_text(&document, "f", copy, length, &problems), 0);
    free(copy);
}

/* The document as text: "[name] line" and "key|value|line", each with a newline. */
static char *show_document(void)
{
    char *text = NULL;
    size_t length;
    FILE *file = open_memstream(&text, &length);

    for (const struct document_section *section = document.sections; section;
         section = section->next) {
        ck_assert_str_eq(section->where.file, "f");
        fprintf(file, "[%s] %u\n", section->name, section->where.line);
        for (const struct document_entry *entry = section->entries; entry; entry = entry->next)
            fprintf(file, "%s|%s|%u\n", entry->key, entry->value, entry->line);
    }
    fclose(file);
    return text;
}

static void check_document(const char *expected)
{
    char *text = show_document();

    ck_assert_str_eq(text, expected);
    free(text);
}

static void write_line(bool is_warning, const char *line, void *context)
{
    (void)is_warning;
    fprintf(context, "%s\n", line);
}

static char *show_problems(void)
{
    char *text = NULL;
    size_t length;
    FILE *file = open_memstream(&text, &length);

    problems_show(&problems, write_line, file);
    fclose(file);
    return text;
}

static void check_no_problems(void)
{
    char *text = show_problems();

    ck_assert_str_eq(text, "");
    free(text);
}

/* The first problem stands at that place and says that, and there are no more than count. */
static void check_problem(const char *place, const char *message, unsigned count)
{
    char *text = show_problems();

    ck_assert_msg(strncmp(text, place, strlen(place)) == 0, "not at %s: %s", place, text);
    ck_assert_msg(strstr(text, message), "not '%s': %s", message, text);
    ck_assert_msg(problems_total(&problems) == count, "%u problems: %s", problems_total(&problems),
                  text);
    free(text);
}

#define BYTES(text) text, sizeof(text) - 1

static const struct {
    const char *text;
    size_t length;
    const char *document;
} good_rows[] = {
    {BYTES(""), ""},
    {BYTES("\n\n"), ""},
    {BYTES("\xef\xbb\xbf"), ""},
    {BYTES("; comment\n# comment\n  ; indented\n\t# indented\n"), ""},
    {BYTES("[a]"), "[a] 1\n"},
    {BYTES("[a]\n[b]\n[c]\n"), "[a] 1\n[b] 2\n[c] 3\n"}, /* sections without keys are seen */
    {BYTES("[a]\n[a]\n"), "[a] 1\n[a] 2\n"},
    {BYTES("[ a b ]\n"), "[a b] 1\n"},
    {BYTES("[a]b]\n"), "[a]b] 1\n"},
    {BYTES("[a] ; comment\n"), "[a] 1\n"},
    {BYTES("[a]   \t\n"), "[a] 1\n"},
    {BYTES("[]\n"), "[] 1\n"}, /* refused by load */
    {BYTES("[\xc3\xbc]\n"), "[\xc3\xbc] 1\n"},
    {BYTES("[a]\nk = v\n"), "[a] 1\nk|v|2\n"},
    {BYTES("[a]\nk = v"), "[a] 1\nk|v|2\n"}, /* no newline at the end */
    {BYTES("[a]\nk=v\nl:w\nm : x\n"), "[a] 1\nk|v|2\nl|w|3\nm|x|4\n"},
    {BYTES("[a]\nk = a=b:c\nl: d=e\n"), "[a] 1\nk|a=b:c|2\nl|d=e|3\n"},
    {BYTES("[a]\nk\t=\t v \t \n"), "[a] 1\nk|v|2\n"},
    {BYTES("[a]\nk k = v  w\tx\n"), "[a] 1\nk k|v  w\tx|2\n"},
    {BYTES("[a]\nk =\nl = \nm:\n"), "[a] 1\nk||2\nl||3\nm||4\n"},
    {BYTES("[a]\nk = v\nk = w\nk = v\n"), "[a] 1\nk|v|2\nk|w|3\nk|v|4\n"},
    {BYTES("\xef\xbb\xbf[a]\nk = v\n"), "[a] 1\nk|v|2\n"},
    {BYTES("[a]\r\nk = v\r\n\r\n  w\r\n[b]\r\n"), "[a] 1\nk|v w|2\n[b] 5\n"},
    {BYTES("\xef\xbb\xbf\r\n[a]\r\nk = v"), "[a] 2\nk|v|3\n"},
    /* Continuations. */
    {BYTES("[a]\nk = v\n w\n\tx\n"), "[a] 1\nk|v w x|2\n"},
    {BYTES("[a]\nk =\n v\n"), "[a] 1\nk|v|2\n"},
    {BYTES("[a]\nk =\n\n v\n\n w\n"), "[a] 1\nk|v w|2\n"},
    {BYTES("[a]\nk = v\n ; comment\n w ; comment\n# comment\n x\n"), "[a] 1\nk|v w x|2\n"},
    {BYTES("[a]\nk = v\n l = w\n [b]\n"), "[a] 1\nk|v l = w [b]|2\n"},
    {BYTES("[a]\nk = v\n  \n\t\nl = w\n"), "[a] 1\nk|v|2\nl|w|5\n"},
    {BYTES("[a]\nk = v \\\n w\n"), "[a] 1\nk|v \\ w|2\n"},
    /* Comments behind values, and what only looks like one. */
    {BYTES("[a]\nk = v ; c\nl = w\t;c\nm = x;y\nn = z#y #x\n"),
     "[a] 1\nk|v|2\nl|w|3\nm|x;y|4\nn|z#y #x|5\n"},
    {BYTES("[a]\nk = ; c\n"), "[a] 1\nk||2\n"},
    {BYTES("[a]\nk = \"v ; w\" ; c\n"), "[a] 1\nk|\"v ; w\"|2\n"},
    {BYTES("[a]\nk = 'v ; w' ; c\n"), "[a] 1\nk|'v ; w'|2\n"},
    {BYTES("[a]\nk = \"v\\\" ; w\" ; c\n"), "[a] 1\nk|\"v\\\" ; w\"|2\n"},
    {BYTES("[a]\nk = 'v\\' ; c\n"), "[a] 1\nk|'v\\'|2\n"},
    {BYTES("[a]\nk = 'a ; \"b' \"c ; 'd\" ; e\n"), "[a] 1\nk|'a ; \"b' \"c ; 'd\"|2\n"},
    {BYTES("[a]\nk = v \\; w\n"), "[a] 1\nk|v \\; w|2\n"},
    {BYTES("[a]\nk = v \\\" ; w\n"), "[a] 1\nk|v \\\"|2\n"},
    {BYTES("[a]\nk = v ';' w\n"), "[a] 1\nk|v ';' w|2\n"},
    {BYTES("[a]\nk = v ;\n"), "[a] 1\nk|v|2\n"},
    /* Quotes and comments over lines. */
    {BYTES("[a]\nk = 'a\n  b ; c' ; d\n  e\n"), "[a] 1\nk|'a b ; c' e|2\n"},
    {BYTES("[a]\nk = a ; it's\n  b ; it's\n"), "[a] 1\nk|a b|2\n"},
    {BYTES("[a]\nk = \"a\n  b\n"), "[a] 1\nk|\"a b|2\n"},
    {BYTES("[a]\nk = \"a ; b\n  c\nl = \"\n"), "[a] 1\nk|\"a c|2\nl|\"|4\n"},
    {BYTES("[a]\nk = \"a\\\"\n  ;c\n  b ; c\" ; d\n"), "[a] 1\nk|\"a\\\" b ; c\"|2\n"},
    {BYTES("[a]\nk = a \\\n  b ; c\n"), "[a] 1\nk|a \\ b|2\n"},
    {BYTES("[a]\nk = 'a'\n  'b ; c'\n  ';' ; d\n"), "[a] 1\nk|'a' 'b ; c' ';'|2\n"},
    /* Apostrophes and quotes alone. */
    {BYTES("[a]\nk = it's ; c\nl = 5\" ; c\n"), "[a] 1\nk|it's|2\nl|5\"|3\n"},
    {BYTES("[a]\nk = it's ; c\n  isn't\n"), "[a] 1\nk|it's isn't|2\n"},
    {BYTES("[a]\nk = don't\nl = x\n"), "[a] 1\nk|don't|2\nl|x|3\n"},
    {BYTES("[it's]\nk = v\n"), "[it's] 1\nk|v|2\n"},
    /* Bytes that libinih or our coding could take for something. */
    {BYTES("[a]\nk = %41%%%zz% 100%\n"), "[a] 1\nk|%41%%%zz% 100%|2\n"},
    {BYTES("[a]\nk = [b]\nl = =\nm = :\n"), "[a] 1\nk|[b]|2\nl|=|3\nm|:|4\n"},
    {BYTES("[a]\nk = #v\nl = \\\nm = \xef\xbb\xbf\n"), "[a] 1\nk|#v|2\nl|\\|3\nm|\xef\xbb\xbf|4\n"},
    {BYTES("[a]\nk = \xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80\n"),
     "[a] 1\nk|\xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80|2\n"},
    {BYTES("[a]\nk = v\x01\x1b\x7fw\n"), "[a] 1\nk|v\x01\x1b\x7fw|2\n"},
};

START_TEST(test_good)
{
    read_bytes(good_rows[_i].text, good_rows[_i].length);
    check_no_problems();
    check_document(good_rows[_i].document);
}
END_TEST

static const struct {
    const char *text;
    size_t length;
    const char *place, *message;
    unsigned count;
    const char *document; /* what is kept, for checking it all the same; NULL: not looked at */
} bad_rows[] = {
    {BYTES("k = v\n"), "f:1: ", "'k' is before the first [section]", 1, ""},
    {BYTES("\n; c\n\nk = v\n[a]\n"), "f:4: ", "before the first [section]", 1, "[a] 5\n"},
    {BYTES("[a\nk = v\n"), "f:1: ", "[NAME]", 1, "[a] 1\nk|v|2\n"},
    {BYTES("[a]\n[b\nk = v\n"), "f:2: ", "[NAME]", 1, NULL},
    {BYTES("[\n"), "f:1: ", "[NAME]", 1, "[] 1\n"},
    {BYTES("[a] b\n"), "f:1: ", "nothing else on the line", 1, "[a] 1\n"},
    {BYTES("[a]b\n"), "f:1: ", "nothing else on the line", 1, "[a] 1\n"},
    {BYTES("[a] # c\n"), "f:1: ", "nothing else on the line", 1, "[a] 1\n"},
    {BYTES("[a];c\n"), "f:1: ", "nothing else on the line", 1, "[a] 1\n"},
    {BYTES("[a] = b\n"), "f:1: ", "nothing else on the line", 1, "[a] 1\n"},
    {BYTES("[a]\nk\nl = v\n"), "f:2: ", "not a [section] or KEY = VALUE", 1, "[a] 1\nl|v|3\n"},
    {BYTES("[a]\nk ; = v\n"), "f:2: ", "not a [section] or KEY = VALUE", 1, "[a] 1\n"},
    {BYTES("[a]\n= v\n"), "f:2: ", "a value without a key", 1, "[a] 1\n"},
    {BYTES("[a]\n: v\n"), "f:2: ", "a value without a key", 1, "[a] 1\n"},
    {BYTES(" k = v\n"), "f:1: ", "an indented line continues", 1, ""},
    {BYTES("[a]\n k = v\n"), "f:2: ", "an indented line continues", 1, "[a] 1\n"},
    {BYTES("[a]\nk = v\n[b]\n w\n"), "f:4: ", "an indented line continues", 1,
     "[a] 1\nk|v|2\n[b] 3\n"},
    {BYTES("[a]\r\n\r\nk\r\n"), "f:3: ", "not a [section]", 1, "[a] 1\n"},
    {BYTES("noise\nnoise\n"), "f:1: ", "not a [section]", 2, ""},
    /* Bytes that no text has: nothing of the file counts. */
    {BYTES("\0"), "f:1: ", "NUL", 1, ""},
    {BYTES("[a]\nk = v\0w\n"), "f:2: ", "NUL", 1, ""},
    {BYTES("[a]\nk = v\n\n\n\0"), "f:5: ", "NUL", 1, ""},
    {BYTES("[a]\nk = v\n; \0 comment\n"), "f:3: ", "NUL", 1, ""},
    {BYTES("\xef\xbb\xbf\n\0"), "f:2: ", "NUL", 1, ""},
    {BYTES("\xff"), "f:1: ", "not UTF-8 (byte 0xff)", 1, ""},
    {BYTES("[a]\nk = v\nl = \xfc\n"), "f:3: ", "not UTF-8 (byte 0xfc)", 1, ""},
    {BYTES("[a]\nk = \xc0\x80\n"), "f:2: ", "not UTF-8 (byte 0xc0)", 1, ""},
    {BYTES("[a]\nk = \xed\xa0\x80\n"), "f:2: ", "not UTF-8 (byte 0xed)", 1, ""},
    {BYTES("[a]\nk = \xf4\x90\x80\x80\n"), "f:2: ", "not UTF-8 (byte 0xf4)", 1, ""},
    {BYTES("; \x80\n[a]\n"), "f:1: ", "not UTF-8 (byte 0x80)", 1, ""},
    {BYTES("[a]\nk = \xe2\x82"), "f:2: ", "not UTF-8 (byte 0xe2)", 1, ""},
    {BYTES("[a]\nk = \xc3"), "f:2: ", "not UTF-8 (byte 0xc3)", 1, ""},
    {BYTES("[a]\nk = \xe2\x82\nl = \0"), "f:2: ", "not UTF-8 (byte 0xe2)", 1, ""},
    {BYTES("[a]\nk = \0\nl = \xff"), "f:2: ", "NUL", 1, ""},
    {BYTES("\xff\xfe[\0a\0]\0"), "f:1: ", "not UTF-8 (byte 0xff)", 1, ""}, /* UTF-16 */
    {BYTES("\xef\xbb"), "f:1: ", "not UTF-8 (byte 0xef)", 1, ""},
};

START_TEST(test_bad)
{
    read_bytes(bad_rows[_i].text, bad_rows[_i].length);
    check_problem(bad_rows[_i].place, bad_rows[_i].message, bad_rows[_i].count);
    if (bad_rows[_i].document)
        check_document(bad_rows[_i].document);
}
END_TEST

/* A quote that spans lines is a quote: the ';' in it is no comment. */
START_TEST(test_quote_over_lines)
{
    static const char text[] = "[a]\nk = sh -c \"one\n  two ; three\n  four\" ; comment\n";

    read_bytes(text, sizeof(text) - 1);
    check_no_problems();
    check_document("[a] 1\nk|sh -c \"one two ; three four\"|2\n");
}
END_TEST

/* The value that "k = " and then text, in a file, becomes. */
static const char *read_value(const char *text)
{
    size_t size = strlen(text) + 32;
    char *file = malloc(size);

    close_document();
    open_document();
    read_bytes(file, (size_t)snprintf(file, size, "[a]\nk = %s\nlast = x\n", text));
    free(file);
    check_no_problems();
    ck_assert_ptr_nonnull(document.sections->entries);
    ck_assert_str_eq(document.sections->entries->next->value, "x");
    ck_assert_uint_eq(document.sections->entries->next->line, 3);
    ck_assert_ptr_null(document.sections->entries->next->next);
    return document.sections->entries->value;
}

START_TEST(test_every_byte)
{
    for (unsigned char byte = 1; byte < 0x80; byte++) {
        char text[] = {'a', (char)byte, 'b', '\0'};

        if (byte != '\n')
            ck_assert_msg(strcmp(read_value(text), text) == 0, "byte 0x%02x", byte);
    }
}
END_TEST

/* Values are coded and handed over in pieces: every kind of byte at every place of a piece. */
START_TEST(test_every_length)
{
    static const char letters[] = "%;#=:[]\"'\\ x\ty,%20/\xc3\xbc";
    char text[400];

    for (size_t length = 1; length < sizeof(text); length++) {
        for (size_t i = 0; i < length; i++)
            text[i] = letters[(i + length) % (sizeof(letters) - 1)];
        text[0] = text[length - 1] = '-';
        /* Not cut inside a character. */
        for (size_t i = 0; i < length; i++)
            if ((unsigned char)text[i] >= 0x80 &&
                !(i + 1 < length && text[i] == '\xc3' && text[i + 1] == '\xbc') &&
                !(i > 0 && text[i] == '\xbc' && text[i - 1] == '\xc3'))
                text[i] = 'u';
        text[length] = '\0';
        ck_assert_msg(strcmp(read_value(text), text) == 0, "length %zu: '%s' became '%s'", length,
                      text, read_value(text));
    }
}
END_TEST

static const size_t long_lengths[] = {100, 190, 198, 199, 200, 201, 1000, 10000, 500000};

START_TEST(test_long_line)
{
    size_t length = long_lengths[_i];
    char *text = malloc(length + 1);

    for (size_t i = 0; i < length; i++)
        text[i] = "abc de=f"[i % 8];
    text[length - 1] = 'z';
    text[length] = '\0';
    ck_assert(strcmp(read_value(text), text) == 0);
    free(text);
}
END_TEST

START_TEST(test_long_continuation)
{
    size_t length = long_lengths[_i];
    char *text = malloc(2 * length + 64), *expected = malloc(2 * length + 64);

    memset(text, 'x', length);
    memcpy(text + length, "\n  ", 3);
    memset(text + length + 3, 'y', length);
    memcpy(text + 2 * length + 3, " ; comment", sizeof(" ; comment"));
    memset(expected, 'x', length);
    expected[length] = ' ';
    memset(expected + length + 1, 'y', length);
    expected[2 * length + 1] = '\0';
    close_document();
    open_document();
    {
        char *file = malloc(2 * length + 128);

        read_bytes(file, (size_t)snprintf(file, 2 * length + 128, "[a]\nk = %s\nlast = x\n", text));
        free(file);
    }
    check_no_problems();
    ck_assert(strcmp(document.sections->entries->value, expected) == 0);
    ck_assert_uint_eq(document.sections->entries->next->line, 4);
    free(text);
    free(expected);
}
END_TEST

/* Keys, comments and sections have any length too. */
START_TEST(test_long_others)
{
    size_t length = long_lengths[_i];
    char *word = malloc(length + 1), *text = malloc(3 * length + 64);

    ck_assert(word && text);
    memset(word, 'n', length);
    word[length] = '\0';
    read_bytes(text,
               (size_t)snprintf(text, 3 * length + 64, "[%s]\n; %s\n%s = v\n", word, word, word));
    check_no_problems();
    ck_assert(strcmp(document.sections->name, word) == 0);
    ck_assert(strcmp(document.sections->entries->key, word) == 0);
    ck_assert_str_eq(document.sections->entries->value, "v");
    ck_assert_uint_eq(document.sections->entries->line, 3);
    free(word);
    free(text);
}
END_TEST

/* libinih cuts names at 49 bytes, and then two sections are one. */
START_TEST(test_section_names)
{
    char name[61], *text, *expected;
    size_t length, expected_length;
    FILE *file = open_memstream(&text, &length);
    FILE *expected_file = open_memstream(&expected, &expected_length);

    memset(name, 's', 60);
    name[60] = '\0';
    for (int i = 0; i < 4; i++) {
        name[59] = (char)('a' + i);
        fprintf(file, "[%s]\nk = %d\n", name, i);
        fprintf(expected_file, "[%s] %d\nk|%d|%d\n", name, 2 * i + 1, i, 2 * i + 2);
    }
    fclose(file);
    fclose(expected_file);
    read_bytes(text, length);
    check_no_problems();
    check_document(expected);
    free(text);
    free(expected);
}
END_TEST

START_TEST(test_many_lines)
{
    char *text = NULL;
    size_t length;
    FILE *file = open_memstream(&text, &length);
    unsigned line = 2;

    fprintf(file, "[a]\n");
    for (int i = 0; i < 20000; i++)
        fprintf(file, "k%d = %d\n", i, i);
    fclose(file);
    read_bytes(text, length);
    free(text);
    check_no_problems();
    for (const struct document_entry *entry = document.sections->entries; entry;
         entry = entry->next)
        ck_assert_uint_eq(entry->line, line++);
    ck_assert_uint_eq(line, 20002);
}
END_TEST

static uint64_t next_random(uint64_t *random)
{
    *random = *random * 6364136223846793005 + 1442695040888963407;
    return *random >> 33;
}

/* Words that were quoted are, through a file, the same words. */
START_TEST(test_random_words)
{
    static const char letters[] = "ab ;#\"'\\,=:[]%\t\r";
    uint64_t random = 11;

    for (int i = 0; i < 10000; i++) {
        char words[4][13], text[512] = "";
        struct value_words split;
        const char *value;
        size_t length = 0;

        for (int j = 0; j < 4; j++) {
            size_t size = next_random(&random) % sizeof(words[j]);

            for (size_t k = 0; k < size; k++)
                words[j][k] = letters[next_random(&random) % (sizeof(letters) - 1)];
            words[j][size] = '\0';
            length += value_quote_word(words[j], text + length, sizeof(text) - length);
            text[length++] = ' ';
        }
        snprintf(text + length, sizeof(text) - length, "; comment");
        value = read_value(text); /* first: it makes the arena anew */
        ck_assert_int_eq(value_split_words(arena, value, VALUE_SPLIT_COMMAND, &split), 0);
        ck_assert_uint_eq(split.count, 4);
        for (int j = 0; j < 4; j++)
            ck_assert_str_eq(split.items[j], words[j]);
    }
}
END_TEST

/* Whatever a file holds, a value is one line without white space around it. */
START_TEST(test_random_texts)
{
    static const char *const pieces[] = {
        "a", "k",  " ", "\t", "\n", "\n", "=",   ":",      ";",    "#",       "\"",
        "'", "\\", "[", "]",  "%",  "\r", " ; ", "\nk = ", "\n  ", "\n[s]\n", "\xc3\xbc"};
    uint64_t random = 5;

    for (int i = 0; i < 20000; i++) {
        char text[512] = "[a]\nk = ";
        size_t count = next_random(&random) % 60, length = strlen(text);

        for (size_t j = 0; j < count; j++)
            length += (size_t)snprintf(text + length, sizeof(text) - length, "%s",
                                       pieces[next_random(&random) % ROWS(pieces)]);
        close_document();
        open_document();
        read_bytes(text, strlen(text));
        for (const struct document_section *section = document.sections; section;
             section = section->next)
            for (const struct document_entry *entry = section->entries; entry;
                 entry = entry->next) {
                size_t size = strlen(entry->value);

                ck_assert_msg(!strchr(entry->value, '\n'), "'%s' of %s", entry->value, text);
                ck_assert_msg(strspn(entry->value, " \t") == 0, "'%s' of %s", entry->value, text);
                ck_assert_msg(size == 0 || !strchr(" \t", entry->value[size - 1]), "'%s' of %s",
                              entry->value, text);
            }
    }
}
END_TEST

/* A second text goes behind the first, and its lines begin at 1 again. */
START_TEST(test_two_texts)
{
    read_bytes("[a]\nk = v\n", 10);
    read_bytes("[b]\nk = w", 9);
    check_no_problems();
    check_document("[a] 1\nk|v|2\n[b] 1\nk|w|2\n");
    read_bytes(" x\n", 3); /* no entry of another file goes on */
    check_problem("f:1: ", "an indented line continues", 1);
}
END_TEST

Suite *reader_suite(void)
{
    Suite *suite = suite_create("reader");
    TCase *tcase = tcase_create("reader");

    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, open_document, close_document);
    tcase_add_loop_test(tcase, test_good, 0, ROWS(good_rows));
    tcase_add_loop_test(tcase, test_bad, 0, ROWS(bad_rows));
    tcase_add_test(tcase, test_quote_over_lines);
    tcase_add_test(tcase, test_every_byte);
    tcase_add_test(tcase, test_every_length);
    tcase_add_loop_test(tcase, test_long_line, 0, ROWS(long_lengths));
    tcase_add_loop_test(tcase, test_long_continuation, 0, ROWS(long_lengths));
    tcase_add_loop_test(tcase, test_long_others, 0, ROWS(long_lengths));
    tcase_add_test(tcase, test_section_names);
    tcase_add_test(tcase, test_many_lines);
    tcase_add_test(tcase, test_random_words);
    tcase_add_test(tcase, test_random_texts);
    tcase_add_test(tcase, test_two_texts);
    suite_add_tcase(suite, tcase);
    return suite;
}
