/* handover and record: every value there and back; a handover that is cut, changed, of another
 * version or made by somebody else; fds that are claimed. */
#include "handover/handover.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"
#include "handover/record.h"
#include "handover/version.h"
#include "unit.h"

static struct handover handover;
static struct handover_line line;
static char problem[HANDOVER_PROBLEM_SIZE];

/* A handover of these lines, with a checksum that is right; malloc'ed. */
static char *seal(const char *lines, size_t *ret_length)
{
    static const struct siphash_key key;
    char *text;
    int length;

    length = asprintf(&text, "stdinetd-handover checksum=%016" PRIx64 "\n%s",
                      siphash(&key, lines, strlen(lines)), lines);
    ck_assert_int_gt(length, 0);
    *ret_length = (size_t)length;
    return text;
}

static int open_lines(const char *lines, char **ret_text)
{
    size_t length;

    problem[0] = '\0';
    *ret_text = seal(lines, &length);
    return handover_open(*ret_text, length, &handover, problem);
}

#define HEAD "version major=1 minor=0 program=0.1.0\n"

static const struct addr an_address = {
    .family = ADDR_IPV6, .port = 65535, .scope = 7, .bytes = {0x20, 1, 0xd, 0xb8, [15] = 0xff}};

static const char *const colours[] = {"red", NULL, "green"};

static const char *name_colour(size_t i)
{
    return colours[i];
}

struct values {
    uint64_t largest;
    uint32_t of_32;
    uint16_t of_16;
    uint8_t of_8;
    uint32_t many[3];
    bool yes, no;
    const char *words, *none;
    struct record_bytes all;
    struct addr addr, nowhere;
    int socket, closed;
    unsigned colour, no_colour;
};

#define AT(member) RECORD_AT(struct values, member)

static const struct record_field fields[] = {
    {"largest", RECORD_NUMBER, AT(largest)},
    {"of-32", RECORD_NUMBER, AT(of_32)},
    {"of-16", RECORD_NUMBER, AT(of_16)},
    {"of-8", RECORD_NUMBER, AT(of_8)},
    {"many", RECORD_NUMBER, AT(many), .name = name_colour, .count = 3},
    {"yes", RECORD_FLAG, AT(yes)},
    {"no", RECORD_FLAG, AT(no)},
    {"words", RECORD_TEXT, AT(words), .most = 100},
    {"none", RECORD_TEXT, AT(none), .most = 100},
    {"all", RECORD_BYTES, AT(all), .most = 256},
    {"addr", RECORD_ADDR, AT(addr)},
    {"nowhere", RECORD_ADDR, AT(nowhere)},
    {"socket", RECORD_FD, AT(socket)},
    {"closed", RECORD_FD, AT(closed)},
    {"colour", RECORD_CHOICE, AT(colour), .name = name_colour, .count = 3, .none = 1},
    {"no-colour", RECORD_CHOICE, AT(no_colour), .name = name_colour, .count = 3, .none = 1},
};

static const struct record first = {"first", sizeof(struct values), fields, ROWS(fields), NULL};

static const struct record_field second_fields[] = {
    {"socket", RECORD_FD, .size = sizeof(int)},
};

static const struct record second = {"second", sizeof(int), second_fields, 1, NULL};

static void fill(struct values *ret, unsigned char bytes[static 256])
{
    *ret = (struct values){.largest = UINT64_MAX,
                           .of_32 = UINT32_MAX,
                           .of_16 = UINT16_MAX,
                           .of_8 = UINT8_MAX,
                           .many = {1, 0, 3},
                           .yes = true,
                           .words = "two words = 100% \\n \xc3\xa4",
                           .all = {bytes, 256},
                           .addr = an_address,
                           .socket = 17,
                           .closed = -1,
                           .colour = 2,
                           .no_colour = 1};
    for (unsigned i = 0; i < 256; i++)
        bytes[i] = (unsigned char)i;
}

