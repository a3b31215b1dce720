/* A whole export: survey, then every row read as an invoice and listed as a bad one. Bytes are fed
 * in pieces whose size the input's first byte says. */
#include "flow/import_bad_csv.h"
#include "flow/import_row.h"

#include <assert.h>
#include <stdlib.h>

enum { BAD_MAX = 1 << 24 };

struct reading {
    struct csv_shape shape;
    struct span campaign; /* null base: none's */
    h2o_mem_pool_t pool;
    struct import_bad_csv bad;
    struct buf bad_text;
    int64_t next_byte, next_line, rows;
};

static bool on_row(void *owner, const struct csv_row *csv)
{
    struct reading *r = owner;
    struct import_row row;
    struct import_fault fault;
    assert(csv->next_byte > r->next_byte && csv->next_line >= csv->line);
    assert(csv->line >= r->next_line);
    r->next_byte = csv->next_byte;
    r->next_line = csv->next_line;
    ++r->rows;
    if (import_row_read(&r->shape, csv, r->campaign, &r->pool, &row, &fault)) {
        assert(row.amount_minor > 0 && row.reference.len > 0 && row.number.len > 0);
        assert(utf8_is_valid(row.name) && utf8_is_valid(row.raw));
    } else {
        assert(fault.reason != NULL && utf8_is_valid(fault.raw) && utf8_is_valid(fault.value));
        import_bad_csv_row(&r->bad, fault.line, span_str(fault.column), span_str(fault.reason),
                           fault.raw, &r->bad_text);
    }
    h2o_mem_clear_pool(&r->pool);
    return (r->rows & 7) != 0; /* stop and go on now and then */
}

/* The same rows again, by the shape that the survey found. */
static void read_rows(struct reading *r, struct span input, size_t step, int64_t row_count)
{
    struct csv_reader reader;
    struct err err;
    csv_reader_init(&reader, &(struct csv_reader_options){.delimiter = r->shape.delimiter,
                                                          .line_end = r->shape.line_end,
                                                          .start_byte = r->shape.rows_byte,
                                                          .start_line = r->shape.rows_line,
                                                          .on_row = on_row,
                                                          .owner = r});
    size_t at = (size_t)r->shape.rows_byte;
    while (at < input.len) {
        struct span piece = span_from(input, at);
        piece.len = piece.len < step ? piece.len : step;
        long taken = csv_reader_feed(&reader, piece, &err);
        assert(taken > 0); /* the survey has accepted it */
        at += (size_t)taken;
    }
    int code = csv_reader_finish(&reader, &err);
    assert(code == 0 && r->rows == row_count);
    csv_reader_release(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char survey_json[] =
        "{\"delimiter\":\";\",\"line_end\":\"\\n\",\"header\":\"a;b;c;d;e\"}";
    struct reading r = {0};
    struct err err;
    if (size == 0)
        return 0;
    size_t step = (size_t)data[0] * 16 + 1;
    struct span input = span_of((const char *)data + 1, size - 1);
    struct csv_survey *survey = csv_survey_new();
    if (data[0] % 2 == 1) {
        r.campaign = SPAN_LIT("c");
        csv_survey_for_campaign(survey, 1000);
    }
    for (size_t at = 0; at < input.len; at += step) {
        struct span piece = span_from(input, at);
        piece.len = piece.len < step ? piece.len : step;
        if (!csv_survey_feed(survey, piece))
            break;
    }
    if (csv_survey_finish(survey, &r.shape, &err) == SURVEY_ACCEPTED) {
        h2o_mem_init_pool(&r.pool);
        buf_init(&r.bad_text, BAD_MAX);
        if (import_bad_csv_begin(&r.bad, span_str(survey_json), &r.bad_text, &err) != 0)
            abort();
        r.bad.delimiter = r.shape.delimiter;
        r.bad.line_end = r.shape.line_end;
        read_rows(&r, input, step, csv_survey_row_count(survey));
        h2o_mem_clear_pool(&r.pool);
        buf_release(&r.bad_text);
    }
    csv_survey_free(survey);
    return 0;
}
