/* value: see value.h. Called by both readers. */
#include "import/value.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "base/value.h"

bool import_parse_count(struct import *import, const char *text, const char **ret)
{
    uint64_t value;

    if (text[0] == '\0' || text[strspn(text, "0123456789")] != '\0')
        return false;
    if (value_parse_count(text, &value) < 0 || value > IMPORT_COUNT_MAX)
        value = 0;
    *ret = import_format(import, "%" PRIu64, value);
    return true;
}

bool import_parse_rate(struct import *import, const char *text, const char *period,
                       const char **ret)
{
    uint64_t value;

    if (text[0] == '\0' || text[strspn(text, "0123456789")] != '\0')
        return false;
    if (value_parse_count(text, &value) < 0 || value > IMPORT_RATE_MAX)
        value = 0;
    *ret = value > 0 ? import_format(import, "%" PRIu64 "/%s", value, period) : NULL;
    return true;
}

bool import_parse_size(struct import *import, const char *text, uint64_t minimum, uint64_t maximum,
                       const char **ret)
{
    char plain[VALUE_TEXT_SIZE];
    size_t length = strlen(text);
    uint64_t value;

    if (length == 0 || length >= sizeof(plain))
        return false;
    memcpy(plain, text, length + 1);
    if (plain[length - 1] == 'k')
        plain[length - 1] = 'K';
    else if (plain[length - 1] == 'm')
        plain[length - 1] = 'M';
    if (plain[0] < '0' || plain[0] > '9' || value_parse_size(plain, &value) < 0)
        return false;
    value = value < minimum ? minimum : value > maximum ? maximum : value;
    value_format_size(value, plain);
    *ret = import_copy(import, plain, strlen(plain));
    return true;
}

bool import_is_name(const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-.+@$";

    return text[0] != '\0' && text[strspn(text, plain)] == '\0';
}

static size_t name_length(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";

    return text[0] >= '0' && text[0] <= '9' ? 0 : strspn(text, letters);
}

/* What stdinetd sets itself and refuses in `env` and `pass-env`: stdinetd.ini(5). */
static const char *const own_names[] = {
    "PROTO=",      "TCPREMOTE",  "TCPLOCAL",  "TCPCONNNUM", "REMOTE_ADDR",  "REMOTE_PORT",
    "REMOTE_HOST", "UNIXREMOTE", "UNIXLOCAL", "IPCREMOTE",  "IPCLOCAL",     "IPCCONNNUM",
    "VSOCKREMOTE", "VSOCKLOCAL", "STDINETD_", "LISTEN_",    "NOTIFY_SOCKET"};

static bool is_own_name(const char *text, size_t length)
{
    for (size_t i = 0; i < sizeof(own_names) / sizeof(own_names[0]); i++) {
        size_t own = strcspn(own_names[i], "=");

        if (strncmp(text, own_names[i], own) == 0 && (own_names[i][own] == '\0' || length == own))
            return true;
    }
    return false;
}

void import_remove_variable(struct value_words *words, const char *name)
{
    size_t length = name_length(name), kept = 0;

    for (size_t i = 0; i < words->count; i++)
        if (name_length(words->items[i]) != length || strncmp(words->items[i], name, length) != 0)
            words->items[kept++] = words->items[i];
    words->count = kept;
    if (words->items)
        words->items[kept] = NULL;
}

bool import_add_variable(struct import *import, struct value_words *words, const char *text,
                         char separator)
{
    size_t length = name_length(text);

    if (length == 0 || text[length] != separator || is_own_name(text, length))
        return false;
    import_remove_variable(words, text);
    import_append(import, words, text);
    return true;
}

bool import_parse_message(struct import *import, const char *bytes, size_t length, const char **ret)
{
    static const char specials[] = "\n\r\t\\\"", letters[] = "nrt\\\"";
    char quoted[2 * IMPORT_TEXT_MAX + 3];
    size_t used = 0;

    if (length > IMPORT_TEXT_MAX || memchr(bytes, '\0', length) ||
        text_utf8_check(bytes, length) != length)
        return false;
    quoted[used++] = '"';
    for (size_t i = 0; i < length; i++) {
        const char *special = strchr(specials, bytes[i]);

        if (special)
            quoted[used++] = '\\';
        quoted[used++] = special ? letters[special - specials] : bytes[i];
    }
    quoted[used++] = '"';
    *ret = import_copy(import, quoted, used);
    return true;
}
