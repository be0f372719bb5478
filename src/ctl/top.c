/* top: the command: a live table of the services, the busiest first, and of the busiest sources.
 *
 * Asks once a second, and goes on asking while there is no daemon: one that is started again is
 * shown again. q ends it. Rates and CPU are
 * those since the picture before.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "ctl/answer.h"
#include "ctl/command.h"
#include "ctl/screen.h"
#include "ctl/show.h"
#include "ctl/table.h"
#include "ctl/usage.h"

#define INTERVAL      1000 /* milliseconds */
#define PATIENCE      3000 /* that an answer may take */
#define SOURCES_SHOWN 8
#define HANDLERS_MOST 500 /* whose CPU time is looked at, a picture */

#define COUNT(items) (sizeof(items) / sizeof((items)[0]))

/* What was, for rates: by the name of the service. */
struct memory {
    json_t *services;    /* NAME: {"started", "refused", "cpu"} */
    uint64_t pid, asked; /* of which daemon, and when in milliseconds */
};

struct top {
    const struct ctl *ctl;
    struct client client; /* fd -1: there is none */
    json_t *status, *sources, *connections;
    struct memory before;
    uint64_t elapsed; /* milliseconds since then; 0: unknown */
    int error;        /* why there is no picture; 0: there is one */
};

/* --- asking --------------------------------------------------------------------------------- */

static void forget(struct top *top)
{
    json_decref(top->status);
    json_decref(top->sources);
    json_decref(top->connections);
    top->status = top->sources = top->connections = NULL;
}

static int ask_list(struct top *top, const char *command, int count, json_t **ret)
{
    return client_ask(&top->client, command, json_pack("{s:i}", "count", count), PATIENCE, ret);
}

static int ask(struct top *top)
{
    int error = top->client.fd < 0 ? client_open(top->ctl, &top->client) : 0;

    if (error < 0) {
        top->client.fd = -1;
        return error;
    }
    error = answer_ask_status(&top->client, NULL, false, PATIENCE, &top->status);
    if (error == 0)
        error = ask_list(top, "sources", SOURCES_SHOWN, &top->sources);
    if (error == 0)
        error = ask_list(top, "connections", HANDLERS_MOST, &top->connections);
    if (error == 0 && !client_is_ok(top->status))
        error = -EACCES;
    if (error < 0)
        client_close(&top->client);
    return error;
}

/* --- rates ---------------------------------------------------------------------------------- */

static uint64_t milliseconds_now(void)
{
    return clock_now() / CLOCK_MILLISECOND;
}

static uint64_t cpu_of(const struct top *top, const json_t *service)
{
    return answer_count(service, "cpu_ms") +
           usage_of_service(json_object_get(top->connections, "connections"),
                            answer_text(service, "name"));
}

/* Adds to each service what has changed since the picture before, a second: "per_s",
 * "refused_per_s" and "cpu_percent"; and remembers this one. */
static void compare(struct top *top)
{
    const json_t *services = json_object_get(top->status, "services");
    uint64_t now = milliseconds_now(), pid = answer_count(top->status, "pid");
    json_t *memory = json_object();

    top->elapsed = top->before.services && top->before.pid == pid ? now - top->before.asked : 0;
    for (size_t i = 0; i < json_array_size(services); i++) {
        json_t *service = json_array_get(services, i);
        const json_t *was = json_object_get(top->before.services, answer_text(service, "name"));
        uint64_t started = answer_count(service, "started");
        uint64_t refused = answer_sum(service, "refused"), cpu = cpu_of(top, service);
        double seconds = (double)top->elapsed / 1000;

        json_object_set_new(memory, answer_text(service, "name"),
                            json_pack("{s:I, s:I, s:I}", "started", (json_int_t)started, "refused",
                                      (json_int_t)refused, "cpu", (json_int_t)cpu));
        if (!was || seconds <= 0)
            continue;
        json_object_set_new(
            service, "per_s",
            json_real(((double)started - (double)answer_count(was, "started")) / seconds));
        json_object_set_new(
            service, "refused_per_s",
            json_real(((double)refused - (double)answer_count(was, "refused")) / seconds));
        json_object_set_new(
            service, "cpu_percent",
            json_real(((double)cpu - (double)answer_count(was, "cpu")) / 10 / seconds));
    }
    json_decref(top->before.services);
    top->before = (struct memory){memory, pid, now};
}

