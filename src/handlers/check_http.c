/* check-http: a program's exit status as an HTTP answer, 200 for 0 and 503 for anything else.
 *
 * Probers are odd: some send a bare "GET /", some HTTP/1.0 without a header, some nothing but a SYN
 * and wait. So nothing they say is refused. All that counts is whether it is HEAD, and when it is
 * over: at the empty line, at the end, or when nothing has come for a second. What comes after our
 * answer is read away: otherwise the kernel would send RST after it, and the prober take a healthy
 * server for a broken one.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "handlers/check.h"
#include "handlers/stream.h"

/* A question that is longer is taken as far as it goes. */
#define QUESTION_SIZE 8192
/* Between two pieces of a question, and for all of it. */
#define QUESTION_QUIET CLOCK_SECOND
#define QUESTION_TIME  (5 * CLOCK_SECOND)

#define DATE_SIZE 40

static bool is_head; /* read_question has no other place for it */

/* Empty lines before a request are none of it (RFC 9112, 2.2). */
static const char *skip_lines(const char *question)
{
    return question + strspn(question, "\r\n");
}

static bool is_complete(const char *question)
{
    const char *begin = skip_lines(question);

    return strstr(begin, "\n\r\n") || strstr(begin, "\n\n");
}

static void read_question(void)
{
    nanoseconds end = stream_deadline(QUESTION_TIME);
    char question[QUESTION_SIZE];
    size_t length = 0;

    question[0] = '\0';
    while (length < sizeof(question) - 1 && !is_complete(question)) {
        nanoseconds quiet = stream_deadline(QUESTION_QUIET);
        ssize_t got = stream_read(STDIN_FILENO, question + length, sizeof(question) - 1 - length,
                                  quiet < end ? quiet : end);

        if (got <= 0)
            break;
        length += (size_t)got;
        question[length] = '\0';
    }
    is_head = strncmp(skip_lines(question), "HEAD ", 5) == 0;
}

static bool is_healthy(const struct program_result *result)
{
    return result->status == 0 && !result->is_late;
}

/* A line before the output of a program that failed for a reason it can't know, or after none. */
static int format_remark(const struct program_result *result, char *text, size_t size)
{
    char reason[PROGRAM_REASON_SIZE];

    text[0] = '\0';
    if (!result->is_late && result->length > 0)
        return 0;
    if (is_healthy(result))
        return snprintf(text, size, "ok\n");
    program_format_reason(result, reason);
    return snprintf(text, size, "%s\n", reason);
}

static void format_date(char text[static DATE_SIZE])
{
    time_t now = time(NULL);
    struct tm utc;

    /* No setlocale: always English. */
    if (!gmtime_r(&now, &utc) || strftime(text, DATE_SIZE, "%a, %d %b %Y %H:%M:%S GMT", &utc) == 0)
        text[0] = '\0';
}

static int answer(const struct program_result *result)
{
    nanoseconds deadline = stream_deadline(STREAM_ANSWER_TIME);
    char remark[PROGRAM_REASON_SIZE + 2], head[512], date[DATE_SIZE];
    int remark_length = format_remark(result, remark, sizeof(remark)), head_length, error;

    format_date(date);
    head_length = snprintf(head, sizeof(head),
                           "HTTP/1.1 %s\r\n"
                           "Date: %s\r\n"
                           "Content-Type: text/plain; charset=utf-8\r\n"
                           "Content-Length: %zu\r\n"
                           "Cache-Control: no-store\r\n"
                           "X-Content-Type-Options: nosniff\r\n"
                           "Connection: close\r\n\r\n",
                           is_healthy(result) ? "200 OK" : "503 Service Unavailable", date,
                           (size_t)remark_length + result->length);
    error = stream_write(STDOUT_FILENO, head, (size_t)head_length, deadline);
    if (error == 0 && !is_head)
        error = stream_write(STDOUT_FILENO, remark, (size_t)remark_length, deadline);
    if (error == 0 && !is_head)
        error = stream_write(STDOUT_FILENO, result->output, result->length, deadline);
    return error;
}

int main(int argc, char *argv[])
{
    static const struct check_service service = {
        .name = "check-http",
        .purpose = "Runs PROGRAM and answers an HTTP request: 200 if it exits with 0, else 503.",
        .read_question = read_question,
        .answer = answer,
    };

    return check_main(&service, argc, argv);
}
