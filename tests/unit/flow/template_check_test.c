#include "flow/template_check.h"

#include "flow/message_texts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static struct template_report report;

static void check(const char *name, const char *text, unsigned channels)
{
    template_check(&(struct template_draft){.name = span_str(name),
                                            .tone = SPAN_LIT("firm"),
                                            .language = SPAN_LIT("pl"),
                                            .text = span_str(text),
                                            .is_plain = true,
                                            .channels = channels},
                   &report);
}

static void assert_mistake(size_t at, int line, bool is_warning, const char *part)
{
    if (at >= report.count)
        fail_msg("there are only %zu, and not \"%s\"", report.count, part);
    const struct template_mistake *m = &report.mistakes[at];
    if (m->line != line || m->is_warning != is_warning || strstr(m->text, part) == NULL)
        fail_msg("line %d%s: %s; not line %d: %s", m->line, m->is_warning ? " (warning)" : "",
                 m->text, line, part);
}

static void a_good_text_has_no_mistake(void **state)
{
    (void)state;
    check("late",
          "{{#sms}}Zapłać {{amount}}: {{link}} Dziękujemy{{/sms}}\n"
          "{{#push}}\nTytuł\nTreść\n{{/push}}\n{{#email}}\nT\nB\n{{link}}\n{{/email}}\n",
          7);
    assert_int_equal(report.count, 0);
    assert_false(report.is_refused);
    assert_int_equal(report.tone, MESSAGE_FIRM);
}

static void each_mistake_is_told_with_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int line;
        bool is_warning;
        const char *part;
    } cases[] = {
        {"{{#sms}}\na {{link}}\n{{#product}}", 3, false, "section is not closed"},
        {"{{#sms}}\na {{link}}\n", 1, false, "section is not closed"},
        {"{{#sms}}a {{link}}\n{{amonut}}{{/sms}}", 2, false, "{{amonut}} is no field"},
        {"{{#sms}}a {{link}}\n{{#sum}}x{{/sum}}{{/sms}}", 2, false, "{{sum}} is no field"},
        {"{{#sms}}a {{link}}\n{{> part}}{{/sms}}", 2, false, "partials"},
        {"{{#sms}}\n\n{{/sms}}", 1, false, "there is no text for sms"},
        {"\n{{#sms}}\na {{amount}}\n{{/sms}}", 2, false, "without {{link}}"},
        {"{{#sms}}\na\n{{link}}.\n{{/sms}}", 3, false, "needs a blank"},
        {"{{#sms}}\na\n{{link}}{{amount}}\n{{/sms}}", 3, false, "needs a blank"},
        {"{{#sms}}\na {{link}} <script>\n{{/sms}}", 2, false, "HTML"},
        {"{{#sms}}\na {{link}} </b>\n{{/sms}}", 2, false, "HTML"},
        {"{{#sms}}\na {{link}}\nJavaScript:x\n{{/sms}}", 3, false, "script"},
        {"{{#sms}}\na\x07 {{link}}\n{{/sms}}", 2, false, "control character"},
        {"{{#sms}}\na {{link}}\xe2\x80\xae\n{{/sms}}", 2, false, "control character"},
        {"{{#sms}}\na {{link}} \xff\n{{/sms}}", 2, false, "no UTF-8"},
        {"{{#sms}}\na {{link}} \xed\xa0\x80\n{{/sms}}", 2, false, "no UTF-8"},
        {"{{#sms}}\na {{link}} {{debts}}\n{{/sms}}", 2, false, "is a list"},
        {"{{#sms}}\na {{link}} {{email}}\n{{/sms}}", 2, false, "is no field"},
        {"{{#sms}}\na {{link}}\n{{#push}}x{{/push}}\n{{/sms}}", 3, false, "stands in the text for"},
        {"{{#push}}\nonly a title\n{{/push}}", 1, false, "first line is its title"},
        {"{{#sms}}\na {{link}} {{product}}\n{{/sms}}", 2, true, "may be empty"},
        {"{{#sms}}\na {{link}}\nkomornik\n{{/sms}}", 3, true, "enforcement"},
        {"{{#sms}}\na {{link}} https://bit.ly/x\n{{/sms}}", 2, true, "an address"},
        {"{{#push}}\nTytuł\n{{amount}}\n{{/push}}", 3, true, "no amounts"},
        {"{{#push}}\nTytuł\n{{link}}\n{{/push}}", 3, true, "no {{link}} in it"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        check("late", cases[i].text, 0);
        size_t at = 0; /* some of them lead to another one */
        while (at + 1 < report.count && strstr(report.mistakes[at].text, cases[i].part) == NULL)
            ++at;
        assert_mistake(at, cases[i].line, cases[i].is_warning, cases[i].part);
        assert_int_equal(report.is_refused, !cases[i].is_warning);
    }
}

static void all_mistakes_are_told_at_once_in_the_order_of_lines(void **state)
{
    (void)state;
    check("late", "{{#sms}}\nkomornik {{amonut}}\n<b>x</b>\n{{link}}!\n{{/sms}}", 0);
    assert_mistake(0, 2, false, "{{amonut}} is no field");
    assert_mistake(1, 2, true, "enforcement");
    assert_mistake(2, 3, false, "HTML");
    assert_mistake(3, 3, false, "HTML");
    assert_true(report.is_refused);
}

