/* calls: the names of system calls that programs are parked in front of, for people. */
#ifndef STDINETD_WARM_CALLS_H
#define STDINETD_WARM_CALLS_H

/* The name of a call of this processor; NULL for one that isn't in the table. */
const char *warm_call_name(int number);

#endif
