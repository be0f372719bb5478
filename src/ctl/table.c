/* table: see table.h. */
#include "ctl/table.h"

#include <ctype.h>
#include <stdarg.h>
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

void table_begin(struct table *table, const struct table_column *columns, size_t count)
{
    *table = (struct table){.columns = columns, .column_count = count};
}

void table_free(struct table *table)
{
    for (size_t row = 0; row < table->row_count; row++)
        for (size_t column = 0; column < table->column_count; column++)
            free(table->rows[row][column].text);
    free(table->rows);
    *table = (struct table){0};
}

void table_add_row(struct table *table)
{
    size_t room = table->row_room > 0 ? table->row_room * 2 : 32;
    struct table_cell(*grown)[TABLE_COLUMNS];

    if (table->row_count == table->row_room) {
        grown = realloc(table->rows, room * sizeof(*grown));
        if (!grown) {
            table->failed = true;
            return;
        }
        table->rows = grown;
        table->row_room = room;
    }
    memset(table->rows[table->row_count++], 0, sizeof(*table->rows));
}

void table_set(struct table *table, size_t column, enum table_style style, const char *format, ...)
{
    char text[CELL_MAX], escaped[CELL_MAX];
    struct table_cell *cell;
    va_list arguments;

    if (table->failed || table->row_count == 0)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    text_escape(text, strlen(text), escaped, sizeof(escaped));
    cell = &table->rows[table->row_count - 1][column];
    free(cell->text);
    cell->text = strdup(escaped);
    cell->style = style;
    table->failed = cell->text == NULL;
}

/* --- fitting -------------------------------------------------------------------------------- */

size_t table_width(const char *text)
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

static size_t shown_rows(const struct table *table, const struct table_look *look)
{
    return look->rows > 0 && look->rows < table->row_count ? look->rows : table->row_count;
}

/* What each column would like to have; 0: not shown. */
static void measure(const struct table *table, const struct table_look *look, size_t *widths)
{
    for (size_t column = 0; column < table->column_count; column++) {
        widths[column] = table_width(table->columns[column].title);
        for (size_t row = 0; row < shown_rows(table, look); row++) {
            size_t width = table_width(text_of(table, row, column));

            if (width > widths[column])
                widths[column] = width;
        }
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

    if (table_width(text) <= width)
        return text;
    for (size_t left = width - 1; text[bytes] != '\0'; bytes++)
        if (((unsigned char)text[bytes] & 0xc0) != 0x80 && left-- == 0)
            break;
    snprintf(cut, CELL_MAX + 4, "%.*s~", (int)bytes, text);
    return cut;
}

/* The row's text in that column; of its title, with no row, the upper case. */
static const char *whole_text(const struct table *table, const struct table_cell *row,
                              size_t column, char title[static CELL_MAX])
{
    size_t length = 0;

    if (row)
        return row[column].text ? row[column].text : "";
    for (const char *text = table->columns[column].title; *text != '\0'; text++)
        title[length++] = (char)toupper((unsigned char)*text);
    title[length] = '\0';
    return title;
}

/* row of the table, or its titles with NULL. A line has no blanks at its end. */
static void print_row(const struct table *table, const struct table_look *look,
                      const size_t *widths, const struct table_cell *row, FILE *file)
{
    size_t blanks = 0;

    for (size_t column = 0; column < table->column_count; column++) {
        char title[CELL_MAX], cut[CELL_MAX + 4];
        const char *text;
        size_t room;

        if (widths[column] == 0)
            continue;
        text = cut_text(whole_text(table, row, column, title), widths[column], cut);
        room = widths[column] - table_width(text);
        if (table->columns[column].right)
            blanks += room;
        if (text[0] != '\0') {
            fprintf(file, "%*s", (int)blanks, "");
            table_print_styled(look, row ? row[column].style : STYLE_TITLE, text, file);
            blanks = 0;
        }
        blanks += (table->columns[column].right ? 0 : room) + GAP;
    }
    fputc('\n', file);
}

void table_print(const struct table *table, const struct table_look *look, FILE *file)
{
    size_t widths[TABLE_COLUMNS] = {0};

    fit(table, look, widths);
    print_row(table, look, widths, NULL, file);
    for (size_t row = 0; row < shown_rows(table, look); row++)
        print_row(table, look, widths, table->rows[row], file);
}
