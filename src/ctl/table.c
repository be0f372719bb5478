/* table: see table.h. */
#include "ctl/table.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/text.h"
#include "base/value.h"

#define GAP         2
#define NARROWEST   8 /* what a column that may be cut keeps */
#define CELL_MAX    512
#define WIDTH_LEAST 20

/* --- the terminal --------------------------------------------------------------------------- */

static size_t terminal_width(void)
{
    const char *columns = getenv("COLUMNS");
    struct winsize size;
    uint64_t width;

    if (columns && value_parse_count(columns, &width) == 0 && width > 0 && width < 10000)
        return width < WIDTH_LEAST ? WIDTH_LEAST : (size_t)width;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
        return 80;
    return size.ws_col < WIDTH_LEAST ? WIDTH_LEAST : size.ws_col;
}

struct table_look table_look_of_stdout(void)
{
    const char *terminal = getenv("TERM"), *plain = getenv("NO_COLOR");
    struct table_look look = {0};

    if (isatty(STDOUT_FILENO)) {
        look.width = terminal_width();
        look.colour = terminal && terminal[0] != '\0' && strcmp(terminal, "dumb") != 0 &&
                      !(plain && plain[0] != '\0');
    }
    return look;
}

void table_print_styled(const struct table_look *look, enum table_style style, const char *text,
                        FILE *file)
{
    static const char *const codes[] = {
        [STYLE_PLAIN] = "",  [STYLE_TITLE] = "1", [STYLE_GOOD] = "32",
        [STYLE_BUSY] = "33", [STYLE_BAD] = "31",  [STYLE_STILL] = "36",
    };

    if (look->colour && style != STYLE_PLAIN)
        fprintf(file, "\x1b[%sm%s\x1b[0m", codes[style], text);
    else
        fputs(text, file);
}

/* --- filling -------------------------------------------------------------------------------- */

static void set(struct table *table, size_t row, size_t column, enum table_style style,
                const char *text)
{
    if (table->failed)
        return;
    table->rows[row][column] = (struct table_cell){strdup(text), style};
    table->failed = !table->rows[row][column].text;
}

void table_begin(struct table *table, const struct table_column *columns, size_t column_count,
                 size_t row_count)
{
    *table = (struct table){.columns = columns, .column_count = column_count};
    table->rows = calloc(row_count + 1, sizeof(*table->rows));
    table->row_count = table->rows ? row_count + 1 : 0;
    table->failed = !table->rows;
    for (size_t column = 0; column < column_count; column++) {
        set(table, 0, column, STYLE_TITLE, columns[column].title);
        for (char *text = table->failed ? NULL : table->rows[0][column].text; text && *text; text++)
            *text = (char)toupper((unsigned char)*text);
    }
}

void table_set(struct table *table, size_t row, size_t column, enum table_style style,
               const char *text)
{
    char escaped[CELL_MAX];

    text_escape(text, strlen(text), escaped, sizeof(escaped));
    set(table, row + 1, column, style, escaped);
}

/* --- fitting -------------------------------------------------------------------------------- */

