/* gate: which system calls a program may make before its client is there.
 *
 * Those that have no effect outside the process, give the same answer whenever they are made, and
 * don't concern the connection. Everything else is the gate, whatever it is: a call that isn't in
 * the table, one with flags that aren't. Parking early costs warmth, never correctness; and what is
 * parked can be thrown away, since nothing has happened. Called by warmer.c for each call.
 */
#ifndef STDINETD_WARM_GATE_H
#define STDINETD_WARM_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "warm/tracee.h"

#define GATE_FDS 256 /* higher ones are the gate */

/* What is remembered of the calls so far. */
struct gate {
    struct tracee *tracee;
    bool is_alias[GATE_FDS];  /* the connection's placeholder, or a copy of it */
    bool is_random[GATE_FDS]; /* a device of random numbers */
    unsigned libc_draws;
    bool has_drawn; /* random numbers, more than malloc's: it is no template */
    uint64_t thread_id, robust_list, robust_size; /* what libc told the kernel of its thread */
    uint64_t opened; /* what the path of the call under way is: a random device */
};

/* For a program that was just executed, with zeroes in gate for the first one: with_stderr, fd 2 is
 * the connection, too. Draws and fds of a program that executed this one are remembered. */
void gate_begin(struct gate *gate, struct tracee *tracee, bool with_stderr);

/* Whether the call may be made: true. execve is passed; who calls this looks at that himself. */
bool gate_passes(struct gate *gate, long number, const uint64_t arguments[6]);

/* It was made, with this result. */
void gate_note(struct gate *gate, long number, const uint64_t arguments[6], int64_t result);

#endif
