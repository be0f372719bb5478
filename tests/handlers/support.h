/* support: a real handler for a test, on fds that the test has made itself, as any super-server
 * would give them.
 *
 * Every wait is for an event and has a deadline; whatever doesn't come in time fails the test. A
 * handler dies with its test (PR_SET_PDEATHSIG). Addresses are free ports of loopback.
 * STDINETD_HANDLERS names the directory of the programs.
 */
#ifndef STDINETD_TESTS_HANDLERS_SUPPORT_H
#define STDINETD_TESTS_HANDLERS_SUPPORT_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "../skip.h"

/* Seconds that anything may take before the test fails. */
#define DEADLINE 20

struct handler {
    pid_t pid;
    int errors; /* what it says on stderr: the reading end of a pipe */
};

/* Starts "NAME ARGUMENT…" of STDINETD_HANDLERS with these as 0 and 1, which stay the caller's. The
 * words end with NULL. */
struct handler handler_start(int in, int out, const char *const *words);
#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})
/* Waits for its end; its exit status, or 128 and a signal. Closes errors. */
int handler_end(struct handler *handler);
/* The same, and what it said; malloc'ed. */
int handler_end_errors(struct handler *handler, char **ret_errors);
void handler_kill(struct handler *handler);
/* Starts it with fd as 0 and 1 and closes fd here. */
struct handler handler_serve(int fd, const char *const *words);
/* Starts a shell with fd, which is closed here, as 0, 1 and 2, as inetd would; $0 is the directory
 * of the programs. */
struct handler handler_serve_by_shell(int fd, const char *script);

/* A fresh directory (malloc'ed), and its end with all that is in it. */
char *directory_make(void);
void directory_remove(char *directory);
/* Writes "DIRECTORY/NAME" with this mode. */
void file_write(const char *directory, const char *name, const char *text, unsigned mode);
/* A whole file; malloc'ed; "" where there is none. */
char *file_read(const char *directory, const char *name);
/* Waits until the file has this many bytes or more. */
void file_await(const char *directory, const char *name, size_t size);

/* An address as text is understood by inet_pton; port 0: a free one. */
struct address {
    struct sockaddr_storage storage;
    socklen_t length;
};
struct address address_make(const char *host, int port);
struct address address_of(int fd);
int address_port(const struct address *address);

/* A bound socket of that type (and listening, for SOCK_STREAM); port 0: a free one. */
int socket_bind(int type, const char *host, int port);
/* A connected client; and a connection as both ends have it: [0] the client, [1] the server. */
int socket_connect(int type, const struct address *address);
void socket_pair(const char *host, int pair[static 2]);
int socket_accept(int listener);
/* Reads and writes on fd fail after the deadline. */
void socket_set_deadline(int fd);

void bytes_write(int fd, const void *bytes, size_t size);
/* Exactly size bytes, or the test fails. */
void bytes_read(int fd, void *bytes, size_t size);
/* To the end; malloc'ed, with a NUL; -errno in *ret_error where it is no end. */
char *bytes_read_all(int fd, size_t *ret_length, int *ret_error);
/* Compares all up to the end of the stream with text. */
void bytes_expect_all(int fd, const char *text);
/* Pseudo-random bytes, always the same for a seed; malloc'ed. */
char *bytes_make(size_t size, unsigned seed);
/* Writes all of output to write_fd and reads size bytes from read_fd at the same time. */
void bytes_pump(int write_fd, const char *output, size_t output_size, int read_fd, char *input,
                size_t input_size);

long now_milliseconds(void);
/* Whether the process is there; a zombie isn't. */
bool process_runs(pid_t pid);
void process_await_end(pid_t pid);
/* CPU time used so far, in clock ticks. */
long process_ticks(pid_t pid);

Suite *decide_suite(void);
Suite *stream_suite(void);
Suite *datagram_suite(void);
Suite *tcpmux_suite(void);
Suite *relay_suite(void);
Suite *check_suite(void);

/* The handler of a test that waits for the quiet time is started before all others, as an unchecked
 * fixture: its 10 s pass while they run. A second call does nothing. */
void datagram_begin_quiet(void);

#endif