static void write_example(struct handover_writer *writer)
{
    unsigned char bytes[256];
    struct values left;
    int fd = 1030;

    fill(&left, bytes);
    handover_write_begin(writer);
    record_write(writer, &first, &left);
    record_write(writer, &second, &fd);
    ck_assert_int_eq(handover_write_end(writer), 0);
}

static void expect_values(const struct values *left, const struct values *expected)
{
    ck_assert_uint_eq(left->largest, expected->largest);
    ck_assert_uint_eq(left->of_32, expected->of_32);
    ck_assert_uint_eq(left->of_16, expected->of_16);
    ck_assert_uint_eq(left->of_8, expected->of_8);
    ck_assert_mem_eq(left->many, expected->many, sizeof(left->many));
    ck_assert(left->yes && !left->no);
    ck_assert_str_eq(left->words, expected->words);
    ck_assert_ptr_null(left->none);
    ck_assert_uint_eq(left->all.length, 256);
    ck_assert_mem_eq(left->all.start, expected->all.start, 256);
    ck_assert(addr_equal(&left->addr, &an_address));
    ck_assert_uint_eq(left->nowhere.family, ADDR_NONE);
    ck_assert_int_eq(left->socket, 17);
    ck_assert_int_eq(left->closed, -1);
    ck_assert_uint_eq(left->colour, 2);
    ck_assert_uint_eq(left->no_colour, 1);
}

START_TEST(test_round_trip)
{
    struct handover_writer writer;
    unsigned char bytes[256];
    struct values left, expected;

    fill(&expected, bytes);
    write_example(&writer);
    ck_assert_int_eq(handover_open(writer.text, writer.length, &handover, problem), 0);
    ck_assert_str_eq(handover.program, version_text);
    ck_assert_uint_eq(handover.minor, version_handover_minor);
    ck_assert(handover_first_line(&handover, &line) && handover_is_kind(&line, "version"));
    ck_assert(handover_next_line(&line) && handover_is_kind(&line, "first"));
    ck_assert(!handover_is_kind(&line, "firs") && !handover_is_kind(&line, "first "));
    ck_assert(handover_find(&line, "yes") && !handover_find(&line, "no"));
    ck_assert(handover_find(&line, "many.red") && handover_find(&line, "many.green"));
    ck_assert_int_eq(record_read(&line, &first, &left), 0);
    expect_values(&left, &expected);
    ck_assert(handover_next_line(&line) && handover_is_kind(&line, "second"));
    ck_assert(!handover_find(&line, "yes"));
    ck_assert(handover_next_line(&line) && handover_is_kind(&line, "fd"));
    ck_assert(handover_next_line(&line) && !handover_next_line(&line));
    handover_close(&handover);
    handover_write_free(&writer);
}
END_TEST

/* Only what owns nothing, and nothing beyond the size that is told. */
START_TEST(test_copy)
{
    unsigned char bytes[256];
    struct values left, to = {.socket = 5, .colour = 9};

    fill(&left, bytes);
    record_copy(&first, &left, &to, offsetof(struct values, colour));
    ck_assert_uint_eq(to.largest, UINT64_MAX);
    ck_assert_uint_eq(to.of_8, UINT8_MAX);
    ck_assert_mem_eq(to.many, left.many, sizeof(to.many));
    ck_assert(to.yes && addr_equal(&to.addr, &an_address));
    ck_assert_ptr_null(to.words);
    ck_assert_ptr_null(to.all.start);
    ck_assert_int_eq(to.socket, 5);
    ck_assert_uint_eq(to.colour, 9);
}
END_TEST

START_TEST(test_claims)
{
    struct handover_writer writer;

    write_example(&writer);
    ck_assert_int_eq(handover_open(writer.text, writer.length, &handover, problem), 0);
    ck_assert_uint_eq(writer.fd_count, 2);
    ck_assert_uint_eq(handover.fd_count, 2);
    ck_assert_int_eq(handover_claim(&handover, 18), -1);
    ck_assert_int_eq(handover_claim(&handover, 1030), 1030);
    ck_assert_int_eq(handover_claim(&handover, 1030), -1);
    ck_assert_int_eq(handover_claim_any(&handover), 17);
    ck_assert_int_eq(handover_claim_any(&handover), -1);
    ck_assert_int_eq(handover_claim(&handover, 17), -1);
    handover_close(&handover);
    handover_write_free(&writer);
}
END_TEST

