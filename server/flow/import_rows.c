#include "flow/import_rows.h"

#include "base/buf.h"
#include "store/import_store.h"

#include <stdlib.h>

/* A part ends at so many rows or bytes, whichever comes first: rows may be 64 KiB long. */
enum { PART_BYTES = 2 * 1024 * 1024 };

struct import_rows {
    struct import_rows_options options;
    struct buf rest; /* read and not yet parsed */
    int64_t read_offset;
    bool is_reading;
    struct csv_reader reader;
    bool has_reader, is_input_over;
    int64_t committed_bytes; /* rows before it are in already: they are only noted */
    struct import_batch batches[2];
    struct import_batch *filling, *saving; /* saving: null when idle */
};

struct import_rows *import_rows_new(const struct import_rows_options *options)
{
    struct import_rows *rows = calloc(1, sizeof *rows);
    if (rows == NULL)
        abort();
    rows->options = *options;
    buf_init(&rows->rest, 2 * (size_t)IMPORT_PART_BYTES_MAX);
    for (int i = 0; i < 2; ++i)
        import_batch_init(&rows->batches[i], options->part_rows);
    rows->filling = &rows->batches[0];
    return rows;
}

void import_rows_free(struct import_rows *rows)
{
    if (rows == NULL)
        return;
    if (rows->has_reader)
        csv_reader_release(&rows->reader);
    for (int i = 0; i < 2; ++i)
        import_batch_release(&rows->batches[i]);
    buf_release(&rows->rest);
    free(rows);
}

static void fail(struct import_rows *rows, const struct err *err)
{
    rows->options.on_failed(rows->options.owner, err);
}

/* ---- a row ---- */

static void add_row(struct import_rows *rows, struct import_batch *b, const struct csv_row *csv)
{
    struct import_row *row = &b->rows[b->row_count];
    struct import_fault *fault = &b->faults[b->fault_count];
    const struct import_rows_options *o = &rows->options;
    b->raw_bytes += csv->raw.len;
    if (!import_row_read(o->shape, csv, o->campaign, &b->pool, row, fault)) {
        ++b->fault_count;
        return;
    }
    switch (import_seen_note(o->seen, row, fault)) {
    case IMPORT_ROW_NEW:
        ++b->row_count;
        return;
    case IMPORT_ROW_SAME:
        ++b->same_count;
        return;
    case IMPORT_ROW_BAD:
        ++b->fault_count;
        return;
    }
}

static void note_old_row(struct import_rows *rows, h2o_mem_pool_t *pool, const struct csv_row *csv)
{
    struct import_row row;
    struct import_fault fault;
    const struct import_rows_options *o = &rows->options;
    if (import_row_read(o->shape, csv, o->campaign, pool, &row, &fault))
        import_seen_note(o->seen, &row, &fault);
    h2o_mem_clear_pool(pool);
}

static bool on_row(void *owner, const struct csv_row *csv)
{
    struct import_rows *rows = owner;
    struct import_batch *b = rows->filling;
    if (csv->next_byte <= rows->committed_bytes) {
        note_old_row(rows, &b->pool, csv);
        return true;
    }
    add_row(rows, b, csv);
    b->to_byte = csv->next_byte;
    b->to_line = csv->next_line;
    b->is_full =
        b->row_count + b->fault_count == rows->options.part_rows || b->raw_bytes >= PART_BYTES;
    return !b->is_full;
}

/* ---- reading ---- */

static void fill(struct import_rows *);

void import_rows_begin(struct import_rows *rows, int64_t from_byte, int64_t from_line)
{
    const struct csv_shape *shape = rows->options.shape;
    bool has_begun = from_byte > shape->rows_byte;
    bool skips = has_begun && !import_seen_needs_all(rows->options.seen);
    int64_t start_byte = skips ? from_byte : shape->rows_byte;
    rows->committed_bytes = has_begun ? from_byte : 0;
    csv_reader_init(&rows->reader,
                    &(struct csv_reader_options){.delimiter = shape->delimiter,
                                                 .line_end = shape->line_end,
                                                 .start_byte = start_byte,
                                                 .start_line = skips ? from_line : shape->rows_line,
                                                 .on_row = on_row,
                                                 .owner = rows});
    rows->has_reader = true;
    rows->read_offset = start_byte;
    import_batch_reset(rows->filling, from_byte);
    rows->filling->to_line = has_begun ? from_line : shape->rows_line;
    fill(rows);
}

/* The batch is full or the input is over: it goes as soon as the one before is saved. */
static void pass_on(struct import_rows *rows)
{
    if (rows->saving != NULL)
        return;
    if (!rows->filling->is_full && !rows->is_input_over)
        return;
    if (rows->filling->to_byte == rows->filling->from_byte) {
        rows->options.on_end(rows->options.owner);
        return;
    }
    rows->saving = rows->filling;
    rows->filling = &rows->batches[rows->filling == &rows->batches[0]];
    import_batch_reset(rows->filling, rows->saving->to_byte);
    rows->options.on_batch(rows->options.owner, rows->saving);
    fill(rows);
}

void import_rows_next(struct import_rows *rows)
{
    rows->saving = NULL;
    pass_on(rows);
}

static void on_bytes(void *owner, struct span bytes, const struct err *err)
{
    struct import_rows *rows = owner;
    struct err ended;
    rows->is_reading = false;
    if (err->code == 0 && bytes.len == 0) {
        err_set(&ended, ERR_INPUT, "%s", "the input ends before its length");
        fail(rows, &ended);
        return;
    }
    if (err->code != 0) {
        fail(rows, err);
        return;
    }
    rows->read_offset += (int64_t)bytes.len;
    buf_add(&rows->rest, bytes);
    fill(rows);
}

static void read_more(struct import_rows *rows)
{
    struct err err;
    struct import_source *source = rows->options.source;
    rows->is_reading = true;
    if (source->methods->read(source, rows->read_offset, on_bytes, rows, &err) != 0)
        fail(rows, &err);
}

static void fill(struct import_rows *rows)
{
    struct err err;
    int64_t size_bytes = rows->options.source->size_bytes;
    if (rows->is_reading || rows->filling->is_full || rows->is_input_over) {
        if (!rows->is_reading)
            pass_on(rows);
        return;
    }
    if (buf_span(&rows->rest).len == 0 && rows->read_offset < size_bytes) {
        read_more(rows);
        return;
    }
    long taken = csv_reader_feed(&rows->reader, buf_span(&rows->rest), &err);
    if (taken >= 0)
        buf_drop(&rows->rest, (size_t)taken);
    bool is_last = taken >= 0 && buf_span(&rows->rest).len == 0 && !rows->filling->is_full &&
                   rows->read_offset == size_bytes;
    if (taken < 0 || (is_last && csv_reader_finish(&rows->reader, &err) != 0)) {
        fail(rows, &err); /* the survey accepted it: the input has changed since */
        return;
    }
    rows->is_input_over = is_last;
    if (is_last || rows->filling->is_full)
        pass_on(rows);
    else
        read_more(rows);
}
