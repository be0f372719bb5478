/* The behaviour tests: the real binary, real processes, real sockets. CK_RUN_SUITE chooses one. */
#include <stdlib.h>

#include "harness.h"

int main(void)
{
    SRunner *runner = srunner_create(serve_suite());
    int failed;

    srunner_add_suite(runner, handler_suite());
    srunner_add_suite(runner, sockets_suite());
    srunner_add_suite(runner, wait_suite());
    srunner_add_suite(runner, warm_suite());
    srunner_add_suite(runner, limits_suite());
    srunner_add_suite(runner, guard_suite());
    srunner_add_suite(runner, reload_suite());
    srunner_add_suite(runner, control_suite());
    srunner_add_suite(runner, steer_suite());
    srunner_add_suite(runner, bans_suite());
    srunner_add_suite(runner, upgrade_suite());
    srunner_add_suite(runner, carried_suite());
    srunner_add_suite(runner, top_suite());
    srunner_add_suite(runner, faults_suite());
    srunner_add_suite(runner, logs_suite());
    srunner_add_suite(runner, process_suite());
    srunner_add_suite(runner, notify_suite());
    srunner_add_suite(runner, contained_suite());
    srunner_add_suite(runner, hostile_suite());
    srunner_add_suite(runner, command_suite());
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
