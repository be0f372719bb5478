/* foreign: a build that can't read what ours hands over, for the tests of upgrades. */
#include "handover/version.h"

const char version_text[] = PACKAGE_VERSION "-foreign";
const unsigned version_handover_major = 2;
const unsigned version_handover_minor = 0;