/* --- the picture ---------------------------------------------------------------------------- */

/* Busier ones first: by what is started and refused, then by what runs. */
static int compare_services(const void *left, const void *right)
{
    const json_t *one = *(const json_t *const *)left, *other = *(const json_t *const *)right;
    double difference = answer_number(other, "per_s") + answer_number(other, "refused_per_s") -
                        answer_number(one, "per_s") - answer_number(one, "refused_per_s");

    if (difference == 0)
        difference = (double)answer_count(other, "active") - (double)answer_count(one, "active");
    if (difference == 0)
        difference = (double)answer_count(other, "started") - (double)answer_count(one, "started");
    if (difference == 0)
        return strcmp(answer_text(one, "name"), answer_text(other, "name"));
    return difference > 0 ? 1 : -1;
}

static const struct table_column service_columns[] = {
    {.title = "SERVICE", .flexible = true},
    {.title = "STATE"},
    {.title = "ACTIVE", .right = true},
    {.title = "PER S", .right = true},
    {.title = "REF/S", .right = true, .rank = 2},
    {.title = "CPU %", .right = true, .rank = 1},
    {.title = "HELD", .right = true, .rank = 5},
    {.title = "STARTED", .right = true, .rank = 3},
    {.title = "REFUSED", .right = true, .rank = 4},
};

static void add_service(struct table *table, const json_t *service)
{
    const char *state = answer_text(service, "state");
    double refused = answer_number(service, "refused_per_s");
    char active[48];

    show_active(service, active, sizeof(active));
    table_add_row(table);
    table_set(table, 0, STYLE_PLAIN, "%s", answer_text(service, "name"));
    table_set(table, 1, show_state_style(state), "%s", state);
    table_set(table, 2, STYLE_PLAIN, "%s", active);
    table_set(table, 3, STYLE_PLAIN, "%.1f", answer_number(service, "per_s"));
    table_set(table, 4, refused > 0 ? STYLE_BUSY : STYLE_PLAIN, "%.1f", refused);
    table_set(table, 5, STYLE_PLAIN, "%.1f", answer_number(service, "cpu_percent"));
    table_set(table, 6, STYLE_PLAIN, "%" PRIu64, answer_count(service, "held"));
    table_set(table, 7, STYLE_PLAIN, "%" PRIu64, answer_count(service, "started"));
    table_set(table, 8, STYLE_PLAIN, "%" PRIu64, answer_sum(service, "refused"));
}

static void draw_services(const struct top *top, const struct table_look *look, FILE *file)
{
    const json_t *services = json_object_get(top->status, "services");
    size_t count = json_array_size(services);
    const json_t **sorted = calloc(count + 1, sizeof(const json_t *));
    struct table table;

    if (!sorted)
        return;
    for (size_t i = 0; i < count; i++)
        sorted[i] = json_array_get(services, i);
    qsort(sorted, count, sizeof(*sorted), compare_services);
    table_begin(&table, service_columns, COUNT(service_columns));
    for (size_t i = 0; i < count && i < look->rows; i++)
        add_service(&table, sorted[i]);
    table_print(&table, look, file);
    table_free(&table);
    free(sorted);
}

static const struct table_column source_columns[] = {
    {.title = "SOURCE"},
    {.title = "SERVICE", .flexible = true},
    {.title = "CONNECTIONS", .right = true},
    {.title = "PENALTY", .right = true, .rank = 1},
};