/* The example with its first length bytes alone, in memory of exactly that size. */
START_TEST(test_cut)
{
    struct handover_writer writer;

    write_example(&writer);
    for (size_t length = 0; length < writer.length; length++) {
        char *text = malloc(length > 0 ? length : 1);

        memcpy(text, writer.text, length);
        ck_assert_int_eq(handover_open(text, length, &handover, problem), -EINVAL);
        ck_assert_str_eq(problem, "it is damaged");
        free(text);
    }
    handover_write_free(&writer);
}
END_TEST

START_TEST(test_changed_bits)
{
    struct handover_writer writer;

    write_example(&writer);
    for (size_t i = 0; i < 8 * writer.length; i++) {
        writer.text[i / 8] ^= (char)(1 << i % 8);
        ck_assert_int_eq(handover_open(writer.text, writer.length, &handover, problem), -EINVAL);
        writer.text[i / 8] ^= (char)(1 << i % 8);
    }
    handover_write_free(&writer);
}
END_TEST

static const struct {
    const char *lines;
    const char *problem; /* NULL: it is good */
} wholes[] = {
    {HEAD, NULL},
    {"version major=1 minor=99 program=9.9 more=1\nfuture x=%00 y=\n", NULL},
    {"version major=1\n", NULL},
    {"", "it is empty"},
    {"version major=2 minor=0 program=2.0\n", "it has version 2; this build"},
    {"version minor=0 program=0.1.0\n", "it has version 0"},
    {"process major=1\n", "it has no version"},
    {"version major=1 program=a%00b\n", "invalid value of program"},
    {HEAD "fd number=3\nfd number=2000000000\n", NULL},
    {HEAD "fd number=2\n", "invalid value of number"},
    {HEAD "fd number=2147483648\n", "invalid value of number"},
    {HEAD "fd number=-1\n", "invalid value of number"},
    {HEAD "fd\n", "invalid value of number"},
    {HEAD "\n", "a line has no kind"},
    {HEAD " a=1\n", "a line has no kind"},
    {HEAD "a  b=1\n", "a word is not KEY=VALUE"},
    {HEAD "a b\n", "a word is not KEY=VALUE"},
    {HEAD "a =1\n", "a word is not KEY=VALUE"},
    {HEAD "a b=1 \n", "a word is not KEY=VALUE"},
    {HEAD "a b=\t\n", "a word is not KEY=VALUE"},
    {HEAD "a b=\x7f\n", "a word is not KEY=VALUE"},
    {HEAD "a b=1", "it is damaged"},
};

START_TEST(test_wholes)
{
    char *text;
    int error = open_lines(wholes[_i].lines, &text);

    if (!wholes[_i].problem) {
        ck_assert_msg(error == 0, "%s", problem);
        handover_close(&handover);
    } else {
        ck_assert_int_eq(error, -EINVAL);
        ck_assert_msg(strncmp(problem, wholes[_i].problem, strlen(wholes[_i].problem)) == 0,
                      "'%s' is not '%s'", problem, wholes[_i].problem);
    }
    free(text);
}
END_TEST

/* One fd that is named twice can be had once. */
START_TEST(test_same_fd_twice)
{
    char *text;

    ck_assert_int_eq(open_lines(HEAD "fd number=9\nfd number=8\nfd number=9\n", &text), 0);
    ck_assert_uint_eq(handover.fd_count, 2);
    ck_assert_int_eq(handover_claim(&handover, 9), 9);
    ck_assert_int_eq(handover_claim(&handover, 9), -1);
    ck_assert_int_eq(handover_claim_any(&handover), 8);
    handover_close(&handover);
    free(text);
}
END_TEST

