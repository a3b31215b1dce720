/* The debts that a form pays: whatever is read is what we would print. */
#include "http/parts_field.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct span text = span_of((const char *)data, len);
    struct payment_part parts[ALLOCATIONS_MAX], part;
    size_t count;
    if (part_field_read(text, &part))
        assert(part.amount_minor > 0 && part.due_minor > 0 && part.invoice_id > 0);
    if (!parts_field_read(text, parts, &count))
        return 0;
    assert(count > 0 && count <= ALLOCATIONS_MAX);
    struct buf again;
    buf_init(&again, 4096);
    parts_field_print(&again, parts, count);
    assert(span_is(buf_span(&again), text));
    buf_release(&again);
    return 0;
}
