/* stub: see stub.h. Runs in a parked process, as its user, on its stack.
 *
 * Compiled by itself (Makefile.am): position-independent, general registers only, no stack
 * protector, no jump tables, nothing called but what is inlined. All of it is in the section
 * warm_stub.
 */
#include "warm/stub.h"

#if WARM_IS_POSSIBLE

#include <fcntl.h>
#include <linux/prctl.h>
#include <sched.h>
#include <signal.h>

#include "launch/raw.h"

#define STUB __attribute__((section("warm_stub"), used))

#define EXIT_OVER  0 /* nobody will send a connection any more */
#define EXIT_WRONG 1

static inline __attribute__((always_inline)) void end(long status)
{
    for (;;)
        raw_call(SYS_exit_group, status, 0, 0, 0);
}

/* The connection over all that stood for it; then nothing of ours is open. */
static inline __attribute__((always_inline)) void take_connection(struct warm_block *block)
{
    for (uint32_t i = 0; i < block->alias_count; i++)
        if (raw_call(SYS_dup3, block->fd, block->aliases[i].fd, block->aliases[i].flags, 0) < 0)
            end(EXIT_WRONG);
    raw_call(SYS_close, block->fd, 0, 0, 0);
    raw_call(SYS_close, block->control, 0, 0, 0);
    raw_call(SYS_prctl, PR_SET_DUMPABLE, block->dumpable, 0, 0);
}

/* The same file at the same place, opened for this process alone. 0 or -errno. */
static inline __attribute__((always_inline)) long reopen(struct warm_block *block, uint32_t which)
{
    long fd = block->reopens[which].fd, place, copy, result;
    char *digit = block->path + sizeof(WARM_PATH_PREFIX) - 1;

    for (long rest = fd; rest >= 10; rest /= 10)
        digit++;
    digit[1] = '\0';
    for (long rest = fd;; rest /= 10) {
        *digit-- = (char)('0' + rest % 10);
        if (rest < 10)
            break;
    }
    place = raw_call(SYS_lseek, fd, 0, SEEK_CUR, 0);
    if (place < 0)
        return place;
    copy = raw_call(SYS_openat, AT_FDCWD, (long)block->path, O_RDONLY | O_CLOEXEC, 0);
    if (copy < 0)
        return copy;
    result = raw_call(SYS_lseek, copy, place, SEEK_SET, 0);
    if (result >= 0)
        result = raw_call(SYS_dup3, copy, fd, block->reopens[which].flags, 0);
    raw_call(SYS_close, copy, 0, 0, 0);
    return result < 0 ? result : 0;
}

/* Tells how it went. Whether the supervisor will hear it: else it believes that nobody goes on. */
static inline __attribute__((always_inline)) long answer(struct warm_block *block, long result)
{
    block->answer.serial = block->message.serial;
    block->answer.result = (int32_t)result;
    return raw_call5(SYS_sendto, block->control, (long)&block->answer, sizeof(block->answer),
                     MSG_NOSIGNAL, 0);
}

/* A copy of the template, which becomes a handler of its own. */
static inline __attribute__((always_inline)) void begin_copy(struct warm_block *block)
{
    long result = raw_call(SYS_setsid, 0, 0, 0, 0);

    for (uint32_t i = 0; result >= 0 && i < block->reopen_count; i++)
        result = reopen(block, i);
    if (result >= 0 && block->robust_list != 0)
        result =
            raw_call(SYS_set_robust_list, (long)block->robust_list, (long)block->robust_size, 0, 0);
    result = result < 0 ? result : 0;
    if (answer(block, result) < 0 || result < 0)
        end(EXIT_WRONG);
    take_connection(block);
}

static inline __attribute__((always_inline)) long make_copy(const struct warm_block *block)
{
    long flags = CLONE_PARENT | SIGCHLD;

    if (block->thread_id != 0)
        flags |= CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
#if defined(__x86_64__)
    return raw_call5(SYS_clone, flags, 0, 0, (long)block->thread_id, 0);
#else
    return raw_call5(SYS_clone, flags, 0, 0, 0, (long)block->thread_id);
#endif
}

static inline __attribute__((always_inline)) long receive(struct warm_block *block)
{
    const struct cmsghdr *rights = (const void *)block->ancillary;
    long got;

    do {
        block->header.msg_controllen = sizeof(block->ancillary);
        block->header.msg_flags = 0;
        got = raw_call(SYS_recvmsg, block->control, (long)&block->header, MSG_CMSG_CLOEXEC, 0);
    } while (got == -EINTR);
    if (got <= 0)
        end(EXIT_OVER);
    if ((uint64_t)got != block->expected || block->header.msg_controllen < CMSG_LEN(sizeof(int)) ||
        rights->cmsg_type != SCM_RIGHTS)
        end(EXIT_WRONG);
    block->fd = *(const int *)(const void *)(block->ancillary + CMSG_LEN(0));
    return got;
}

STUB void warm_stub_main(struct warm_block *block)
{
    raw_call(SYS_close, block->peer, 0, 0, 0);
    block->dumpable = (int32_t)raw_call(SYS_prctl, PR_GET_DUMPABLE, 0, 0, 0);
    raw_call(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0);
    for (;;) {
        long pid;

        receive(block);
        if (block->message.operation == WARM_GO) {
            if (answer(block, 0) < 0)
                end(EXIT_WRONG);
            take_connection(block);
            return;
        }
        pid = make_copy(block);
        if (pid == 0) {
            begin_copy(block);
            return;
        }
        raw_call(SYS_close, block->fd, 0, 0, 0);
        if (pid < 0)
            answer(block, pid);
    }
}

#endif
