/* The rows of a surveyed file on their way into parts: read, checked one by one, and gathered in
 * batches. Two batches take turns: one is filled while the other one is saved. */
#ifndef DUNLIN_FLOW_IMPORT_ROWS_H
#define DUNLIN_FLOW_IMPORT_ROWS_H

#include "flow/import_batch.h"
#include "flow/import_seen.h"
#include "flow/import_source.h"

/* More rows than that are no part. */
enum { IMPORT_PART_ROWS_MAX = 20000 };

struct import_rows;

struct import_rows_options {
    struct import_source *source;  /* borrowed; nothing else reads it meanwhile */
    const struct csv_shape *shape; /* borrowed */
    struct import_seen *seen;      /* borrowed */
    struct span campaign;          /* as import_row_read has it; borrowed */
    size_t part_rows;              /* in a batch, 1 to IMPORT_PART_ROWS_MAX */
    /* The next batch, never empty; it is the caller's until import_rows_next. */
    void (*on_batch)(void *owner, struct import_batch *);
    void (*on_end)(void *owner); /* the last batch was before it */
    void (*on_failed)(void *owner, const struct err *);
    void *owner;
};

struct import_rows *import_rows_new(const struct import_rows_options *);
/* Behind the source, which may have a read of ours under way. */
void import_rows_free(struct import_rows *);
/* From where the import stands: `from_byte` 0, nothing is in yet. Calls back from inside or later,
 * one of the three each time. */
void import_rows_begin(struct import_rows *, int64_t from_byte, int64_t from_line);
/* The batch is saved. Calls back as import_rows_begin does. */
void import_rows_next(struct import_rows *);

#endif
