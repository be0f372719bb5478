/* page: the pieces of the status page. Used by page.c alone. */
#ifndef STDINETD_CTL_PAGE_H
#define STDINETD_CTL_PAGE_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

/* page_style.c: how it looks, by day and by night; and the script that refreshes it. */
extern const char page_style[];
extern const char page_script[];

/* page_plot.c: a bar of how full it is, and a plot of the last half hour, as SVG. */
void page_put_bar(FILE *file, uint64_t active, uint64_t limit);
void page_put_plot(FILE *file, const json_t *service, uint64_t slot_seconds);

#endif
