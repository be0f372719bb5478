/* lines: see lines.h. */
#include "import/lines.h"

#include <string.h>

#include "base/text.h"

const char *import_next_line(struct import *import, struct import_lines *lines)
{
    while (lines->at < lines->end) {
        const char *start = lines->at;
        const char *stop = memchr(start, '\n', (size_t)(lines->end - start));
        size_t length;

        lines->at = stop ? stop + 1 : lines->end;
        stop = stop ? stop : lines->end;
        while (stop > start && strchr(IMPORT_BLANKS, stop[-1]))
            stop--;
        length = (size_t)(stop - start);
        import->line++;
        if (text_utf8_check(start, length) == length)
            return import_copy(import, start, length);
        if (start[0] != '#')
            import_say(import, NULL, IMPORT_ERROR, "this line is not UTF-8; ignored");
    }
    return NULL;
}

/* The bytes of the quoted word at text, with both quotes; 0 where it isn't one. */
static size_t quoted_length(const char *text)
{
    const char *close = text[0] == '"' || text[0] == '\'' ? strchr(text + 1, text[0]) : NULL;

    return close && (close[1] == '\0' || strchr(IMPORT_BLANKS, close[1]))
               ? (size_t)(close - text) + 1
               : 0;
}

void import_split_words(struct import *import, const char *text, bool quotes,
                        struct value_words *words)
{
    for (text += strspn(text, IMPORT_BLANKS); *text != '\0'; text += strspn(text, IMPORT_BLANKS)) {
        size_t quoted = quotes ? quoted_length(text) : 0;
        size_t length = quoted > 0 ? quoted : strcspn(text, IMPORT_BLANKS);

        import_append(import, words,
                      quoted > 0 ? import_copy(import, text + 1, length - 2)
                                 : import_copy(import, text, length));
        text += length;
    }
}
