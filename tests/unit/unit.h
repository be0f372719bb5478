/* unit: the suites of the unit tests, one for each file beside main.c and support.c. */
#ifndef STDINETD_UNIT_H
#define STDINETD_UNIT_H

#include <check.h>

#include "../skip.h"

/* The rows of a table, for tcase_add_loop_test. */
#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *acl_suite(void);
Suite *addr_suite(void);
Suite *admission_suite(void);
Suite *adoption_suite(void);
Suite *arena_suite(void);
Suite *bans_suite(void);
Suite *control_suite(void);
Suite *dump_suite(void);
Suite *endpoint_suite(void);
Suite *handover_suite(void);
Suite *http_suite(void);
Suite *import_suite(void);
Suite *import_files_suite(void);
Suite *history_suite(void);
Suite *judge_suite(void);
Suite *load_suite(void);
Suite *log_format_suite(void);
Suite *event_suite(void);
Suite *log_recent_suite(void);
Suite *metrics_suite(void);
Suite *map_suite(void);
Suite *notify_suite(void);
Suite *option_suite(void);
Suite *plan_suite(void);
Suite *prefix_suite(void);
Suite *problems_suite(void);
Suite *program_suite(void);
Suite *proxy_suite(void);
Suite *ranking_suite(void);
Suite *reader_suite(void);
Suite *refuse_suite(void);
Suite *siphash_suite(void);
Suite *slots_suite(void);
Suite *text_suite(void);
Suite *value_suite(void);

#endif
