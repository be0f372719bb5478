/* tracee: one process that is warmed up, followed by ptrace from its exec on. Used by the warmer,
 * which is one thread and has one tracee at a time.
 *
 * All memory and registers read here are a stranger's: addresses may be anything, and what can't be
 * read is an error, never a fault of ours.
 */
#ifndef STDINETD_WARM_TRACEE_H
#define STDINETD_WARM_TRACEE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "warm/arch.h"
#include "warm/warm.h"

struct tracee {
    pid_t pid;
    int proc_fd;                    /* /proc of the system that we are in */
    const volatile int *is_overdue; /* not 0: its time is over */
    bool traced;                    /* it is ours to kill: nobody else reaps it meanwhile */
    bool exited;                    /* it has ended, and was waited for */
    char why[WARM_WHY_SIZE];        /* what went wrong */
};

/* Waits for its next stop: wait status in *ret. 0; -ETIMEDOUT; -ECHILD when it has ended, which
 * *ret tells. */
int tracee_wait(struct tracee *tracee, int *ret);

/* Lets it run to its next stop, with a signal or 0. 0 or -errno. */
int tracee_continue(const struct tracee *tracee, int number);

int tracee_get_registers(const struct tracee *tracee, struct arch_registers *ret);
int tracee_set_registers(const struct tracee *tracee, const struct arch_registers *registers);

/* Exactly size bytes of its memory, which may be written only where it may write itself; poke
 * writes everywhere. 0 or -errno. */
int tracee_read(const struct tracee *tracee, uint64_t address, void *bytes, size_t size);
int tracee_write(const struct tracee *tracee, uint64_t address, const void *bytes, size_t size);
int tracee_poke(const struct tracee *tracee, uint64_t address, const void *bytes, size_t size);

/* A string of its memory, with at most size - 1 bytes. 0 or -errno. */
int tracee_read_string(const struct tracee *tracee, uint64_t address, char *text, size_t size);

/* Has it make a system call whose instruction is at pc; it is stopped before and after. registers
 * are any of its own. 0 with the call's result, or -errno. */
int tracee_call(struct tracee *tracee, const struct arch_registers *registers, uint64_t pc,
                long number, const uint64_t arguments[6], int64_t *ret);

/* Takes the call back in front of which it is stopped. 0 or -errno. */
int tracee_cancel(struct tracee *tracee, const struct arch_registers *registers);

/* Sets why, unless it says something already. Returns -ECANCELED. */
int tracee_fail(struct tracee *tracee, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Kills it and waits for its end, if it is traced. */
void tracee_kill(struct tracee *tracee);

#endif
