#include "domain/dispute.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct dispute_policy policy = {.is_on = true, .answer_days = 30, .per_debt_max = 3};

static void refusals_come_in_their_order(void **state)
{
    (void)state;
    struct dispute_policy p = policy;
    struct dispute_case c = {.due_minor = 10000, .given_for_debt = 2};
    assert_int_equal(dispute_judge(&p, &c), DISPUTE_GOOD);
    c.given_for_debt = 3;
    assert_int_equal(dispute_judge(&p, &c), DISPUTE_TOO_MANY);
    c.is_given = true;
    assert_int_equal(dispute_judge(&p, &c), DISPUTE_GIVEN);
    c.due_minor = 0;
    assert_int_equal(dispute_judge(&p, &c), DISPUTE_SETTLED);
    p.is_on = false;
    assert_int_equal(dispute_judge(&p, &c), DISPUTE_OFF);
}

static void the_answer_is_due_in_days_or_working_days(void **state)
{
    (void)state;
    struct dispute_policy p = policy;
    const struct date today = {2026, 12, 1}; /* a Tuesday */
    assert_int_equal(date_compare(dispute_answer_by(&p, today), (struct date){2026, 12, 31}), 0);
    /* Behind 1 December 2026, seventeen: 2, 3, 4; 7-11; 14-18; 21-23; 28. Christmas Eve is a day
     * off since 2025, as are the two days behind it. */
    p.counts_working_days = true;
    p.answer_days = 17;
    assert_int_equal(date_compare(dispute_answer_by(&p, today), (struct date){2026, 12, 28}), 0);
}

static void words_of_ours_are_reasons_and_others_are_not(void **state)
{
    (void)state;
    static const char *const names[] = {"already_paid", "not_mine", "wrong_amount", "cannot_pay",
                                        "other"};
    enum dispute_reason reason;
    for (int i = 0; i < 5; ++i) {
        assert_true(dispute_reason_find(span_str(names[i]), &reason));
        assert_string_equal(dispute_reason_name(reason), names[i]);
    }
    assert_false(dispute_reason_find(SPAN_LIT("Other"), &reason));
    assert_false(dispute_reason_find(SPAN_LIT(""), &reason));
    assert_false(dispute_reason_find(SPAN_LIT("fraud"), &reason));
}

static void a_text_has_two_thousand_letters_at_most(void **state)
{
    (void)state;
    char text[2 * DISPUTE_TEXT_MAX + 2];
    for (int i = 0; i < DISPUTE_TEXT_MAX + 1; ++i) {
        text[2 * i] = (char)0xc5; /* ł */
        text[2 * i + 1] = (char)0x82;
    }
    assert_int_equal(dispute_judge_words(DISPUTE_OTHER, span_of(text, 2 * DISPUTE_TEXT_MAX)),
                     DISPUTE_GOOD);
    assert_int_equal(dispute_judge_words(DISPUTE_OTHER, span_of(text, sizeof(text))),
                     DISPUTE_LONG_TEXT);
    assert_int_equal(dispute_judge_words(DISPUTE_OTHER, SPAN_LIT("")), DISPUTE_NO_TEXT);
    assert_int_equal(dispute_judge_words(DISPUTE_NOT_MINE, SPAN_LIT("")), DISPUTE_GOOD);
    assert_int_equal(dispute_judge_words(0, SPAN_LIT("")), DISPUTE_NO_REASON);
}

static void what_is_not_seen_is_taken_out(void **state)
{
    (void)state;
    static const struct {
        struct span in;
        const char *out;
    } rows[] = {
        {SPAN_LIT(""), ""},
        {SPAN_LIT("  \r\n "), ""},
        {SPAN_LIT("zapłaciłam\r\nwczoraj"), "zapłaciłam\nwczoraj"},
        {SPAN_LIT("a\rb"), "a\nb"},
        {SPAN_LIT("\ta\tb\n"), "a\tb"},
        {SPAN_LIT("a\0b\x01\x7f"
                  "c"),
         "abc"},
        {SPAN_LIT("1\u202e00\u202c"), "100"},
        {SPAN_LIT("\u2066x\u2069\u200f\u200e\ufeff\u061c"), "x"},
        {SPAN_LIT("a\u2028b\xc2\x85"), "ab"},
        {SPAN_LIT("ще не вмерла \xf0\x9f\x98\x80"), "ще не вмерла \xf0\x9f\x98\x80"},
        {SPAN_LIT("\xe2\x80"), "\xe2\x80"}, /* cut off: no look behind the end */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct buf out;
        buf_init(&out, 1000);
        dispute_clean(rows[i].in, &out);
        assert_int_equal(buf_span(&out).len, strlen(rows[i].out));
        assert_true(span_is_str(buf_span(&out), rows[i].out));
        buf_release(&out);
    }
}

static void an_answer_is_given_once(void **state)
{
    (void)state;
    enum {
        O = DISPUTE_STATE_OPEN,
        A = DISPUTE_STATE_ACCEPTED,
        R = DISPUTE_STATE_REJECTED,
        W = DISPUTE_STATE_WITHDRAWN,
        E = DISPUTE_STATE_ENDED
    };
    /* From, then accepted, rejected, withdrawn, debt changed. */
    static const int rows[][5] = {
        {O, A, R, W, O}, {A, A, A, A, E}, {R, R, R, R, R}, {W, W, W, W, W}, {E, E, E, E, E},
    };
    for (size_t i = 0; i < 5; ++i)
        for (int event = 1; event <= 4; ++event)
            assert_int_equal(
                dispute_next((enum dispute_state)rows[i][0], (enum dispute_event)event),
                rows[i][event]);
    assert_true(dispute_holds(DISPUTE_STATE_OPEN) && dispute_holds(DISPUTE_STATE_ACCEPTED));
    assert_false(dispute_holds(DISPUTE_STATE_REJECTED) || dispute_holds(DISPUTE_STATE_WITHDRAWN) ||
                 dispute_holds(DISPUTE_STATE_ENDED));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusals_come_in_their_order),
        cmocka_unit_test(the_answer_is_due_in_days_or_working_days),
        cmocka_unit_test(words_of_ours_are_reasons_and_others_are_not),
        cmocka_unit_test(a_text_has_two_thousand_letters_at_most),
        cmocka_unit_test(what_is_not_seen_is_taken_out),
        cmocka_unit_test(an_answer_is_given_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
