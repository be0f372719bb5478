/* page: the command: the status as one self-contained page of HTML, on standard output or, as the
 * handler of an HTTP service, as the answer to a request.
 *
 * It works without a script, and is refreshed by one; nothing of it comes from elsewhere, which its
 * Content-Security-Policy says, too.
 */
#include "ctl/page.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "ctl/answer.h"
#include "ctl/command.h"
#include "ctl/http.h"
#include "ctl/view.h"

#define COUNT(items) (sizeof(items) / sizeof((items)[0]))

#define NONCE_SIZE 33

/* What the page is made of: the answers, and how much of each list is shown; of services more than
 * anybody looks at on one page. */
enum { SERVICES, SOURCES, BANS, EVENTS, ANSWERS };

static const struct {
    const char *command;
    int count;
} asked[ANSWERS] = {
    [SERVICES] = {"status", 200},
    [SOURCES] = {"sources", 12},
    [BANS] = {"bans", 12},
    [EVENTS] = {"events", 24},
};

struct status {
    json_t *answers[ANSWERS];
};

/* Writes text as HTML, for elements and quoted attributes: all that is not ours to word. */
static void put_text(FILE *file, const char *text)
{
    static const char *const entities[] = {
        ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\''] = "&#39;"};

    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;

        if (byte < COUNT(entities) && entities[byte])
            fputs(entities[byte], file);
        else /* Control characters are nothing that HTML may hold. */
            fputc(byte < 0x20 || byte == 0x7f ? '?' : byte, file);
    }
}

/* Writes the format as it is, and for each %s, which is all that it may have, a text as put_text
 * does. */
