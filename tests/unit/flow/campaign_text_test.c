#include "flow/campaign_text.h"

#include "flow/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct creditor creditor = {.name = SPAN_LIT("Bank")};
static char fields[2][CSV_FIELD_MAX + 1] = {"umowa", ""};
static const struct span cells[2] = {SPAN_LIT("17/ą"), SPAN_LIT("known column")};

static struct campaign_facts facts(void)
{
    return (struct campaign_facts){.creditor = &creditor,
                                   .name = SPAN_LIT("Łucja Nowak"),
                                   .number = SPAN_LIT("FV/1"),
                                   .currency = SPAN_LIT("PLN"),
                                   .due_minor = 123456,
                                   .due_date = 20806, /* 2026-12-19 */
                                   .language = SPAN_LIT("pl"),
                                   .fields = fields,
                                   .cells = cells,
                                   .count = 2,
                                   .is_plain = true,
                                   .link_len = 40};
}

/* What becomes of a row: its text, or "! " and why there is none. */
static const char *written(const char *template, const struct campaign_facts *f,
                           struct sms_measure *m)
{
    static char result[4096];
    struct err err;
    struct buf out;
    struct campaign_fault fault;
    struct campaign_text *t = campaign_text_new(span_str(template), &err);
    assert_non_null(t);
    buf_init(&out, 4096);
    if (campaign_text_write(t, f, &out, m, &fault))
        snprintf(result, sizeof result, "%.*s", SPAN_ARG(buf_span(&out)));
    else
        snprintf(result, sizeof result, "! %.*s: %s", SPAN_ARG(fault.field), fault.reason);
    buf_release(&out);
    campaign_text_free(t);
    return result;
}

static void templates_are_judged_when_they_are_made(void **state)
{
    (void)state;
    static const struct {
        const char *template, *why; /* null: it is one */
    } rows[] = {
        {"{{amount}} {{link}}", NULL},
        {"{{link}}\n{{creditor}}", NULL},
        {"{{#row.rabat}}{{row.rabat}} {{/row.rabat}}{{ link }}", NULL},
        {"", "1 to 2000 bytes"},
        {"{{amount}}", "no {{link}}"},
        {"{{#name}}{{link}} {{/name}}", "no {{link}}"},
        {"{{link}}.", "a blank must follow"},
        {"{{amuont}} {{link}}", "no field {{amuont}}"},
        {"{{row}} {{link}}", "no field {{row}}"},
        {"{{row.a.b}} {{link}}", "no field {{row.a.b}}"},
        {"{{#name}} {{link}}", ""},
        {"a\x01 {{link}}", "control characters"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i) {
        struct err err = {0};
        struct campaign_text *t = campaign_text_new(span_str(rows[i].template), &err);
        if ((t != NULL) != (rows[i].why == NULL))
            fail_msg("%s", rows[i].template);
        if (t == NULL)
            assert_non_null(strstr(err.text, rows[i].why));
        campaign_text_free(t);
    }
}

static void text_is_filled_with_its_row_and_has_room_for_its_link(void **state)
{
    (void)state;
    struct sms_measure m;
    struct campaign_facts f = facts();
    assert_string_equal(written("{{name}} {{row.umowa}}: {{amount}}, {{date}} {{link}}", &f, &m),
                        "Lucja Nowak 17/a: 1 234,56 PLN, 19.12.2026 \x01");
    /* 43 letters before the link and 40 of it. */
    assert_int_equal(m.alphabet, SMS_GSM);
    assert_int_equal(m.units, 83);
    assert_int_equal(m.parts, 1);
    f.is_plain = false;
    written("{{name}} {{link}}", &f, &m);
    assert_int_equal(m.alphabet, SMS_UCS2);
    assert_int_equal(m.units, 52);
}

static void cells_are_data(void **state)
{
    (void)state;
    struct sms_measure m;
    struct campaign_facts f = facts();
    const struct span hostile[2] = {SPAN_LIT("{{name}}{{#row}}<b>&"), SPAN_LIT("x")};
    f.cells = hostile;
    assert_string_equal(written("{{row.umowa}} {{link}}", &f, &m), "{{name}}{{#row}}<b>& \x01");
}

static void row_without_what_the_text_prints_is_told(void **state)
{
    (void)state;
    struct sms_measure m;
    struct campaign_facts f = facts();
    f.name = (struct span){NULL, 0};
    assert_string_equal(written("{{name}} {{link}}", &f, &m),
                        "! name: the text needs this value, and the row has none");
    assert_string_equal(written("{{#name}}{{name}}, {{/name}}{{link}}", &f, &m), "\x01");
}

static void text_of_too_many_parts_is_told(void **state)
{
    (void)state;
    struct sms_measure m;
    struct campaign_facts f = facts();
    char template[2000];
    /* Six parts hold 6 * 153 = 918 septets, of which the link has 40 and its blank one. */
    snprintf(template, sizeof template, "%0877d {{link}}", 0);
    written(template, &f, &m);
    assert_int_equal(m.parts, 6);
    snprintf(template, sizeof template, "%0878d {{link}}", 0);
    assert_string_equal(written(template, &f, &m), "! : the text takes more than 6 messages");
}

static void columns_that_the_file_lacks_are_named_with_those_it_has(void **state)
{
    (void)state;
    struct err err;
    struct buf why;
    const struct campaign_columns columns = {.fields = fields, .count = 2};
    struct campaign_text *good = campaign_text_new(SPAN_LIT("{{row.umowa}} {{link}}"), &err);
    struct campaign_text *bad = campaign_text_new(SPAN_LIT("{{row.kod}} {{link}}"), &err);
    buf_init(&why, 1000);
    assert_int_equal(campaign_text_fits(good, &columns, &why), 0);
    assert_int_equal(campaign_text_fits(bad, &columns, &why), ERR_INPUT);
    assert_string_equal(buf_span(&why).base,
                        "the text uses {{row.kod}}, and the file has no such column; it has "
                        "row.umowa");
    buf_release(&why);
    campaign_text_free(good);
    campaign_text_free(bad);
}

static void text_is_written_again_from_what_was_kept(void **state)
{
    (void)state;
    struct campaign_facts f = facts();
    struct buf kept, out, sent;
    buf_init(&kept, 1000);
    buf_init(&out, 1000);
    buf_init(&sent, 1000);
    campaign_cells_print(&kept, fields, cells, 2);
    assert_string_equal(buf_span(&kept).base, "{\"umowa\":\"17/ą\"}");
    f.fields = NULL;
    f.due_minor = 100;
    assert_true(campaign_text_again(SPAN_LIT("{{row.umowa}}: {{amount}} {{link}} {{link}}"),
                                    buf_span(&kept), &f, &out));
    campaign_text_link(&sent, buf_span(&out), SPAN_LIT("https://p"));
    assert_string_equal(buf_span(&sent).base, "17/a: 1,00 PLN https://p https://p");
    buf_release(&kept);
    buf_release(&out);
    buf_release(&sent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(templates_are_judged_when_they_are_made),
        cmocka_unit_test(text_is_filled_with_its_row_and_has_room_for_its_link),
        cmocka_unit_test(cells_are_data),
        cmocka_unit_test(row_without_what_the_text_prints_is_told),
        cmocka_unit_test(text_of_too_many_parts_is_told),
        cmocka_unit_test(columns_that_the_file_lacks_are_named_with_those_it_has),
        cmocka_unit_test(text_is_written_again_from_what_was_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
