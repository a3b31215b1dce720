/* Rows, lines and offsets of hand-written inputs; each is fed whole and byte by byte. */
#include "flow/csv_reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

struct seen {
    struct buf text; /* "line|field|field!" a row */
    int64_t next_byte, next_line;
    int rows, stop_behind;
};

static bool on_row(void *owner, const struct csv_row *row)
{
    struct seen *seen = owner;
    buf_add_int(&seen->text, row->line);
    if (row->problem != CSV_FINE)
        buf_printf(&seen->text, "?%d", (int)row->problem);
    for (int i = 0; i < row->field_count; ++i) {
        buf_add_char(&seen->text, '|');
        buf_add(&seen->text, row->fields[i]);
    }
    buf_add_char(&seen->text, '!');
    seen->next_byte = row->next_byte;
    seen->next_line = row->next_line;
    return ++seen->rows != seen->stop_behind;
}

static void begin(struct seen *seen, struct csv_reader *r, char delimiter, char line_end)
{
    *seen = (struct seen){0};
    buf_init(&seen->text, 1 << 20);
    csv_reader_init(r, &(struct csv_reader_options){.delimiter = delimiter,
                                                    .line_end = line_end,
                                                    .start_line = 1,
                                                    .on_row = on_row,
                                                    .owner = seen});
}

/* The rows of `input`, or "error N line L" when reading ended. */
static void expect(struct span input, char delimiter, char line_end, const char *rows)
{
    for (size_t step = input.len; step > 0; step = step == 1 ? 0 : 1) {
        struct seen seen;
        struct csv_reader r;
        struct err err;
        int code = 0;
        begin(&seen, &r, delimiter, line_end);
        for (size_t at = 0; at < input.len && code >= 0; at += step)
            code = (int)csv_reader_feed(&r, span_of(input.base + at, step), &err);
        if (code >= 0)
            code = csv_reader_finish(&r, &err);
        if (code < 0)
            buf_printf(&seen.text, "error %d line %d", (int)r.problem, (int)r.problem_line);
        else
            assert_true(seen.rows == 0 || seen.next_byte <= (int64_t)input.len);
        buf_add_char(&seen.text, '\0');
        assert_string_equal(buf_span(&seen.text).base, rows);
        csv_reader_release(&r);
        buf_release(&seen.text);
    }
}

static void rows_are_split_by_each_delimiter(void **state)
{
    (void)state;
    expect(SPAN_LIT("a;b\nc;d\n"), ';', '\n', "1|a|b!2|c|d!");
    expect(SPAN_LIT("a,b\r\nc,d\r\n"), ',', '\n', "1|a|b!2|c|d!");
    expect(SPAN_LIT("a\tb\t\n\tc\n"), '\t', '\n', "1|a|b|!2||c!");
    expect(SPAN_LIT("a;b\rc;d\r"), ';', '\r', "1|a|b!2|c|d!");
}

static void last_row_needs_no_line_break(void **state)
{
    (void)state;
    expect(SPAN_LIT("a;b\nc;d"), ';', '\n', "1|a|b!2|c|d!");
    expect(SPAN_LIT("a;b\n\"c\";\"d\""), ';', '\n', "1|a|b!2|c|d!");
}

static void empty_lines_are_no_rows_but_are_counted(void **state)
{
    (void)state;
    expect(SPAN_LIT("\r\na\n\n  \nb\n\n"), ';', '\n', "2|a!5|b!");
}

static void quoted_fields_hold_delimiters_quotes_and_line_breaks(void **state)
{
    (void)state;
    expect(SPAN_LIT("\"a;\"\"x\"\"\nsecond\";b\nc;d\n"), ';', '\n', "1|a;\"x\"\nsecond|b!3|c|d!");
}

static void quote_inside_an_unquoted_field_is_text(void **state)
{
    (void)state;
    expect(SPAN_LIT("PHU \"Janex\" s.c.;b\nc;d\n"), ';', '\n', "1|PHU \"Janex\" s.c.|b!2|c|d!");
}

