/* words: every word that programs may match, for --list-words and the check of the pages. */
#ifndef STDINETD_CONTROL_WORDS_H
#define STDINETD_CONTROL_WORDS_H

#include <stdio.h>

/* Prints a line "KIND WORD" for each: reason, outcome, stage, state, metric, event. */
void words_list(FILE *file);

#endif
