/* adoption: which lines of a handover are taken for good, and what is said of the others. What they
 * then do is seen in tests/behaviour/test_carried.c. And what a daemon of 1.0.1 wrote, with a line
 * of every kind: handover-1.0.1.txt. */
#include "carry/adoption.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/siphash.h"
#include "unit.h"

#define ADDR4   "1.80.0.7f000001000000000000000000000000"
#define LONG8   "12345678"
#define LONG64  LONG8 LONG8 LONG8 LONG8 LONG8 LONG8 LONG8 LONG8
#define LONG128 LONG64 LONG64

static const struct {
    const char *line;
    const char *problem; /* NULL: it is good */
} rows[] = {
    {"process", NULL},
    {"process daemonized=1 nofile-soft=1024 nofile-hard=18446744073709551615 configuration=1100",
     NULL},
    {"process daemonized=yes", "process: invalid value of daemonized"},
    {"process configuration=1", "process: invalid value of configuration"},
    {"process unknown=%%%", NULL},
    {"unknown", NULL},
    {"unknown daemonized=yes", NULL},
    {"daemon", NULL},
    {"daemon began=5 next-service=7 next-connection=9 reload-due=1 pid-file=/run/x pid-fd=1030",
     NULL},
    {"daemon next-service=4294967296", "daemon: invalid value of next-service"},
    {"daemon pid-file=/%00", "daemon: invalid value of pid-file"},
    {"inherited name=web fd=1030 named=1", NULL},
    {"inherited name=web", "inherited: has no name or no fd"},
    {"inherited fd=1030", "inherited: has no name or no fd"},
    {"service name=a%20b number=4294967295 rate-full=1 connections=2", NULL},
    {"service number=1", "service: has no name"},
    {"service name=" LONG64, "service: invalid value of name"},
    {"service name=x failures=1 stage=exec error=2 rests-until=9 program-missing=1", NULL},
    {"service name=x stage=sleep", "service: invalid value of stage"},
    {"service name=x error=4096", "service: invalid value of error"},
    {"counters service=9 started=18446744073709551615 refused.full=1 exit.ok=2 failed.exec=3",
     NULL},
    {"counters failed.exec=4294967296", "counters: invalid value of failed.exec"},
    {"counters refused.future=1", NULL},
    {"stderr read=3 write=4 line-0=%00%ff pid-0=1", NULL},
    {"stderr pid-3=-1", "stderr: invalid value of pid-3"},
    {"stderr send-buffer=2147483648", "stderr: invalid value of send-buffer"},
    {"listener listen=80 fd=3", NULL},
    {"listener listen=unix:/run/x path=/run/x device=1 inode=2 fd=3", NULL},
    {"listener listen=fd:web given=3 fd=4 ordinal=1", NULL},
    {"listener listen=80 lending=1 idle-ends=3 head-nanoseconds=999999999 rests-until=1", NULL},
    {"listener fd=3", "listener: has no address"},
    {"listener listen=", "listener: invalid value of listen"},
    {"listener listen=80-81", "listener: has more than one address"},
    {"listener listen=70000", "listener: a port must be from 1 to 65535"},
    {"listener listen=host:80", "listener: not a numeric address"},
    {"listener listen=unix:/" LONG128, "listener: invalid value of listen"},
    {"listener listen=80 ordinal=65536", "listener: invalid value of ordinal"},
    {"listener listen=80 head-nanoseconds=1000000000",
     "listener: invalid value of head-nanoseconds"},
    {"source service-number=1 addr=" ADDR4 " penalty=5 enforced=1", NULL},
    {"source service-number=1", "source: has no address"},
    {"source addr=6.80.0.7f000001000000000000000000000000", "source: invalid value of addr"},
    {"ban prefix=192.0.2.0/24 until=5", NULL},
    {"ban prefix=unix", NULL},
    {"ban until=5", "ban: has no prefix"},
    {"ban prefix=192.0.2.1/24",
     "ban: the address has bits set after the prefix length; they must be zero"},
    {"event text=a%20line", NULL},
    {"control path=/run/x fd=3 group=1 device=1 inode=2", NULL},
    {"control fd=1", "control: invalid value of fd"},
    {"control-client fd=3 peer=3.0.7.00000000000000000000000000000000 input=%0A upgrading=1", NULL},
    {"control-client peer=3.0.7.00000000000000000000000000000000",
     "control-client: names no client"},
    {"control-client fd=3 peer=" ADDR4, "control-client: names no client"},
    {"connection state=running pid=2", NULL},
    {"connection state=starting pid=2147483647 timeouts=2", NULL},
    {"connection pid=2", NULL},
    /* Signals are sent there: nobody, our group, everybody, init. */
    {"connection state=running", "connection: has no process"},
    {"connection state=failed pid=0", "connection: has no process"},
    {"connection state=running pid=1", "connection: has no process"},
    {"connection state=running pid=-1", "connection: invalid value of pid"},
    {"connection state=running pid=2147483648", "connection: invalid value of pid"},
    {"connection state=running pid=2 timeouts=3", "connection: invalid value of timeouts"},
    {"connection state=sleeping pid=2 fd=3", "connection: invalid value of state"},
    {"connection state=data fd=3 peer=" ADDR4 " peer-path=/a local-path=@b", NULL},
    {"connection state=data", "connection: has no fd"},
    {"connection state=header fd=3 header=PROXY%20 skip=4096", NULL},
    {"connection state=header fd=3 header=" LONG64 LONG8 LONG8 LONG8 LONG8 LONG8 "12", NULL},
    {"connection state=header fd=3 header=" LONG64 LONG8 LONG8 LONG8 LONG8 LONG8 "123",
     "connection: invalid value of header"},
    {"connection state=header fd=3 skip=4097", "connection: invalid value of skip"},
    {"connection state=held fd=3 peer-path=/" LONG128, "connection: invalid value of peer-path"},
    {"lingering fd=3 until=5", NULL},
    {"lingering until=5", "lingering: has no fd"},
};

