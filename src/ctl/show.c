/* show: the commands that show a list: status, connections, sources, bans. */
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "ctl/answer.h"
#include "ctl/command.h"
#include "ctl/show.h"
#include "ctl/table.h"

#define COUNT(items) (sizeof(items) / sizeof((items)[0]))

/* Prints the table, unless it couldn't be made. */
static int print_table(struct table *table)
{
    struct table_look look = table_look_of_stdout();
    bool failed = table->failed;

    if (!failed)
        table_print(table, &look, stdout);
    table_free(table);
    return failed ? ctl_fail(EXIT_SYSTEM, "out of memory") : EXIT_OK;
}

enum table_style show_state_style(const char *state)
{
    static const struct {
        const char *state;
        enum table_style style;
    } styles[] = {
        {"serving", STYLE_GOOD}, {"full", STYLE_BUSY},      {"limited", STYLE_BUSY},
        {"paused", STYLE_STILL}, {"draining", STYLE_STILL}, {"stopping", STYLE_STILL},
        {"pending", STYLE_BAD},  {"resting", STYLE_BAD},    {"starved", STYLE_BAD},
    };

    for (size_t i = 0; i < COUNT(styles); i++)
        if (strcmp(styles[i].state, state) == 0)
            return styles[i].style;
    return STYLE_PLAIN;
}

void show_active(const json_t *service, char *text, size_t size)
{
    uint64_t limit = answer_count(service, "limit");

    if (limit > 0)
        snprintf(text, size, "%" PRIu64 "/%" PRIu64, answer_count(service, "active"), limit);
    else
        snprintf(text, size, "%" PRIu64, answer_count(service, "active"));
}

/* --- status --------------------------------------------------------------------------------- */

void show_daemon(const json_t *status, FILE *file)
{
    char up[ANSWER_SPAN_SIZE];

    answer_format_span(answer_count(status, "uptime_ms"), up);
    fprintf(file,
            "stdinetd %s, pid %" PRIu64 ", up %s%s: %" PRIu64 " running, %" PRIu64 " held, %" PRIu64
            " connections so far",
            answer_text(status, "version"), answer_count(status, "pid"), up,
            answer_flag(status, "stopping") ? ", stopping" : "", answer_count(status, "active"),
            answer_count(status, "held"), answer_count(status, "connections"));
    fprintf(file,
            "\nsources %" PRIu64 ", bans %" PRIu64 ", fds %" PRIu64 "/%" PRIu64 ", reloads %" PRIu64
            " and %" PRIu64 " failed, log messages lost %" PRIu64 "\n",
            answer_count(status, "sources"), answer_count(status, "bans"),
            answer_count(status, "fds"), answer_count(status, "fds_limit"),
            answer_count(status, "reloads"), answer_count(status, "reloads_failed"),
            answer_count(status, "messages_lost"));
}

/* Where it listens: the first address, and how many more; why not, where it doesn't. */
static void set_listens(struct table *table, size_t column, const json_t *service)
{
    const json_t *listeners = json_object_get(service, "listeners");
    const json_t *shown = json_array_get(listeners, 0);
    uint64_t more = answer_count(service, "sockets");

    for (size_t i = 0; i < json_array_size(listeners); i++)
        if (strcmp(answer_text(json_array_get(listeners, i), "state"), "pending") == 0) {
            shown = json_array_get(listeners, i);
            break;
        }
    if (answer_text(shown, "error")[0] != '\0')
        table_set(table, column, STYLE_BAD, "%s: %s", answer_text(shown, "address"),
                  answer_text(shown, "error"));
    else if (more > 1)
        table_set(table, column, STYLE_PLAIN, "%s and %" PRIu64 " more",
                  answer_text(shown, "address"), more - 1);
    else
        table_set(table, column, STYLE_PLAIN, "%s", answer_text(shown, "address"));
}

static const struct table_column status_columns[] = {
    {.title = "SERVICE", .flexible = true},
    {.title = "STATE"},
    {.title = "ACTIVE", .right = true},
    {.title = "STARTED", .right = true, .rank = 2},
    {.title = "PER S", .right = true, .rank = 4},
    {.title = "REFUSED", .right = true, .rank = 1},
    {.title = "FAILED", .right = true, .rank = 3},
    {.title = "HELD", .right = true, .rank = 6},
    {.title = "LISTENS", .flexible = true, .rank = 5},
};

