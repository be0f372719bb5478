/* main: runs every suite. CK_RUN_SUITE, CK_RUN_CASE, CK_FORK and CK_VERBOSITY of Check's
 * environment choose what and how. */
#include <stdlib.h>

#include "unit.h"

/* With sanitizers: Check's own freed memory, kept for finding late uses, makes each of its 1,500
 * forks and leak checks slower; a little of it is enough. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
    return "quarantine_size_mb=4";
}

int main(void)
{
    static Suite *(*const suites[])(void) = {
        /* clang-format off */
        value_suite,
        addr_suite,
        prefix_suite,
        endpoint_suite,
        text_suite,
        siphash_suite,
        slots_suite,
        map_suite,
        arena_suite,
        option_suite,
        problems_suite,
        log_format_suite,
        reader_suite,
        load_suite,
        refuse_suite,
        dump_suite,
        admission_suite,
        acl_suite,
        proxy_suite,
        plan_suite,
        program_suite,
        handover_suite,
        adoption_suite,
        notify_suite,
        import_suite,
        import_files_suite,
        control_suite,
        bans_suite,
        judge_suite,
        ranking_suite,
        history_suite, http_suite,
        event_suite,
        log_recent_suite,
        metrics_suite,
        /* clang-format on */
    };
    SRunner *runner = srunner_create(NULL);
    int failed;

    for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++)
        srunner_add_suite(runner, suites[i]());
#ifdef __SANITIZE_ADDRESS__
    /* To fork with a sanitizer's map of memory costs a hundred times what most tests do. */
    srunner_set_fork_status(runner, CK_NOFORK);
#endif
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
