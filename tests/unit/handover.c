/* handover: every value there and back; a handover that is cut, changed, of another version or made
 * by somebody else; fds that are claimed. */
#include "serve/handover.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"
#include "serve/version.h"
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

/* Bytes of every value. */
static void fill(unsigned char bytes[static 256])
{
    for (unsigned i = 0; i < 256; i++)
        bytes[i] = (unsigned char)i;
}

static void write_example(struct handover_writer *writer)
{
    unsigned char bytes[256];

    fill(bytes);
    handover_write_begin(writer);
    handover_line(writer, "first");
    handover_put(writer, "largest", UINT64_MAX);
    handover_put(writer, "one", 1);
    handover_put(writer, "nothing", 0);
    handover_put_text(writer, "words", "two words = 100% \\n \xc3\xa4");
    handover_put_text(writer, "none", NULL);
    handover_put_bytes(writer, "all", bytes, sizeof(bytes));
    handover_put_addr(writer, "addr", &an_address);
    handover_put_fd(writer, "socket", 17);
    handover_put_fd(writer, "closed", -1);
    handover_end_line(writer);
    handover_line(writer, "second");
    handover_put_fd(writer, "socket", 1030);
    handover_end_line(writer);
    ck_assert_int_eq(handover_write_end(writer), 0);
}

