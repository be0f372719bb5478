/* harness: a real stdinetd for a test, and clients for it.
 *
 * Every wait is for an event and has a deadline; whatever doesn't come in time fails the test. The
 * daemon dies with its test (PR_SET_PDEATHSIG), its directory goes with harness_end. Addresses are
 * free ports of 127.0.0.1. STDINETD names the binary, STDINETD_WRAPPER words before it (valgrind),
 * STDINETD_SLOW a factor for deadlines and a divisor for counts.
 * STDINETD_WARM_TESTS=entry (or io) makes every service warm that doesn't say otherwise, by a
 * template, but in tests that say harness_be_cold.
 */
#ifndef STDINETD_TESTS_HARNESS_H
#define STDINETD_TESTS_HARNESS_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "../skip.h"

/* Seconds that anything may take before the test fails. */
#define DEADLINE 20
/* And that a whole test may take, made of many such waits, on a machine that is busy with others.
 */
#define LONGEST 900

struct daemon {
    pid_t pid;
    char directory[64]; /* world-readable; the config and the log are in it */
    char config[96];
    char log[96];
};

/* What the daemon is started with, beyond its configuration. */
struct daemon_options {
    const char *const *arguments;       /* instead of "-c CONFIG"; NULL-terminated */
    void (*before_exec)(void *context); /* in the child, just before exec */
    void *context;
    bool not_ready; /* don't wait until it serves */
    int stderr_fd;  /* instead of the log file; 0: none */
};

/* Fills daemon with a fresh directory. */
void harness_begin(struct daemon *daemon);

/* For a test that counts what warm handlers are, too: processes, fds, what is said of a program
 * that can't be started; or that changes a program in place, which one of them executes. */
void harness_be_cold(void);
/* Writes the configuration; "USER" alone in a line becomes "user = nobody" for root, else nothing.
 * Unless it says `control =`, there is no control socket. */
void harness_configure(struct daemon *daemon, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Has the daemon run from a copy in its directory, where every user may execute it. */
void harness_copy_daemon(const struct daemon *daemon);
/* Starts the daemon and waits until it serves. */
void harness_start(struct daemon *daemon, const struct daemon_options *options);
/* begin, configure and start in one. */
void harness_serve(struct daemon *daemon, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Sends a signal to the daemon. */
void harness_signal(const struct daemon *daemon, int number);
/* Has another file take the place of the one that harness_copy_daemon made. */
void harness_replace_daemon(const struct daemon *daemon, const char *file);
/* USR2, and waits until it has been upgraded for the count-th time. */
void harness_upgrade(const struct daemon *daemon, int count);
/* Waits for the daemon's exit and returns its wait status. */
int harness_wait(struct daemon *daemon);
/* TERM, exit status 0, directory removed. */
void harness_end(struct daemon *daemon);
/* Removes the directory of a daemon that has ended. */
void harness_remove(struct daemon *daemon);

/* Whole log as a malloc'ed string. */
char *harness_log(const struct daemon *daemon);
/* How often text occurs in the log. */
int harness_log_count(const struct daemon *daemon, const char *text);
/* Waits until text occurs at least count times. */
void harness_log_wait(const struct daemon *daemon, const char *text, int count);

/* A whole file as a malloc'ed string (fails the test where there is none). */
char *harness_read_file(const char *path);
/* Writes a file with this mode. */
void harness_write_file(const char *path, const char *text, unsigned mode);
/* Puts a program there, whole and executable from its first moment: a service may try it in any. */
void harness_write_program(const char *path, const char *text);
/* Runs a command line by the shell; returns its wait status. */
int harness_shell(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* count made smaller where everything is slow (valgrind), at least 1. */
int harness_scale(int count);
bool harness_is_root(void);
/* Whether the daemon runs under a wrapper: valgrind keeps fds and limits of its own, and its execve
 * looks at the file first, so tests of just those things have nothing to see there. */
bool harness_is_wrapped(void);
/* Milliseconds on the monotonic clock. */
long harness_now(void);
/* Waits up to the deadline until condition is true; true if it became so. */
bool harness_until(bool (*condition)(void *context), void *context);
void harness_pause(void); /* a few milliseconds between two looks */

/* A port that nobody listens on. */
int harness_port(void);
/* Connects; waits for a listener until the deadline. Reads and writes time out by themselves. */
int client_connect(int port);
int client_connect_unix(const char *path);
/* Tries once; fd or -errno. */
int client_try(int port);
void client_send(int fd, const char *text);
/* Reads to the end; malloc'ed, NUL-terminated. Closes fd. */
char *client_read_all(int fd);
/* Reads until text has come; fails at the end of the stream. */
void client_expect(int fd, const char *text);
/* connect, send, close the writing side, read all. */
char *client_exchange(int port, const char *text);
/* Connects to that port of 127.0.0.1 from another address of this machine. */
int client_connect_from(const char *source, int port);
/* Says text, and expects that answer to the end of the stream. Closes fd. */
void client_expect_answer(int fd, const char *text, const char *expected);
/* Expects the connection to be closed without a byte. */
void client_expect_closed(int fd);

/* Many clients at once, each asking "client N request M" of an upper-caser. */
struct crowd {
    int port;
    int clients;           /* at once */
    int requests;          /* of all together */
    int *answered, *wrong; /* shared with the clients */
    pid_t *pids;
};
void crowd_start(struct crowd *crowd, int port, int clients, int requests);
/* Waits until at least count requests are answered (or wrong); fails when no more answers come. */
void crowd_wait_for(const struct crowd *crowd, int count);
/* Waits for all; fails unless every answer was right. */
void crowd_end(struct crowd *crowd);

/* A field of /proc/PID/status ("VmRSS", "Threads") as a number. */
long process_status(pid_t pid, const char *field);
/* Open fds, and CPU time used so far in clock ticks. */
int process_fds(pid_t pid);
long process_ticks(pid_t pid);
/* Whether a process is there (a zombie is). */
bool process_exists(pid_t pid);

/* The suites. */
Suite *serve_suite(void);
Suite *handler_suite(void);
Suite *sockets_suite(void);
Suite *wait_suite(void);
Suite *warm_suite(void);
Suite *limits_suite(void);
Suite *guard_suite(void);
Suite *reload_suite(void);
Suite *control_suite(void);
Suite *steer_suite(void);
Suite *bans_suite(void);
Suite *upgrade_suite(void);
Suite *carried_suite(void);
Suite *top_suite(void);
Suite *faults_suite(void);
Suite *logs_suite(void);
Suite *notify_suite(void);
Suite *process_suite(void);
Suite *contained_suite(void);
Suite *hostile_suite(void);
Suite *command_suite(void);

#endif
