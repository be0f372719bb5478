/* agent: a check's result as a line of HAProxy's agent-check (its configuration manual, 5.2).
 *
 * Pure. A program may speak the words itself, in its first line of output; exit status 0 means up
 * and any other one down wherever its words don't say the state. Since HAProxy keeps whatever a
 * line doesn't mention, the state is always said: a server that was down once comes back.
 */
#ifndef STDINETD_HANDLERS_AGENT_H
#define STDINETD_HANDLERS_AGENT_H

#include <stddef.h>

#include "handlers/program.h"

#define AGENT_LINE_SIZE 512

/* Writes the line with its '\n'; returns its length. */
size_t agent_format(const struct program_result *result, char line[static AGENT_LINE_SIZE]);

#endif
