/* MT940: whole files in the shapes of several banks (tests/vectors/statements, with what stands in
 * them written by hand beside), and a table of what is refused. */
#include "flow/mt940_reader.h"

#include "unit/flow/statement_render.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void load(const char *name, const char *ending, struct buf *out)
{
    char path[500];
    snprintf(path, sizeof(path), SOURCE_DIR "/tests/vectors/statements/%s%s", name, ending);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        fail_msg("no %s", path);
    char bytes[4096];
    size_t len;
    while ((len = fread(bytes, 1, sizeof(bytes), file)) > 0)
        buf_add(out, span_of(bytes, len));
    fclose(file);
}

/* In pieces of `step` bytes. */
static int read_all(struct span file, size_t step, struct rendering *r, struct err *err)
{
    struct mt940_reader reader;
    struct statement_sink sink = rendering_sink(r);
    int rc = 0;
    *err = (struct err){.code = 0};
    mt940_reader_init(&reader, bank_charset_guess(file), &sink);
    for (size_t at = 0; at < file.len && rc == 0; at += step) {
        struct span rest = span_from(file, at);
        rc = mt940_reader_feed(&reader, span_of(rest.base, rest.len < step ? rest.len : step), err);
    }
    if (rc == 0)
        rc = mt940_reader_finish(&reader, err);
    mt940_reader_release(&reader);
    return rc;
}

static void files_of_several_banks_are_read(void **state)
{
    static const char *const names[] = {"pko",  "ing",      "mbank",   "millennium",
                                        "nest", "reversal", "year_end"};
    static const size_t steps[] = {1, 7, 100000};
    struct buf file, expected;
    (void)state;
    buf_init(&file, 100000);
    buf_init(&expected, 100000);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); ++i) {
        buf_reset(&file);
        buf_reset(&expected);
        load(names[i], ".sta", &file);
        load(names[i], ".sta.txt", &expected);
        for (size_t s = 0; s < sizeof(steps) / sizeof(steps[0]); ++s) {
            struct rendering r;
            struct err err;
            rendering_init(&r);
            if (read_all(buf_span(&file), steps[s], &r, &err) != 0)
                fail_msg("%s: %s", names[i], err.text);
            if (!span_is(buf_span(&r.text), buf_span(&expected)))
                fail_msg("%s:\n%s", names[i], buf_span(&r.text).base);
            rendering_release(&r);
        }
    }
    buf_release(&file);
    buf_release(&expected);
}

