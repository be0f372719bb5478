/* view: see view.h. Used by show.c, top.c and page.c. */
#include "ctl/view.h"

#include <inttypes.h>
#include <string.h>

#include "ctl/answer.h"

#define COUNT(items) (sizeof(items) / sizeof((items)[0]))

/* Each at its place in: list, top, page, one. Those of a view stand together. */
static const struct view_column columns[] = {
    {VIEW_SERVICES, "service", "name", VIEW_TEXT, .at = {1, 1}, .flexible = true},
    {VIEW_SERVICES, "state", "state", VIEW_WORD, .at = {2, 2}},
    {VIEW_SERVICES, "active", "active", VIEW_ACTIVE, .at = {3, 3, 1, 1}},
    {VIEW_SERVICES, "started", "started", VIEW_STARTS, .at = {0, 0, 0, 2}},
    {VIEW_SERVICES, "started", "started", VIEW_COUNT, .at = {4, 8, 2}, .rank = {2, 3}},
    {VIEW_SERVICES, "per s", "rate", VIEW_RATE, .at = {5, 0, 3}, .rank = {4}},
    {VIEW_SERVICES, "per s", "per_s", VIEW_RATE, .at = {0, 4}},
    {VIEW_SERVICES, "ref/s", "refused_per_s", VIEW_RATE, .at = {0, 5}, .rank = {0, 2},
     .style = {0, STYLE_BUSY}},
    {VIEW_SERVICES, "CPU %", "cpu_percent", VIEW_RATE, .at = {0, 6}, .rank = {0, 1}},
    {VIEW_SERVICES, "ended", "exits", VIEW_SUM, .at = {0, 0, 0, 3}},
    {VIEW_SERVICES, "refused", "refused", VIEW_SUM, .at = {6, 9, 5, 4}, .rank = {1, 4},
     .style = {STYLE_BUSY}},
    {VIEW_SERVICES, "failed", "start_failures", VIEW_SUM, .at = {7, 0, 6, 5}, .rank = {3},
     .style = {STYLE_BAD}},
    {VIEW_SERVICES, "held", "held", VIEW_COUNT, .at = {8, 7, 4, 6}, .rank = {6, 5},
     .hides_zero = true, .unit = " clients without a handler"},
    {VIEW_SERVICES, "CPU", "cpu_ms", VIEW_SPAN, .at = {0, 0, 0, 7}},
    {VIEW_SERVICES, "listens", "listeners", VIEW_LISTENS, .at = {9}, .rank = {5}, .flexible = true},
    {VIEW_CONNECTIONS, "service", "service", VIEW_TEXT, .at = {1}, .flexible = true},
    {VIEW_CONNECTIONS, "number", "connection", VIEW_COUNT, .at = {2}, .rank = {2}},
    {VIEW_CONNECTIONS, "pid", "pid", VIEW_COUNT, .at = {3}},
    {VIEW_CONNECTIONS, "peer", "peer", VIEW_TEXT, .at = {4}, .flexible = true},
    {VIEW_CONNECTIONS, "age", "age_ms", VIEW_SPAN, .at = {5}, .rank = {1}},
    {VIEW_CONNECTIONS, "state", "state", VIEW_TEXT, .at = {6}, .rank = {3}},
    {VIEW_PARKED, "service", "service", VIEW_TEXT, .at = {1}, .flexible = true},
    {VIEW_PARKED, "state", "state", VIEW_TEXT, .at = {2}},
    {VIEW_PARKED, "pid", "pid", VIEW_COUNT, .at = {3}},
    {VIEW_PARKED, "age", "age_ms", VIEW_SPAN, .at = {4}, .rank = {1}},
    {VIEW_PARKED, "uses", "uses", VIEW_COUNT, .at = {5}, .rank = {2}},
    {VIEW_SOURCES, "service", "service", VIEW_TEXT, .at = {1, 2, 2}, .flexible = true},
    {VIEW_SOURCES, "source", "source", VIEW_TEXT, .at = {2, 1, 1}},
    {VIEW_SOURCES, "connections", "connections", VIEW_COUNT, .at = {3, 3, 3}},
    {VIEW_SOURCES, "penalty", "penalty_ms", VIEW_PENALTY, .at = {4, 4, 4}, .rank = {0, 1}},
    {VIEW_BANS, "source", "source", VIEW_TEXT, .at = {1, 0, 1}},
    {VIEW_BANS, "left", "left_ms", VIEW_LEFT, .at = {2, 0, 2}},
    {VIEW_STEPS, "rule", "rule", VIEW_TEXT, .at = {1}},
    {VIEW_STEPS, "verdict", "verdict", VIEW_WORD, .at = {2}},
    {VIEW_STEPS, "because", "text", VIEW_TEXT, .at = {3}, .flexible = true},
    {VIEW_DAEMON, "running", "active", VIEW_COUNT, .at = {0, 0, 1}},
    {VIEW_DAEMON, "held", "held", VIEW_COUNT, .at = {0, 0, 2}},
    {VIEW_DAEMON, "connections", "connections", VIEW_COUNT, .at = {0, 0, 3}},
    {VIEW_DAEMON, "sources", "sources", VIEW_COUNT, .at = {0, 0, 4}},
    {VIEW_DAEMON, "bans", "bans", VIEW_COUNT, .at = {0, 0, 5}},
    {VIEW_DAEMON, "open files", "fds", VIEW_COUNT, .at = {0, 0, 6}},
    {VIEW_DAEMON, "reloads", "reloads", VIEW_COUNT, .at = {0, 0, 7}},
    {VIEW_DAEMON, "failed reloads", "reloads_failed", VIEW_COUNT, .at = {0, 0, 8},
     .hides_zero = true},
    {VIEW_DAEMON, "log lines lost", "messages_lost", VIEW_COUNT, .at = {0, 0, 9},
     .hides_zero = true},
};