static void add_service(struct table *table, const json_t *service)
{
    const char *state = answer_text(service, "state");
    uint64_t failed = answer_sum(service, "start_failures");
    uint64_t refused = answer_sum(service, "refused");
    char active[48];

    show_active(service, active, sizeof(active));
    table_add_row(table);
    table_set(table, 0, STYLE_PLAIN, "%s", answer_text(service, "name"));
    table_set(table, 1, show_state_style(state), "%s", state);
    table_set(table, 2, STYLE_PLAIN, "%s", active);
    table_set(table, 3, STYLE_PLAIN, "%" PRIu64, answer_count(service, "started"));
    table_set(table, 4, STYLE_PLAIN, "%.1f", answer_number(service, "rate"));
    table_set(table, 5, refused > 0 ? STYLE_BUSY : STYLE_PLAIN, "%" PRIu64, refused);
    table_set(table, 6, failed > 0 ? STYLE_BAD : STYLE_PLAIN, "%" PRIu64, failed);
    table_set(table, 7, STYLE_PLAIN, "%" PRIu64, answer_count(service, "held"));
    set_listens(table, 8, service);
}

static int print_services(const json_t *status)
{
    const json_t *services = json_object_get(status, "services");
    struct table table;

    table_begin(&table, status_columns, COUNT(status_columns));
    for (size_t i = 0; i < json_array_size(services); i++)
        add_service(&table, json_array_get(services, i));
    return print_table(&table);
}

/* "reason 3, reason 1", or "none". */
static void print_counts(const char *title, const json_t *service, const char *member)
{
    json_t *counts = json_object_get(service, member), *value;
    const char *name, *before = "";

    printf("%-12s", title);
    json_object_foreach(counts, name, value)
    {
        printf("%s%s %" PRIu64, before, name, (uint64_t)json_integer_value(value));
        before = ", ";
    }
    puts(before[0] == '\0' ? "none" : "");
}

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
        const char *error = answer_text(listener, "error");
        char line[512];

        snprintf(line, sizeof(line), "%s, %s%s%s", answer_text(listener, "address"),
                 answer_text(listener, "state"), error[0] != '\0' ? ": " : "", error);
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

static void print_service(const json_t *service)
{
    struct table_look look = table_look_of_stdout();
    const char *state = answer_text(service, "state");
    char text[256], span[ANSWER_SPAN_SIZE];

    print_line("service", answer_text(service, "name"));
    if (answer_text(service, "description")[0] != '\0')
        print_line("description", answer_text(service, "description"));
    printf("%-12s", "state");
    table_print_styled(&look, show_state_style(state), state, stdout);
    if (answer_text(service, "error")[0] != '\0') {
        answer_format_span(answer_count(service, "rests_ms"), span);
        printf(" for %s: %s: %s", span, answer_text(service, "stage"),
               answer_text(service, "error"));
    }
    putchar('\n');
    show_active(service, text, sizeof(text));
    print_line("active", text);
    snprintf(text, sizeof(text),
             "%" PRIu64 ", %.1f a second; %" PRIu64 " clients were gone, %" PRIu64 " were lost",
             answer_count(service, "started"), answer_number(service, "rate"),
             answer_count(service, "gone"), answer_count(service, "accept_errors"));
    print_line("started", text);
    print_counts("ended", service, "exits");
    print_counts("refused", service, "refused");
    print_counts("failed", service, "start_failures");
    snprintf(text, sizeof(text), "%" PRIu64 " clients without a handler",
             answer_count(service, "held"));
    print_line("held", text);
    answer_format_span(answer_count(service, "cpu_ms"), span);
    print_line("CPU", span);
    print_warm(service);
    print_listeners(service);
}

int status_run(const struct ctl *ctl, int count, char *arguments[])
{
    const char *service = count > 1 ? arguments[1] : NULL;
    struct client client;
    json_t *status;
    int error = client_open(ctl, &client), result = EXIT_OK;

    if (error < 0)
        return client_fail(ctl, error);
    error = answer_ask_status(&client, service, false, CLIENT_TIMEOUT, &status);
    client_close(&client);
    if (error < 0)
        return client_fail(ctl, error);
    if (!client_is_ok(status))
        result = client_refused(ctl, status);
    else if (ctl->json)
        result = answer_print_json(status);
    else if (service)
        print_service(json_array_get(json_object_get(status, "services"), 0));
    else {
        show_daemon(status, stdout);
        putchar('\n');
        result = print_services(status);
    }
    json_decref(status);
    return result;
}

/* --- lists ---------------------------------------------------------------------------------- */

/* A list that one call gets: with what arguments, and how a row of it looks. */
struct list {
    const char *command, *member, *total; /* the list's and its length's names in the answer */
    const struct table_column *columns;
    size_t column_count;
    void (*add)(struct table *table, const json_t *item);
};

/* How many more there are than are shown. */
static void print_rest(uint64_t total, size_t shown)
{
    if (total > shown)
        printf("and %" PRIu64 " more\n", total - shown);
}