/* How many columns of a terminal it takes: a character each. */
static size_t width_of(const char *text)
{
    size_t width = 0;

    for (; *text != '\0'; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80; /* what goes on a character is none */
    return width;
}

static const char *text_of(const struct table *table, size_t row, size_t column)
{
    const char *text = table->rows[row][column].text;

    return text ? text : "";
}

/* With the titles. */
static size_t shown_rows(const struct table *table, const struct table_look *look)
{
    return look->rows > 0 && look->rows < table->row_count ? look->rows + 1 : table->row_count;
}

/* What each column would like to have; 0: not shown. */
static void measure(const struct table *table, const struct table_look *look, size_t *widths)
{
    for (size_t column = 0; column < table->column_count; column++)
        for (size_t row = 0; row < shown_rows(table, look); row++) {
            size_t width = width_of(text_of(table, row, column));

            if (width > widths[column])
                widths[column] = width;
        }
}

static size_t total(const struct table *table, const size_t *widths)
{
    size_t sum = 0;

    for (size_t column = 0; column < table->column_count; column++)
        if (widths[column] > 0)
            sum += widths[column] + (sum > 0 ? GAP : 0);
    return sum;
}

/* Takes one from the widest column that may be cut; false where none has anything to give. */
static bool cut_one(const struct table *table, size_t *widths)
{
    size_t widest = table->column_count;

    for (size_t column = 0; column < table->column_count; column++)
        if (table->columns[column].flexible && widths[column] > NARROWEST &&
            (widest == table->column_count || widths[column] > widths[widest]))
            widest = column;
    if (widest == table->column_count)
        return false;
    widths[widest]--;
    return true;
}

/* Leaves out the least important column that is still shown. */
static bool drop_one(const struct table *table, size_t *widths)
{
    size_t least = table->column_count;

    for (size_t column = 0; column < table->column_count; column++)
        if (widths[column] > 0 && table->columns[column].rank > 0 &&
            (least == table->column_count ||
             table->columns[column].rank > table->columns[least].rank))
            least = column;
    if (least == table->column_count)
        return false;
    widths[least] = 0;
    return true;
}

static void fit(const struct table *table, const struct table_look *look, size_t *widths)
{
    size_t wanted[TABLE_COLUMNS];

    measure(table, look, widths);
    if (look->width == 0)
        return;
    memcpy(wanted, widths, sizeof(wanted));
    while (total(table, widths) > look->width) {
        if (cut_one(table, widths))
            continue;
        /* Even narrow they are too many: one less, and the others get their room back. */
        if (!drop_one(table, wanted))
            return;
        memcpy(widths, wanted, sizeof(wanted));
    }
}

/* --- printing ------------------------------------------------------------------------------- */

/* text in at most width columns, with a mark where it was cut; in cut where that is so. */
static const char *cut_text(const char *text, size_t width, char cut[static CELL_MAX + 4])
{
    size_t bytes = 0;

    if (width_of(text) <= width)
        return text;
    for (size_t left = width - 1; text[bytes] != '\0'; bytes++)
        if (((unsigned char)text[bytes] & 0xc0) != 0x80 && left-- == 0)
            break;
    snprintf(cut, CELL_MAX + 4, "%.*s~", (int)bytes, text);
    return cut;
}

/* A line has no blanks at its end. */
static void print_row(const struct table *table, const struct table_look *look,
                      const size_t *widths, size_t row, FILE *file)
{
    size_t blanks = 0;

    for (size_t column = 0; column < table->column_count; column++) {
        char cut[CELL_MAX + 4];
        const char *text;
        size_t room;

        if (widths[column] == 0)
            continue;
        text = cut_text(text_of(table, row, column), widths[column], cut);
        room = widths[column] - width_of(text);
        if (table->columns[column].right)
            blanks += room;
        if (text[0] != '\0') {
            fprintf(file, "%*s", (int)blanks, "");
            table_print_styled(look, table->rows[row][column].style, text, file);
            blanks = 0;
        }
        blanks += (table->columns[column].right ? 0 : room) + GAP;
    }
    fputc('\n', file);
}

static void free_rows(struct table *table)
{
    for (size_t row = 0; row < table->row_count; row++)
        for (size_t column = 0; column < table->column_count; column++)
            free(table->rows[row][column].text);
    free(table->rows);
}

int table_print(struct table *table, const struct table_look *look, FILE *file)
{
    size_t widths[TABLE_COLUMNS] = {0};

    if (!table->failed)
        fit(table, look, widths);
    for (size_t row = 0; !table->failed && row < shown_rows(table, look); row++)
        print_row(table, look, widths, row, file);
    free_rows(table);
    return table->failed ? -ENOMEM : 0;
}
