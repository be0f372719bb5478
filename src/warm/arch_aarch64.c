/* arch_aarch64: see arch.h. Run under emulation only (qemu-system-aarch64), not on such a machine.
 *
 * Two things are other than on x86_64. At a stop in front of a call or behind it the kernel shows a
 * mark of its own in x7, and doesn't take ours (arch/arm64/kernel/ptrace.c, report_syscall): so the
 * stub itself saves the registers, whose true values it has, and the block is not used for them.
 * And there is no jump but through a register, of which all may be in use in front of a svc: so the
 * stub's last instruction is a branch that is written for each process, within 128 MiB of its goal.
 */
#include "warm/arch.h"

#if WARM_IS_POSSIBLE && defined(__aarch64__)

#include <errno.h>
#include <linux/audit.h>
#include <linux/elf.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#ifndef NT_ARM_SYSTEM_CALL
#define NT_ARM_SYSTEM_CALL 0x404
#endif

/* A branch reaches 2^27 bytes to both sides. Hints are well within; below first, since above the
 * libraries there is room that the stack may grow into. */
#define REACH ((int64_t)1 << 27)
#define MIB   ((int64_t)1 << 20)
static const int64_t hints[ARCH_HINTS] = {-16 * MIB, -64 * MIB, -112 * MIB,
                                          16 * MIB,  64 * MIB,  112 * MIB};

/* Of pstate: the last instruction was a jump through a register, as the one to a program's first
 * instruction is. In a program that is guarded against such jumps (BTI) no svc may follow then. */
#define BRANCH_TYPE ((uint64_t)3 << 10)

const uint32_t arch_audit = AUDIT_ARCH_AARCH64;
const unsigned char arch_breakpoint[ARCH_CODE_MAX] = {0x00, 0x00, 0x20, 0xd4}; /* brk #0 */
const unsigned char arch_call[ARCH_CODE_MAX] = {0x01, 0x00, 0x00, 0xd4};       /* svc #0 */
const size_t arch_breakpoint_size = 4, arch_call_size = 4;

/* 31 registers and the flags on the program's stack, which has no red zone (AAPCS64). */
__asm__(".pushsection warm_stub,\"ax\",@progbits\n"
        ".hidden __start_warm_stub\n"
        ".globl warm_stub_entry, warm_stub_leave\n"
        ".hidden warm_stub_entry, warm_stub_leave\n"
        ".balign 16\n"
        "warm_stub_entry:\n"
        "    sub sp, sp, #272\n"
        "    stp x0, x1, [sp, #0]\n"
        "    stp x2, x3, [sp, #16]\n"
        "    stp x4, x5, [sp, #32]\n"
        "    stp x6, x7, [sp, #48]\n"
        "    stp x8, x9, [sp, #64]\n"
        "    stp x10, x11, [sp, #80]\n"
        "    stp x12, x13, [sp, #96]\n"
        "    stp x14, x15, [sp, #112]\n"
        "    stp x16, x17, [sp, #128]\n"
        "    stp x18, x19, [sp, #144]\n"
        "    stp x20, x21, [sp, #160]\n"
        "    stp x22, x23, [sp, #176]\n"
        "    stp x24, x25, [sp, #192]\n"
        "    stp x26, x27, [sp, #208]\n"
        "    stp x28, x29, [sp, #224]\n"
        "    mrs x0, nzcv\n"
        "    stp x30, x0, [sp, #240]\n"
        "    adr x0, __start_warm_stub\n"
        "    add x0, x0, #65536\n"
        "    bl warm_stub_main\n"
        "    ldp x30, x0, [sp, #240]\n"
        "    msr nzcv, x0\n"
        "    ldp x0, x1, [sp, #0]\n"
        "    ldp x2, x3, [sp, #16]\n"
        "    ldp x4, x5, [sp, #32]\n"
        "    ldp x6, x7, [sp, #48]\n"
        "    ldp x8, x9, [sp, #64]\n"
        "    ldp x10, x11, [sp, #80]\n"
        "    ldp x12, x13, [sp, #96]\n"
        "    ldp x14, x15, [sp, #112]\n"
        "    ldp x16, x17, [sp, #128]\n"
        "    ldp x18, x19, [sp, #144]\n"
        "    ldp x20, x21, [sp, #160]\n"
        "    ldp x22, x23, [sp, #176]\n"
        "    ldp x24, x25, [sp, #192]\n"
        "    ldp x26, x27, [sp, #208]\n"
        "    ldp x28, x29, [sp, #224]\n"
        "    add sp, sp, #272\n"
        "warm_stub_leave:\n"
        "    b .\n"
        "    brk #0\n"
        ".popsection\n");

uint64_t arch_pc(const struct arch_registers *registers)
{
    return registers->user.pc;
}

void arch_set_pc(struct arch_registers *registers, uint64_t pc)
{
    registers->user.pc = pc;
}

uint64_t arch_stack(const struct arch_registers *registers)
{
    return registers->user.sp;
}

int64_t arch_result(const struct arch_registers *registers)
{
    return (int64_t)registers->user.regs[0];
}

/* pc stays at a brk. */
uint64_t arch_hit(const struct arch_registers *registers)
{
    return registers->user.pc;
}

void arch_set_call(struct arch_registers *registers, uint64_t pc, long number,
                   const uint64_t arguments[6])
{
    arch_set_pc(registers, pc);
    registers->user.pstate &= ~BRANCH_TYPE;
    for (int i = 0; i < 6; i++)
        registers->user.regs[i] = arguments[i];
    registers->user.regs[8] = (unsigned long long)number;
}

int arch_cancel(pid_t pid, const struct arch_registers *registers)
{
    int number = -1;
    struct iovec vector = {&number, sizeof(number)};

    (void)registers;
    return ptrace(PTRACE_SETREGSET, pid, (void *)(uintptr_t)NT_ARM_SYSTEM_CALL, &vector) < 0
               ? -errno
               : 0;
}

/* Below 0 it is a number that mmap can't follow. */
uint64_t arch_hint(uint64_t target, unsigned attempt)
{
    return (target & ~(uint64_t)(WARM_PAGE - 1)) + (uint64_t)hints[attempt];
}

static int64_t way_from(uint64_t base, uint64_t target)
{
    return (int64_t)(target - (base + warm_stub_offset(warm_stub_leave)));
}

bool arch_reaches(uint64_t base, uint64_t target)
{
    int64_t way = way_from(base, target);

    return way >= -REACH && way < REACH && (way & 3) == 0;
}

void arch_park(const struct arch_registers *gate, long call, uint64_t resume, uint64_t base,
               struct warm_block *block, struct arch_registers *registers, unsigned char *code)
{
    uint32_t branch = 0x14000000U | ((uint32_t)(way_from(base, resume) >> 2) & 0x03ffffffU);

    (void)call; /* x8 has it */
    memcpy(code + warm_stub_offset(warm_stub_leave), &branch, sizeof(branch));
    block->resume = resume;
    *registers = *gate;
    arch_set_pc(registers, base + warm_stub_offset(warm_stub_entry));
}

#endif