static int show_list(const struct ctl *ctl, const struct list *list, json_t *arguments)
{
    const json_t *items;
    struct table table;
    json_t *answer;
    int status = client_call(ctl, list->command, arguments, CLIENT_TIMEOUT, &answer);

    if (status != EXIT_OK)
        return status;
    if (ctl->json) {
        status = answer_print_json(answer);
    } else {
        items = json_object_get(answer, list->member);
        table_begin(&table, list->columns, list->column_count);
        for (size_t i = 0; i < json_array_size(items); i++)
            list->add(&table, json_array_get(items, i));
        status = print_table(&table);
        print_rest(answer_count(answer, list->total), json_array_size(items));
    }
    json_decref(answer);
    return status;
}

static json_t *service_argument(int count, char *arguments[])
{
    return count > 1 ? json_pack("{s:s}", "service", arguments[1]) : NULL;
}

static const struct table_column connection_columns[] = {
    {.title = "SERVICE", .flexible = true},
    {.title = "NUMBER", .right = true, .rank = 2},
    {.title = "PID", .right = true},
    {.title = "PEER", .flexible = true},
    {.title = "AGE", .right = true, .rank = 1},
    {.title = "STATE", .rank = 3},
};

static void add_connection(struct table *table, const json_t *item)
{
    char age[ANSWER_SPAN_SIZE];

    answer_format_span(answer_count(item, "age_ms"), age);
    table_add_row(table);
    table_set(table, 0, STYLE_PLAIN, "%s", answer_text(item, "service"));
    table_set(table, 1, STYLE_PLAIN, "%" PRIu64, answer_count(item, "connection"));
    if (answer_count(item, "pid") > 0)
        table_set(table, 2, STYLE_PLAIN, "%" PRIu64, answer_count(item, "pid"));
    table_set(table, 3, STYLE_PLAIN, "%s", answer_text(item, "peer"));
    table_set(table, 4, STYLE_PLAIN, "%s", age);
    table_set(table, 5, STYLE_PLAIN, "%s", answer_text(item, "state"));
}

static const struct table_column parked_columns[] = {
    {.title = "SERVICE", .flexible = true},
    {.title = "STATE"},
    {.title = "PID", .right = true},
    {.title = "AGE", .right = true, .rank = 1},
    {.title = "USES", .right = true, .rank = 2},
};

static void add_parked(struct table *table, const json_t *item)
{
    const char *state = answer_text(item, "state");
    char age[ANSWER_SPAN_SIZE];

    answer_format_span(answer_count(item, "age_ms"), age);
    table_add_row(table);
    table_set(table, 0, STYLE_PLAIN, "%s", answer_text(item, "service"));
    table_set(table, 1, STYLE_PLAIN, "%s", state);
    table_set(table, 2, STYLE_PLAIN, "%" PRIu64, answer_count(item, "pid"));
    if (strcmp(state, "warmer") == 0)
        return;
    table_set(table, 3, STYLE_PLAIN, "%s", age);
    table_set(table, 4, STYLE_PLAIN, "%" PRIu64, answer_count(item, "uses"));
}

int connections_run(const struct ctl *ctl, int count, char *arguments[])
{
    static const struct list lists[] = {{"connections", "connections", "total", connection_columns,
                                         COUNT(connection_columns), add_connection},
                                        {"connections", "parked", "parked_total", parked_columns,
                                         COUNT(parked_columns), add_parked}};
    static const struct option longs[] = {{"parked", no_argument, NULL, 'p'}, {0}};
    const char *service;
    bool parked = false;
    int value;

    while ((value = getopt_long(count, arguments, "p", longs, NULL)) != -1) {
        if (value != 'p')
            return EXIT_USAGE;
        parked = true;
    }
    if (count - optind > 1)
        return ctl_fail(EXIT_USAGE, "usage: stdinetctl connections [--parked] [SERVICE]");
    service = arguments[optind];
    return show_list(ctl, &lists[parked],
                     json_pack("{s:b, s:s*}", "parked", parked, "service", service));
}

static const struct table_column source_columns[] = {
    {.title = "SERVICE", .flexible = true},
    {.title = "SOURCE"},
    {.title = "CONNECTIONS", .right = true},
    {.title = "PENALTY", .right = true},
};

