/* Shapes of hand-written inputs, as accounting programs export them and as nobody should. */
#include "flow/csv_survey.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define HEAD "Kod kontrahenta;Nazwa;Numer faktury;Kwota;Termin"
#define BYTES(text)                                                                                \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }
#define ROW "K1;Anna;FV/1;10,00;2026-12-01\n"

static enum survey_refusal survey(struct span input, size_t step, struct csv_shape *shape,
                                  int64_t *row_count, struct err *detail)
{
    struct csv_survey *s = csv_survey_new();
    for (size_t at = 0; at < input.len; at += step) {
        struct span bytes = span_from(input, at);
        if (bytes.len > step)
            bytes.len = step;
        if (!csv_survey_feed(s, bytes))
            break;
    }
    enum survey_refusal refusal = csv_survey_finish(s, shape, detail);
    *row_count = csv_survey_row_count(s);
    csv_survey_free(s);
    return refusal;
}

static void shapes_are_recognised(void **state)
{
    (void)state;
    static const struct {
        const char *input;
        char delimiter, line_end;
        enum csv_encoding encoding;
        int rows, rows_byte, due_at;
    } cases[] = {
        {HEAD "\n" ROW, ';', '\n', CSV_UTF_8, 1, 49, 4},
        {"\xef\xbb\xbf" HEAD "\r\n" ROW ROW, ';', '\n', CSV_UTF_8, 2, 53, 4},
        {"customer reference,name,invoice number,amount,due date\nK,A,1,\"1,000.00\",x\n", ',',
         '\n', CSV_UTF_8, 1, 55, 4},
        {"customer reference\tname\tinvoice number\tamount\tdue date\n", '\t', '\n', CSV_UTF_8, 0,
         55, 4},
        {"sep=,\r\nid klienta,nazwa,numer,kwota,termin\r\n", ',', '\n', CSV_UTF_8, 0, 44, 4},
        {"id klienta,nazwa,numer,kwota,termin\rK,N,1,2,3\r", ',', '\r', CSV_UTF_8, 1, 36, 4},
        /* "Bączek", "Dąb" with ą as b9 and as b1 */
        {HEAD "\nK1;B\xb9"
              "czek;FV/1;1;x\n",
         ';', '\n', CSV_WINDOWS_1250, 1, 49, 4},
        {HEAD "\nK1;D\xb1"
              "b;FV/1;1;x\n",
         ';', '\n', CSV_ISO_8859_2, 1, 49, 4},
        /* the header's own letters: "Termin płatności" */
        {"Kod klienta;Nazwa;Numer;Kwota;Termin p\xb3"
         "atno\x9c"
         "ci\n",
         ';', '\n', CSV_WINDOWS_1250, 0, 47, 4},
        {"Kod klienta;Nazwa;Numer;Kwota;Termin p\xb3"
         "atno\xb6"
         "ci\n",
         ';', '\n', CSV_ISO_8859_2, 0, 47, 4},
        /* one broken letter among whole ones is an accident, not another encoding */
        {HEAD "\nK1;Łąćęńóśźż\xc5;FV/1;1;x\n", ';', '\n', CSV_UTF_8, 1, 49, 4},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i)
        for (size_t step = 1; step < 200; step += 98) {
            struct csv_shape shape;
            struct err detail;
            int64_t rows;
            assert_int_equal(survey(span_str(cases[i].input), step, &shape, &rows, &detail),
                             SURVEY_ACCEPTED);
            assert_int_equal(shape.delimiter, cases[i].delimiter);
            assert_int_equal(shape.line_end, cases[i].line_end);
            assert_int_equal(shape.encoding, cases[i].encoding);
            assert_int_equal(rows, cases[i].rows);
            assert_int_equal(shape.rows_byte, cases[i].rows_byte);
            assert_int_equal(shape.columns.at[CSV_DUE_DATE], cases[i].due_at);
        }
}