static void draw_sources(const struct top *top, const struct table_look *look, FILE *file)
{
    const json_t *sources = json_object_get(top->sources, "sources");
    struct table table;

    table_begin(&table, source_columns, COUNT(source_columns));
    for (size_t i = 0; i < json_array_size(sources); i++) {
        const json_t *source = json_array_get(sources, i);
        char left[ANSWER_SPAN_SIZE];

        table_add_row(&table);
        table_set(&table, 0, STYLE_PLAIN, "%s", answer_text(source, "source"));
        table_set(&table, 1, STYLE_PLAIN, "%s", answer_text(source, "service"));
        table_set(&table, 2, STYLE_PLAIN, "%" PRIu64, answer_count(source, "connections"));
        answer_format_span(answer_count(source, "penalty_ms"), left);
        if (answer_flag(source, "enforced"))
            table_set(&table, 3, STYLE_BAD, "%s", left);
    }
    table_print(&table, look, file);
    table_free(&table);
}

/* Two lines about the daemon, the services in what is left, and the sources below. */
static void draw_picture(const struct top *top, struct table_look *look, size_t rows, FILE *file)
{
    size_t sources = json_array_size(json_object_get(top->sources, "sources"));
    size_t services = json_array_size(json_object_get(top->status, "services"));
    size_t room = rows > 4 ? rows - 4 : 1;

    show_daemon(top->status, file);
    fputc('\n', file);
    /* Sources have their place where there is room for both. */
    look->rows = services;
    if (sources > 0 && room > sources + 2 && look->rows > room - sources - 2)
        look->rows = room - sources - 2;
    else if (look->rows > room)
        look->rows = room;
    draw_services(top, look, file);
    if (sources == 0)
        return;
    fputc('\n', file);
    look->rows = sources;
    draw_sources(top, look, file);
}

static void draw(const struct top *top)
{
    struct table_look look = table_look_of_stdout();
    char *text = NULL;
    size_t length, rows;
    FILE *file = open_memstream(&text, &length);

    if (!file)
        return;
    screen_size(&look.width, &rows);
    if (top->error < 0)
        fprintf(file, "stdinetctl: no daemon answers at %s: %s\nIt is asked again; q ends this.\n",
                client_path(top->ctl), strerror(-top->error));
    else
        draw_picture(top, &look, rows, file);
    if (fclose(file) == 0)
        screen_draw(text);
    free(text);
}

/* --- the command ---------------------------------------------------------------------------- */

static void refresh(struct top *top)
{
    forget(top);
    top->error = ask(top);
    if (top->error == 0)
        compare(top);
    draw(top);
}

static void run(struct top *top, struct screen *screen)
{
    nanoseconds next = 0;

    for (;;) {
        nanoseconds now = clock_now();
        char key = '\0';
        enum screen_event event;

        if (now >= next) {
            refresh(top);
            next = clock_now() + INTERVAL * CLOCK_MILLISECOND;
        }
        now = clock_now();
        event =
            screen_wait(screen, next > now ? (int)((next - now) / CLOCK_MILLISECOND) + 1 : 0, &key);
        if (event == SCREEN_END || (event == SCREEN_KEY && (key == 'q' || key == 'Q')))
            return;
        if (event == SCREEN_RESIZED)
            draw(top);
    }
}

int top_run(const struct ctl *ctl, int count, char *arguments[])
{
    struct top top = {.ctl = ctl, .client = {.fd = -1}};
    struct screen screen;
    int error;

    (void)count;
    (void)arguments;
    if (ctl->json)
        return ctl_fail(EXIT_USAGE, "top shows a terminal's table: for JSON ask status");
    error = screen_open(&screen);
    if (error < 0)
        return ctl_fail(error == -ENOTTY ? EXIT_USAGE : EXIT_SYSTEM, "top needs a terminal");
    run(&top, &screen);
    screen_close(&screen);
    forget(&top);
    json_decref(top.before.services);
    client_close(&top.client);
    return EXIT_OK;
}
