/* http: see http.h. */
#include "ctl/http.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

/* How long, and how much, of what a client sends behind its head is read away. */
#define LINGER_TIME  (2 * CLOCK_SECOND)
#define LINGER_BYTES ((size_t)1024 * 1024)

/* --- parsing -------------------------------------------------------------------------------- */

size_t http_head_length(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] != '\n')
            continue;
        /* A bare LF ends a line, too (RFC 9112 2.2). */
        if (i + 1 < length && bytes[i + 1] == '\n')
            return i + 2;
        if (i + 2 < length && bytes[i + 1] == '\r' && bytes[i + 2] == '\n')
            return i + 3;
    }
    return 0;
}

/* A piece of a head. */
struct piece {
    const char *start;
    size_t length;
};

static bool is_word(struct piece piece, const char *word)
{
    return piece.length == strlen(word) && memcmp(piece.start, word, piece.length) == 0;
}

/* Takes what stands before the next end off rest, and that. */
static struct piece take_until(struct piece *rest, char end)
{
    const char *found = memchr(rest->start, end, rest->length);
    struct piece taken = {rest->start, found ? (size_t)(found - rest->start) : rest->length};

    rest->start += taken.length + (found != NULL);
    rest->length -= taken.length + (found != NULL);
    return taken;
}

static struct piece take_line(struct piece *rest)
{
    struct piece line = take_until(rest, '\n');

    if (line.length > 0 && line.start[line.length - 1] == '\r')
        line.length--;
    return line;
}

/* The path of a target: "/path?query", or with "http://host" before it. */
static int parse_target(struct piece target, struct http_request *ret)
{
    static const char scheme[] = "http://";
    size_t length = 0;

    if (target.length > strlen(scheme) && strncasecmp(target.start, scheme, strlen(scheme)) == 0) {
        const char *path =
            memchr(target.start + strlen(scheme), '/', target.length - strlen(scheme));

        target = path ? (struct piece){path, target.length - (size_t)(path - target.start)}
                      : (struct piece){"/", 1};
    }
    if (target.length == 0 || target.start[0] != '/')
        return 400;
    while (length < target.length && target.start[length] != '?')
        length++;
    if (length >= sizeof(ret->path))
        return 414;
    memcpy(ret->path, target.start, length);
    ret->path[length] = '\0';
    return 200;
}

static int parse_request_line(struct piece line, struct http_request *ret, bool *ret_needs_host)
{
    struct piece method = take_until(&line, ' '), target = take_until(&line, ' ');

    if (method.length == 0 || target.length == 0 || memchr(line.start, ' ', line.length))
        return 400;
    if (line.length != strlen("HTTP/1.1") || strncmp(line.start, "HTTP/", 5) != 0)
        return 400;
    if (!is_word(line, "HTTP/1.0") && !is_word(line, "HTTP/1.1"))
        return 505;
    *ret_needs_host = is_word(line, "HTTP/1.1");
    ret->head = is_word(method, "HEAD");
    if (!ret->head && !is_word(method, "GET"))
        return 405;
    return parse_target(target, ret);
}

/* Whether the value of Accept names OpenMetrics. */
static bool names_openmetrics(struct piece value)
{
    static const char type[] = "application/openmetrics-text";

    for (size_t i = 0; i + strlen(type) <= value.length; i++)
        if (strncasecmp(value.start + i, type, strlen(type)) == 0)
            return true;
    return false;
}

/* Looks at one header's line. */
static int parse_header(struct piece line, struct http_request *ret, bool *ret_has_host)
{
    const char *colon = memchr(line.start, ':', line.length);
    struct piece name = {line.start, colon ? (size_t)(colon - line.start) : 0};
    struct piece value;

    /* A blank before the colon, or a line that goes on: what smuggles requests. */
    if (name.length == 0 || memchr(name.start, ' ', name.length) ||
        memchr(name.start, '\t', name.length))
        return 400;
    value = (struct piece){colon + 1, line.length - name.length - 1};
    if (name.length == strlen("host") && strncasecmp(name.start, "host", name.length) == 0) {
        if (*ret_has_host)
            return 400;
        *ret_has_host = true;
    }
    if (name.length == strlen("accept") && strncasecmp(name.start, "accept", name.length) == 0)
        ret->is_openmetrics |= names_openmetrics(value);
    return 200;
}

int http_parse(const char *head, size_t length, struct http_request *ret)
{
    struct piece rest = {head, length}, line;
    bool needs_host = false, has_host = false;
    int status;

    *ret = (struct http_request){0};
    if (memchr(head, '\0', length))
        return 400;
    line = take_line(&rest);
    status = parse_request_line(line, ret, &needs_host);
    while (status == 200 && rest.length > 0) {
        line = take_line(&rest);
        if (line.length == 0)
            break;
        status = parse_header(line, ret, &has_host);
    }
    if (status == 200 && needs_host && !has_host)
        status = 400;
    return status;
}

/* --- receiving ------------------------------------------------------------------------------ */

