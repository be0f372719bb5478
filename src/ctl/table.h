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
    const char *title; /* printed in upper case */
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
    size_t row_count; /* with the first, the titles */
    bool failed;      /* no memory: some of it is missing */
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

/* A table of empty cells; the columns must live as long. */
void table_begin(struct table *table, const struct table_column *columns, size_t column_count,
                 size_t row_count);

/* Sets a cell, once. */
void table_set(struct table *table, size_t row, size_t column, enum table_style style,
               const char *text);

/* Prints it with a line of titles, and frees it. 0, or -ENOMEM with nothing printed. */
int table_print(struct table *table, const struct table_look *look, FILE *file);

/* Prints text in a style, and nothing but text where there is no colour. */
void table_print_styled(const struct table_look *look, enum table_style style, const char *text,
                        FILE *file);

#endif
