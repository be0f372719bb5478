/* tracee: see tracee.h. */
#include "warm/tracee.h"

#if WARM_IS_POSSIBLE

#include <errno.h>
#include <linux/elf.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>

/* No page is smaller. */
#define PAGE_MIN ((size_t)4096)

int tracee_wait(struct tracee *tracee, int *ret)
{
    for (;;) {
        pid_t pid;

        if (*tracee->is_overdue)
            return -ETIMEDOUT;
        /* The timer goes on firing, so that a signal that came just now isn't the last one. */
        pid = waitpid(tracee->pid, ret, __WALL);
        if (pid < 0 && errno == EINTR)
            continue;
        if (pid < 0)
            return -errno;
        if (WIFSTOPPED(*ret))
            return 0;
        tracee->exited = true;
        return -ECHILD;
    }
}

int tracee_continue(const struct tracee *tracee, int number)
{
    return ptrace(PTRACE_SYSCALL, tracee->pid, NULL, (void *)(intptr_t)number) < 0 ? -errno : 0;
}

int tracee_get_registers(const struct tracee *tracee, struct arch_registers *ret)
{
    struct iovec vector = {&ret->user, sizeof(ret->user)};

    if (ptrace(PTRACE_GETREGSET, tracee->pid, (void *)(uintptr_t)NT_PRSTATUS, &vector) < 0)
        return -errno;
    return vector.iov_len == sizeof(ret->user) ? 0 : -ENOEXEC; /* a 32-bit program's are fewer */
}

int tracee_set_registers(const struct tracee *tracee, const struct arch_registers *registers)
{
    struct arch_registers copy = *registers;
    struct iovec vector = {&copy.user, sizeof(copy.user)};

    return ptrace(PTRACE_SETREGSET, tracee->pid, (void *)(uintptr_t)NT_PRSTATUS, &vector) < 0
               ? -errno
               : 0;
}

/* An address of its memory, which is a number to us. */
static void *remote(uint64_t address)
{
    return (void *)(uintptr_t)address;
}

int tracee_read(const struct tracee *tracee, uint64_t address, void *bytes, size_t size)
{
    struct iovec here = {bytes, size}, there = {remote(address), size};
    ssize_t got = process_vm_readv(tracee->pid, &here, 1, &there, 1, 0);

    return got < 0 ? -errno : (size_t)got == size ? 0 : -EFAULT;
}

int tracee_write(const struct tracee *tracee, uint64_t address, const void *bytes, size_t size)
{
    struct iovec here = {NULL, size}, there = {remote(address), size};
    ssize_t got;

    memcpy(&here.iov_base, &bytes, sizeof(bytes)); /* only read, whatever its type says */
    got = process_vm_writev(tracee->pid, &here, 1, &there, 1, 0);
    return got < 0 ? -errno : (size_t)got == size ? 0 : -EFAULT;
}

int tracee_poke(const struct tracee *tracee, uint64_t address, const void *bytes, size_t size)
{
    const unsigned char *from = bytes;

    for (size_t done = 0; done < size;) {
        size_t part = size - done < sizeof(long) ? size - done : sizeof(long);
        long word = 0;

        if (part < sizeof(word)) {
            errno = 0;
            word = ptrace(PTRACE_PEEKDATA, tracee->pid, remote(address + done), NULL);
            if (errno != 0)
                return -errno;
        }
        memcpy(&word, from + done, part);
        if (ptrace(PTRACE_POKEDATA, tracee->pid, remote(address + done), remote((uint64_t)word)) <
            0)
            return -errno;
        done += part;
    }
    return 0;
}

int tracee_read_string(const struct tracee *tracee, uint64_t address, char *text, size_t size)
{
    size_t length = 0;

    while (length < size) {
        size_t part = PAGE_MIN - (address + length) % PAGE_MIN; /* the next page may be nowhere */
        char *end;

        part = part < size - length ? part : size - length;
        if (tracee_read(tracee, address + length, text + length, part) < 0)
            return -EFAULT;
        end = memchr(text + length, '\0', part);
        if (end)
            return 0;
        length += part;
    }
    return -ENAMETOOLONG;
}

/* One more stop, which must be in front of a call or behind it. */
static int step(struct tracee *tracee)
{
    int status = 0, error = tracee_continue(tracee, 0);

    if (error == 0)
        error = tracee_wait(tracee, &status);
    if (error < 0)
        return error;
    return WSTOPSIG(status) == (SIGTRAP | 0x80) ? 0 : -EBUSY;
}

int tracee_call(struct tracee *tracee, const struct arch_registers *registers, uint64_t pc,
                long number, const uint64_t arguments[6], int64_t *ret)
{
    struct arch_registers call = *registers;
    int error;

    arch_set_call(&call, pc, number, arguments);
    error = tracee_set_registers(tracee, &call);
    if (error == 0)
        error = step(tracee);
    if (error == 0)
        error = step(tracee);
    if (error == 0)
        error = tracee_get_registers(tracee, &call);
    if (error == 0)
        *ret = arch_result(&call);
    return error;
}

int tracee_cancel(struct tracee *tracee, const struct arch_registers *registers)
{
    int error = arch_cancel(tracee->pid, registers);

    return error < 0 ? error : step(tracee);
}

int tracee_fail(struct tracee *tracee, const char *format, ...)
{
    va_list arguments;

    if (tracee->why[0] == '\0') {
        va_start(arguments, format);
        vsnprintf(tracee->why, sizeof(tracee->why), format, arguments);
        va_end(arguments);
    }
    return -ECANCELED;
}

void tracee_kill(struct tracee *tracee)
{
    pid_t pid;
    int status;

    if (!tracee->traced || tracee->exited)
        return;
    kill(tracee->pid, SIGKILL);
    /* Until a tracer has waited for it, its parent isn't told. A stop may come before the end. */
    do {
        pid = waitpid(tracee->pid, &status, __WALL);
    } while ((pid < 0 && errno == EINTR) || (pid > 0 && WIFSTOPPED(status)));
    tracee->exited = true;
}

#endif