static void what_cannot_be_believed_is_refused_with_its_line(void **state)
{
#define HEAD ":20:MT940\n:25:PL74105010250000900123456789\n:28C:1\n"
#define OPEN HEAD ":60F:C261119PLN1000,00\n"
#define SHUT ":62F:C261120PLN1001,00\n"
#define ONE ":61:261120C1,00NTRFNONREF\n"
    static const struct {
        const char *file, *mistake;
    } rows[] = {
        {OPEN ONE SHUT "-", NULL},
        {OPEN ONE SHUT, NULL},
        {"\xef\xbb\xbf" OPEN ONE SHUT, NULL},
        {"{1:F01XXXX}{4:\n" OPEN ONE SHUT "-}{5:}\n", NULL},
        {"\x01" OPEN ONE SHUT "-\n\x03", NULL},
        {OPEN ":61:261120C1NTRFNONREF\n" SHUT, NULL}, /* no comma: the balance agrees */
        {OPEN ":61:261120CN1,0S073\n:86:020~00A\n" SHUT ":86:of the whole\n:64:C261120PLN1,\n",
         NULL},
        {"", "line 1: there is no statement in the file"},
        {"Data;Kwota\n1;2\n", "line 1: this is not MT940: a line outside a field"},
        {"<?xml version=\"1.0\"?>", "line 1: this is not MT940: a line outside a field"},
        {":25:X\n", "line 1: a field stands before the beginning of a statement (:20:)"},
        {":20:A\n:60F:C261119PLN1,\n", "line 2: the statement has no account (:25:)"},
        {HEAD ONE SHUT,
         "line 4: an entry stands before an opening balance or behind a closing one"},
        {HEAD SHUT, "line 4: a closing balance stands before an opening one"},
        {OPEN ONE, "line 6: the statement ends without a closing balance (:62F:)"},
        {OPEN ONE "-\n", "line 6: the statement ends without a closing balance (:62F:)"},
        {OPEN ONE HEAD, "line 6: the statement before this one has no closing balance"},
        {OPEN SHUT, "line 5: the opening balance and the entries do not make the closing balance"},
        {OPEN ONE ONE SHUT,
         "line 7: the opening balance and the entries do not make the closing balance"},
        {OPEN ONE ":62F:C261120EUR1001,00\n",
         "line 6: the closing balance has another currency than the opening one"},
        {OPEN ":86:TEXT\n" SHUT, "line 5: a text (:86:) stands before any entry"},
        {OPEN ":61:261320C1,00NTRF\n" SHUT, "line 5: the entry has no value date of the calendar"},
        {OPEN ":61:2611201320C1,00NTRF\n" SHUT,
         "line 5: the entry has no entry date of the calendar"},
        {OPEN ":61:2611201120X1,00NTRF\n" SHUT, "line 5: the entry is neither C, D, RC nor RD"},
        {OPEN ":61:2611201120R1,00NTRF\n" SHUT, "line 5: the entry is neither C, D, RC nor RD"},
        {OPEN ":61:2611201120CR1,00NTRF\n" SHUT,
         "line 5: the entry's currency is not the statement's"},
        {OPEN ":61:2611201120C,50NTRF\n" SHUT, "line 5: this is not an amount"},
        {OPEN ":61:2611201120C1,001NTRF\n" SHUT,
         "line 5: the amount has more decimals than its currency"},
        {OPEN ":61:2611201120C99999999999999999NTRF\n" SHUT,
         "line 5: the amount is larger than we count"},
        {HEAD ":60F:X261119PLN1,\n", "line 4: a balance begins with C or D, a day and a currency"},
        {HEAD ":60F:C261199PLN1,\n", "line 4: the balance has no day of the calendar"},
        {HEAD ":60F:C261119XXQ1,\n", "line 4: the balance has no known currency"},
        {OPEN ONE SHUT ONE,
         "line 7: an entry stands before an opening balance or behind a closing one"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct rendering r;
        struct err err;
        rendering_init(&r);
        int rc = read_all(span_str(rows[i].file), 100000, &r, &err);
        assert_int_equal(rc, rows[i].mistake == NULL ? 0 : ERR_INPUT);
        if (rows[i].mistake != NULL && strcmp(err.text, rows[i].mistake) != 0)
            fail_msg("row %zu: \"%s\"", i, err.text);
        rendering_release(&r);
    }
}

static void lines_and_fields_have_a_bound(void **state)
{
    struct buf file;
    struct rendering r;
    struct err err;
    (void)state;
    buf_init(&file, 1000000);
    rendering_init(&r);
    buf_add_str(&file, ":20:A\n:25:");
    for (int i = 0; i < 5000; ++i)
        buf_add_char(&file, 'A');
    assert_int_equal(read_all(buf_span(&file), 999, &r, &err), ERR_INPUT);
    assert_string_equal(err.text, "line 2: the line is too long");
    buf_reset(&file);
    buf_add_str(&file, ":20:A\n");
    for (int i = 0; i < 5000; ++i)
        buf_add_str(&file, "AAAA\n");
    assert_int_equal(read_all(buf_span(&file), 999, &r, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "the field is too long"));
    rendering_release(&r);
    buf_release(&file);
}

static void the_sinks_refusal_ends_the_reading(void **state)
{
    (void)state;
    for (int call = 1; call <= 3; ++call) {
        struct rendering r;
        struct err err;
        rendering_init(&r);
        r.fail_at = call;
        assert_int_equal(read_all(SPAN_LIT(OPEN ONE SHUT), 1, &r, &err), ERR_DATABASE);
        assert_int_equal(r.call_count, call);
        rendering_release(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_of_several_banks_are_read),
        cmocka_unit_test(what_cannot_be_believed_is_refused_with_its_line),
        cmocka_unit_test(lines_and_fields_have_a_bound),
        cmocka_unit_test(the_sinks_refusal_ends_the_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
