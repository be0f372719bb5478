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
            import_say(import, NULL, IMPORT_ERROR, "this line isn't UTF-8; it is left out");
    }
    return NULL;
}
