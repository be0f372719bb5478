/* The handlers' tests: what decides, as functions; and the real programs, on sockets made here.
 * CK_RUN_SUITE chooses a suite. */
#include <signal.h>
#include <stdlib.h>

#include "support.h"

int main(void)
{
    SRunner *runner = srunner_create(decide_suite());
    int failed;

    /* A handler that has gone is seen by EPIPE. */
    signal(SIGPIPE, SIG_IGN);
    srunner_add_suite(runner, stream_suite());
    srunner_add_suite(runner, tcpmux_suite());
    srunner_add_suite(runner, relay_suite());
    srunner_add_suite(runner, check_suite());
    srunner_add_suite(runner, datagram_suite());
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
