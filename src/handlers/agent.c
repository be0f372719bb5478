/* agent: see agent.h. */
#include "handlers/agent.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

/* What a word says of the operating state. HAProxy knows no "failed", but programs say it. */
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
/* Its words, each with a space before it. */
#define OTHERS_SIZE (FIRST_LINE_SIZE + 1)

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

/* Whether HAProxy, or we, know it. */
static bool read_word(const char *word, enum state *ret)
{
    *ret = STATE_NOT_SAID;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcasecmp(word, words[i].word) == 0) {
            *ret = words[i].state;
            return true;
        }
    return is_setting(word);
}

/* Takes a line apart that consists of known words up to its "#text": the state, of which the last
 * word counts as in HAProxy, the other words with a space before each, and the text. Returns
 * whether it is such a line. */
static bool read_line(char *line, enum state *ret_state, char others[static OTHERS_SIZE],
                      const char **ret_text)
{
    size_t length = strcspn(line, "#");
    size_t put = 0;
    enum state state;
    char *word;
    bool any = false;

    *ret_state = STATE_NOT_SAID;
    *ret_text = line[length] == '#' ? line + length + 1 : "";
    line[length] = '\0';
    others[0] = '\0';
    while ((word = strsep(&line, " \t,")) != NULL) {
        if (word[0] == '\0')
            continue;
        if (!read_word(word, &state))
            return false;
        any = true;
        if (state != STATE_NOT_SAID)
            *ret_state = state;
        else
            put += (size_t)snprintf(others + put, OTHERS_SIZE - put, " %s", word);
    }
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

/* Our word comes first, so that the state is always said, and never in a word that isn't known; a
 * '#' is only seen at the beginning of a word. */
size_t agent_format(const struct program_result *result, char line[static AGENT_LINE_SIZE])
{
    char first[FIRST_LINE_SIZE], copy[FIRST_LINE_SIZE], others[OTHERS_SIZE];
    char reason[PROGRAM_REASON_SIZE];
    bool is_up = result->status == 0 && !result->is_late;
    const char *text;
    enum state said;

    take_first_line(result, first);
    memcpy(copy, first, sizeof(copy));
    if (result->is_late || !read_line(copy, &said, others, &text) || (said == STATE_UP && !is_up)) {
        program_format_reason(result, reason);
        others[0] = '\0';
        said = STATE_NOT_SAID;
        text = is_up ? "" : result->is_late || first[0] == '\0' ? reason : first;
    }
    return (size_t)snprintf(line, AGENT_LINE_SIZE, "%s%s%s%s\n",
                            is_up && said != STATE_DOWN ? "up" : "down", others,
                            text[0] ? " #" : "", text);
}
