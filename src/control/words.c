/* words: see words.h. Walks the tables from which the words come; called by main. */
#include "control/words.h"

#include <string.h>

#include "admit/admission.h"
#include "connection/state.h"
#include "launch/stage.h"
#include "report/counters.h"
#include "report/event.h"

static const char *reason_word(size_t index)
{
    return index == REASON_NONE ? NULL : admission_reason_names[index];
}

static const char *outcome_word(size_t index)
{
    return outcome_names[index];
}

static const char *stage_word(size_t index)
{
    return index == STAGE_NONE ? NULL : stage_name((enum stage)index);
}

static const char *state_word(size_t index)
{
    return service_state_names[index];
}

static const char *metric_word(size_t index)
{
    return counters_facts[index].metric;
}

/* Of events with the same word the first one has it. */
static const char *event_word_once(size_t index)
{
    const char *word = event_word((enum event)index);

    for (size_t i = 0; i < index; i++)
        if (strcmp(event_word((enum event)i), word) == 0)
            return NULL;
    return word;
}

static const struct {
    const char *kind;
    const char *(*word)(size_t index); /* NULL: none there */
    size_t count;
} kinds[] = {
    {"reason", reason_word, REASON_COUNT}, {"outcome", outcome_word, OUTCOME_COUNT},
    {"stage", stage_word, STAGE_COUNT},    {"state", state_word, SERVICE_STATES},
    {"metric", metric_word, FACT_COUNT},   {"event", event_word_once, EVENT_COUNT},
};

void words_list(FILE *file)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        for (size_t j = 0; j < kinds[i].count; j++)
            if (kinds[i].word(j))
                fprintf(file, "%s %s\n", kinds[i].kind, kinds[i].word(j));
}
