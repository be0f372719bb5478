/* next: another build of the same daemon, for the tests of upgrades: a minor version on. */
#include "handover/version.h"

const char version_text[] = PACKAGE_VERSION "-next";
const unsigned version_handover_major = 1;
const unsigned version_handover_minor = 1;
