/* stub: the code that a parked process waits in, and what it is told there.
 *
 * One page of code (stub.c and the entry of arch_*.c: the section warm_stub of our own binary, as
 * bytes) and behind it one page with this block. It uses no libc, no global, and of the registers
 * none that the kernel doesn't save: the program's own state stays as it was.
 */
#ifndef STDINETD_WARM_STUB_H
#define STDINETD_WARM_STUB_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "warm/warm.h"

/* As large as pages are: on aarch64, where a kernel may have them of 4, 16 or 64 KiB, the largest.
 */
#if defined(__aarch64__)
#define WARM_PAGE ((size_t)65536)
#else
#define WARM_PAGE ((size_t)4096)
#endif

#define WARM_ALIASES   16
#define WARM_REOPENS   16
#define WARM_REGISTERS 18

/* An fd, and the flags it is to have: O_CLOEXEC or 0. */
struct warm_fd {
    int32_t fd;
    uint32_t flags;
};

struct warm_block {
    uint64_t registers[WARM_REGISTERS]; /* x86_64: see its file */
    uint64_t resume;                    /* where the program goes on */
    int32_t control;                    /* the stub's socket */
    int32_t peer;                       /* and its other end, which the stub closes first */
    int32_t dumpable;                   /* as it was; the stub's */
    int32_t fd;                         /* the connection, while it is handed over */
    struct warm_message message;
    struct warm_answer answer;
    struct msghdr header;
    struct iovec parts[2]; /* message, and the environment's region */
    uint64_t expected;     /* bytes of both */
    char ancillary[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8))); /* struct cmsghdr, fd */
    /* fds that are the connection: 0, 1, copies of them. */
    uint32_t alias_count;
    struct warm_fd aliases[WARM_ALIASES];
    /* For copies of a template: files that each must have open for itself, since the place in them
     * belongs to the open file; and what libc told the kernel of its thread, which clone forgets.
     */
    uint32_t reopen_count;
    struct warm_fd reopens[WARM_REOPENS];
    uint64_t thread_id;                /* where libc keeps it; 0: nowhere */
    uint64_t robust_list, robust_size; /* 0: none */
    char path[32];                     /* "/proc/self/fd/", with room for a number */
};

#define WARM_PATH_PREFIX "/proc/self/fd/"

_Static_assert(sizeof(struct warm_block) <= WARM_PAGE, "the block is one page");

/* The section, and in it: where a parked process begins, and the jump back, which on aarch64 the
 * warmer writes. */
extern const unsigned char warm_stub_start[] __asm__("__start_warm_stub");
extern const unsigned char warm_stub_stop[] __asm__("__stop_warm_stub");
extern const unsigned char warm_stub_entry[];
extern const unsigned char warm_stub_leave[];

static inline uint64_t warm_stub_offset(const unsigned char *place)
{
    return (uint64_t)((uintptr_t)place - (uintptr_t)warm_stub_start);
}

/* Called by the entry; returns when the program is to go on. */
void warm_stub_main(struct warm_block *block);

#endif
