/* import-inetd: inetd.conf with anything in it. See import.h. */
#include "import/inetd.h"

#include "import.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    return fuzz_import(import_read_inetd, bytes, length);
}