const struct view_column *view_column_at(enum view view, enum view_place place, size_t number)
{
    for (size_t i = 0; i < COUNT(columns); i++)
        if (columns[i].view == view && columns[i].at[place] == number)
            return &columns[i];
    return NULL;
}

bool view_is_number(const struct view_column *column)
{
    return column->kind >= VIEW_COUNT;
}

/* --- a cell --------------------------------------------------------------------------------- */

enum table_style view_style(const char *word)
{
    static const struct {
        const char *word;
        enum table_style style;
    } styles[] = {
        {"serving", STYLE_GOOD}, {"full", STYLE_BUSY},      {"limited", STYLE_BUSY},
        {"paused", STYLE_STILL}, {"draining", STYLE_STILL}, {"stopping", STYLE_STILL},
        {"pending", STYLE_BAD},  {"resting", STYLE_BAD},    {"starved", STYLE_BAD},
        {"pass", STYLE_GOOD},    {"admit", STYLE_GOOD},     {"queue", STYLE_BUSY},
        {"hold", STYLE_BUSY},    {"refuse", STYLE_BAD},     {"unreachable", STYLE_BAD},
    };

    for (size_t i = 0; i < COUNT(styles); i++)
        if (strcmp(styles[i].word, word) == 0)
            return styles[i].style;
    return STYLE_PLAIN;
}

/* Where it listens: the first address, and how many more; why not, where it doesn't. */
static enum table_style write_listens(const json_t *service, char text[static VIEW_CELL_SIZE])
{
    const json_t *listeners = json_object_get(service, "listeners");
    const json_t *shown = json_array_get(listeners, 0);
    uint64_t more = answer_count(service, "sockets");
    const char *address, *error;

    for (size_t i = 0; i < json_array_size(listeners); i++)
        if (strcmp(answer_text(json_array_get(listeners, i), "state"), "pending") == 0) {
            shown = json_array_get(listeners, i);
            break;
        }
    address = answer_text(shown, "address");
    error = answer_text(shown, "error");
    if (error[0] != '\0')
        snprintf(text, VIEW_CELL_SIZE, "%s: %s", address, error);
    else if (more > 1)
        snprintf(text, VIEW_CELL_SIZE, "%s and %" PRIu64 " more", address, more - 1);
    else
        snprintf(text, VIEW_CELL_SIZE, "%s", address);
    return error[0] != '\0' ? STYLE_BAD : STYLE_PLAIN;
}

static void write_starts(const json_t *service, char text[static VIEW_CELL_SIZE])
{
    snprintf(text, VIEW_CELL_SIZE,
             "%" PRIu64 ", %.1f a second; %" PRIu64
             " clients hung up before their handler started, %" PRIu64 " dropped",
             answer_count(service, "started"), answer_number(service, "rate"),
             answer_count(service, "gone"), answer_count(service, "accept_errors"));
}

/* "full 3, denied 1", or "none". */
static void write_counts(json_t *counts, char text[static VIEW_CELL_SIZE])
{
    size_t used = 0;
    const char *name;
    json_t *value;

    snprintf(text, VIEW_CELL_SIZE, "none");
    json_object_foreach(counts, name, value)
    {
        int more = snprintf(text + used, VIEW_CELL_SIZE - used, "%s%s %" PRIu64,
                            used > 0 ? ", " : "", name, (uint64_t)json_integer_value(value));

        if (more < 0 || (size_t)more >= VIEW_CELL_SIZE - used)
            return;
        used += (size_t)more;
    }
}