static void a_wanted_channel_must_have_a_text(void **state)
{
    (void)state;
    check("late", "{{#sms}}a {{link}}{{/sms}}", 1u << MESSAGE_SMS | 1u << MESSAGE_EMAIL);
    assert_int_equal(report.count, 1);
    assert_mistake(0, 0, false, "there is no text for email");
}

static void names_tones_and_languages_are_checked(void **state)
{
    (void)state;
    template_check(&(struct template_draft){.name = SPAN_LIT("../late"),
                                            .tone = SPAN_LIT("angry"),
                                            .language = SPAN_LIT("PL"),
                                            .text = SPAN_LIT("{{#sms}}a {{link}}{{/sms}}")},
                   &report);
    assert_int_equal(report.count, 3);
    assert_mistake(0, 0, false, "name");
    assert_mistake(1, 0, false, "tone");
    assert_mistake(2, 0, false, "language");
}

static void a_long_sms_is_counted(void **state)
{
    (void)state;
    char text[1200] = "{{#sms}}{{link}} ";
    memset(text + strlen(text), 'a', 500);
    strcat(text, "{{/sms}}");
    check("late", text, 0);
    assert_int_equal(report.count, 1);
    assert_mistake(0, 1, true, "4 parts"); /* 551 characters: 459 are three */
    assert_false(report.is_refused);
}

static void a_letter_that_makes_an_sms_dear_is_named_when_it_stays(void **state)
{
    (void)state;
    struct template_draft draft = {.name = SPAN_LIT("late"),
                                   .tone = SPAN_LIT("neutral"),
                                   .language = SPAN_LIT("pl"),
                                   .text = SPAN_LIT("{{#sms}}Zapłać: {{link}}{{/sms}}"),
                                   .is_plain = false};
    template_check(&draft, &report);
    assert_int_equal(report.count, 1);
    assert_mistake(0, 1, true, "U+0142");
    draft.is_plain = true;
    template_check(&draft, &report);
    assert_int_equal(report.count, 0);
}

static void columns_of_a_campaign_are_fields(void **state)
{
    (void)state;
    check("late", "{{#sms}}{{row.sklep}} {{row.x y}} {{link}}{{/sms}}", 0);
    assert_mistake(0, 1, false, "blank");
    check("late", "{{#sms}}{{row.sklep}} {{#row.kod}}{{row.kod}}{{/row.kod}} {{link}}{{/sms}}", 0);
    assert_int_equal(report.count, 0);
}

static void on_shipped(void *owner, const struct message_stored *shipped)
{
    (void)owner;
    template_check(
        &(struct template_draft){.name = shipped->name,
                                 .tone = span_str(message_tone_name(shipped->tone)),
                                 .language = span_str(language_code(shipped->language)),
                                 .text = shipped->text,
                                 .is_plain = true,
                                 .parts_max = shipped->language == LANGUAGE_UKRAINIAN ? 2 : 1},
        &report);
    if (report.count > 0)
        fail_msg("%s/%.*s line %d: %s", language_code(shipped->language), SPAN_ARG(shipped->name),
                 report.mistakes[0].line, report.mistakes[0].text);
}

static void the_shipped_texts_have_no_mistakes_and_no_warnings(void **state)
{
    (void)state;
    message_shipped_list(on_shipped, NULL);
}

static void a_flood_of_mistakes_is_bounded(void **state)
{
    (void)state;
    static char text[TEMPLATE_TEXT_MAX + 2];
    for (size_t i = 0; i + 3 < sizeof(text); i += 3)
        memcpy(text + i, "<a\n", 3);
    template_check(&(struct template_draft){.name = SPAN_LIT("late"),
                                            .tone = SPAN_LIT("firm"),
                                            .language = SPAN_LIT("pl"),
                                            .text = span_of(text, 6000)},
                   &report);
    assert_int_equal(report.count, TEMPLATE_MISTAKES_MAX);
    template_check(&(struct template_draft){.name = SPAN_LIT("late"),
                                            .tone = SPAN_LIT("firm"),
                                            .language = SPAN_LIT("pl"),
                                            .text = span_of(text, TEMPLATE_TEXT_MAX + 1)},
                   &report);
    assert_int_equal(report.count, 1);
    assert_true(report.is_refused);
    template_check(&(struct template_draft){.name = SPAN_LIT("late"),
                                            .tone = SPAN_LIT("firm"),
                                            .language = SPAN_LIT("pl")},
                   &report);
    assert_true(report.is_refused);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_text_has_no_mistake),
        cmocka_unit_test(each_mistake_is_told_with_its_line),
        cmocka_unit_test(all_mistakes_are_told_at_once_in_the_order_of_lines),
        cmocka_unit_test(a_wanted_channel_must_have_a_text),
        cmocka_unit_test(names_tones_and_languages_are_checked),
        cmocka_unit_test(a_long_sms_is_counted),
        cmocka_unit_test(a_letter_that_makes_an_sms_dear_is_named_when_it_stays),
        cmocka_unit_test(columns_of_a_campaign_are_fields),
        cmocka_unit_test(the_shipped_texts_have_no_mistakes_and_no_warnings),
        cmocka_unit_test(a_flood_of_mistakes_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