static void text_behind_a_closing_quote_spoils_only_its_row(void **state)
{
    (void)state;
    expect(SPAN_LIT("\"Janex\" PHU;b\nc;d\n"), ';', '\n', "1?1!2|c|d!");
    expect(SPAN_LIT("c;d\n\"Janex\" PHU;b"), ';', '\n', "1|c|d!2?1!");
}

static void open_quote_at_the_end_ends_reading(void **state)
{
    (void)state;
    expect(SPAN_LIT("a;b\nc;\"d\ne;f\n"), ';', '\n', "1|a|b!error 3 line 2");
}

static void endless_open_quote_ends_reading_in_bounded_memory(void **state)
{
    (void)state;
    struct seen seen;
    struct csv_reader r;
    struct err err;
    char block[4096];
    memset(block, 'x', sizeof block);
    begin(&seen, &r, ';', '\n');
    assert_int_equal(csv_reader_feed(&r, SPAN_LIT("a;\""), &err), 3);
    long code = 0;
    for (int i = 0; i < 17 && code >= 0; ++i)
        code = csv_reader_feed(&r, span_of(block, sizeof block), &err);
    assert_int_equal(code, ERR_INPUT);
    assert_int_equal(r.problem, CSV_OPEN_QUOTE);
    csv_reader_release(&r);
    buf_release(&seen.text);
}

static void line_without_end_ends_reading(void **state)
{
    (void)state;
    struct seen seen;
    struct csv_reader r;
    struct err err;
    char *line = malloc(CSV_ROW_BYTES_MAX + 2);
    memset(line, 'x', CSV_ROW_BYTES_MAX + 2);
    begin(&seen, &r, ';', '\n');
    assert_int_equal(csv_reader_feed(&r, span_of(line, CSV_ROW_BYTES_MAX + 2), &err), ERR_INPUT);
    assert_int_equal(r.problem, CSV_ROW_TOO_LONG);
    csv_reader_release(&r);
    buf_release(&seen.text);
    free(line);
}

static void row_with_too_many_fields_is_reported_alone(void **state)
{
    (void)state;
    char line[CSV_FIELDS_MAX + 8];
    memset(line, ';', CSV_FIELDS_MAX);
    memcpy(line + CSV_FIELDS_MAX, "\na\n", 3);
    expect(span_of(line, CSV_FIELDS_MAX + 3), ';', '\n', "1?2!2|a!");
}

static void reading_stops_behind_a_row_and_goes_on_from_there(void **state)
{
    (void)state;
    struct seen seen;
    struct csv_reader r;
    struct err err;
    struct span input = SPAN_LIT("a;b\r\n\"c\nc\";d\ne;f\n");
    begin(&seen, &r, ';', '\n');
    seen.stop_behind = 2;
    long taken = csv_reader_feed(&r, input, &err);
    assert_int_equal(taken, 13);
    assert_int_equal(seen.next_byte, 13);
    assert_int_equal(seen.next_line, 4);
    assert_int_equal(csv_reader_feed(&r, span_from(input, 13), &err), 4);
    assert_int_equal(seen.rows, 3);
    assert_int_equal(seen.next_byte, (int64_t)input.len);
    csv_reader_release(&r);
    buf_release(&seen.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_split_by_each_delimiter),
        cmocka_unit_test(last_row_needs_no_line_break),
        cmocka_unit_test(empty_lines_are_no_rows_but_are_counted),
        cmocka_unit_test(quoted_fields_hold_delimiters_quotes_and_line_breaks),
        cmocka_unit_test(quote_inside_an_unquoted_field_is_text),
        cmocka_unit_test(text_behind_a_closing_quote_spoils_only_its_row),
        cmocka_unit_test(open_quote_at_the_end_ends_reading),
        cmocka_unit_test(endless_open_quote_ends_reading_in_bounded_memory),
        cmocka_unit_test(line_without_end_ends_reading),
        cmocka_unit_test(row_with_too_many_fields_is_reported_alone),
        cmocka_unit_test(reading_stops_behind_a_row_and_goes_on_from_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
