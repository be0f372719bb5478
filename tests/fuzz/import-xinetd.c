/* import-xinetd: xinetd's files with anything in it. See import.h. */
#include "import/xinetd.h"

#include "import.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    return fuzz_import(import_read_xinetd, bytes, length);
}
