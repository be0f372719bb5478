/* lines: a text, line by line, and a line, word by word. Called by the readers of each dialect. */
#ifndef STDINETD_IMPORT_LINES_H
#define STDINETD_IMPORT_LINES_H

#include "import/import.h"

/* What separates words. */
#define IMPORT_BLANKS " \t\v\f\r"

struct import_lines {
    const char *at, *end;
};

/* The next line, without white space at its end, as a copy; NULL behind the last. Its number
 * becomes the one that is being read. A line that isn't UTF-8 is no line of a configuration: it is
 * left out, which is said unless it is a comment. */
const char *import_next_line(struct import *import, struct import_lines *lines);

/* Adds the words of text. With quotes, what stands in a pair of them is one word. */
void import_split_words(struct import *import, const char *text, bool quotes,
                        struct value_words *words);

#endif
