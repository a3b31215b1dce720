#include "flow/import_bad_csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const char survey[] =
    "{\"delimiter\":\";\",\"line_end\":\"\\n\",\"header\":\"Nazwa;Kwota;\\\"Uwagi; inne\\\"\"}";

static void row_is(const char *raw, const char *expected)
{
    struct import_bad_csv csv;
    struct err err;
    struct buf out;
    buf_init(&out, 4096);
    assert_int_equal(import_bad_csv_begin(&csv, span_str(survey), &out, &err), 0);
    buf_reset(&out);
    import_bad_csv_row(&csv, 7, SPAN_LIT("amount"), SPAN_LIT("wrong"), span_str(raw), &out);
    assert_string_equal(buf_span(&out).base, expected);
    buf_release(&out);
}

static void header_gets_line_and_reason(void **state)
{
    (void)state;
    struct import_bad_csv csv;
    struct err err;
    struct buf out;
    buf_init(&out, 4096);
    assert_int_equal(import_bad_csv_begin(&csv, span_str(survey), &out, &err), 0);
    assert_string_equal(buf_span(&out).base,
                        "\xef\xbb\xbfNazwa;Kwota;\"Uwagi; inne\";line;reason\r\n");
    buf_release(&out);
}

static void rows_stand_as_they_were_with_their_reason_behind(void **state)
{
    (void)state;
    row_is("Anna;x;y", "Anna;x;y;7;amount: wrong\r\n");
    row_is("\"A \"\"B\"\"\nC\";x;\"y;z\"", "\"A \"\"B\"\"\nC\";x;\"y;z\";7;amount: wrong\r\n");
    row_is("Anna;x", "Anna;x;;7;amount: wrong\r\n");
    /* what cannot be split or has too much stands whole in the first cell */
    row_is("\"Anna\" B;x;y", "\"\"\"Anna\"\" B;x;y\";;;7;amount: wrong\r\n");
    row_is("Anna;x;y;z", "\"Anna;x;y;z\";;;7;amount: wrong\r\n");
}

static void formulas_are_quoted_and_numbers_are_not(void **state)
{
    (void)state;
    row_is("=1+1;-12,50;+48 600 100 200", "\"'=1+1\";-12,50;+48 600 100 200;7;amount: wrong\r\n");
    row_is("@SUM(A1);-cmd;+x", "\"'@SUM(A1)\";\"'-cmd\";\"'+x\";7;amount: wrong\r\n");
}

static void survey_of_another_kind_is_refused(void **state)
{
    (void)state;
    struct import_bad_csv csv;
    struct err err;
    struct buf out;
    buf_init(&out, 4096);
    assert_int_equal(import_bad_csv_begin(&csv, SPAN_LIT("{}"), &out, &err), ERR_INPUT);
    assert_int_equal(import_bad_csv_begin(&csv, SPAN_LIT("nonsense"), &out, &err), ERR_INPUT);
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_gets_line_and_reason),
        cmocka_unit_test(rows_stand_as_they_were_with_their_reason_behind),
        cmocka_unit_test(formulas_are_quoted_and_numbers_are_not),
        cmocka_unit_test(survey_of_another_kind_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
