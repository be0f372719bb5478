/* faults.h: the page that shim.c (in the daemon) and fault.c (outside) share.
 *
 * A row is one call, or one use of it that a case may mean (epoll_ctl with ADD alone). While count
 * isn't 0, skip calls go through, then count calls fail with error. Whoever sets a row writes count
 * last. */
#ifndef TESTS_FAULTS_H
#define TESTS_FAULTS_H

#include <stdint.h>

#define FAULT_ROWS(row)                                                                            \
    row(accept) row(accept4) row(bind) row(clone) row(clock_realtime) row(close) row(connect)      \
        row(epoll_add) row(epoll_create1) row(epoll_del) row(epoll_wait) row(fcntl_dupfd)          \
            row(fcntl_setfl) row(fork) row(getrandom) row(getrlimit) row(getrlimit_unlimited)      \
                row(kill) row(listen) row(malloc) row(lookup) row(memfd_create) row(mmap)          \
                    row(open) row(pipe2) row(poll) row(read) row(recvmsg) row(send) row(sendmsg)   \
                        row(sendto) row(setsockopt) row(shutdown) row(signalfd) row(socket)        \
                            row(socket_inet6) row(socket_unix) row(socketpair) row(timerfd_create) \
                                row(wait4) row(waitid) row(write) row(writev)

enum fault_row {
#define FAULT_NUMBER(name) FAULT_##name,
    FAULT_ROWS(FAULT_NUMBER)
#undef FAULT_NUMBER
        FAULT_COUNT
};

struct fault {
    uint32_t calls; /* since it was set */
    uint32_t skip, count;
    int32_t error; /* an errno; of clock_realtime: seconds that the clock stands elsewhere */
    uint32_t hits; /* calls that failed since it was set */
};

struct faults {
    struct fault rows[FAULT_COUNT];
};

#endif