static void put(FILE *file, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(FILE *file, const char *format, ...)
{
    va_list texts;

    va_start(texts, format);
    for (; *format != '\0'; format++)
        if (format[0] == '%' && format[1] == 's') {
            put_text(file, va_arg(texts, const char *));
            format++;
        } else {
            fputc(*format, file);
        }
    va_end(texts);
}

/* --- asking --------------------------------------------------------------------------------- */

static void status_free(struct status *status)
{
    for (size_t i = 0; i < ANSWERS; i++)
        json_decref(status->answers[i]);
}

static int ask(const struct ctl *ctl, struct status *status)
{
    struct client client;
    int error = client_open(ctl, &client);

    *status = (struct status){0};
    if (error < 0)
        return error;
    for (size_t i = 0; i < ANSWERS && error == 0; i++) {
        json_t *arguments = json_pack("{s:i, s:o*}", "count", asked[i].count, "history",
                                      i == SERVICES ? json_true() : NULL);

        error =
            client_ask(&client, asked[i].command, arguments, CLIENT_TIMEOUT, &status->answers[i]);
        if (error == 0 && !client_is_ok(status->answers[i]))
            error = -EPROTO;
    }
    client_close(&client);
    if (error < 0)
        status_free(status);
    return error;
}

/* --- the daemon ----------------------------------------------------------------------------- */

/* Whether the page has it for that item. */
static bool is_shown(const struct view_column *column, const json_t *item)
{
    return !column->hides_zero || answer_count(item, column->member) > 0;
}

static void put_daemon(FILE *file, const json_t *status)
{
    const struct view_column *column;
    char up[ANSWER_SPAN_SIZE];

    answer_format_span(answer_count(status, "uptime_ms"), up);
    put(file, "<h1>stdinetd <small>%s", answer_text(status, "version"));
    fprintf(file, ", %" PRIu64 " services, up %s%s</small></h1><dl class=\"facts\">",
            answer_count(status, "services_total"), up,
            answer_flag(status, "stopping") ? ", <span class=\"stopping\">stopping</span>" : "");
    for (size_t i = 1; (column = view_column_at(VIEW_DAEMON, VIEW_PAGE, i)); i++)
        if (is_shown(column, status))
            fprintf(file, "<div><dt>%s</dt><dd>%" PRIu64 "</dd></div>", column->title,
                    answer_count(status, column->member));
    fputs("</dl>", file);
}

/* --- a service ------------------------------------------------------------------------------ */

static void put_count(FILE *file, const char *name, uint64_t count)
{
    put(file, "<span>%s", name);
    fprintf(file, " <b>%" PRIu64 "</b></span> ", count);
}

/* The members of an object of counts, as "refused: full 3 denied 1". */
static void put_counts(FILE *file, const json_t *service, const struct view_column *column)
{
    json_t *counts = json_object_get(service, column->member), *value;
    const char *name;

    if (json_object_size(counts) == 0)
        return;
    fprintf(file, "<p class=\"row\"><span class=\"soft\">%s</span> ", column->title);
    json_object_foreach(counts, name, value)
    {
        put_count(file, name, (uint64_t)json_integer_value(value));
    }
    fputs("</p>", file);
}

static void put_listeners(FILE *file, const json_t *service)
{
    const json_t *listeners = json_object_get(service, "listeners");
    uint64_t sockets = answer_count(service, "sockets");

    fputs("<p class=\"listens\">", file);
    for (size_t i = 0; i < json_array_size(listeners); i++) {
        const json_t *listener = json_array_get(listeners, i);
        const char *error = answer_text(listener, "error");

        put(file, "%s%s", i > 0 ? ", " : "", answer_text(listener, "address"));
        if (error[0] != '\0')
            put(file, " <span class=\"error\">%s</span>", error);
    }
    if (sockets > json_array_size(listeners))
        fprintf(file, " and %" PRIu64 " more", sockets - json_array_size(listeners));
    fputs("</p>", file);
}

static void put_head(FILE *file, const json_t *service)
{
    const char *state = answer_text(service, "state"), *error = answer_text(service, "error");
    const char *description = answer_text(service, "description");

    put(file,
        "<section class=\"card\"><div class=\"top\"><h3>%s</h3><span class=\"state %s\">%s</span>"
        "</div>",
        answer_text(service, "name"), state, state);
    if (description[0] != '\0')
        put(file, "<p class=\"soft\">%s</p>", description);
    if (error[0] != '\0')
        put(file, "<p class=\"error\">%s: %s</p>", answer_text(service, "stage"), error);
}

/* One of the figures of a service, in a row of them; counts by their reasons have a row each. */
static void put_figure(FILE *file, const struct view_column *column, const json_t *service)
{
    uint64_t limit = answer_count(service, "limit");

    if (column->kind == VIEW_RATE)
        fprintf(file, "<span><b>%.1f</b> a second</span> ", answer_number(service, column->member));
    else if (column->kind == VIEW_ACTIVE && limit > 0)
        fprintf(file, "<span>%s <b>%" PRIu64 "</b> of %" PRIu64 "</span> ", column->title,
                answer_count(service, column->member), limit);
    else if (column->kind != VIEW_SUM && is_shown(column, service))
        put_count(file, column->title, answer_count(service, column->member));
}

static void put_service(FILE *file, const json_t *service, uint64_t slot_seconds)
{
    uint64_t limit = answer_count(service, "limit");
    const struct view_column *column;

    put_head(file, service);
    if (limit > 0)
        page_put_bar(file, answer_count(service, "active"), limit);
    fputs("<p class=\"row\">", file);
    for (size_t i = 1; (column = view_column_at(VIEW_SERVICES, VIEW_PAGE, i)); i++)
        put_figure(file, column, service);
    fputs("</p>", file);
    for (size_t i = 1; (column = view_column_at(VIEW_SERVICES, VIEW_PAGE, i)); i++)
        if (column->kind == VIEW_SUM)
            put_counts(file, service, column);
    page_put_plot(file, service, slot_seconds);
    put_listeners(file, service);
    fputs("</section>", file);
}

static void put_services(FILE *file, const json_t *status)
{
    const json_t *services = json_object_get(status, "services");
    uint64_t total = answer_count(status, "services_total");

    fputs("<h2>Services</h2><div class=\"cards\">", file);
    for (size_t i = 0; i < json_array_size(services); i++)
        put_service(file, json_array_get(services, i),
                    answer_count(status, "history_slot_ms") / 1000);
    fputs("</div>", file);
    if (total > json_array_size(services))
        fprintf(file, "<p class=\"soft\">and %" PRIu64 " more</p>",
                total - json_array_size(services));
}

/* --- lists ---------------------------------------------------------------------------------- */

static void put_row(FILE *file, enum view view, const json_t *item)
{
    const struct view_column *column;
    char text[VIEW_CELL_SIZE];

    fputs("<tr>", file);
    for (size_t i = 1; (column = view_column_at(view, VIEW_PAGE, i)); i++) {
        view_cell(column, VIEW_PAGE, item, text);
        put(file, "<td class=\"%s\">%s</td>", view_is_number(column) ? "number" : "what", text);
    }
    fputs("</tr>", file);
}

/* A list under its title, unless it is empty. */
static void put_list(FILE *file, const char *title, enum view view, const json_t *items)
{
    const struct view_column *column;

    if (json_array_size(items) == 0)
        return;
    put(file, "<h2>%s</h2><div class=\"scroll\"><table><tr>", title);
    for (size_t i = 1; (column = view_column_at(view, VIEW_PAGE, i)); i++)
        fprintf(file, "<th%s>%s</th>", view_is_number(column) ? " class=\"number\"" : "",
                column->title);
    fputs("</tr>", file);
    for (size_t i = 0; i < json_array_size(items); i++)
        put_row(file, view, json_array_get(items, i));
    fputs("</table></div>", file);
}

static void put_events(FILE *file, const json_t *answer)
{
    const json_t *events = json_object_get(answer, "events");

    fputs("<h2>Last events</h2><div class=\"scroll\"><table>", file);
    for (size_t i = 0; i < json_array_size(events); i++) {
        const json_t *event = json_array_get(events, i);
        char time[32], level[17];

        /* "2026-11-23T21:35:00.123Z": the day and the second are enough. */
        snprintf(time, sizeof(time), "%.19s", answer_text(event, "time"));
        if (strlen(time) == 19)
            time[10] = ' ';
        snprintf(level, sizeof(level), "%s", answer_text(event, "level"));
        put(file, "<tr><td class=\"time\">%s</td><td class=\"what level-%s\">%s</td></tr>", time,
            level, answer_text(event, "text"));
    }
    fputs("</table></div>", file);
}

/* --- the whole ------------------------------------------------------------------------------ */

static void put_page(FILE *file, const struct status *status, const char *nonce)
{
    uint64_t active = answer_count(status->answers[SERVICES], "active");
    char now[CLOCK_STAMP_SIZE];

    clock_stamp(now);
    fprintf(file,
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
            "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
            "<meta name=\"color-scheme\" content=\"light dark\"><title>stdinetd: %" PRIu64
            " running</title><noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript>"
            "<style nonce=\"%s\">%s</style></head><body>"
            "<p id=\"stale\">No answer; showing the last known state.</p>"
            "<main data-title=\"stdinetd: %" PRIu64 " running\">\n",
            active, nonce, page_style, active);
    put_daemon(file, status->answers[SERVICES]);
    put_services(file, status->answers[SERVICES]);
    put_list(file, "Busiest sources", VIEW_SOURCES,
             json_object_get(status->answers[SOURCES], "sources"));
    put_list(file, "Bans", VIEW_BANS, json_object_get(status->answers[BANS], "bans"));
    put_events(file, status->answers[EVENTS]);
    fprintf(file,
            "<footer>As of %.10s %.8s UTC.</footer>\n</main><script nonce=\"%s\">%s</script>"
            "</body></html>\n",
            now, now + 11, nonce, page_script);
}

/* What ties the style and the script to this answer, so that no other could run. */
static void make_nonce(char nonce[static NONCE_SIZE])
{
    unsigned char bytes[(NONCE_SIZE - 1) / 2] = {0};

    if (getrandom(bytes, sizeof(bytes), 0) < 0)
        memset(bytes, 0, sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++)
        snprintf(nonce + 2 * i, 3, "%02x", bytes[i]);
}

static int answer(const struct http_request *request, const struct status *status,
                  const char *nonce)
{
    struct http_answer reply = {.status = 200, .type = "text/html; charset=utf-8"};
    char headers[512], *text = NULL;
    FILE *file = open_memstream(&text, &reply.length);

    if (file)
        put_page(file, status, nonce);
    if (!file || fclose(file) != 0) {
        free(text);
        http_send_status(request, 500, "out of memory");
        return EXIT_SYSTEM;
    }
    snprintf(headers, sizeof(headers),
             "Content-Security-Policy: default-src 'none'; style-src 'nonce-%s'; "
             "script-src 'nonce-%s'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
             "frame-ancestors 'none'\r\nReferrer-Policy: no-referrer\r\n",
             nonce, nonce);
    reply.headers = headers;
    reply.body = text;
    http_send(request, &reply);
    free(text);
    return EXIT_OK;
}

int page_run(const struct ctl *ctl, char *arguments[])
{
    struct http_request request;
    struct status status;
    char nonce[NONCE_SIZE];
    int error, result = EXIT_OK;

    (void)arguments;
    if (ctl->option && !http_receive(&request, "/"))
        return EXIT_OK;
    error = ask(ctl, &status);
    if (error < 0 && ctl->option)
        http_send_status(&request, 503, "stdinetd does not answer");
    if (error < 0)
        return client_fail(ctl, error);
    make_nonce(nonce);
    if (ctl->option)
        result = answer(&request, &status, nonce);
    else
        put_page(stdout, &status, nonce);
    status_free(&status);
    return result;
}
