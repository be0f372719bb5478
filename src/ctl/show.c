/* show: the commands that show a list or one of its items: status, connections, sources, bans,
 * explain. Which columns they have is view.c's. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "ctl/answer.h"
#include "ctl/command.h"
#include "ctl/view.h"

/* Prints the items of a list. */
static int print_items(enum view view, const json_t *items)
{
    struct table_look look = table_look_of_stdout();

    if (view_print(view, VIEW_LIST, items, &look, stdout) < 0)
        return ctl_fail(EXIT_SYSTEM, "out of memory");
    return EXIT_OK;
}

/* --- status --------------------------------------------------------------------------------- */

static void print_line(const char *title, const char *text)
{
    char shown[1024];

    text_escape(text, strlen(text), shown, sizeof(shown));
    printf("%-12s%s\n", title, shown);
}

static void print_listeners(const json_t *service)
{
    const json_t *listeners = json_object_get(service, "listeners");
    size_t shown = json_array_size(listeners);

    for (size_t i = 0; i < shown; i++) {
        const json_t *listener = json_array_get(listeners, i);
        const char *error = answer_text(listener, "error"), *state = answer_text(listener, "state");
        char line[512];

        snprintf(line, sizeof(line), "%s (%s%s%s)", answer_text(listener, "address"),
                 strcmp(state, "watched") == 0 ? "accepting" : state, error[0] != '\0' ? ": " : "",
                 error);
        print_line(i == 0 ? "listens" : "", line);
    }
    if (answer_count(service, "sockets") > shown)
        printf("%-12sand %" PRIu64 " more\n", "", answer_count(service, "sockets") - shown);
}

/* What clients get now, where those that are ready stand, and what is against more. */
static void print_warm(const json_t *service)
{
    const json_t *warm = json_object_get(service, "warm");
    const char *gate = answer_text(warm, "gate"), *why = answer_text(warm, "why");
    char text[512];

    if (!warm)
        return;
    snprintf(text, sizeof(text),
             "%s%s%s, %" PRIu64 " ready; %" PRIu64 " served warm, %" PRIu64 " cold",
             answer_text(warm, "state"), gate[0] != '\0' ? " at " : "", gate,
             answer_count(warm, "ready"), answer_count(warm, "served_warm"),
             answer_count(warm, "served_cold"));
    print_line("warm", text);
    if (why[0] != '\0')
        print_line("", why);
}

static void print_state(const json_t *service)
{
    struct table_look look = table_look_of_stdout();
    const char *state = answer_text(service, "state");
    char span[ANSWER_SPAN_SIZE];

    printf("%-12s", "state");
    table_print_styled(&look, view_style(state), state, stdout);
    if (answer_text(service, "error")[0] != '\0') {
        answer_format_span(answer_count(service, "rests_ms"), span);
        printf(" for %s: %s: %s", span, answer_text(service, "stage"),
               answer_text(service, "error"));
    }
    putchar('\n');
}

static void print_service(const json_t *service)
{
    const struct view_column *column;
    char text[VIEW_CELL_SIZE];

    print_line("service", answer_text(service, "name"));
    if (answer_text(service, "description")[0] != '\0')
        print_line("description", answer_text(service, "description"));
    print_state(service);
    for (size_t i = 1; (column = view_column_at(VIEW_SERVICES, VIEW_ONE, i)); i++) {
        view_cell(column, VIEW_ONE, service, text);
        print_line(column->title, text);
    }
    print_warm(service);
    print_listeners(service);
}

int status_run(const struct ctl *ctl, char *arguments[])
{
    struct client client;
    json_t *status = NULL, *services;
    int error = client_open(ctl, &client), result;

    if (error == 0) {
        error = answer_ask_status(&client, arguments[0], CLIENT_TIMEOUT, &status);
        client_close(&client);
    }
    result = client_take(ctl, error, status);
    services = json_object_get(status, "services");
    if (result == EXIT_OK && !ctl->json && arguments[0]) {
        print_service(json_array_get(services, 0));
    } else if (result == EXIT_OK && !ctl->json) {
        view_print_daemon(status, stdout);
        putchar('\n');
        result = print_items(VIEW_SERVICES, services);
    }
    json_decref(status);
    return result;
}

/* --- lists ---------------------------------------------------------------------------------- */

/* The list that is the answer's member, and how many more there are by its member total. */
static int show_list(const struct ctl *ctl, enum view view, const char *member, const char *total,
                     json_t *arguments)
{
    json_t *answer, *items;
    int status = client_call(ctl, arguments, CLIENT_TIMEOUT, &answer);

    if (status != EXIT_OK)
        return status;
    items = json_object_get(answer, member);
    if (!ctl->json)
        status = print_items(view, items);
    if (!ctl->json && answer_count(answer, total) > json_array_size(items))
        printf("and %" PRIu64 " more\n", answer_count(answer, total) - json_array_size(items));
    json_decref(answer);
    return status;
}

int connections_run(const struct ctl *ctl, char *arguments[])
{
    json_t *values = json_pack("{s:b, s:s*}", "parked", ctl->option, "service", arguments[0]);

    if (ctl->option)
        return show_list(ctl, VIEW_PARKED, "parked", "parked_total", values);
    return show_list(ctl, VIEW_CONNECTIONS, "connections", "total", values);
}

int sources_run(const struct ctl *ctl, char *arguments[])
{
    return show_list(ctl, VIEW_SOURCES, "sources", "total",
                     json_pack("{s:s*}", "service", arguments[0]));
}

int bans_run(const struct ctl *ctl, char *arguments[])
{
    (void)arguments;
    return show_list(ctl, VIEW_BANS, "bans", "total", NULL);
}

/* --- explain -------------------------------------------------------------------------------- */

/* What happens to the client. Whoever isn't refused is served sooner or later. */
static const struct verdict {
    const char *name, *text;
    int status;
} verdicts[] = {
    {"admit", "is admitted: a handler is started", EXIT_OK},
    {"hold", "is held, and gets a handler at its first byte", EXIT_OK},
    {"queue", "waits in the backlog", EXIT_OK},
    {"refuse", "is refused", EXIT_REFUSED},
    {"unreachable", "cannot connect: nobody is listening", EXIT_REFUSED},
    {0},
};

static void print_verdict(const json_t *answer, const struct verdict *verdict)
{
    struct table_look look = table_look_of_stdout();
    const char *by = answer_text(answer, "by");
    char text[256];

    snprintf(text, sizeof(text), "A client from %s (source %s) %s%s%s%s.\n",
             answer_text(answer, "address"), answer_text(answer, "source"), verdict->text,
             by[0] != '\0' ? " (" : "", by, by[0] != '\0' ? ")" : "");
    table_print_styled(&look, view_style(verdict->name), text, stdout);
}

int explain_run(const struct ctl *ctl, char *arguments[])
{
    const struct verdict *verdict = verdicts;
    json_t *answer = NULL;
    int status =
        client_call(ctl, json_pack("{s:s, s:s}", "service", arguments[0], "address", arguments[1]),
                    CLIENT_TIMEOUT, &answer);

    while (verdict->name && strcmp(verdict->name, answer_text(answer, "verdict")) != 0)
        verdict++;
    if (status == EXIT_OK && !ctl->json) {
        if (verdict->name)
            print_verdict(answer, verdict);
        putchar('\n');
        status = print_items(VIEW_STEPS, json_object_get(answer, "steps"));
    }
    json_decref(answer);
    return status == EXIT_OK ? verdict->status : status;
}
