/* calls: see calls.h. */
#include "warm/calls.h"

#include <stddef.h>
#include <sys/syscall.h>

#define CALL(name)        \
    {                     \
        SYS_##name, #name \
    }

static const struct {
    int number;
    const char *name;
} calls[] = {
    CALL(read),
    CALL(readv),
    CALL(write),
    CALL(writev),
    CALL(recvfrom),
    CALL(recvmsg),
    CALL(sendto),
    CALL(sendmsg),
    CALL(sendfile),
    CALL(ppoll),
    CALL(pselect6),
    CALL(epoll_ctl),
    CALL(epoll_pwait),
    CALL(clone),
    CALL(clone3),
    CALL(execve),
    CALL(exit_group),
    CALL(socket),
    CALL(socketpair),
    CALL(connect),
    CALL(getsockname),
    CALL(getpeername),
    CALL(getsockopt),
    CALL(setsockopt),
    CALL(shutdown),
    CALL(openat),
    CALL(fcntl),
    CALL(ioctl),
    CALL(dup3),
    CALL(close),
    CALL(mmap),
    CALL(madvise),
    CALL(nanosleep),
    CALL(setitimer),
    CALL(clock_nanosleep),
    CALL(kill),
    CALL(tgkill),
    CALL(setsid),
    CALL(setpgid),
    CALL(setrlimit),
    CALL(prlimit64),
    CALL(prctl),
    CALL(futex),
    CALL(io_uring_setup),
    CALL(splice),
    CALL(copy_file_range),
    CALL(setuid),
    CALL(setresuid),
    CALL(setgroups),
    CALL(unlinkat),
    CALL(mkdirat),
    CALL(flock),
    CALL(newfstatat),
    CALL(timer_create),
#ifdef SYS_poll
    CALL(poll),
    CALL(select),
    CALL(epoll_wait),
    CALL(fork),
    CALL(vfork),
    CALL(open),
    CALL(dup2),
    CALL(alarm),
    CALL(pause),
    CALL(unlink),
    CALL(mkdir),
    CALL(getpgrp),
#endif
};

const char *warm_call_name(int number)
{
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
        if (calls[i].number == number)
            return calls[i].name;
    return NULL;
}
