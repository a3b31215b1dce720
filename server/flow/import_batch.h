/* Rows of an import on their way from its file to the database, and those that cannot go. */
#ifndef DUNLIN_FLOW_IMPORT_BATCH_H
#define DUNLIN_FLOW_IMPORT_BATCH_H

#include "flow/import_row.h"

struct import_batch {
    h2o_mem_pool_t pool; /* of what rows and faults point to */
    struct import_row *rows;
    struct import_fault *faults;
    size_t row_count, fault_count, same_count;
    size_t raw_bytes;
    int64_t from_byte, to_byte, to_line; /* of the file */
    bool is_full;
};

/* Room for `rows` rows and as many faults. */
void import_batch_init(struct import_batch *, size_t rows);
void import_batch_release(struct import_batch *);
/* Empty, and begins at this byte of the file. */
void import_batch_reset(struct import_batch *, int64_t from_byte);

#endif
