#include "domain/text_format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define NB "\xc2\xa0"

static struct buf out;

static int make_buf(void **state)
{
    (void)state;
    buf_init(&out, 200);
    return 0;
}

static int free_buf(void **state)
{
    (void)state;
    buf_release(&out);
    return 0;
}

static void assert_out(const char *expected)
{
    assert_string_equal(buf_span(&out).base, expected);
    buf_reset(&out);
}

static void amounts_follow_language_place_and_currency(void **state)
{
    (void)state;
    const struct {
        int64_t minor;
        const char *currency;
        struct text_style style;
        const char *expected;
    } rows[] = {
        {123456, "PLN", {LANGUAGE_POLISH, TEXT_PAGE}, "1" NB "234,56" NB "zł"},
        {123456, "PLN", {LANGUAGE_ENGLISH, TEXT_PAGE}, "PLN" NB "1,234.56"},
        {123456, "PLN", {LANGUAGE_UKRAINIAN, TEXT_PAGE}, "1" NB "234,56" NB "zł"},
        {123456, "PLN", {LANGUAGE_POLISH, TEXT_SMS}, "1 234,56 PLN"},
        {123456, "PLN", {LANGUAGE_ENGLISH, TEXT_SMS}, "PLN 1,234.56"},
        {123456, "EUR", {LANGUAGE_POLISH, TEXT_PAGE}, "1" NB "234,56" NB "€"},
        {123456, "EUR", {LANGUAGE_ENGLISH, TEXT_PAGE}, "€1,234.56"},
        {123456, "EUR", {LANGUAGE_ENGLISH, TEXT_SMS}, "EUR 1,234.56"},
        {5, "PLN", {LANGUAGE_POLISH, TEXT_PAGE}, "0,05" NB "zł"},
        {0, "PLN", {LANGUAGE_POLISH, TEXT_PAGE}, "0,00" NB "zł"},
        {-1050, "PLN", {LANGUAGE_POLISH, TEXT_PAGE}, "-10,50" NB "zł"},
        {99999, "PLN", {LANGUAGE_POLISH, TEXT_PAGE}, "999,99" NB "zł"},
        {1234567, "JPY", {LANGUAGE_ENGLISH, TEXT_SMS}, "JPY 1,234,567"},
        {1234567, "KWD", {LANGUAGE_POLISH, TEXT_SMS}, "1 234,567 KWD"},
        {INT64_MIN, "PLN", {LANGUAGE_ENGLISH, TEXT_SMS}, "PLN -92,233,720,368,547,758.08"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        text_format_amount(&out, money_of(rows[i].minor, rows[i].currency), rows[i].style);
        assert_out(rows[i].expected);
    }
}

static void dates_follow_language_and_place(void **state)
{
    (void)state;
    const struct date d = {2026, 5, 12}, october = {2026, 10, 3};
    text_format_date(&out, d, (struct text_style){LANGUAGE_POLISH, TEXT_PAGE});
    assert_out("12" NB "maja" NB "2026");
    text_format_date(&out, october, (struct text_style){LANGUAGE_POLISH, TEXT_PAGE});
    assert_out("3" NB "października" NB "2026");
    text_format_date(&out, d, (struct text_style){LANGUAGE_ENGLISH, TEXT_PAGE});
    assert_out("12" NB "May" NB "2026");
    text_format_date(&out, d, (struct text_style){LANGUAGE_UKRAINIAN, TEXT_PAGE});
    assert_out("12" NB "травня" NB "2026");
    text_format_date(&out, october, (struct text_style){LANGUAGE_POLISH, TEXT_SMS});
    assert_out("03.10.2026");
    text_format_date(&out, october, (struct text_style){LANGUAGE_ENGLISH, TEXT_SMS});
    assert_out("3 October 2026");
}

static void accounts_are_grouped_in_fours(void **state)
{
    (void)state;
    const struct span account = SPAN_LIT("PL61109010140000071219812874");
    text_format_account(&out, account);
    assert_out("PL61 1090 1014 0000 0712 1981 2874");
}

static void names_are_masked_to_two_initials(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"Anna Kowalska", "A. K."},
        {"Łukasz  Żak-Nowak", "Ł. Ż."},
        {"Олена Шевченко", "О. Ш."},
        {"Cher", "C."},
        {" \"Wir\" Sp. z o.o.", "W. S."},
        {"- . ,", ""},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        text_format_masked_name(&out, span_str(rows[i][0]));
        assert_string_equal(buf_span(&out).base, rows[i][1]);
        buf_reset(&out);
    }
}

static void languages_are_found_by_their_tags(void **state)
{
    (void)state;
    enum language language = LANGUAGE_COUNT;
    assert_true(language_find(SPAN_LIT("pl"), &language) && language == LANGUAGE_POLISH);
    assert_true(language_find(SPAN_LIT("EN-gb"), &language) && language == LANGUAGE_ENGLISH);
    assert_true(language_find(SPAN_LIT("uk_UA"), &language) && language == LANGUAGE_UKRAINIAN);
    assert_false(language_find(SPAN_LIT("plx"), &language));
    assert_false(language_find(SPAN_LIT("de"), &language));
    assert_false(language_find(SPAN_LIT(""), &language));
    assert_string_equal(language_code(LANGUAGE_UKRAINIAN), "uk");
}

static void days_are_counted_as_each_language_does(void **state)
{
    (void)state;
    const struct {
        int32_t days;
        const char *expected[3];
    } cases[] = {
        {0, {"0 dni", "0 days", "0 днів"}},         {1, {"1 dzień", "1 day", "1 день"}},
        {2, {"2 dni", "2 days", "2 дні"}},          {5, {"5 dni", "5 days", "5 днів"}},
        {11, {"11 dni", "11 days", "11 днів"}},     {14, {"14 dni", "14 days", "14 днів"}},
        {21, {"21 dni", "21 days", "21 день"}},     {23, {"23 dni", "23 days", "23 дні"}},
        {112, {"112 dni", "112 days", "112 днів"}},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i)
        for (int language = 0; language < LANGUAGE_COUNT; ++language) {
            text_format_days(&out, cases[i].days,
                             (struct text_style){(enum language)language, TEXT_SMS});
            assert_out(cases[i].expected[language]);
        }
}

static void spoken_amounts_have_no_groups_and_no_empty_cents(void **state)
{
    (void)state;
    const struct {
        int64_t minor;
        enum language language;
        const char *expected;
    } cases[] = {
        {123450, LANGUAGE_POLISH, "1234,50 zł"}, {1234500, LANGUAGE_POLISH, "12345 zł"},
        {5, LANGUAGE_POLISH, "0,05 zł"},         {123450, LANGUAGE_ENGLISH, "PLN 1234.50"},
        {100000, LANGUAGE_UKRAINIAN, "1000 zł"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        text_format_amount(&out, money_of(cases[i].minor, "PLN"),
                           (struct text_style){cases[i].language, TEXT_SPOKEN});
        assert_out(cases[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(amounts_follow_language_place_and_currency),
        cmocka_unit_test(dates_follow_language_and_place),
        cmocka_unit_test(accounts_are_grouped_in_fours),
        cmocka_unit_test(names_are_masked_to_two_initials),
        cmocka_unit_test(languages_are_found_by_their_tags),
        cmocka_unit_test(days_are_counted_as_each_language_does),
        cmocka_unit_test(spoken_amounts_have_no_groups_and_no_empty_cents),
    };
    return cmocka_run_group_tests(tests, make_buf, free_buf);
}
