/* link: the supervisor's side of its talks with warmers and parked processes, which are strangers:
 * whatever comes is checked here. Nothing waits. Called by pool/pool.c and pool/copies.c. */
#ifndef STDINETD_WARM_LINK_H
#define STDINETD_WARM_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "warm/slots.h"
#include "warm/warm.h"

/* Starts a warmer, told by order; it has stderr_fd for its handlers and null_fd for itself. 0 with
 * our end of its socket and its pid; -errno. */
int warm_link_spawn(const char *order, size_t order_size, int stderr_fd, int null_fd, int *ret_fd,
                    pid_t *ret_pid);

/* Asks for one more. 0 or -errno. */
int warm_link_request(int fd, uint32_t serial);

/* Takes a report: 1 with it, and in *ret_fd the parked one's socket (or -1); 0: none yet; -errno,
 * -EPIPE when the warmer is gone, -EPROTO when it says what no warmer says. A parked one's pid is a
 * child of ours, of that user, which made the socket. */
int warm_link_report(int fd, uid_t uid, struct warm_report *ret, int *ret_fd);

/* Sends a parked process its connection. 0 or -errno. */
int warm_link_send(int fd, uint32_t operation, uint32_t serial, const char *region, size_t size,
                   int connection_fd);

/* Takes an answer of a template or its copy, whose pid it is by the kernel's word (0: none of that
 * user). 1; 0: none yet; -errno, -EPIPE at the end. */
int warm_link_answer(int fd, uid_t uid, struct warm_answer *ret, pid_t *ret_pid);

/* From now on nobody's answer arrives (who sends one is told so); those that came are still there.
 */
void warm_link_shut(int fd);

/* Whether that process is a child of ours, alive or not yet reaped. */
bool warm_link_is_child(pid_t pid);

#endif
