/* libcsv tells neither lines nor offsets, so it is fed one line at a time: when a row has ended
 * behind a line, that line's end is the row's end. Which byte ends a line is known beforehand (the
 * survey looks), so a stray '\r' cannot split a row. */
#include "flow/csv_reader.h"

#include <assert.h>
#include <stdlib.h>

/* libcsv trims these around unquoted fields; '\r' is among them because it ends lines as "\r\n". */
static int is_blank(unsigned char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static int is_line_feed(unsigned char c)
{
    return c == '\n';
}

static int is_carriage_return(unsigned char c)
{
    return c == '\r';
}

static void on_field(void *bytes, size_t len, void *owner)
{
    struct csv_reader *r = owner;
    if (r->field_count_ == CSV_FIELDS_MAX) {
        r->row_problem_ = CSV_TOO_MANY_FIELDS;
        return;
    }
    buf_add(&r->text_, span_of(bytes, len));
    r->ends_[r->field_count_++] = buf_span(&r->text_).len;
}

static void on_row_end(int terminator, void *owner)
{
    (void)terminator;
    struct csv_reader *r = owner;
    r->is_row_complete_ = true;
}

void csv_reader_init(struct csv_reader *r, const struct csv_reader_options *options)
{
    *r = (struct csv_reader){.options_ = *options,
                             .byte_ = options->start_byte,
                             .line_ = options->start_line,
                             .row_line_ = options->start_line};
    if (csv_init(&r->csv_, CSV_STRICT | CSV_STRICT_FINI) != 0)
        abort();
    csv_set_delim(&r->csv_, (unsigned char)options->delimiter);
    csv_set_space_func(&r->csv_, is_blank);
    csv_set_term_func(&r->csv_, options->line_end == '\r' ? is_carriage_return : is_line_feed);
    csv_set_blk_size(&r->csv_, 4096);
    buf_init(&r->raw_, CSV_ROW_BYTES_MAX + 1);
    buf_init(&r->text_, CSV_ROW_BYTES_MAX + 1);
}

void csv_reader_release(struct csv_reader *r)
{
    csv_free(&r->csv_);
    buf_release(&r->raw_);
    buf_release(&r->text_);
}

/* libcsv stops at a quote that strict mode does not allow. In an unquoted field it is text: let
 * that one byte pass. Behind a closing quote the row cannot be trusted. */
static void parse_line(struct csv_reader *r, struct span line)
{
    while (line.len > 0 && !r->is_skipping_) {
        size_t taken = csv_parse(&r->csv_, line.base, line.len, on_field, on_row_end, r);
        line = span_from(line, taken);
        if (line.len == 0)
            return;
        if (csv_error(&r->csv_) != CSV_EPARSE)
            abort(); /* out of memory: rows are bounded, so the machine is */
        if (r->csv_.quoted) {
            r->row_problem_ = CSV_STRAY_QUOTE;
            r->is_skipping_ = true;
            return;
        }
        csv_set_opts(&r->csv_, 0);
        if (csv_parse(&r->csv_, line.base, 1, on_field, on_row_end, r) != 1)
            abort();
        csv_set_opts(&r->csv_, CSV_STRICT | CSV_STRICT_FINI);
        line = span_from(line, 1);
    }
}

static struct span without_line_break(struct span raw)
{
    while (raw.len > 0 && (raw.base[raw.len - 1] == '\n' || raw.base[raw.len - 1] == '\r'))
        --raw.len;
    return raw;
}

static void begin_row(struct csv_reader *r)
{
    buf_reset(&r->raw_);
    buf_reset(&r->text_);
    r->field_count_ = 0;
    r->is_row_complete_ = false;
    r->is_skipping_ = false;
    r->row_problem_ = CSV_FINE;
    r->row_line_ = r->line_;
}

static void hand_over_row(struct csv_reader *r)
{
    struct csv_row *row = &r->row_;
    row->line = r->row_line_;
    row->next_byte = r->byte_;
    row->next_line = r->line_;
    row->raw = without_line_break(buf_span(&r->raw_));
    row->problem = r->row_problem_;
    row->field_count = row->problem == CSV_FINE ? r->field_count_ : 0;
    size_t begin = 0;
    for (int i = 0; i < row->field_count; ++i) {
        row->fields[i] = span_of(buf_span(&r->text_).base + begin, r->ends_[i] - begin);
        begin = r->ends_[i];
    }
    if (!r->options_.on_row(r->options_.owner, row))
        r->is_stopped_ = true;
    begin_row(r);
}

static int end_reading(struct csv_reader *r, enum csv_problem problem, struct err *err)
{
    r->problem = problem;
    r->problem_line = r->row_line_;
    return err_set(err, ERR_INPUT,
                   problem == CSV_OPEN_QUOTE ? "a quote opened in line %lld is never closed"
                                             : "the row in line %lld is too long",
                   (long long)r->row_line_);
}

static int add_bytes(struct csv_reader *r, struct span bytes, struct err *err)
{
    buf_add(&r->raw_, bytes);
    r->byte_ += (int64_t)bytes.len;
    if (buf_is_overflowed(&r->raw_))
        return end_reading(r, r->csv_.quoted ? CSV_OPEN_QUOTE : CSV_ROW_TOO_LONG, err);
    parse_line(r, bytes);
    return 0;
}

/* A line has ended: with a row, with a skipped one, inside quotes, or it was empty. */
static void end_line(struct csv_reader *r)
{
    ++r->line_;
    if (r->is_skipping_) { /* stands behind a closing quote, so nothing is left open */
        int code = csv_fini(&r->csv_, NULL, NULL, NULL);
        assert(code == 0);
    }
    if (r->is_row_complete_ || r->is_skipping_)
        hand_over_row(r);
    else if (!r->csv_.quoted)
        begin_row(r);
}

long csv_reader_feed(struct csv_reader *r, struct span bytes, struct err *err)
{
    assert(r->problem == CSV_FINE);
    struct span rest = bytes;
    r->is_stopped_ = false;
    while (rest.len > 0 && !r->is_stopped_) {
        const char *end = memchr(rest.base, r->options_.line_end, rest.len);
        size_t len = end == NULL ? rest.len : (size_t)(end - rest.base) + 1;
        int code = add_bytes(r, span_of(rest.base, len), err);
        if (code != 0)
            return code;
        if (end != NULL)
            end_line(r);
        rest = span_from(rest, len);
    }
    return (long)(bytes.len - rest.len);
}

int csv_reader_finish(struct csv_reader *r, struct err *err)
{
    if (r->is_skipping_) {
        hand_over_row(r);
        return 0;
    }
    if (csv_fini(&r->csv_, on_field, on_row_end, r) != 0)
        return end_reading(r, CSV_OPEN_QUOTE, err);
    if (r->is_row_complete_)
        hand_over_row(r);
    return 0;
}
