/* screen: the whole terminal for a program that redraws it in place, and gives it back as it was,
 * whichever way it ends.
 *
 * Signals that end or stop us, and a changed size, come as events of the same wait as keys and the
 * time. Used by top.
 */
#ifndef STDINETD_CTL_SCREEN_H
#define STDINETD_CTL_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

struct screen {
    struct termios before;
    int signals; /* a signalfd */
};

enum screen_event { SCREEN_TIME, SCREEN_KEY, SCREEN_RESIZED, SCREEN_END };

/* Takes the terminal that standard input and output are. 0; -ENOTTY where they are none; another
 * -errno. */
int screen_open(struct screen *screen);
void screen_close(struct screen *screen);

/* Its size now. */
void screen_size(size_t *ret_columns, size_t *ret_rows);

/* Draws text, whole lines, over what was there: as many as there is room for, the rest empty. */
void screen_draw(const char *text);

/* Waits for at most so many milliseconds. With SCREEN_KEY, *ret_key is what was typed. */
enum screen_event screen_wait(struct screen *screen, int milliseconds, char *ret_key);

#endif
