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

/* More services than anybody looks at on one page; and what is shown of the lists. */
#define SERVICES_SHOWN 200
#define SOURCES_SHOWN  12
#define BANS_SHOWN     12
#define EVENTS_SHOWN   24

#define NONCE_SIZE 33

/* What the page is made of. */
struct status {
    json_t *services, *sources, *bans, *events;
};

void page_put(FILE *file, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&':
            fputs("&amp;", file);
            break;
        case '<':
            fputs("&lt;", file);
            break;
        case '>':
            fputs("&gt;", file);
            break;
        case '"':
            fputs("&quot;", file);
            break;
        case '\'':
            fputs("&#39;", file);
            break;
        default:
            /* Control characters are nothing that HTML may hold. */
            fputc((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text, file);
        }
    }
}

/* --- asking --------------------------------------------------------------------------------- */

static void status_free(struct status *status)
{
    json_decref(status->services);
    json_decref(status->sources);
    json_decref(status->bans);
    json_decref(status->events);
    *status = (struct status){0};
}

static int ask_list(struct client *client, const char *command, int count, json_t **ret)
{
    int error =
        client_ask(client, command, json_pack("{s:i}", "count", count), CLIENT_TIMEOUT, ret);

    return error < 0 ? error : client_is_ok(*ret) ? 0 : -EPROTO;
}

static int ask(const struct ctl *ctl, struct status *status)
{
    struct client client;
    int error = client_open(ctl, &client);

    *status = (struct status){0};
    if (error < 0)
        return error;
    error = client_ask(&client, "status",
                       json_pack("{s:i, s:b}", "count", SERVICES_SHOWN, "history", 1),
                       CLIENT_TIMEOUT, &status->services);
    if (error == 0 && !client_is_ok(status->services))
        error = -EPROTO;
    if (error == 0)
        error = ask_list(&client, "sources", SOURCES_SHOWN, &status->sources);
    if (error == 0)
        error = ask_list(&client, "bans", BANS_SHOWN, &status->bans);
    if (error == 0)
        error = ask_list(&client, "events", EVENTS_SHOWN, &status->events);
    client_close(&client);
    if (error < 0)
        status_free(status);
    return error;
}

/* --- the daemon ----------------------------------------------------------------------------- */

static void put_fact(FILE *file, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void put_fact(FILE *file, const char *name, const char *format, ...)
{
    char text[128];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    fputs("<div><dt>", file);
    page_put(file, name);
    fputs("</dt><dd>", file);
    page_put(file, text);
    fputs("</dd></div>", file);
}

static void put_daemon(FILE *file, const json_t *status)
{
    char up[ANSWER_SPAN_SIZE];

    answer_format_span(answer_count(status, "uptime_ms"), up);
    fputs("<h1>stdinetd <small>", file);
    page_put(file, answer_text(status, "version"));
    fprintf(file, ", %" PRIu64 " services, up %s%s</small></h1><dl class=\"facts\">",
            answer_count(status, "services_total"), up,
            answer_flag(status, "stopping") ? ", <span class=\"stopping\">stopping</span>" : "");
    put_fact(file, "running", "%" PRIu64, answer_count(status, "active"));
    put_fact(file, "held", "%" PRIu64, answer_count(status, "held"));
    put_fact(file, "connections", "%" PRIu64, answer_count(status, "connections"));
    put_fact(file, "sources", "%" PRIu64, answer_count(status, "sources"));
    put_fact(file, "bans", "%" PRIu64, answer_count(status, "bans"));
    put_fact(file, "open files", "%" PRIu64, answer_count(status, "fds"));
    put_fact(file, "reloads", "%" PRIu64, answer_count(status, "reloads"));
    if (answer_count(status, "reloads_failed") > 0)
        put_fact(file, "failed reloads", "%" PRIu64, answer_count(status, "reloads_failed"));
    if (answer_count(status, "messages_lost") > 0)
        put_fact(file, "log lines lost", "%" PRIu64, answer_count(status, "messages_lost"));
    fputs("</dl>", file);
}

/* --- a service ------------------------------------------------------------------------------ */

static void put_count(FILE *file, const char *name, uint64_t count)
{
    fputs("<span>", file);
    page_put(file, name);
    fprintf(file, " <b>%" PRIu64 "</b></span> ", count);
}

/* The members of an object of counts, as "refused: full 3 denied 1". */
static void put_counts(FILE *file, const json_t *service, const char *member, const char *title)
{
    json_t *counts = json_object_get(service, member), *value;
    const char *name;

    if (json_object_size(counts) == 0)
        return;
    fputs("<p class=\"row\"><span class=\"soft\">", file);
    page_put(file, title);
    fputs("</span> ", file);
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

        fputs(i > 0 ? ", " : "", file);
        page_put(file, answer_text(listener, "address"));
        if (error[0] == '\0')
            continue;
        fputs(" <span class=\"error\">", file);
        page_put(file, error);
        fputs("</span>", file);
    }
    if (sockets > json_array_size(listeners))
        fprintf(file, " and %" PRIu64 " more", sockets - json_array_size(listeners));
    fputs("</p>", file);
}

