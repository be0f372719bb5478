/* version: which build this is, and which handover (handover.h) it writes and reads.
 *
 * In a file of its own, so that the tests can link the same daemon as another build.
 */
#ifndef STDINETD_HANDOVER_VERSION_H
#define STDINETD_HANDOVER_VERSION_H

extern const char version_text[];

/* Another major is another language: refused. Another minor only knows more, or less. */
extern const unsigned version_handover_major;
extern const unsigned version_handover_minor;

#endif
