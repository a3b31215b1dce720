#include "flow/import_bad_csv.h"

#include "base/json.h"
#include "flow/csv_reader.h"
#include "flow/csv_write.h"

enum { SURVEY_MAX = 1024 * 1024 };

/* The cells of one row again, padded to the header's; a row that cannot be split stands whole in
 * the first cell. */
struct splitting {
    const struct import_bad_csv *csv;
    struct buf *out;
    int count; /* fields written */
};

static bool on_row(void *owner, const struct csv_row *row)
{
    struct splitting *s = owner;
    if (row->field_count == 0 ||
        (s->csv->header_count > 0 && row->field_count > s->csv->header_count))
        return false;
    for (; s->count < row->field_count; ++s->count) {
        if (s->count > 0)
            buf_add_char(s->out, s->csv->delimiter);
        csv_write_cell(s->out, row->fields[s->count], s->csv->delimiter);
    }
    return false;
}

static int add_cells(const struct import_bad_csv *csv, struct span raw, struct buf *out)
{
    struct splitting s = {.csv = csv, .out = out};
    struct csv_reader reader;
    struct err ignored;
    csv_reader_init(&reader, &(struct csv_reader_options){.delimiter = csv->delimiter,
                                                          .line_end = csv->line_end,
                                                          .on_row = on_row,
                                                          .owner = &s});
    long taken = csv_reader_feed(&reader, raw, &ignored);
    if (taken == (long)raw.len && csv_reader_finish(&reader, &ignored) != 0)
        s.count = 0;
    csv_reader_release(&reader);
    if (s.count == 0) {
        csv_write_cell(out, raw, csv->delimiter);
        s.count = 1;
    }
    return s.count;
}

static void end_row(const struct import_bad_csv *csv, int count, struct span line,
                    struct span reason, struct buf *out)
{
    for (; count < csv->header_count; ++count)
        buf_add_char(out, csv->delimiter);
    buf_add_char(out, csv->delimiter);
    csv_write_cell(out, line, csv->delimiter);
    buf_add_char(out, csv->delimiter);
    csv_write_cell(out, reason, csv->delimiter);
    buf_add_str(out, "\r\n");
}

int import_bad_csv_begin(struct import_bad_csv *csv, struct span survey, struct buf *out,
                         struct err *err)
{
    json_t *root =
        json_load(survey, (struct json_limits){.bytes_max = SURVEY_MAX, .depth_max = 4}, err);
    if (root == NULL)
        return err->code;
    *err = (struct err){0};
    struct json_reader r = json_read(root, "", err);
    struct span delimiter = json_get_text(&r, "delimiter", 1);
    struct span line_end = json_get_text(&r, "line_end", 1);
    struct span header = json_get_text(&r, "header", SURVEY_MAX);
    if (err->code == 0) {
        *csv =
            (struct import_bad_csv){.delimiter = delimiter.base[0], .line_end = line_end.base[0]};
        buf_add_str(out, "\xef\xbb\xbf");
        csv->header_count = add_cells(csv, header, out);
        end_row(csv, csv->header_count, SPAN_LIT("line"), SPAN_LIT("reason"), out);
    }
    json_decref(root);
    return err->code;
}

void import_bad_csv_row(const struct import_bad_csv *csv, int64_t line, struct span column,
                        struct span reason, struct span raw, struct buf *out)
{
    struct buf why, number;
    buf_init(&why, 4096);
    buf_init(&number, 32);
    if (column.len > 0) {
        buf_add(&why, column);
        buf_add_str(&why, ": ");
    }
    buf_add(&why, reason);
    buf_add_int(&number, line);
    int count = add_cells(csv, raw, out);
    end_row(csv, count, buf_span(&number), buf_span(&why), out);
    buf_release(&why);
    buf_release(&number);
}
