/* What an upgrade carries over. */
#include "harness.h"

Suite *carried_suite(void)
{
    return suite_create("carried");
}
