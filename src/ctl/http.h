/* http: one request on standard input, one answer on standard output: what makes a command the
 * handler of an HTTP service.
 *
 * Takes GET and HEAD of HTTP/1.0 and 1.1 (RFC 9112) and refuses everything else with its status.
 * Whoever sends is a stranger: a head is bounded, and so is the time for it, and for the whole of
 * the answer. Each answer closes the connection. Used by metrics and page.
 */
#ifndef STDINETD_CTL_HTTP_H
#define STDINETD_CTL_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#define HTTP_HEAD_MAX        ((size_t)16 * 1024)
#define HTTP_DEADLINE        10 /* seconds for the whole head, and again for the whole answer */
#define HTTP_ANSWER_HEAD_MAX ((size_t)2 * 1024)

struct http_request {
    bool head;           /* HEAD: no body is wanted */
    bool is_openmetrics; /* Accept names it */
    char path[256];      /* without what follows a '?' */
};

struct http_answer {
    int status;
    const char *type;    /* of the body */
    const char *headers; /* more of them, each with its CRLF, up to 1 KiB; NULL: none */
    const char *body;
    size_t length;
};

/* Parses a whole head, up to and with its empty line. Returns 200, or the status that refuses it.
 * Pure. */
int http_parse(const char *head, size_t length, struct http_request *ret);

/* The length of a head in what has come, 0 where it isn't whole yet. Pure. */
size_t http_head_length(const char *bytes, size_t length);

/* Reads a request from fd 0, for "/" or path. Where there is none that can be answered this is done
 * here, and false is returned. */
bool http_receive(struct http_request *ret, const char *path);

/* Writes the answer to fd 1, closes the writing side, and reads what the client still has to say
 * for a moment, so that no reset overtakes the answer. A client that is gone, or doesn't take it
 * all within HTTP_DEADLINE, gets no more; that is its own affair and nobody is told. */
void http_send(const struct http_request *request, const struct http_answer *answer);

/* The same for a status that says all itself. */
void http_send_status(const struct http_request *request, int status, const char *text);

#endif