static void add_source(struct table *table, const json_t *item)
{
    uint64_t penalty = answer_count(item, "penalty_ms");
    char left[ANSWER_SPAN_SIZE];

    answer_format_span(penalty, left);
    table_add_row(table);
    table_set(table, 0, STYLE_PLAIN, "%s", answer_text(item, "service"));
    table_set(table, 1, STYLE_PLAIN, "%s", answer_text(item, "source"));
    table_set(table, 2, STYLE_PLAIN, "%" PRIu64, answer_count(item, "connections"));
    if (penalty > 0)
        table_set(table, 3, answer_flag(item, "enforced") ? STYLE_BAD : STYLE_BUSY, "%s%s", left,
                  answer_flag(item, "enforced") ? "" : " (not yet)");
}

int sources_run(const struct ctl *ctl, int count, char *arguments[])
{
    static const struct list list = {
        "sources", "sources", "total", source_columns, COUNT(source_columns), add_source};

    return show_list(ctl, &list, service_argument(count, arguments));
}

static const struct table_column ban_columns[] = {
    {.title = "SOURCE"},
    {.title = "LEFT", .right = true},
};

static void add_ban(struct table *table, const json_t *item)
{
    char left[ANSWER_SPAN_SIZE] = "for good";

    if (json_object_get(item, "left_ms"))
        answer_format_span(answer_count(item, "left_ms"), left);
    table_add_row(table);
    table_set(table, 0, STYLE_PLAIN, "%s", answer_text(item, "source"));
    table_set(table, 1, STYLE_PLAIN, "%s", left);
}

int bans_run(const struct ctl *ctl, int count, char *arguments[])
{
    static const struct list list = {"bans", "bans", "total", ban_columns, COUNT(ban_columns),
                                     add_ban};

    (void)count;
    (void)arguments;
    return show_list(ctl, &list, NULL);
}

/* --- explain -------------------------------------------------------------------------------- */

static enum table_style verdict_style(const char *verdict)
{
    if (strcmp(verdict, "pass") == 0 || strcmp(verdict, "admit") == 0)
        return STYLE_GOOD;
    return strcmp(verdict, "queue") == 0 || strcmp(verdict, "hold") == 0 ? STYLE_BUSY : STYLE_BAD;
}

static const struct table_column step_columns[] = {
    {.title = "RULE"},
    {.title = "VERDICT"},
    {.title = "BECAUSE", .flexible = true},
};

static int print_steps(const json_t *answer)
{
    const json_t *steps = json_object_get(answer, "steps");
    struct table table;

    table_begin(&table, step_columns, COUNT(step_columns));
    for (size_t i = 0; i < json_array_size(steps); i++) {
        const json_t *step = json_array_get(steps, i);
        const char *verdict = answer_text(step, "verdict");

        table_add_row(&table);
        table_set(&table, 0, STYLE_PLAIN, "%s", answer_text(step, "rule"));
        table_set(&table, 1, verdict_style(verdict), "%s", verdict);
        table_set(&table, 2, STYLE_PLAIN, "%s", answer_text(step, "text"));
    }
    return print_table(&table);
}

static void print_verdict(const json_t *answer)
{
    static const struct {
        const char *verdict, *text;
    } sentences[] = {
        {"admit", "is admitted: a handler is started"},
        {"hold", "is held, and gets a handler with its first byte"},
        {"queue", "waits in the backlog"},
        {"refuse", "is refused"},
        {"unreachable", "finds nobody who listens"},
    };
    struct table_look look = table_look_of_stdout();
    const char *verdict = answer_text(answer, "verdict"), *by = answer_text(answer, "by");
    char text[256];

    for (size_t i = 0; i < COUNT(sentences); i++)
        if (strcmp(sentences[i].verdict, verdict) == 0) {
            snprintf(text, sizeof(text), "A client from %s (source %s) %s%s%s%s.\n",
                     answer_text(answer, "address"), answer_text(answer, "source"),
                     sentences[i].text, by[0] != '\0' ? " (" : "", by, by[0] != '\0' ? ")" : "");
            table_print_styled(&look, verdict_style(verdict), text, stdout);
        }
}

/* Whoever isn't refused is served sooner or later. */
static bool is_served(const json_t *answer)
{
    const char *verdict = answer_text(answer, "verdict");

    return strcmp(verdict, "refuse") != 0 && strcmp(verdict, "unreachable") != 0;
}

int explain_run(const struct ctl *ctl, int count, char *arguments[])
{
    json_t *answer;
    int status = client_call(
        ctl, "explain", json_pack("{s:s, s:s}", "service", arguments[1], "address", arguments[2]),
        CLIENT_TIMEOUT, &answer);

    (void)count;
    if (status != EXIT_OK)
        return status;
    if (ctl->json) {
        answer_print_json(answer);
    } else {
        print_verdict(answer);
        putchar('\n');
        status = print_steps(answer);
    }
    if (status == EXIT_OK && !is_served(answer))
        status = EXIT_REFUSED;
    json_decref(answer);
    return status;
}
