/* arch_x86_64: see arch.h. */
#include "warm/arch.h"

#if WARM_IS_POSSIBLE && defined(__x86_64__)

#include <errno.h>
#include <linux/audit.h>
#include <linux/elf.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

const uint32_t arch_audit = AUDIT_ARCH_X86_64;
const unsigned char arch_breakpoint[ARCH_CODE_MAX] = {0xcc};
const unsigned char arch_call[ARCH_CODE_MAX] = {0x0f, 0x05};
const size_t arch_breakpoint_size = 1, arch_call_size = 2;

/* The order in the block, which the entry below knows. */
enum { RAX, RBX, RCX, RDX, RSI, RDI, RBP, RSP, R8, R9, R10, R11, R12, R13, R14, R15, FLAGS };

/* The program's registers were put into the block by the warmer; all that is left to save is the
 * red zone, 128 bytes below its stack, which may be in use. */
__asm__(".pushsection warm_stub,\"ax\",@progbits\n"
        ".hidden __start_warm_stub\n"
        ".globl warm_stub_entry, warm_stub_leave\n"
        ".hidden warm_stub_entry, warm_stub_leave\n"
        ".balign 16\n"
        "warm_stub_entry:\n"
        "    lea -128(%rsp), %rsp\n"
        "    and $-64, %rsp\n"
        "    lea __start_warm_stub+4096(%rip), %rdi\n"
        "    call warm_stub_main\n"
        "    lea __start_warm_stub+4096(%rip), %rax\n"
        "    mov 8(%rax), %rbx\n"
        "    mov 16(%rax), %rcx\n"
        "    mov 24(%rax), %rdx\n"
        "    mov 32(%rax), %rsi\n"
        "    mov 40(%rax), %rdi\n"
        "    mov 48(%rax), %rbp\n"
        "    mov 64(%rax), %r8\n"
        "    mov 72(%rax), %r9\n"
        "    mov 80(%rax), %r10\n"
        "    mov 88(%rax), %r11\n"
        "    mov 96(%rax), %r12\n"
        "    mov 104(%rax), %r13\n"
        "    mov 112(%rax), %r14\n"
        "    mov 120(%rax), %r15\n"
        "    pushq 128(%rax)\n"
        "    popfq\n"
        "    mov 56(%rax), %rsp\n"
        "    mov (%rax), %rax\n"
        "warm_stub_leave:\n"
        "    jmp *__start_warm_stub+4096+144(%rip)\n"
        "    ud2\n"
        ".popsection\n");

_Static_assert(offsetof(struct warm_block, resume) == 144, "as the entry has it");

uint64_t arch_pc(const struct arch_registers *registers)
{
    return registers->user.rip;
}

void arch_set_pc(struct arch_registers *registers, uint64_t pc)
{
    registers->user.rip = pc;
    registers->user.orig_rax = (unsigned long long)-1; /* no call is to be made again */
}

uint64_t arch_stack(const struct arch_registers *registers)
{
    return registers->user.rsp;
}

int64_t arch_result(const struct arch_registers *registers)
{
    return (int64_t)registers->user.rax;
}

uint64_t arch_hit(const struct arch_registers *registers)
{
    return registers->user.rip - arch_breakpoint_size;
}

void arch_set_call(struct arch_registers *registers, uint64_t pc, long number,
                   const uint64_t arguments[6])
{
    arch_set_pc(registers, pc);
    registers->user.rax = (unsigned long long)number;
    registers->user.rdi = arguments[0];
    registers->user.rsi = arguments[1];
    registers->user.rdx = arguments[2];
    registers->user.r10 = arguments[3];
    registers->user.r8 = arguments[4];
    registers->user.r9 = arguments[5];
}

int arch_cancel(pid_t pid, const struct arch_registers *registers)
{
    struct arch_registers changed = *registers;
    struct iovec vector = {&changed.user, sizeof(changed.user)};

    changed.user.orig_rax = (unsigned long long)-1;
    return ptrace(PTRACE_SETREGSET, pid, (void *)(uintptr_t)NT_PRSTATUS, &vector) < 0 ? -errno : 0;
}

uint64_t arch_hint(uint64_t target, unsigned attempt)
{
    (void)target;
    (void)attempt;
    return 0;
}

bool arch_reaches(uint64_t base, uint64_t target)
{
    (void)base;
    (void)target;
    return true;
}

void arch_park(const struct arch_registers *gate, long call, uint64_t resume, uint64_t base,
               struct warm_block *block, struct arch_registers *registers, unsigned char *code)
{
    const struct user_regs_struct *user = &gate->user;
    uint64_t *saved = block->registers;

    (void)code;
    saved[RAX] = call >= 0 ? (uint64_t)call : user->rax;
    saved[RBX] = user->rbx;
    saved[RCX] = user->rcx;
    saved[RDX] = user->rdx;
    saved[RSI] = user->rsi;
    saved[RDI] = user->rdi;
    saved[RBP] = user->rbp;
    saved[RSP] = user->rsp;
    saved[R8] = user->r8;
    saved[R9] = user->r9;
    saved[R10] = user->r10;
    saved[R11] = user->r11;
    saved[R12] = user->r12;
    saved[R13] = user->r13;
    saved[R14] = user->r14;
    saved[R15] = user->r15;
    saved[FLAGS] = user->eflags & ~UINT64_C(0x100); /* not the tracer's trap flag */
    block->resume = resume;
    *registers = *gate;
    arch_set_pc(registers, base + warm_stub_offset(warm_stub_entry));
}

#endif
