/* output: whether what was printed got out.
 *
 * A write that fails halfway leaves its mark on the stream alone: a later fflush() says that all is
 * well, and that more than a buffer was lost is seen by nobody who asks it alone. So every main
 * that prints on standard output ends with this.
 */
#ifndef STDINETD_BASE_OUTPUT_H
#define STDINETD_BASE_OUTPUT_H

/* Writes out what standard output still holds. Returns 0, or -errno where that or any write before
 * it failed, after saying so on standard error as "PROGRAM: MESSAGE". */
int output_finish(const char *program);

#endif
