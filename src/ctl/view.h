/* view: the columns of all lists that stdinetctl shows, a row each: what a column shows, and where.
 *
 * A row of view.c makes the column in the tables of the commands (show.c), of top and of the page.
 * What is printed on a terminal is printed here; page.c makes HTML of the same rows and cells. Asks
 * no daemon.
 */
#ifndef STDINETD_CTL_VIEW_H
#define STDINETD_CTL_VIEW_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "ctl/table.h"

/* What an item is. The daemon is one whose members are its counts; the page alone shows it so. */
enum view {
    VIEW_SERVICES,
    VIEW_CONNECTIONS,
    VIEW_PARKED,
    VIEW_SOURCES,
    VIEW_BANS,
    VIEW_STEPS,
    VIEW_DAEMON
};

/* Where: the command that lists; top; the page; and a line each, where one item is all. */
enum view_place { VIEW_LIST, VIEW_TOP, VIEW_PAGE, VIEW_ONE, VIEW_PLACES };

enum view_kind {
    VIEW_TEXT,
    VIEW_WORD, /* a state or a verdict, in the style of the word */
    VIEW_LISTENS,
    VIEW_STARTS,
    /* From here on numbers, which stand to the right. */
    VIEW_COUNT, /* nothing where the item has none */
    VIEW_SUM,   /* of the counts in an object; alone, each of them */
    VIEW_RATE,
    VIEW_SPAN,    /* nothing where the item has none */
    VIEW_LEFT,    /* a span; for good without one */
    VIEW_PENALTY, /* a span; while it is not enforced the list alone has it */
    VIEW_ACTIVE,  /* with the limit, where there is one */
};

/* Each array: in the order of enum view_place. */
struct view_column {
    enum view view;
    const char *title;  /* a table on a terminal has it in upper case */
    const char *member; /* of the item, which is an object of an answer */
    enum view_kind kind;
    unsigned char at[VIEW_PLACES];       /* which column it is, from 1; 0: it isn't shown there */
    unsigned char rank[VIEW_PLACES];     /* table_column's */
    enum table_style style[VIEW_PLACES]; /* of a number above 0 */
    bool flexible;                       /* table_column's */
    bool hides_zero;                     /* the page leaves it out where it is 0 */
    const char *unit;                    /* behind it, on a line of its own */
};

/* The column that is number there, from 1; NULL beyond the last. */
const struct view_column *view_column_at(enum view view, enum view_place place, size_t number);

bool view_is_number(const struct view_column *column);

#define VIEW_CELL_SIZE 1024

/* Writes what the column shows of an item, "" for nothing, as the daemon said it: whoever prints it
 * escapes it. Returns how it looks. */
enum table_style view_cell(const struct view_column *column, enum view_place place,
                           const json_t *item, char text[static VIEW_CELL_SIZE]);

/* How the word for a state or a verdict looks. */
enum table_style view_style(const char *word);

/* Prints a table of the items, as many as look has rows. 0, or -ENOMEM with nothing printed. */
int view_print(enum view view, enum view_place place, const json_t *items,
               const struct table_look *look, FILE *file);

/* Two lines about the daemon, of a status. */
void view_print_daemon(const json_t *status, FILE *file);

#endif
