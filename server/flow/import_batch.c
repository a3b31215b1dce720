#include "flow/import_batch.h"

#include <stdlib.h>

static void *must_calloc(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (memory == NULL)
        abort();
    return memory;
}

void import_batch_init(struct import_batch *b, size_t rows)
{
    h2o_mem_init_pool(&b->pool);
    b->rows = must_calloc(rows, sizeof *b->rows);
    b->faults = must_calloc(rows, sizeof *b->faults);
}

void import_batch_release(struct import_batch *b)
{
    h2o_mem_clear_pool(&b->pool);
    free(b->rows);
    free(b->faults);
}

void import_batch_reset(struct import_batch *b, int64_t from_byte)
{
    h2o_mem_clear_pool(&b->pool);
    b->row_count = b->fault_count = b->same_count = b->raw_bytes = 0;
    b->from_byte = b->to_byte = from_byte;
    b->is_full = false;
}
