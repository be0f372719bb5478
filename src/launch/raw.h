/* raw: system calls without libc: no errno, no cancellation, no locks.
 *
 * A started child may share our memory until its exec, errno included; and libc's setuid family
 * signals other threads. So the child's path uses nothing but these. A failed call gives -errno.
 */
#ifndef STDINETD_LAUNCH_RAW_H
#define STDINETD_LAUNCH_RAW_H

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)

static inline long raw_call5(long number, long one, long two, long three, long four, long five)
{
    register long r10 __asm__("r10") = four;
    register long r8 __asm__("r8") = five;
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(one), "S"(two), "d"(three), "r"(r10), "r"(r8)
                     : "rcx", "r11", "memory");
    return result;
}

#elif defined(__aarch64__)

static inline long raw_call5(long number, long one, long two, long three, long four, long five)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = one;
    register long x1 __asm__("x1") = two;
    register long x2 __asm__("x2") = three;
    register long x3 __asm__("x3") = four;
    register long x4 __asm__("x4") = five;

    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
    return x0;
}

#else

/* Only the fork engine runs here, whose child has an errno of its own. */
static inline long raw_call5(long number, long one, long two, long three, long four, long five)
{
    long result = syscall(number, one, two, three, four, five);

    return result < 0 ? -errno : result;
}

#endif

/* With fewer arguments: the fifth is 0, which some calls insist on (prctl). */
static inline long raw_call(long number, long one, long two, long three, long four)
{
    return raw_call5(number, one, two, three, four, 0);
}

#endif