static const struct {
    enum record_type type;
    const char *value;
    bool good;
} values[] = {
    {RECORD_NUMBER, "1000", true},
    {RECORD_NUMBER, "0001", true},
    {RECORD_NUMBER, "1001", false},
    {RECORD_NUMBER, "", false},
    {RECORD_NUMBER, "+1", false},
    {RECORD_NUMBER, "1.0", false},
    {RECORD_NUMBER, "18446744073709551616", false},
    {RECORD_NUMBER, "99999999999999999999999999999", false},
    {RECORD_FLAG, "1", true},
    {RECORD_FLAG, "2", false},
    {RECORD_TEXT, "0123456789", true},
    {RECORD_TEXT, "%41%4a%4A", true},
    {RECORD_TEXT, "01234567890", false},
    {RECORD_TEXT, "a%00", false},
    {RECORD_TEXT, "", false},
    {RECORD_TEXT, "%", false},
    {RECORD_TEXT, "%4", false},
    {RECORD_TEXT, "%4g", false},
    {RECORD_TEXT, "a%%41", false},
    {RECORD_BYTES, "%00%ff", true},
    {RECORD_BYTES, "", true},
    {RECORD_BYTES, "1234567890a", false},
    {RECORD_ADDR, "1.80.0.7f000001000000000000000000000000", true},
    {RECORD_ADDR, "4.0.4294967295.7F000001000000000000000000000000", true},
    {RECORD_ADDR, "0.80.0.7f000001000000000000000000000000", false},
    {RECORD_ADDR, "5.80.0.7f000001000000000000000000000000", false},
    {RECORD_ADDR, "1.65536.0.7f000001000000000000000000000000", false},
    {RECORD_ADDR, "1.80.4294967296.7f000001000000000000000000000000", false},
    {RECORD_ADDR, "1.80.0.7f00000100000000000000000000000", false},
    {RECORD_ADDR, "1.80.0.7f0000010000000000000000000000000", false},
    {RECORD_ADDR, "1.80.0.7f00000100000000000000000000000g", false},
    {RECORD_ADDR, "1.80.0", false},
    {RECORD_ADDR, "...", false},
    {RECORD_ADDR, "", false},
    {RECORD_FD, "3", true},
    {RECORD_FD, "0", false},
    {RECORD_FD, "2147483648", false},
    {RECORD_FD, "", false},
    {RECORD_CHOICE, "green", true},
    {RECORD_CHOICE, "gree", false},
    {RECORD_CHOICE, "greens", false},
    {RECORD_CHOICE, "", false},
};

/* One row of each type, by it. */
static const struct record_field takes[] = {
    [RECORD_NUMBER] = {"key", RECORD_NUMBER, AT(largest), .most = 1000},
    [RECORD_FLAG] = {"key", RECORD_FLAG, AT(yes)},
    [RECORD_TEXT] = {"key", RECORD_TEXT, AT(words), .most = 10},
    [RECORD_BYTES] = {"key", RECORD_BYTES, AT(all), .most = 10},
    [RECORD_ADDR] = {"key", RECORD_ADDR, AT(addr)},
    [RECORD_FD] = {"key", RECORD_FD, AT(socket)},
    [RECORD_CHOICE] = {"key", RECORD_CHOICE, AT(colour), .name = name_colour, .count = 3,
                       .none = 7},
};

/* The value, or what it is where there is none. */
static bool is_there(enum record_type type, const struct values *left)
{
    switch (type) {
    case RECORD_NUMBER:
        return left->largest > 0;
    case RECORD_FLAG:
        return left->yes;
    case RECORD_TEXT:
        return left->words != NULL;
    case RECORD_BYTES:
        return left->all.start != NULL;
    case RECORD_ADDR:
        return left->addr.family != ADDR_NONE;
    case RECORD_FD:
        return left->socket >= 0;
    case RECORD_CHOICE:
        ck_assert(left->colour == 2 || left->colour == 7);
        return left->colour == 2;
    }
    return false;
}

