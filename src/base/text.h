/* text: bytes from strangers made safe to show, and the check for UTF-8.
 *
 * Whatever a peer, a handler or a file says reaches a log or a terminal only through here.
 */
#ifndef STDINETD_BASE_TEXT_H
#define STDINETD_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Length in bytes of the well-formed UTF-8 character at bytes (1 to 4), 0 where it is none:
 * overlong forms, surrogates and values over U+10FFFF are none (RFC 3629). */
size_t text_utf8_length(const char *bytes, size_t length);

/* The offset of the first byte that is not part of well-formed UTF-8, or length. */
size_t text_utf8_check(const char *bytes, size_t length);

/* Copies bytes into text with everything a terminal or a log parser could take amiss written as
 * \n, \t, \\ or \xHH: control characters of both sets, DEL, and whatever isn't UTF-8. The overlong
 * pair C0 80 stands for a NUL inside a C string and is shown as \x00. Stops at the
 * last character that fits whole into size with the NUL; returns the bytes consumed. */
size_t text_escape(const char *bytes, size_t length, char *text, size_t size);

/* Whether text holds one of the bytes that a key=value reader splits on, or is empty. */
bool text_needs_quotes(const char *text);

#endif
