/* top: the command: a live table of the services, the busiest first, and of the busiest sources.
 *
 * Asks once a second, and goes on asking while there is no daemon: one that is started again is
 * shown again. q ends it. Rates and CPU are those since the picture before.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "ctl/answer.h"
#include "ctl/command.h"
#include "ctl/screen.h"
#include "ctl/view.h"

#define COUNT(items) (sizeof(items) / sizeof((items)[0]))

#define INTERVAL      1000 /* milliseconds */
#define PATIENCE      3000 /* that an answer may take */
#define SOURCES_SHOWN 8
#define HANDLERS_MOST 500 /* whose CPU time is looked at, a picture */

/* What was, for rates: by the name of the service. */
struct memory {
    json_t *services;    /* NAME: the count of each rate */
    uint64_t pid, asked; /* of which daemon, and when in milliseconds */
};

struct top {
    const struct ctl *ctl;
    struct client client; /* fd -1: there is none */
    json_t *status, *sources, *connections;
    struct memory before;
    int error; /* why there is no picture; 0: there is one */
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
    error = answer_ask_status(&top->client, NULL, PATIENCE, &top->status);
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

/* --- CPU time -------------------------------------------------------------------------------- */

/* utime, stime, cutime and cstime are the 14th to 17th field, proc_pid_stat(5); the name before
 * them may hold blanks and parentheses. */
static uint64_t ticks_of(const char *stat)
{
    const char *end = strrchr(stat, ')');
    uint64_t ticks[4];

    if (!end || sscanf(end + 1,
                       " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64
                       " %" SCNu64 " %" SCNu64,
                       &ticks[0], &ticks[1], &ticks[2], &ticks[3]) != 4)
        return 0;
    return ticks[0] + ticks[1] + ticks[2] + ticks[3];
}

/* CPU time in milliseconds that a process and its children that ended have used; 0 where it is
 * gone, or can't be asked. */
static uint64_t cpu_of_process(uint64_t pid)
{
    long per_second = sysconf(_SC_CLK_TCK);
    char path[64], stat[1024];
    FD_CLEANUP int fd = -1;
    ssize_t got;

    snprintf(path, sizeof(path), "/proc/%" PRIu64 "/stat", pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    got = fd >= 0 ? read(fd, stat, sizeof(stat) - 1) : -1;
    if (got <= 0 || per_second <= 0)
        return 0;
    stat[got] = '\0';
    return ticks_of(stat) * 1000 / (uint64_t)per_second;
}

/* Of a service's handlers: those that have ended as the daemon counts it, and of those that run as
 * the kernel does. */
static uint64_t cpu_of_service(const struct top *top, const json_t *service)
{
    const json_t *connections = json_object_get(top->connections, "connections");
    uint64_t sum = answer_count(service, "cpu_ms");

    for (size_t i = 0; i < json_array_size(connections); i++) {
        const json_t *connection = json_array_get(connections, i);

        if (answer_count(connection, "pid") > 0 &&
            strcmp(answer_text(connection, "service"), answer_text(service, "name")) == 0)
            sum += cpu_of_process(answer_count(connection, "pid"));
    }
    return sum;
}

/* --- rates ---------------------------------------------------------------------------------- */

/* Adds to each service what has changed since the picture before, a second; and remembers this
 * one. */
static void compare(struct top *top)
{
    static const struct {
        const char *member; /* of the service, and of what is remembered */
        double unit;
    } rates[] = {{"per_s", 1}, {"refused_per_s", 1}, {"cpu_percent", 10}};
    const json_t *services = json_object_get(top->status, "services");
    uint64_t now = clock_now() / CLOCK_MILLISECOND, pid = answer_count(top->status, "pid");
    json_t *memory = json_object();
    uint64_t elapsed = top->before.services && top->before.pid == pid ? now - top->before.asked : 0;

    for (size_t i = 0; i < json_array_size(services); i++) {
        json_t *service = json_array_get(services, i);
        const json_t *was = json_object_get(top->before.services, answer_text(service, "name"));
        const uint64_t counts[COUNT(rates)] = {answer_count(service, "started"),
                                               answer_sum(service, "refused"),
                                               cpu_of_service(top, service)};
        json_t *remembered = json_object();

        for (size_t j = 0; j < COUNT(rates); j++) {
            double more = (double)counts[j] - (double)answer_count(was, rates[j].member);

            json_object_set_new(remembered, rates[j].member, json_integer((json_int_t)counts[j]));
            if (was && elapsed > 0)
                json_object_set_new(service, rates[j].member,
                                    json_real(more / rates[j].unit / ((double)elapsed / 1000)));
        }
        json_object_set_new(memory, answer_text(service, "name"), remembered);
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

/* Puts the services in that order; without memory they stay as they are. */
static void sort(struct top *top)
{
    json_t *services = json_object_get(top->status, "services"), *sorted = json_array();
    size_t count = json_array_size(services);
    json_t **items = calloc(count + 1, sizeof(*items));

    for (size_t i = 0; items && i < count; i++)
        items[i] = json_array_get(services, i);
    if (items)
        qsort(items, count, sizeof(*items), compare_services);
    for (size_t i = 0; items && i < count; i++)
        json_array_append(sorted, items[i]);
    if (json_array_size(sorted) == count)
        json_object_set(top->status, "services", sorted);
    json_decref(sorted);
    free(items);
}

/* Two lines about the daemon, the services in what is left, and the sources below. */
static void draw_picture(const struct top *top, struct table_look *look, size_t rows, FILE *file)
{
    const json_t *source_list = json_object_get(top->sources, "sources");
    const json_t *service_list = json_object_get(top->status, "services");
    size_t sources = json_array_size(source_list), services = json_array_size(service_list);
    size_t room = rows > 4 ? rows - 4 : 1;

    view_print_daemon(top->status, file);
    fputc('\n', file);
    /* Sources have their place where there is room for both. */
    look->rows = services;
    if (sources > 0 && room > sources + 2 && look->rows > room - sources - 2)
        look->rows = room - sources - 2;
    else if (look->rows > room)
        look->rows = room;
    view_print(VIEW_SERVICES, VIEW_TOP, service_list, look, file);
    if (sources == 0)
        return;
    fputc('\n', file);
    look->rows = sources;
    view_print(VIEW_SOURCES, VIEW_TOP, source_list, look, file);
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
        fprintf(file, "stdinetctl: no daemon answers at %s: %s\nRetrying; press q to quit.\n",
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
    sort(top);
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

int top_run(const struct ctl *ctl, char *arguments[])
{
    struct top top = {.ctl = ctl, .client = {.fd = -1}};
    struct screen screen;
    int error;

    (void)arguments;
    if (ctl->json)
        return ctl_fail(EXIT_USAGE, "top has no JSON output; use --json status");
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
