/* table: rows of words in columns that fit a terminal.
 *
 * What doesn't fit gives way: first the columns that may be cut, then, the least important one
 * first, whole columns. Where there is no terminal nothing is cut. Bytes that a terminal could take
 * amiss are escaped. Used by the commands that show lists, and by top.
 */
#ifndef STDINETD_CTL_TABLE_H
#define STDINETD_CTL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum table_style { STYLE_PLAIN, STYLE_TITLE, STYLE_GOOD, STYLE_BUSY, STYLE_BAD, STYLE_STILL };

struct table_column {
    const char *title; /* shorter than 512 bytes; printed in upper case */
    bool right;        /* numbers */
    bool flexible;     /* may be cut */
    int rank;          /* 0: always shown; else, where there is no room, the highest goes first */
};

#define TABLE_COLUMNS 12

struct table_cell {
    char *text; /* NULL: nothing */
    enum table_style style;
};

struct table {
    const struct table_column *columns;
    size_t column_count;
    struct table_cell (*rows)[TABLE_COLUMNS];
    size_t row_count, row_room;
    bool failed; /* no memory: some of it is missing */
};

/* How something is to look. */
struct table_look {
    size_t width; /* columns of a terminal; 0: any number */
    bool colour;
    size_t rows; /* at most; 0: all */
};

/* The look of standard output: COLUMNS or the terminal's width; colour where it is a terminal that
 * knows it, and NO_COLOR doesn't say no. */
struct table_look table_look_of_stdout(void);

/* An empty table; the columns must live as long. */
void table_begin(struct table *table, const struct table_column *columns, size_t count);
void table_free(struct table *table);

/* A new last row, whose cells follow. */
void table_add_row(struct table *table);
/* Sets a cell of the last row. */
void table_set(struct table *table, size_t column, enum table_style style, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Prints it with a line of titles. */
void table_print(const struct table *table, const struct table_look *look, FILE *file);

/* Prints text in a style, and nothing but text where there is no colour. */
void table_print_styled(const struct table_look *look, enum table_style style, const char *text,
                        FILE *file);

/* How many columns of a terminal text takes: a character each. */
size_t table_width(const char *text);

#endif
