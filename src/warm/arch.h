/* arch: what is different from processor to processor: registers, breakpoints, how a call is taken
 * back, how a parked process goes on. One file each: arch_x86_64.c, arch_aarch64.c. Called by
 * tracee.c and park.c.
 */
#ifndef STDINETD_WARM_ARCH_H
#define STDINETD_WARM_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

#include "warm/stub.h"

/* As PTRACE_GETREGSET gives them. */
struct arch_registers {
    struct user_regs_struct user;
};

/* AUDIT_ARCH_… of programs that can be warmed. */
extern const uint32_t arch_audit;

/* The instruction that stops a program, and the system call instruction. */
#define ARCH_CODE_MAX 4
extern const unsigned char arch_breakpoint[ARCH_CODE_MAX], arch_call[ARCH_CODE_MAX];
extern const size_t arch_breakpoint_size, arch_call_size;

uint64_t arch_pc(const struct arch_registers *registers);
void arch_set_pc(struct arch_registers *registers, uint64_t pc);
uint64_t arch_stack(const struct arch_registers *registers);
int64_t arch_result(const struct arch_registers *registers);

/* Where a breakpoint that was just hit stands. */
uint64_t arch_hit(const struct arch_registers *registers);

/* Registers for a system call that begins at pc, where the instruction is. */
void arch_set_call(struct arch_registers *registers, uint64_t pc, long number,
                   const uint64_t arguments[6]);

/* The stop is in front of a call: it isn't made. registers are what they are now. 0 or -errno. */
int arch_cancel(pid_t pid, const struct arch_registers *registers);

/* Numbers for mmap's hint, one for each attempt, from which the stub can jump to target; 0: any
 * place will do. And whether it can from where it came to be. */
#define ARCH_HINTS 6
uint64_t arch_hint(uint64_t target, unsigned attempt);
bool arch_reaches(uint64_t base, uint64_t target);

/* Makes a parked process of a stopped one. gate: its registers in front of call (-1: of no call but
 * its first instruction); resume: where it goes on. Fills block and registers, which begin at the
 * stub at base, which reaches resume, and changes code, the stub's bytes, where that needs it. */
void arch_park(const struct arch_registers *gate, long call, uint64_t resume, uint64_t base,
               struct warm_block *block, struct arch_registers *registers, unsigned char *code);

#endif
