/* An export that comes back from outside: whatever is in it, the check says something and ends. */
#include "flow/evidence_check.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct buf lines;
    struct err err;
    bool holds;
    buf_init(&lines, 1 << 20);
    (void)!evidence_check(span_of((const char *)bytes, len), SPAN_LIT("00"), &lines, &holds, &err);
    buf_release(&lines);
    return 0;
}
