/* agent: see agent.h. */
#include "handlers/agent.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

/* What a word says of the operating state. */
enum state { STATE_NOT_SAID, STATE_UP, STATE_DOWN };

static const struct {
    const char *word;
    enum state state;
} words[] = {
    {"up", STATE_UP},          {"down", STATE_DOWN},      {"failed", STATE_DOWN},
    {"fail", STATE_DOWN},      {"stopped", STATE_DOWN},   {"ready", STATE_NOT_SAID},
    {"drain", STATE_NOT_SAID}, {"maint", STATE_NOT_SAID},
};

/* What one line has room for beside a word of ours. */
#define FIRST_LINE_SIZE 256

static bool is_number(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!isdigit((unsigned char)text[i]))
            return false;
    return length > 0 && length <= 9;
}

/* "75%" or "maxconn:100" */
static bool is_setting(const char *word)
{
    size_t length = strlen(word);

    if (strncasecmp(word, "maxconn:", 8) == 0)
        return is_number(word + 8, length - 8);
    return length > 0 && word[length - 1] == '%' && is_number(word, length - 1);
}

static bool read_word(const char *word, enum state *state)
{
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcasecmp(word, words[i].word) == 0) {
            if (words[i].state != STATE_NOT_SAID)
                *state = words[i].state;
            return true;
        }
    return is_setting(word);
}

/* Whether the line consists of words up to its "#text". */
static bool read_line(const char *line, enum state *ret)
{
    char copy[FIRST_LINE_SIZE], *rest = copy, *word;
    size_t length = strcspn(line, "#");
    enum state state = STATE_NOT_SAID;
    bool any = false;

    memcpy(copy, line, length);
    copy[length] = '\0';
    while ((word = strsep(&rest, " \t,")) != NULL) {
        if (word[0] == '\0')
            continue;
        if (!read_word(word, &state))
            return false;
        any = true;
    }
    *ret = state;
    return any;
}

/* The first line of the output, as far as it has room, safe to show. */
static void take_first_line(const struct program_result *result, char line[static FIRST_LINE_SIZE])
{
    char copy[FIRST_LINE_SIZE];
    size_t length = 0;

    while (length < result->length && length < sizeof(copy) && result->output[length] != '\n' &&
           result->output[length] != '\r') {
        /* A tab stands between words; escaped, it would be part of one. */
        copy[length] = result->output[length] == '\t' ? ' ' : result->output[length];
        length++;
    }
    text_escape(copy, length, line, FIRST_LINE_SIZE);
}

size_t agent_format(const struct program_result *result, char line[static AGENT_LINE_SIZE])
{
    char first[FIRST_LINE_SIZE], reason[PROGRAM_REASON_SIZE];
    enum state is = result->status == 0 && !result->is_late ? STATE_UP : STATE_DOWN, said;
    bool speaks;
    int length;

    take_first_line(result, first);
    speaks = !result->is_late && read_line(first, &said);
    if (speaks && (said == is || said == STATE_DOWN))
        length = snprintf(line, AGENT_LINE_SIZE, "%s\n", first);
    else if (speaks && said == STATE_NOT_SAID)
        length = snprintf(line, AGENT_LINE_SIZE, "%s %s\n", is == STATE_UP ? "up" : "down", first);
    else if (is == STATE_UP)
        length = snprintf(line, AGENT_LINE_SIZE, "up\n");
    else {
        program_format_reason(result, reason);
        length = snprintf(line, AGENT_LINE_SIZE, "down #%s\n",
                          result->is_late || first[0] == '\0' ? reason : first);
    }
    return (size_t)length;
}