START_TEST(test_lines)
{
    static const struct siphash_key key;
    char problem[HANDOVER_PROBLEM_SIZE] = "", *lines, *text;
    struct adoption adoption;
    int length;

    ck_assert_int_gt(
        asprintf(&lines, "version major=1 program=0.1.0\nprocess\n%s\ndaemon\n", rows[_i].line), 0);
    length = asprintf(&text, "stdinetd-handover checksum=%016" PRIx64 "\n%s",
                      siphash(&key, lines, strlen(lines)), lines);
    ck_assert_int_gt(length, 0);
    ck_assert_msg(adoption_open(text, (size_t)length, &adoption, problem) == 0, "%s", problem);
    if (rows[_i].problem) {
        ck_assert_int_eq(adoption_check(&adoption, problem), -EINVAL);
        ck_assert_str_eq(problem, rows[_i].problem);
    } else {
        ck_assert_msg(adoption_check(&adoption, problem) == 0, "%s", problem);
    }
    adoption_close(&adoption);
    free(lines);
}
END_TEST

START_TEST(test_damaged)
{
    char problem[HANDOVER_PROBLEM_SIZE] = "";
    struct adoption adoption;

    ck_assert_int_eq(adoption_open(strdup("noise\n"), 6, &adoption, problem), -EINVAL);
    ck_assert_str_eq(problem, "it is damaged");
}
END_TEST

/* --- what 1.0.1 wrote ------------------------------------------------------------------------- */

/* Of kinds that are records. */
#define GOLDEN_LINES 97

/* The whole of it, malloc'ed. */
static char *read_golden(size_t *ret_length)
{
    const char *directory = getenv("srcdir");
    char path[4096], *text;
    struct stat status;
    FILE *file;

    snprintf(path, sizeof(path), "%s/tests/unit/handover-1.0.1.txt", directory ? directory : ".");
    file = fopen(path, "r");
    ck_assert_msg(file, "%s: %s", path, strerror(errno));
    ck_assert_int_eq(fstat(fileno(file), &status), 0);
    *ret_length = (size_t)status.st_size;
    text = malloc(*ret_length);
    ck_assert_uint_eq(fread(text, 1, *ret_length, file), *ret_length);
    fclose(file);
    return text;
}

static void open_golden(struct adoption *ret)
{
    char problem[HANDOVER_PROBLEM_SIZE] = "";
    size_t length;
    char *text = read_golden(&length);

    ck_assert_msg(adoption_open(text, length, ret, problem) == 0, "%s", problem);
}

START_TEST(test_golden_is_taken)
{
    char problem[HANDOVER_PROBLEM_SIZE] = "";
    struct adoption adoption;

    open_golden(&adoption);
    ck_assert_str_eq(adoption.handover.program, "1.0.1");
    ck_assert_uint_eq(adoption.handover.fd_count, 52);
    ck_assert_msg(adoption_check(&adoption, problem) == 0, "%s", problem);
    for (int fd; (fd = handover_claim_any(&adoption.handover)) >= 0;)
        ck_assert(fd >= 1025 && fd <= 1081);
    adoption_close(&adoption);
}
END_TEST

/* The line again, as it is written from what was read of it; NULL for one of another kind. */
static char *write_again(struct handover_line *line)
{
    const struct adoption_section *section = adoption_find_section(line);
    struct handover_writer writer;
    size_t head;
    char *text;
    void *left;

    if (!section || !section->record.kind)
        return NULL;
    left = malloc(section->record.size);
    ck_assert_msg(record_read(line, &section->record, left) == 0, "%s", line->problem);
    handover_write_begin(&writer);
    fflush(writer.file);
    head = writer.length;
    record_write(&writer, &section->record, left);
    fflush(writer.file);
    text = strndup(writer.text + head, writer.length - head);
    handover_write_free(&writer);
    free(left);
    return text;
}

/* To the byte. */
START_TEST(test_golden_is_written_again)
{
    struct handover_line *line = malloc(sizeof(*line));
    struct adoption adoption;
    size_t lines = 0;

    open_golden(&adoption);
    for (bool is_there = handover_first_line(&adoption.handover, line); is_there;
         is_there = handover_next_line(line)) {
        char *text = write_again(line);

        if (text)
            ck_assert_msg(strncmp(text, line->kind.start, strlen(text)) == 0, "%s%.*s", text,
                          (int)strlen(text), line->kind.start);
        lines += text != NULL;
        free(text);
    }
    ck_assert_uint_eq(lines, GOLDEN_LINES);
    adoption_close(&adoption);
    free(line);
}
END_TEST

Suite *adoption_suite(void)
{
    Suite *suite = suite_create("adoption");
    TCase *tcase = tcase_create("adoption");

    tcase_add_loop_test(tcase, test_lines, 0, ROWS(rows));
    tcase_add_test(tcase, test_damaged);
    tcase_add_test(tcase, test_golden_is_taken);
    tcase_add_test(tcase, test_golden_is_written_again);
    suite_add_tcase(suite, tcase);
    return suite;
}