static enum table_style write_penalty(const json_t *source, enum view_place place,
                                      char text[static VIEW_CELL_SIZE])
{
    bool enforced = answer_flag(source, "enforced");
    char left[ANSWER_SPAN_SIZE];

    if (!enforced && (place != VIEW_LIST || answer_count(source, "penalty_ms") == 0))
        return STYLE_PLAIN;
    answer_format_span(answer_count(source, "penalty_ms"), left);
    snprintf(text, VIEW_CELL_SIZE, "%s%s", left, enforced ? "" : " (not yet)");
    return enforced ? STYLE_BAD : STYLE_BUSY;
}

static void write_active(const json_t *service, char text[static VIEW_CELL_SIZE])
{
    uint64_t active = answer_count(service, "active"), limit = answer_count(service, "limit");

    if (limit > 0)
        snprintf(text, VIEW_CELL_SIZE, "%" PRIu64 "/%" PRIu64, active, limit);
    else
        snprintf(text, VIEW_CELL_SIZE, "%" PRIu64, active);
}

enum table_style view_cell(const struct view_column *column, enum view_place place,
                           const json_t *item, char text[static VIEW_CELL_SIZE])
{
    json_t *value = json_object_get(item, column->member);
    uint64_t count = column->kind == VIEW_SUM ? answer_sum(item, column->member)
                                              : answer_count(item, column->member);

    text[0] = '\0';
    switch (column->kind) {
    case VIEW_TEXT:
    case VIEW_WORD:
        snprintf(text, VIEW_CELL_SIZE, "%s", answer_text(item, column->member));
        return column->kind == VIEW_WORD ? view_style(text) : STYLE_PLAIN;
    case VIEW_LISTENS:
        return write_listens(item, text);
    case VIEW_PENALTY:
        return write_penalty(item, place, text);
    case VIEW_STARTS:
        write_starts(item, text);
        break;
    case VIEW_ACTIVE:
        write_active(item, text);
        break;
    case VIEW_RATE:
        snprintf(text, VIEW_CELL_SIZE, "%.1f", json_number_value(value));
        return json_number_value(value) > 0 ? column->style[place] : STYLE_PLAIN;
    case VIEW_SUM:
        if (place == VIEW_ONE)
            write_counts(value, text);
        else
            snprintf(text, VIEW_CELL_SIZE, "%" PRIu64, count);
        break;
    case VIEW_COUNT:
        if (value)
            snprintf(text, VIEW_CELL_SIZE, "%" PRIu64 "%s", count,
                     place == VIEW_ONE && column->unit ? column->unit : "");
        break;
    case VIEW_SPAN:
    case VIEW_LEFT:
        if (value)
            answer_format_span(count, text);
        else if (column->kind == VIEW_LEFT)
            snprintf(text, VIEW_CELL_SIZE, "for good");
    }
    return count > 0 ? column->style[place] : STYLE_PLAIN;
}

/* --- on a terminal -------------------------------------------------------------------------- */

int view_print(enum view view, enum view_place place, const json_t *items,
               const struct table_look *look, FILE *file)
{
    struct table_column shown[TABLE_COLUMNS];
    const struct view_column *column;
    size_t count = 0, rows = json_array_size(items);
    struct table table;

    if (look->rows > 0 && look->rows < rows)
        rows = look->rows;
    for (; (column = view_column_at(view, place, count + 1)); count++)
        shown[count] = (struct table_column){column->title, view_is_number(column),
                                             column->flexible, column->rank[place]};
    table_begin(&table, shown, count, rows);
    for (size_t i = 0; i < rows * count; i++) {
        char text[VIEW_CELL_SIZE];
        enum table_style style = view_cell(view_column_at(view, place, i % count + 1), place,
                                           json_array_get(items, i / count), text);

        table_set(&table, i / count, i % count, style, text);
    }
    return table_print(&table, look, file);
}

void view_print_daemon(const json_t *status, FILE *file)
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
            " (%" PRIu64 " failed), log messages lost %" PRIu64 "\n",
            answer_count(status, "sources"), answer_count(status, "bans"),
            answer_count(status, "fds"), answer_count(status, "fds_limit"),
            answer_count(status, "reloads"), answer_count(status, "reloads_failed"),
            answer_count(status, "messages_lost"));
}