START_TEST(test_round_trip)
{
    struct handover_writer writer;
    unsigned char bytes[256], expected[256];
    struct addr addr;

    write_example(&writer);
    ck_assert_int_eq(handover_open(writer.text, writer.length, &handover, problem), 0);
    ck_assert_str_eq(handover.program, version_text);
    ck_assert_uint_eq(handover.minor, version_handover_minor);
    ck_assert(handover_first_line(&handover, &line) && handover_is_kind(&line, "version"));
    ck_assert(handover_next_line(&line) && handover_is_kind(&line, "first"));
    ck_assert(!handover_is_kind(&line, "firs") && !handover_is_kind(&line, "first "));
    ck_assert(handover_number(&line, "largest", UINT64_MAX) == UINT64_MAX);
    ck_assert(handover_flag(&line, "one") && !handover_flag(&line, "nothing"));
    ck_assert(handover_has(&line, "one") && !handover_has(&line, "nothing"));
    ck_assert_str_eq(handover_text(&line, "words", 100), "two words = 100% \\n \xc3\xa4");
    ck_assert_ptr_null(handover_text(&line, "none", 100));
    fill(expected);
    ck_assert_uint_eq(handover_bytes(&line, "all", bytes, sizeof(bytes)), 256);
    ck_assert_mem_eq(bytes, expected, 256);
    addr = handover_addr(&line, "addr");
    ck_assert(addr_equal(&addr, &an_address));
    ck_assert_uint_eq(handover_addr(&line, "nothing").family, ADDR_NONE);
    ck_assert_int_eq(handover_fd(&line, "socket"), 17);
    ck_assert_int_eq(handover_fd(&line, "closed"), -1);
    ck_assert_int_eq(handover_check(&line), 0);
    ck_assert(handover_next_line(&line) && handover_is_kind(&line, "second"));
    ck_assert(!handover_has(&line, "one"));
    ck_assert(handover_next_line(&line) && handover_is_kind(&line, "fd"));
    ck_assert(handover_next_line(&line) && !handover_next_line(&line));
    handover_close(&handover);
    handover_write_free(&writer);
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
        /* Hexadecimal digits may be large or small. */
        if (handover_open(writer.text, writer.length, &handover, problem) == 0) {
            ck_assert_uint_lt(i / 8, strlen("stdinetd-handover checksum=0123456789abcdef"));
            ck_assert(i % 8 == 5);
            handover_close(&handover);
        }
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
    {"version major=2 minor=0 program=2.0\n", "it is of version 2, and this build"},
    {"version minor=0 program=0.1.0\n", "it is of version 0"},
    {"process major=1\n", "it doesn't say its version"},
    {"version major=1 program=a%00b\n", "program has no such value"},
    {HEAD "fd number=3\nfd number=2000000000\n", NULL},
    {HEAD "fd number=2\n", "number has no such value"},
    {HEAD "fd number=2147483648\n", "number has no such value"},
    {HEAD "fd number=-1\n", "number has no such value"},
    {HEAD "fd\n", "number has no such value"},
    {HEAD "\n", "a line has no kind"},
    {HEAD " a=1\n", "a line has no kind"},
    {HEAD "a  b=1\n", "a word is no value"},
    {HEAD "a b\n", "a word is no value"},
    {HEAD "a =1\n", "a word is no value"},
    {HEAD "a b=1 \n", "a word is no value"},
    {HEAD "a b=\t\n", "a word is no value"},
    {HEAD "a b=\x7f\n", "a word is no value"},
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

enum taken { TAKE_NUMBER, TAKE_FLAG, TAKE_TEXT, TAKE_BYTES, TAKE_ADDR, TAKE_FD, TAKE_CHOICE };

static const char *const choices[] = {"red", NULL, "green"};

static const struct {
    enum taken taken;
    const char *value;
    bool good;
} values[] = {
    {TAKE_NUMBER, "1000", true},
    {TAKE_NUMBER, "0001", true},
    {TAKE_NUMBER, "1001", false},
    {TAKE_NUMBER, "", false},
    {TAKE_NUMBER, "+1", false},
    {TAKE_NUMBER, "1.0", false},
    {TAKE_NUMBER, "18446744073709551616", false},
    {TAKE_NUMBER, "99999999999999999999999999999", false},
    {TAKE_FLAG, "1", true},
    {TAKE_FLAG, "2", false},
    {TAKE_TEXT, "0123456789", true},
    {TAKE_TEXT, "%41%4a%4A", true},
    {TAKE_TEXT, "01234567890", false},
    {TAKE_TEXT, "a%00", false},
    {TAKE_TEXT, "", false},
    {TAKE_TEXT, "%", false},
    {TAKE_TEXT, "%4", false},
    {TAKE_TEXT, "%4g", false},
    {TAKE_TEXT, "a%%41", false},
    {TAKE_BYTES, "%00%ff", true},
    {TAKE_BYTES, "", true},
    {TAKE_BYTES, "1234567890a", false},
    {TAKE_ADDR, "1.80.0.7f000001000000000000000000000000", true},
    {TAKE_ADDR, "4.0.4294967295.7F000001000000000000000000000000", true},
    {TAKE_ADDR, "0.80.0.7f000001000000000000000000000000", false},
    {TAKE_ADDR, "5.80.0.7f000001000000000000000000000000", false},
    {TAKE_ADDR, "1.65536.0.7f000001000000000000000000000000", false},
    {TAKE_ADDR, "1.80.4294967296.7f000001000000000000000000000000", false},
    {TAKE_ADDR, "1.80.0.7f00000100000000000000000000000", false},
    {TAKE_ADDR, "1.80.0.7f0000010000000000000000000000000", false},
    {TAKE_ADDR, "1.80.0.7f00000100000000000000000000000g", false},
    {TAKE_ADDR, "1.80.0", false},
    {TAKE_ADDR, "...", false},
    {TAKE_ADDR, "", false},
    {TAKE_FD, "3", true},
    {TAKE_FD, "0", false},
    {TAKE_FD, "2147483648", false},
    {TAKE_FD, "", false},
    {TAKE_CHOICE, "green", true},
    {TAKE_CHOICE, "gree", false},
    {TAKE_CHOICE, "greens", false},
    {TAKE_CHOICE, "", false},
};

/* What is taken from the line; the defaults where it can't be. */
static void take(enum taken taken, bool good)
{
    char bytes[10];

    switch (taken) {
    case TAKE_NUMBER:
        ck_assert(handover_number(&line, "key", 1000) > 0 || !good);
        break;
    case TAKE_FLAG:
        ck_assert(handover_flag(&line, "key") == good);
        break;
    case TAKE_TEXT:
        ck_assert((handover_text(&line, "key", 10) != NULL) == good);
        break;
    case TAKE_BYTES:
        ck_assert_uint_le(handover_bytes(&line, "key", bytes, sizeof(bytes)), sizeof(bytes));
        break;
    case TAKE_ADDR:
        ck_assert((handover_addr(&line, "key").family != ADDR_NONE) == good);
        break;
    case TAKE_FD:
        ck_assert((handover_fd(&line, "key") >= 0) == good);
        break;
    case TAKE_CHOICE:
        ck_assert_uint_eq(handover_choice(&line, "key", choices, 3, 7), good ? 2 : 7);
        break;
    }
}

START_TEST(test_values)
{
    char lines[256];
    char *text;

    snprintf(lines, sizeof(lines), HEAD "kind other=1 key=%s last=2\n", values[_i].value);
    ck_assert_msg(open_lines(lines, &text) == 0, "%s", problem);
    ck_assert(handover_first_line(&handover, &line) && handover_next_line(&line));
    take(values[_i].taken, values[_i].good);
    ck_assert_int_eq(handover_check(&line), values[_i].good ? 0 : -EINVAL);
    ck_assert_uint_eq(handover_number(&line, "last", 2), 2);
    /* What was wrong first is said. */
    handover_refuse(&line, "something else");
    ck_assert_str_eq(line.problem, values[_i].good ? "something else" : "key has no such value");
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

/* More text than a line may have is refused, and nothing is written beyond the scratch. */
START_TEST(test_scratch)
{
    struct handover_writer writer;
    char word[30001];

    memset(word, 'x', sizeof(word) - 1);
    word[sizeof(word) - 1] = '\0';
    handover_write_begin(&writer);
    handover_line(&writer, "kind");
    handover_put_text(&writer, "one", word);
    handover_put_text(&writer, "two", word);
    handover_put_text(&writer, "three", word);
    handover_end_line(&writer);
    ck_assert_int_eq(handover_write_end(&writer), 0);
    ck_assert_int_eq(handover_open(writer.text, writer.length, &handover, problem), 0);
    ck_assert(handover_first_line(&handover, &line) && handover_next_line(&line));
    ck_assert_str_eq(handover_text(&line, "one", 30000), word);
    ck_assert_str_eq(handover_text(&line, "two", 30000), word);
    ck_assert_ptr_null(handover_text(&line, "three", 30000));
    ck_assert_int_eq(handover_check(&line), -EINVAL);
    handover_close(&handover);
    handover_write_free(&writer);
}
END_TEST

Suite *handover_suite(void)
{
    Suite *suite = suite_create("handover");
    TCase *tcase = tcase_create("handover");

    tcase_add_test(tcase, test_round_trip);
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
