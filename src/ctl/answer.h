/* answer: reading what the daemon answers. What isn't there, or is something else, is 0 or "". */
#ifndef STDINETD_CTL_ANSWER_H
#define STDINETD_CTL_ANSWER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "ctl/client.h"

const char *answer_text(const json_t *object, const char *name);
uint64_t answer_count(const json_t *object, const char *name);
double answer_number(const json_t *object, const char *name);
bool answer_flag(const json_t *object, const char *name);
/* The sum of all counts in the object that is a member of that name. */
uint64_t answer_sum(const json_t *object, const char *name);

#define ANSWER_SPAN_SIZE 32

/* Writes milliseconds as people say them: "350ms", "42s", "5m 3s", "2h 10m", "3d 4h". */
void answer_format_span(uint64_t milliseconds, char text[static ANSWER_SPAN_SIZE]);

/* Asks for the status of all services, however many answers that takes, or of one. As client_ask.
 */
int answer_ask_status(struct client *client, const char *service, int timeout, json_t **ret);

/* Asks for the metrics, in however many parts they come: an answer whose "metrics" is all of them.
 * As client_ask. */
int answer_ask_metrics(struct client *client, json_t **ret);

#endif
