#include "domain/message_field.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void fields_are_found_by_name_and_columns_by_their_prefix(void **state)
{
    (void)state;
    assert_int_equal(message_field_find(SPAN_LIT("amount"))->kind, MESSAGE_TEXT);
    assert_int_equal(message_field_find(SPAN_LIT("debts"))->kind, MESSAGE_LIST);
    assert_int_equal(message_field_find(SPAN_LIT("sms"))->kind, MESSAGE_CHANNEL);
    assert_non_null(message_field_find(SPAN_LIT("row.sklep")));
    assert_null(message_field_find(SPAN_LIT("row")));
    assert_null(message_field_find(SPAN_LIT("row.")));
    assert_null(message_field_find(SPAN_LIT("amonut")));
    assert_null(message_field_find(SPAN_LIT("")));
}

static void names_of_templates_are_small_words(void **state)
{
    (void)state;
    assert_true(message_name_is_fine(SPAN_LIT("late_14")));
    assert_true(message_name_is_fine(SPAN_LIT("a234567890123456789012345678901234567890")));
    assert_false(message_name_is_fine(SPAN_LIT("a2345678901234567890123456789012345678901")));
    static const char *const odd[] = {"",      "Late",    "1late",     "_late",
                                      "la-te", "../late", "late.firm", "późno"};
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); ++i)
        assert_false(message_name_is_fine(span_str(odd[i])));
}

static void only_people_have_given_names(void **state)
{
    (void)state;
    static const struct {
        const char *name, *first;
    } cases[] = {
        {"Jan Kowalski", "Jan"},
        {"Żaneta Łącka-Mróz", "Żaneta"},
        {"Anna Maria Wesołowska", "Anna"},
        {"Seán O'Brien", "Seán"},
        {"  Jan   Kowalski ", "Jan"},
        {"Оксана Шевченко", "Оксана"},
        {"KOWALSKI JAN", ""},
        {"Kowalski", ""},
        {"Hurtownia Stali Nowak sp. z o.o.", ""},
        {"Kowal Spółka Jawna", ""},
        {"Auto4You Jan", ""},
        {"Jan {{x}}", ""},
        {"Jan <b>", ""},
        {"A Kowalski", ""},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i)
        if (!span_is_str(message_first_name(span_str(cases[i].name)), cases[i].first))
            fail_msg("%s", cases[i].name);
}

static void what_the_law_wants_said_cannot_be_refused(void **state)
{
    (void)state;
    assert_true(message_is_refusable(SPAN_LIT("before")));
    assert_true(message_is_refusable(SPAN_LIT("details")));
    assert_false(message_is_refusable(SPAN_LIT("consequences")));
    assert_false(message_is_refusable(SPAN_LIT("late")));
    assert_false(message_is_refusable(SPAN_LIT("anything")));
    assert_true(message_needs_link(SPAN_LIT("anything")));
    assert_false(message_needs_link(SPAN_LIT("neutral")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_found_by_name_and_columns_by_their_prefix),
        cmocka_unit_test(names_of_templates_are_small_words),
        cmocka_unit_test(only_people_have_given_names),
        cmocka_unit_test(what_the_law_wants_said_cannot_be_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
