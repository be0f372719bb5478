/* dialect: see dialect.h. */
#include "import/dialect.h"

#include <string.h>
#include <strings.h>

#include "import/inetd.h"
#include "import/lines.h"
#include "import/xinetd.h"

/* The word with which the first entry begins tells xinetd's files apart. */
static import_reader *find_reader(const char *text, size_t length)
{
    static const char *const words[] = {"service", "defaults", "include", "includedir"};
    const char *at = text, *end = text + length;

    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t word = 0;

        stop = stop ? stop : end;
        while (at < stop && strchr(IMPORT_BLANKS, *at))
            at++;
        while (at + word < stop && !strchr(IMPORT_BLANKS, at[word]))
            word++;
        if (word > 0 && at[0] != '#') {
            for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
                if (strlen(words[i]) == word && strncasecmp(words[i], at, word) == 0)
                    return import_read_xinetd;
            return import_read_inetd;
        }
        at = stop + 1;
    }
    return import_read_inetd;
}

void import_read_any(struct import *import, const char *text, size_t length)
{
    /* What a file of xinetd's includes is such a file. */
    import_reader *reader = import->depth > 1 ? import_read_xinetd : find_reader(text, length);

    reader(import, text, length);
}
