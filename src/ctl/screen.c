/* screen: see screen.h. What is written are the sequences of ECMA-48 that every terminal knows. */
#include "ctl/screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/fd.h"

#define ENTER     "\x1b[?1049h\x1b[?25l\x1b[?7l" /* the other screen, no cursor, no wrapping */
#define LEAVE     "\x1b[?7h\x1b[?25h\x1b[?1049l"
#define HOME      "\x1b[H"
#define CLEAR_ROW "\x1b[K"
#define CLEAR     "\x1b[J"

static int take_terminal(const struct screen *screen)
{
    struct termios raw = screen->before;

    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw) < 0)
        return -errno;
    fputs(ENTER, stdout);
    return fflush(stdout) == 0 ? 0 : -errno;
}

static void give_terminal(const struct screen *screen)
{
    fputs(LEAVE, stdout);
    fflush(stdout);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &screen->before);
}

int screen_open(struct screen *screen)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH};
    sigset_t set;

    if (!isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &screen->before) < 0)
        return -ENOTTY;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        sigaddset(&set, numbers[i]);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return -errno;
    screen->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (screen->signals < 0)
        return -errno;
    return take_terminal(screen);
}

void screen_close(struct screen *screen)
{
    give_terminal(screen);
    screen->signals = fd_close(screen->signals);
}

void screen_size(size_t *ret_columns, size_t *ret_rows)
{
    struct winsize size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0 || size.ws_row == 0)
        size = (struct winsize){.ws_col = 80, .ws_row = 24};
    *ret_columns = size.ws_col;
    *ret_rows = size.ws_row;
}

void screen_draw(const char *text)
{
    size_t columns, rows;

    screen_size(&columns, &rows);
    fputs(HOME, stdout);
    /* The last row has no end, which would scroll it all up. */
    for (size_t row = 0; row < rows && *text != '\0'; row++) {
        const char *end = strchr(text, '\n');
        size_t length = end ? (size_t)(end - text) : strlen(text);

        fwrite(text, 1, length, stdout);
        fputs(CLEAR_ROW, stdout);
        text += length + (end != NULL);
        if (row + 1 < rows && *text != '\0')
            fputs("\r\n", stdout);
    }
    fputs(CLEAR, stdout);
    fflush(stdout);
}

/* Stops as the shell wants it, with the terminal as it was; and goes on when it is continued. */
static enum screen_event stop(const struct screen *screen)
{
    give_terminal(screen);
    kill(getpid(), SIGSTOP);
    take_terminal(screen);
    return SCREEN_RESIZED;
}

static enum screen_event take_signal(const struct screen *screen)
{
    struct signalfd_siginfo info;

    if (read(screen->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
        return SCREEN_TIME;
    switch (info.ssi_signo) {
    case SIGWINCH:
        return SCREEN_RESIZED;
    case SIGTSTP:
        return stop(screen);
    default:
        return SCREEN_END;
    }
}

enum screen_event screen_wait(struct screen *screen, int milliseconds, char *ret_key)
{
    struct pollfd pollers[] = {{.fd = screen->signals, .events = POLLIN},
                               {.fd = STDIN_FILENO, .events = POLLIN}};
    int found = poll(pollers, 2, milliseconds);

    if (found <= 0)
        return SCREEN_TIME;
    if (pollers[0].revents)
        return take_signal(screen);
    /* The terminal may be gone. */
    return read(STDIN_FILENO, ret_key, 1) == 1 ? SCREEN_KEY : SCREEN_END;
}
