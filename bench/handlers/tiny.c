/* tiny: the smallest handler: two system calls and nothing before them. Static, without libc's
 * start-up, so that what is measured is the super-server's part. With an argument it sleeps. */
#include <sys/syscall.h>

static long call(long number, long one, long two, long three)
{
    long result;
#if defined(__x86_64__)
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(one), "S"(two), "d"(three)
                     : "rcx", "r11", "memory");
#elif defined(__aarch64__)
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = one;
    register long x1 __asm__("x1") = two;
    register long x2 __asm__("x2") = three;

    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
    result = x0;
#else
#error "the tiny handler knows x86_64 and aarch64"
#endif
    return result;
}

/* The kernel leaves argc at the stack's top. */
__attribute__((noreturn, used)) static void begin(const long *stack)
{
    call(SYS_write, 1, (long)"ok\n", 3);
    while (stack[0] > 1)
        call(SYS_ppoll, 0, 0, 0);
    for (;;)
        call(SYS_exit_group, 0, 0, 0);
}

#if defined(__x86_64__)
__asm__(".globl _start\n_start: mov %rsp, %rdi\n and $-16, %rsp\n call begin\n");
#elif defined(__aarch64__)
__asm__(".globl _start\n_start: mov x0, sp\n bl begin\n");
#endif