START_TEST(test_values)
{
    const struct record record = {"kind", sizeof(struct values), &takes[values[_i].type], 1, NULL};
    struct values left;
    char lines[256];
    char *text;

    snprintf(lines, sizeof(lines), HEAD "kind other=1 key=%s last=2\n", values[_i].value);
    ck_assert_msg(open_lines(lines, &text) == 0, "%s", problem);
    ck_assert(handover_first_line(&handover, &line) && handover_next_line(&line));
    ck_assert_int_eq(record_read(&line, &record, &left), values[_i].good ? 0 : -EINVAL);
    ck_assert(is_there(values[_i].type, &left) == values[_i].good);
    ck_assert_int_eq(handover_check(&line), values[_i].good ? 0 : -EINVAL);
    /* What was wrong first is said. */
    handover_refuse(&line, "something else");
    ck_assert_str_eq(line.problem, values[_i].good ? "something else" : "invalid value of key");
    handover_close(&handover);
    free(text);
}
END_TEST

START_TEST(test_many_values)
{
    char lines[8192] = HEAD "kind";
    char *text;

    for (unsigned i = 0; i <= HANDOVER_FIELDS_MAX; i++) {
        int error;

        snprintf(lines + strlen(lines), 32, "\n");
        error = open_lines(lines, &text);
        ck_assert_msg(error == 0, "%u: %s", i, problem);
        handover_close(&handover);
        free(text);
        snprintf(lines + strlen(lines) - 1, 32, " key-%u=%u", i, i);
    }
    snprintf(lines + strlen(lines), 32, "\n");
    ck_assert_int_eq(open_lines(lines, &text), -EINVAL);
    ck_assert_str_eq(problem, "a line has too many values");
    free(text);
}
END_TEST

struct texts {
    const char *one, *two, *three;
};

static const struct record_field text_fields[] = {
    {"one", RECORD_TEXT, RECORD_AT(struct texts, one), .most = 30000},
    {"two", RECORD_TEXT, RECORD_AT(struct texts, two), .most = 30000},
    {"three", RECORD_TEXT, RECORD_AT(struct texts, three), .most = 30000},
};

static const struct record long_texts = {"texts", sizeof(struct texts), text_fields, 3, NULL};

/* More text than a line may have is refused, and nothing is written beyond the scratch. */
START_TEST(test_scratch)
{
    struct handover_writer writer;
    char word[30001];
    struct texts texts = {word, word, word};

    memset(word, 'x', sizeof(word) - 1);
    word[sizeof(word) - 1] = '\0';
    handover_write_begin(&writer);
    record_write(&writer, &long_texts, &texts);
    ck_assert_int_eq(handover_write_end(&writer), 0);
    ck_assert_int_eq(handover_open(writer.text, writer.length, &handover, problem), 0);
    ck_assert(handover_first_line(&handover, &line) && handover_next_line(&line));
    ck_assert_int_eq(record_read(&line, &long_texts, &texts), -EINVAL);
    ck_assert_str_eq(texts.one, word);
    ck_assert_str_eq(texts.two, word);
    ck_assert_ptr_null(texts.three);
    ck_assert_str_eq(line.problem, "invalid value of three");
    handover_close(&handover);
    handover_write_free(&writer);
}
END_TEST

Suite *handover_suite(void)
{
    Suite *suite = suite_create("handover");
    TCase *tcase = tcase_create("handover");

    tcase_add_test(tcase, test_round_trip);
    tcase_add_test(tcase, test_copy);
    tcase_add_test(tcase, test_claims);
    tcase_add_test(tcase, test_cut);
    tcase_add_test(tcase, test_changed_bits);
    tcase_add_loop_test(tcase, test_wholes, 0, ROWS(wholes));
    tcase_add_test(tcase, test_same_fd_twice);
    tcase_add_loop_test(tcase, test_values, 0, ROWS(values));
    tcase_add_test(tcase, test_many_values);
    tcase_add_test(tcase, test_scratch);
    suite_add_tcase(suite, tcase);
    return suite;
}