/* Waits until fd can be read or written; false when the time is over. */
static bool await(int fd, short events, nanoseconds end)
{
    struct pollfd poller = {.fd = fd, .events = events};
    nanoseconds now = clock_now();

    while (now < end) {
        int found = poll(&poller, 1, (int)((end - now) / CLOCK_MILLISECOND) + 1);

        if (found > 0)
            return true;
        if (found < 0 && errno != EINTR)
            return false;
        now = clock_now();
    }
    return false;
}

bool http_receive(struct http_request *ret, const char *path)
{
    nanoseconds end = clock_now() + HTTP_DEADLINE * CLOCK_SECOND;
    char bytes[HTTP_HEAD_MAX];
    size_t used = 0, head = 0;
    int status = 431;

    *ret = (struct http_request){0};
    while (used < sizeof(bytes) && head == 0) {
        ssize_t got;

        if (!await(STDIN_FILENO, POLLIN, end)) {
            http_send_status(ret, 408, "too slow");
            return false;
        }
        got = read(STDIN_FILENO, bytes + used, sizeof(bytes) - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) /* nobody to answer: it looked whether we are there */
            return false;
        used += (size_t)got;
        head = http_head_length(bytes, used);
    }
    if (head > 0)
        status = http_parse(bytes, head, ret);
    if (status == 200 && strcmp(ret->path, "/") != 0 && strcmp(ret->path, path) != 0)
        status = 404;
    if (status != 200)
        http_send_status(ret, status, NULL);
    return status == 200;
}

/* --- sending -------------------------------------------------------------------------------- */

static const char *reason_of(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {400, "Bad Request"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {414, "URI Too Long"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
    };

    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Error";
}

/* Writes as much as goes at once; its length or -1. Others may have fd 1 open, too, so that its
 * mode is not ours to change: a socket is told for this call alone, and to anything else goes no
 * more than poll has promised room for. There it is standard output's own error, which main asks
 * for. */
static ssize_t write_some(const char *bytes, size_t length, int flags)
{
    ssize_t written = send(STDOUT_FILENO, bytes, length, flags | MSG_DONTWAIT | MSG_NOSIGNAL);

    if (written >= 0 || errno != ENOTSOCK)
        return written;
    length = fwrite(bytes, 1, length < PIPE_BUF ? length : PIPE_BUF, stdout);
    return fflush(stdout) == 0 ? (ssize_t)length : -1;
}

/* Writes all; false where the client is gone, or hasn't taken it until end. */
static bool write_all(const char *bytes, size_t length, int flags, nanoseconds end)
{
    while (length > 0) {
        ssize_t written = await(STDOUT_FILENO, POLLOUT, end) ? write_some(bytes, length, flags) : 0;

        if (written == 0 || (written < 0 && errno != EAGAIN && errno != EINTR))
            return false;
        if (written > 0) {
            bytes += written;
            length -= (size_t)written;
        }
    }
    return true;
}

/* Nothing more comes from us; what the client still sends is read, or the kernel would reset the
 * connection and the answer may be lost on its way. */
static void finish(void)
{
    nanoseconds end = clock_now() + LINGER_TIME;
    size_t left = LINGER_BYTES;
    char bytes[4096];

    if (shutdown(STDOUT_FILENO, SHUT_WR) < 0)
        return;
    while (left > 0 && await(STDIN_FILENO, POLLIN, end)) {
        ssize_t got = read(STDIN_FILENO, bytes, sizeof(bytes));

        if (got <= 0)
            return;
        left -= (size_t)got < left ? (size_t)got : left;
    }
}

void http_send(const struct http_request *request, const struct http_answer *answer)
{
    nanoseconds end = clock_now() + HTTP_DEADLINE * CLOCK_SECOND;
    size_t length = request->head ? 0 : answer->length;
    char head[HTTP_ANSWER_HEAD_MAX], date[64] = "";
    time_t now = time(NULL);
    struct tm parts;

    if (gmtime_r(&now, &parts))
        strftime(date, sizeof(date), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
    snprintf(head, sizeof(head),
             "HTTP/1.1 %d %s\r\n%sContent-Type: %s\r\nContent-Length: %zu\r\n"
             "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n%sConnection: close\r\n"
             "\r\n",
             answer->status, reason_of(answer->status), date, answer->type, answer->length,
             answer->headers ? answer->headers : "");
    /* MSG_MORE: or the body would wait for the client's word that it has the head. */
    if (write_all(head, strlen(head), length > 0 ? MSG_MORE : 0, end) &&
        write_all(answer->body, length, 0, end))
        finish();
}

void http_send_status(const struct http_request *request, int status, const char *text)
{
    char body[512];
    struct http_answer answer = {.status = status, .type = "text/plain; charset=utf-8"};

    snprintf(body, sizeof(body), "%s\n", text ? text : reason_of(status));
    answer.body = body;
    answer.length = strlen(body);
    if (status == 405)
        answer.headers = "Allow: GET, HEAD\r\n";
    http_send(request, &answer);
}
