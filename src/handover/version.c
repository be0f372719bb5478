/* version: see version.h. */
#include "handover/version.h"

const char version_text[] = PACKAGE_VERSION;
const unsigned version_handover_major = 1;
const unsigned version_handover_minor = 0;
