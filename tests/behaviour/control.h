/* control: a client of the daemon's control socket, for tests. Every wait has a deadline, as in
 * harness.h. Answers are jansson's; who gets one gives it back with json_decref. */
#ifndef STDINETD_TESTS_CONTROL_H
#define STDINETD_TESTS_CONTROL_H

#include <jansson.h>

#include "harness.h"

/* What a configuration for harness_serve_control begins with; the directory is put in by that. */
#define CONTROL "[stdinetd]\ncontrol = %s/control\n"

/* harness_serve of a configuration that begins with CONTROL. */
#define harness_serve_control(daemon, format, ...)                                               \
    (harness_begin(daemon), harness_configure(daemon, format, (daemon)->directory, __VA_ARGS__), \
     harness_start(daemon, NULL))

void control_socket_path(const struct daemon *daemon, char path[static 128]);

/* A connection, or -errno. */
int control_try(const char *path);
int control_connect(const struct daemon *daemon);

/* Sends a line, and reads one. */
json_t *control_ask(int fd, const char *line);
json_t *control_read(int fd);
/* The same where the daemon may have said no already, and closed. */
json_t *control_ask_or_hear(int fd, const char *line);
/* With a connection of its own. */
json_t *control_ask_once(const struct daemon *daemon, const char *line);
/* The same for a command with one argument that is a string, which must succeed. */
json_t *control_order(int fd, const char *command, const char *argument, const char *value);

/* Fails unless the answer is ok; gives it back. */
json_t *control_expect_ok(json_t *answer);
/* Fails unless it is an error whose text has this in it. */
void control_expect_error(const json_t *answer, const char *text);

/* A member of the only service, or of the one with that name, in the answer to status. */
const json_t *control_service(const json_t *status, const char *name);
/* Asks for the status until the service's member of that name is text or count. */
void control_await_text(int fd, const char *service, const char *member, const char *text);
void control_await_count(int fd, const char *service, const char *member, long count);

/* Waits until the daemon has so many open fds. */
void control_wait_fds(const struct daemon *daemon, int count);

#endif
