/* A file somebody uploads. The first byte says what is tried. Surveyed in pieces of any size it is
 * judged the same, and read again in the shape that was found its rows are as many and lie where
 * they say. Or, much quicker than a survey, it is read at once in whole and in pieces. */
#include "flow/csv_survey.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct csv_survey *survey(struct span file, size_t piece, enum survey_refusal *refusal,
                                 struct csv_shape *shape)
{
    struct csv_survey *s = csv_survey_new();
    struct err detail = {0};
    for (size_t at = 0; at < file.len; at += piece) {
        size_t left = file.len - at;
        if (!csv_survey_feed(s, span_of(file.base + at, left < piece ? left : piece)))
            break;
    }
    *refusal = csv_survey_finish(s, shape, &detail);
    assert(survey_refusal_word(*refusal) != NULL);
    return s;
}

struct reading {
    struct span file;
    int64_t count, byte, line;
};

static bool on_row(void *owner, const struct csv_row *row)
{
    struct reading *r = owner;
    assert(row->line >= r->line && row->next_line >= row->line);
    assert(row->next_byte > r->byte && row->next_byte <= (int64_t)r->file.len);
    assert(row->raw.len <= CSV_ROW_BYTES_MAX && row->field_count <= CSV_FIELDS_MAX);
    assert((row->field_count == 0) == (row->problem != CSV_FINE));
    r->byte = row->next_byte;
    r->line = row->next_line;
    ++r->count;
    return true;
}

static void read_again(struct span file, const struct csv_shape *shape, int64_t expected)
{
    struct reading r = {.file = file, .byte = shape->rows_byte, .line = shape->rows_line};
    struct csv_reader reader;
    struct err err;
    csv_reader_init(&reader, &(struct csv_reader_options){.delimiter = shape->delimiter,
                                                          .line_end = shape->line_end,
                                                          .start_byte = shape->rows_byte,
                                                          .start_line = shape->rows_line,
                                                          .on_row = on_row,
                                                          .owner = &r});
    assert(shape->rows_byte >= 0 && shape->rows_byte <= (int64_t)file.len);
    struct span rows = span_from(file, (size_t)shape->rows_byte);
    assert(csv_reader_feed(&reader, rows, &err) == (long)rows.len);
    assert(csv_reader_finish(&reader, &err) == 0);
    assert(r.count == expected);
    csv_reader_release(&reader);
}

static void try_survey(struct span file, size_t piece)
{
    struct csv_shape shape = {0}, other = {0};
    enum survey_refusal refusal, other_refusal;
    struct csv_survey *whole = survey(file, file.len + 1, &refusal, &shape);
    struct csv_survey *pieces = survey(file, piece, &other_refusal, &other);
    assert(refusal == other_refusal);
    assert(csv_survey_row_count(whole) == csv_survey_row_count(pieces));
    if (refusal == SURVEY_ACCEPTED) {
        assert(shape.rows_byte == other.rows_byte && shape.delimiter == other.delimiter);
        read_again(file, &shape, csv_survey_row_count(whole));
    }
    csv_survey_free(whole);
    csv_survey_free(pieces);
}

/* How reading ended, and after how many rows. */
static enum csv_problem read_in_pieces(struct span file, size_t piece, int64_t *count)
{
    struct reading r = {.file = file};
    struct csv_reader reader;
    struct err err;
    long taken = 0;
    csv_reader_init(
        &reader,
        &(struct csv_reader_options){
            .delimiter = ';', .line_end = '\n', .start_line = 1, .on_row = on_row, .owner = &r});
    for (size_t at = 0; at < file.len && taken >= 0; at += piece) {
        size_t left = file.len - at;
        taken =
            csv_reader_feed(&reader, span_of(file.base + at, left < piece ? left : piece), &err);
    }
    if (taken >= 0 && csv_reader_finish(&reader, &err) != 0)
        assert(reader.problem != CSV_FINE);
    enum csv_problem problem = reader.problem;
    *count = r.count;
    csv_reader_release(&reader);
    return problem;
}

static void try_reader(struct span file, size_t piece)
{
    int64_t count, other_count;
    enum csv_problem problem = read_in_pieces(file, file.len + 1, &count);
    assert(problem == read_in_pieces(file, piece, &other_count));
    assert(count == other_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len == 0)
        return 0;
    struct span file = span_of((const char *)data + 1, len - 1);
    size_t piece = data[0] % 64 + 1U;
    if (data[0] < 128)
        try_survey(file, piece);
    else
        try_reader(file, piece);
    return 0;
}
