/* status_line: one line of the log about a service as it stands, for USR1. Called by daemon.c. */
#ifndef STDINETD_CONTROL_STATUS_LINE_H
#define STDINETD_CONTROL_STATUS_LINE_H

struct service;

void status_line_log(const struct service *service);

#endif