static void put_head(FILE *file, const json_t *service)
{
    const char *state = answer_text(service, "state");

    fputs("<section class=\"card\"><div class=\"top\"><h3>", file);
    page_put(file, answer_text(service, "name"));
    fputs("</h3><span class=\"state ", file);
    page_put(file, state);
    fputs("\">", file);
    page_put(file, state);
    fputs("</span></div>", file);
    if (answer_text(service, "description")[0] != '\0') {
        fputs("<p class=\"soft\">", file);
        page_put(file, answer_text(service, "description"));
        fputs("</p>", file);
    }
    if (answer_text(service, "error")[0] != '\0') {
        fputs("<p class=\"error\">", file);
        page_put(file, answer_text(service, "stage"));
        fputs(": ", file);
        page_put(file, answer_text(service, "error"));
        fputs("</p>", file);
    }
}

static void put_service(FILE *file, const json_t *service, uint64_t slot_seconds)
{
    uint64_t active = answer_count(service, "active"), limit = answer_count(service, "limit");

    put_head(file, service);
    if (limit > 0)
        page_put_bar(file, active, limit);
    fputs("<p class=\"row\">", file);
    if (limit > 0)
        fprintf(file, "<span>active <b>%" PRIu64 "</b> of %" PRIu64 "</span> ", active, limit);
    else
        put_count(file, "active", active);
    put_count(file, "started", answer_count(service, "started"));
    fprintf(file, "<span><b>%.1f</b> a second</span> ", answer_number(service, "rate"));
    if (answer_count(service, "held") > 0)
        put_count(file, "held", answer_count(service, "held"));
    fputs("</p>", file);
    put_counts(file, service, "refused", "refused");
    put_counts(file, service, "start_failures", "failed");
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

static void put_cell(FILE *file, const char *kind, const char *text)
{
    fprintf(file, "<td class=\"%s\">", kind);
    page_put(file, text);
    fputs("</td>", file);
}

static void put_sources(FILE *file, const json_t *answer)
{
    const json_t *sources = json_object_get(answer, "sources");

    if (json_array_size(sources) == 0)
        return;
    fputs("<h2>Busiest sources</h2><div class=\"scroll\"><table><tr><th>source</th><th>service</th>"
          "<th class=\"number\">connections</th><th class=\"number\">penalty</th></tr>",
          file);
    for (size_t i = 0; i < json_array_size(sources); i++) {
        const json_t *source = json_array_get(sources, i);
        char count[32], left[ANSWER_SPAN_SIZE] = "";

        snprintf(count, sizeof(count), "%" PRIu64, answer_count(source, "connections"));
        if (answer_flag(source, "enforced"))
            answer_format_span(answer_count(source, "penalty_ms"), left);
        fputs("<tr>", file);
        put_cell(file, "what", answer_text(source, "source"));
        put_cell(file, "what", answer_text(source, "service"));
        put_cell(file, "number", count);
        put_cell(file, "number", left);
        fputs("</tr>", file);
    }
    fputs("</table></div>", file);
}

static void put_bans(FILE *file, const json_t *answer)
{
    const json_t *bans = json_object_get(answer, "bans");

    if (json_array_size(bans) == 0)
        return;
    fputs("<h2>Bans</h2><div class=\"scroll\"><table><tr><th>source</th><th class=\"number\">left"
          "</th></tr>",
          file);
    for (size_t i = 0; i < json_array_size(bans); i++) {
        const json_t *ban = json_array_get(bans, i);
        char left[ANSWER_SPAN_SIZE] = "for good";

        if (json_object_get(ban, "left_ms"))
            answer_format_span(answer_count(ban, "left_ms"), left);
        fputs("<tr>", file);
        put_cell(file, "what", answer_text(ban, "source"));
        put_cell(file, "number", left);
        fputs("</tr>", file);
    }
    fputs("</table></div>", file);
}

static void put_events(FILE *file, const json_t *answer)
{
    const json_t *events = json_object_get(answer, "events");

    fputs("<h2>Last events</h2><div class=\"scroll\"><table>", file);
    for (size_t i = 0; i < json_array_size(events); i++) {
        const json_t *event = json_array_get(events, i);
        char time[32], kind[32];

        /* "2026-11-23T21:35:00.123Z": the day and the second are enough. */
        snprintf(time, sizeof(time), "%.19s", answer_text(event, "time"));
        if (strlen(time) == 19)
            time[10] = ' ';
        snprintf(kind, sizeof(kind), "what level-%.16s", answer_text(event, "level"));
        fputs("<tr>", file);
        put_cell(file, "time", time);
        put_cell(file, kind, answer_text(event, "text"));
        fputs("</tr>", file);
    }
    fputs("</table></div>", file);
}

/* --- the whole ------------------------------------------------------------------------------ */

static void put_page(FILE *file, const struct status *status, const char *nonce)
{
    char now[CLOCK_STAMP_SIZE];

    clock_stamp(now);
    fprintf(file,
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
            "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
            "<meta name=\"color-scheme\" content=\"light dark\"><title>stdinetd: %" PRIu64
            " running</title><noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript>"
            "<style nonce=\"%s\">%s</style></head><body>"
            "<p id=\"stale\">No answer: this is what was.</p>"
            "<main data-title=\"stdinetd: %" PRIu64 " running\">\n",
            answer_count(status->services, "active"), nonce, page_style,
            answer_count(status->services, "active"));
    put_daemon(file, status->services);
    put_services(file, status->services);
    put_sources(file, status->sources);
    put_bans(file, status->bans);
    put_events(file, status->events);
    fprintf(file,
            "<footer>As of %.10s %.8s UTC.</footer>\n</main><script nonce=\"%s\">%s</script>"
            "</body></html>\n",
            now, now + 11, nonce, page_script);
}

/* The page as malloc'ed text; NULL without memory. */
static char *make_page(const struct status *status, const char *nonce, size_t *ret_length)
{
    char *text = NULL;
    FILE *file = open_memstream(&text, ret_length);

    if (!file)
        return NULL;
    put_page(file, status, nonce);
    if (fclose(file) != 0) {
        free(text);
        return NULL;
    }
    return text;
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

static int answer(const struct http_request *request, const struct status *status)
{
    struct http_answer reply = {.status = 200, .type = "text/html; charset=utf-8"};
    char nonce[NONCE_SIZE], headers[512], *text;

    make_nonce(nonce);
    text = make_page(status, nonce, &reply.length);
    if (!text) {
        http_send_status(request, 500, "no memory");
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

static int serve(const struct ctl *ctl)
{
    struct http_request request;
    struct status status;
    int error, result;

    if (!http_receive(&request))
        return EXIT_OK;
    if (strcmp(request.path, "/") != 0) {
        http_send_status(&request, 404, NULL);
        return EXIT_OK;
    }
    error = ask(ctl, &status);
    if (error < 0) {
        http_send_status(&request, 503, "stdinetd doesn't answer");
        return client_fail(ctl, error);
    }
    result = answer(&request, &status);
    status_free(&status);
    return result;
}

static int print(const struct ctl *ctl)
{
    char nonce[NONCE_SIZE], *text;
    struct status status;
    size_t length;
    int error = ask(ctl, &status);

    if (error < 0)
        return client_fail(ctl, error);
    make_nonce(nonce);
    text = make_page(&status, nonce, &length);
    status_free(&status);
    if (!text)
        return ctl_fail(EXIT_SYSTEM, "out of memory");
    fwrite(text, 1, length, stdout);
    free(text);
    return EXIT_OK;
}

int page_run(const struct ctl *ctl, int count, char *arguments[])
{
    bool is_http = count > 1 && strcmp(arguments[1], "--http") == 0;

    if (count > 1 && !is_http)
        return ctl_fail(EXIT_USAGE, "usage: stdinetctl page [--http]");
    return is_http ? serve(ctl) : print(ctl);
}
