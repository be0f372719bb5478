/* park: makes a process that waits for its connection of one that is stopped at its gate. Called by
 * warmer.c. */
#ifndef STDINETD_WARM_PARK_H
#define STDINETD_WARM_PARK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "warm/gate.h"
#include "warm/tracee.h"

struct park {
    struct tracee *tracee;
    const struct gate *gate;
    struct arch_registers registers; /* at the gate */
    long call;                       /* the one in front of which it is stopped; -1: none */
    uint64_t resume;                 /* where the program goes on */
    uint64_t region;                 /* its variables, and their size */
    uint32_t region_size;
    struct stat placeholder, stderr_file;
    /* ret: */
    int control;       /* our end of its socket */
    bool is_cloneable; /* else why_not says why */
    char why_not[WARM_WHY_SIZE];
};

/* Parks it, and lets go of it. 0; -errno, or -ECANCELED with tracee->why; then it must be killed.
 */
int park_tracee(struct park *park);

#endif