static void what_is_no_import_is_refused(void **state)
{
    (void)state;
    static const struct {
        struct span input;
        enum survey_refusal refusal;
    } cases[] = {
        {BYTES(""), SURVEY_EMPTY},
        {BYTES("\n\n\n"), SURVEY_EMPTY},
        {BYTES("\xff\xfe"
               "a\0;\0"),
         SURVEY_UTF_16},
        {BYTES("\xfe\xff\0a"), SURVEY_UTF_16},
        {BYTES("PK\x03\x04rest"), SURVEY_NO_CSV},
        {BYTES("%PDF-1.7\n"), SURVEY_NO_CSV},
        {BYTES(HEAD "\nK1;\0;x\n"), SURVEY_NO_CSV},
        {BYTES("hello world\n"), SURVEY_NO_CSV},
        {BYTES("{\"a\": 1}\n"), SURVEY_NO_CSV},
        {BYTES("Nazwa;Numer;Kwota;Termin\n"), SURVEY_COLUMN_MISSING},
        {BYTES("Kod klienta;Nazwa;Numer;Termin\n"), SURVEY_COLUMN_MISSING},
        {BYTES(HEAD ";Kwota\n"), SURVEY_HEADER_TWICE},
        {BYTES(HEAD "\nK1;\"Anna;FV/1;1;x\n"), SURVEY_QUOTE_OPEN},
        {BYTES("\"Kod klienta;Nazwa\n"), SURVEY_QUOTE_OPEN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i)
        for (size_t step = 1; step < 200; step += 98) {
            struct csv_shape shape;
            struct err detail = {0};
            int64_t rows;
            assert_int_equal(survey(cases[i].input, step, &shape, &rows, &detail),
                             cases[i].refusal);
            assert_true(detail.text[0] != '\0');
        }
}

static void header_with_too_many_columns_is_refused(void **state)
{
    (void)state;
    char head[2 * (CSV_FIELDS_MAX + 1)];
    for (size_t i = 0; i < sizeof head; i += 2)
        memcpy(head + i, "a;", 2);
    head[sizeof head - 1] = '\n';
    struct csv_shape shape;
    struct err detail;
    int64_t rows;
    assert_int_equal(survey(span_of(head, sizeof head), 4096, &shape, &rows, &detail),
                     SURVEY_TOO_MANY_COLUMNS);
}

static void gigabyte_in_one_line_is_refused_after_its_first_bytes(void **state)
{
    (void)state;
    char block[32768];
    memset(block, 'a', sizeof block);
    struct csv_survey *s = csv_survey_new();
    int fed = 0;
    while (fed < 32768 && csv_survey_feed(s, span_of(block, sizeof block)))
        ++fed;
    struct csv_shape shape;
    struct err detail;
    assert_true(fed <= 3);
    assert_int_equal(csv_survey_finish(s, &shape, &detail), SURVEY_LINE_TOO_LONG);
    csv_survey_free(s);
}

static void numbers_that_stand_twice_are_suspected(void **state)
{
    (void)state;
    struct csv_survey *s = csv_survey_new();
    struct csv_shape shape;
    struct err detail;
    size_t count;
    csv_survey_feed(s, SPAN_LIT(HEAD "\nK;A;FV/1;1;x\nK;A;FV/2;1;x\nK;A;FV/1;1;x\nK;A;FV/1;1;x\n"));
    assert_int_equal(csv_survey_finish(s, &shape, &detail), SURVEY_ACCEPTED);
    const uint64_t *suspects = csv_survey_suspects(s, &count);
    assert_int_equal(count, 1);
    assert_true(suspects[0] == csv_number_fingerprint(SPAN_LIT("FV/1")));
    csv_survey_free(s);
}

static void eight_bit_text_is_decoded(void **state)
{
    (void)state;
    static const struct {
        enum csv_encoding encoding;
        const char *raw, *text; /* text null: refused */
    } cases[] = {
        {CSV_WINDOWS_1250, "Za\xbf\xf3\xb3\xe6 g\xea\x9cl\xb9 ja\x9f\xf1", "Zażółć gęślą jaźń"},
        {CSV_ISO_8859_2, "Za\xbf\xf3\xb3\xe6 g\xea\xb6l\xb1 ja\xbc\xf1", "Zażółć gęślą jaźń"},
        {CSV_UTF_8, "Zażółć", "Zażółć"},
        {CSV_UTF_8, "\xc0\xaf", NULL},
        {CSV_UTF_8, "\xed\xa0\x80", NULL},
        {CSV_UTF_8, "a\xc5", NULL},
        {CSV_WINDOWS_1250, "a\x81", NULL}, /* not assigned */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        struct buf out;
        buf_init(&out, 1000);
        bool is_text = csv_text_decode(cases[i].encoding, span_str(cases[i].raw), &out);
        assert_int_equal(is_text, cases[i].text != NULL);
        if (is_text)
            assert_true(span_is_str(buf_span(&out), cases[i].text));
        buf_release(&out);
    }
}

static enum survey_refusal survey_campaign(struct csv_survey *s, const char *text, int64_t rows_max,
                                           struct csv_shape *shape)
{
    csv_survey_for_campaign(s, rows_max);
    if (csv_survey_feed(s, span_str(text)))
        assert_true(true);
    return csv_survey_finish(s, shape, NULL);
}

static void campaign_needs_telephone_amount_and_date_and_names_the_rest(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum survey_refusal refusal;
    } rows[] = {
        {"Telefon;Kwota;Termin\n1;2;3\n1;2;3\n", SURVEY_ACCEPTED},
        {"Telefon;Kwota;Termin\n1;2;3\n1;2;3\n1;2;3\n", SURVEY_TOO_MANY_ROWS},
        {"Nazwa;Kwota;Termin\n1;2;3\n", SURVEY_COLUMN_MISSING},
        {"Telefon;Kwota\n1;2\n", SURVEY_COLUMN_MISSING},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i) {
        struct csv_shape shape;
        struct csv_survey *s = csv_survey_new();
        assert_int_equal(survey_campaign(s, rows[i].text, 2, &shape), rows[i].refusal);
        csv_survey_free(s);
    }
    static const char *const fields[] = {"", "kod", "kod_2", "", "", "column_6", "kod_2_2"};
    struct csv_shape shape;
    struct csv_survey *s = csv_survey_new();
    assert_int_equal(survey_campaign(s, "Telefon;Kod;KOD;Kwota;Termin;???;kod 2\n", 2, &shape),
                     SURVEY_ACCEPTED);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; ++i)
        assert_string_equal(shape.fields[i], fields[i]);
    csv_survey_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_are_recognised),
        cmocka_unit_test(what_is_no_import_is_refused),
        cmocka_unit_test(header_with_too_many_columns_is_refused),
        cmocka_unit_test(gigabyte_in_one_line_is_refused_after_its_first_bytes),
        cmocka_unit_test(numbers_that_stand_twice_are_suspected),
        cmocka_unit_test(eight_bit_text_is_decoded),
        cmocka_unit_test(campaign_needs_telephone_amount_and_date_and_names_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
