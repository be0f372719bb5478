/* adoption: taking over from the daemon that was in this process before us, line by line of what it
 * left (handover.h).
 *
 * The table in adoption.c has a section for each kind of line: its record (record.h), who collects
 * what such lines say, and who applies it. A line is checked first, as a whole; in a build that is
 * only asked whether it could take over (upgrade.h: --prove), or by the fuzzer, that is all.
 * Otherwise it is then applied; what can't be (a service that the configuration doesn't have now,
 * no memory) is logged with a reason, and the rest goes on. An fd that nobody claims is closed.
 */
#ifndef STDINETD_CARRY_ADOPTION_H
#define STDINETD_CARRY_ADOPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>

#include "base/map.h"
#include "handover/handover.h"
#include "handover/record.h"
#include "service/listener_index.h"
#include "service/names.h"

struct service;
struct listener;

/* When a line is read. */
enum adoption_part {
    ADOPTION_OF_PROCESS,  /* before anything else: there is no daemon yet */
    ADOPTION_OF_DAEMON,   /* when the daemon's parts are open, before its services are made */
    ADOPTION_OF_SERVICES, /* when they are made, before they are bound */
};

/* What is carried over, and where it goes on; filled by daemon.c. */
struct carried {
    struct services *services;
    struct pools *pools;
    struct connections *connections;
    struct control *control; /* NULL: none */
    struct daemon_facts *facts;
    struct pid_file *pid_file;
    bool daemonized;
    struct rlimit nofile; /* before it was raised */
    int configuration_fd; /* what the new build has said that it takes; -1: nothing */
    bool reload_due;      /* a HUP came meanwhile */
};

struct adoption_list {
    void **items;
    size_t count, room;
};

struct adoption {
    struct carried parts;    /* what carried points to */
    struct carried *carried; /* NULL: lines are only checked, or are the process's */
    char *text;              /* malloc'ed */
    struct handover handover;
    struct handover_line *line; /* the last one that was read */
    void *left;                 /* and what it says, by its record */

    /* Of the process. */
    bool daemonized;
    struct rlimit nofile; /* before it was raised; 0: not told */
    int configuration_fd; /* what the build that is now us has said that it takes; -1: nothing */
    uint64_t log_unsaid, log_lost;
    bool fell_back; /* the configuration is that one's */

    /* The services and listeners of the lines so far, in their order; NULL: not any more. */
    struct adoption_list services, listeners;
    struct listener_index index; /* ours */
    struct service_names names;  /* our services */

    const char *problem; /* why the last line can't be carried over; NULL: as its -errno says */

    bool reload_due;                   /* a HUP came meanwhile */
    size_t handlers, clients, sockets; /* that go on */
};

/* A kind of line. */
struct adoption_section {
    struct record record;
    enum adoption_part part;
    /* Writes as many lines as there is to tell. */
    void (*collect)(struct handover_writer *writer, const struct carried *carried);
    /* Does what a line says that has been checked: left is the record's struct. But for lines of
     * ADOPTION_OF_PROCESS there is a daemon. 0; or -errno, of which adoption->problem may tell. */
    int (*apply)(struct adoption *adoption, const void *left);
};

/* The one of a line's kind; NULL: none that we know. */
const struct adoption_section *adoption_find_section(const struct handover_line *line);

/* Writes all lines; handover_write_begin and _end are the caller's. */
void adoption_write(struct handover_writer *writer, const struct carried *carried);

/* Opens what text says, which becomes its own in any case. 0; -EINVAL with the problem; -ENOMEM. */
int adoption_open(char *text, size_t length, struct adoption *ret,
                  char problem[static HANDOVER_PROBLEM_SIZE]);
void adoption_close(struct adoption *adoption);

/* Checks every line. 0; -EINVAL with the problem. */
int adoption_check(struct adoption *adoption, char problem[static HANDOVER_PROBLEM_SIZE]);

/* Does what the lines of one part say, for adoption->carried. What can't be done is logged. */
void adoption_read(struct adoption *adoption, enum adoption_part part);

/* Closes what nobody has claimed. */
void adoption_close_rest(struct adoption *adoption);

/* The place of a line's service or listener among the lines so far; NULL where it is none (any
 * more). */
struct service *adoption_find_service(const struct adoption *adoption, uint64_t place);
struct listener *adoption_find_listener(const struct adoption *adoption, uint64_t place);
/* The next line's. 0 or -ENOMEM. */
int adoption_add(struct adoption_list *list, void *item);

/* A member of struct KIND_left, which is what a line of that kind says. */
#define LEFT(kind, member) RECORD_AT(struct kind##_left, member)

/* The section adopt_NAME for lines of that kind, of NAME_fields, collect_NAME and apply_NAME; check
 * is what the rows can't say (record.h), or NULL. */
#define ADOPTION_SECTION(name, kind, part, type, check)                                       \
    const struct adoption_section adopt_##name = {                                            \
        {kind, sizeof(type), name##_fields, sizeof(name##_fields) / sizeof(name##_fields[0]), \
         check},                                                                              \
        part,                                                                                 \
        collect_##name,                                                                       \
        apply_##name}

/* The table's rows, by file: daemon.c, service.c, listener.c, source.c,
 * warm.c, connection.c, control.c. */
extern const struct adoption_section adopt_process, adopt_event, adopt_daemon, adopt_inherited;
extern const struct adoption_section adopt_service, adopt_counters, adopt_stderr;
extern const struct adoption_section adopt_listener;
extern const struct adoption_section adopt_source, adopt_ban;
extern const struct adoption_section adopt_warming, adopt_warm_file, adopt_parked;
extern const struct adoption_section adopt_connection, adopt_lingering;
extern const struct adoption_section adopt_control, adopt_control_client;

#endif
