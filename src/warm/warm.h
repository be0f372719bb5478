/* warm: handlers that are started before their clients come, programs that know nothing of it.
 *
 * Three processes have a part in it.
 *
 * The supervisor (pool/pool.c) has a warmer for each service that is warm, decides how many
 * handlers stand ready, and hands connections over. It traces nobody and waits for nobody.
 *
 * The warmer (warmer.c) is this binary, executed anew, so that nothing of the supervisor's memory
 * is in it. It makes itself what the service's plan says (user, root directory, limits …) and has
 * no right that the handler hasn't. Asked for a handler it makes one (CLONE_PARENT: the
 * supervisor's child, as every handler), with a socket of its own where the connection will be, and
 * follows it by ptrace from exec on, system call by system call (tracee.c): to the program's first
 * instruction (entry), or to the first call that isn't surely without effect outside the process
 * (io; gate.c has the list: when in doubt, it is the gate). There the call is taken back, one page
 * of code is put into the process (park.c, stub.c), and the warmer lets go of it.
 *
 * The parked process waits in recvmsg(), traced by nobody. A message brings the connection and the
 * peer's variables: the stub puts the socket over 0, 1 and each copy of them, restores all
 * registers and makes the call that was taken back. Or the process is a template: it makes a copy
 * of itself for each message (clone, CLONE_PARENT again), and the copy does that.
 *
 * The peer's variables. They are fixed in width (slots.c), blank while the program warms up, and
 * stand where exec put them; the message is received right into that place.
 *
 * Who ends whom. The supervisor's end closes all sockets: the warmer and what it traces are killed
 * (PDEATHSIG, EXITKILL), what is parked reads the end of its socket and exits, and who serves goes
 * on. What comes from a warmer or a parked process is not believed: sizes are checked, texts cut,
 * and a pid must be the kernel's word (SO_PEERCRED, SCM_CREDENTIALS) and a child of ours.
 *
 * Here: what they say to each other. The warmer is of the same binary, so layouts are the same. A
 * parked process may outlive its supervisor's binary by an upgrade: WARM_PROTOCOL.
 */
#ifndef STDINETD_WARM_WARM_H
#define STDINETD_WARM_WARM_H

#include <stdbool.h>
#include <stdint.h>

/* Whether this processor has its file here (arch_*.c), and warm handlers are wanted (configure). */
#if !defined(WITHOUT_WARM) && ((defined(__x86_64__) && !defined(__ILP32__)) || defined(__aarch64__))
#define WARM_IS_POSSIBLE 1
#else
#define WARM_IS_POSSIBLE 0
#endif

/* argv[0] of a warmer, by which main knows it; and where it finds its things. */
#define WARM_NAME "stdinetd-warmer"
enum { WARM_FD_CONTROL = 3, WARM_FD_ORDER, WARM_FD_STDERR, WARM_FD_COUNT };

/* Supervisor to warmer: one more. */
struct warm_request {
    uint32_t serial;
};

#define WARM_WHY_SIZE 120

/* Warmer to supervisor, with the parked one's socket where pid isn't 0. */
struct warm_report {
    uint32_t serial;
    int32_t pid;        /* 0: nobody was parked, and why says why */
    int32_t call;       /* the system call it stands in front of; -1: its first instruction */
    uint32_t cloneable; /* it can be a template; else why says why not */
    char why[WARM_WHY_SIZE];
};

/* What a supervisor and a parked process say to each other, and what its region is like: another
 * number, and an upgrade doesn't carry those over that are ready. */
#define WARM_PROTOCOL 1

/* Supervisor to a parked process: this, then the environment's region; with the connection. */
enum { WARM_GO = 1, WARM_CLONE };
struct warm_message {
    uint32_t operation;
    uint32_t serial;
};

/* Who has got a connection, just before it goes on; or a template where there is no copy. Where
 * this can't be sent, nobody goes on. */
struct warm_answer {
    uint32_t serial;
    int32_t result; /* 0 or -errno */
};

/* The warmer's whole life; never returns. For main, when argv[0] says so. */
_Noreturn void warmer_main(void);

#endif
