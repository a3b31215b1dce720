/* Which page stands behind a link: one row, one decision. */
#include "flow/page_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct instant now = {INT64_C(1780000000) * 1000000};

static struct instant ago(int64_t seconds)
{
    return instant_plus_seconds(now, -seconds);
}

static struct page_row owing(int64_t due_minor)
{
    return (struct page_row){
        .number = SPAN_LIT("F/1"), .currency = SPAN_LIT("PLN"), .due_minor = due_minor};
}

static struct page_payment payment(enum payment_state state, bool is_blik, int64_t age_seconds)
{
    return (struct page_payment){.is_there = true,
                                 .state = state,
                                 .is_blik = is_blik,
                                 .amount_minor = 100,
                                 .created_at = ago(age_seconds),
                                 .changed_at = ago(age_seconds)};
}

static const struct {
    const char *name;
    int64_t due_minor;
    enum payment_state state;
    bool has_payment, is_blik;
    int64_t age_seconds;
    unsigned holds;
    struct page_wishes wishes;
    enum page_kind kind;
    enum page_note note;
} rows[] = {
    {"due", 100, 0, false, false, 0, 0, {0}, PAGE_PAY, PAGE_NOTE_NONE},
    {"paid", 0, PAYMENT_PAID, true, false, 9, 0, {0}, PAGE_SETTLED, 0},
    {"overpaid", -5, PAYMENT_PAID, true, false, 9, 0, {0}, PAGE_SETTLED, 0},
    {"paid wins over a payment under way",
     0,
     PAYMENT_PENDING,
     true,
     false,
     9,
     0,
     {0},
     PAGE_SETTLED,
     0},
    {"part paid", 40, PAYMENT_PAID, true, false, 9, 0, {0}, PAGE_PAY, PAGE_NOTE_NONE},
    {"pending", 100, PAYMENT_PENDING, true, false, 90000, 0, {0}, PAGE_WAITING, 0},
    {"pending, impatient",
     100,
     PAYMENT_PENDING,
     true,
     false,
     90,
     0,
     {.is_again = true},
     PAGE_PAY,
     PAGE_NOTE_AGAIN},
    {"went to the provider",
     100,
     PAYMENT_STARTED,
     true,
     false,
     9,
     0,
     {0},
     PAGE_PAY,
     PAGE_NOTE_STARTED},
    {"back from the provider",
     100,
     PAYMENT_STARTED,
     true,
     false,
     9,
     0,
     {.is_back = true},
     PAGE_WAITING,
     0},
    {"back long ago",
     100,
     PAYMENT_STARTED,
     true,
     false,
     901,
     0,
     {.is_back = true},
     PAGE_PAY,
     PAGE_NOTE_STARTED},
    {"started two days ago",
     100,
     PAYMENT_STARTED,
     true,
     false,
     172800,
     0,
     {0},
     PAGE_PAY,
     PAGE_NOTE_NONE},
    {"blik waits for the nod", 100, PAYMENT_STARTED, true, true, 30, 0, {0}, PAGE_WAITING, 0},
    {"blik before the provider answered",
     100,
     PAYMENT_CREATED,
     true,
     true,
     1,
     0,
     {0},
     PAGE_WAITING,
     0},
    {"blik without a nod",
     100,
     PAYMENT_STARTED,
     true,
     true,
     181,
     0,
     {0},
     PAGE_PAY,
     PAGE_NOTE_STARTED},
    {"blik, a new code wanted",
     100,
     PAYMENT_STARTED,
     true,
     true,
     30,
     0,
     {.is_again = true},
     PAGE_PAY,
     PAGE_NOTE_NEW_CODE},
    {"blik, a new code when the first cannot be confirmed any more",
     100,
     PAYMENT_STARTED,
     true,
     true,
     120,
     0,
     {.is_again = true},
     PAGE_PAY,
     PAGE_NOTE_STARTED},
    {"failed", 100, PAYMENT_FAILED, true, true, 30, 0, {0}, PAGE_PAY, PAGE_NOTE_FAILED},
    {"failed last week", 100, PAYMENT_FAILED, true, true, 700000, 0, {0}, PAGE_PAY, PAGE_NOTE_NONE},
    {"refunded", 100, PAYMENT_REFUNDED, true, false, 30, 0, {0}, PAGE_PAY, PAGE_NOTE_REFUNDED},
    {"charged back",
     100,
     PAYMENT_CHARGED_BACK,
     true,
     false,
     30,
     0,
     {0},
     PAGE_PAY,
     PAGE_NOTE_CHARGED_BACK},
    {"amount changed",
     100,
     0,
     false,
     false,
     0,
     0,
     {.is_changed = true},
     PAGE_PAY,
     PAGE_NOTE_CHANGED},
    {"amount changed while the bank confirms a payment",
     100,
     PAYMENT_PENDING,
     true,
     false,
     9,
     0,
     {.is_changed = true},
     PAGE_PAY,
     PAGE_NOTE_AGAIN},
    {"a wrong code while the bank confirms a payment",
     100,
     PAYMENT_PENDING,
     true,
     false,
     9,
     0,
     {.is_blik_wrong = true},
     PAGE_PAY,
     PAGE_NOTE_AGAIN},
    {"plan", 100, 0, false, false, 0, PAGE_HOLD_PLAN, {0}, PAGE_PAY, PAGE_NOTE_PLAN},
    {"promise", 100, 0, false, false, 0, PAGE_HOLD_PROMISE, {0}, PAGE_PAY, PAGE_NOTE_PROMISE},
    {"dispute before plan",
     100,
     0,
     false,
     false,
     0,
     PAGE_HOLD_DISPUTE | PAGE_HOLD_PLAN,
     {0},
     PAGE_PAY,
     PAGE_NOTE_DISPUTE},
    {"held by an admin", 100, 0, false, false, 0, PAGE_HOLD_ADMIN, {0}, PAGE_PAY, PAGE_NOTE_ADMIN},
    {"failure told before a plan",
     100,
     PAYMENT_FAILED,
     true,
     false,
     30,
     PAGE_HOLD_PLAN,
     {0},
     PAGE_PAY,
     PAGE_NOTE_FAILED},
};

static void each_state_of_a_debt_has_its_page(void **state)
{
    (void)state;
    for (size_t i = 0; i != sizeof(rows) / sizeof(rows[0]); ++i) {
        struct page_row row = owing(rows[i].due_minor);
        row.holds = rows[i].holds;
        if (rows[i].has_payment)
            row.payment = payment(rows[i].state, rows[i].is_blik, rows[i].age_seconds);
        struct page_model m = page_model_of(&row, rows[i].wishes, now);
        if (m.kind != rows[i].kind || m.note != rows[i].note)
            fail_msg("%s: kind %d note %d", rows[i].name, m.kind, m.note);
    }
}

static void revoked_link_shows_nothing_else(void **state)
{
    (void)state;
    struct page_row row = owing(0);
    row.is_revoked = true;
    assert_int_equal(page_model_of(&row, (struct page_wishes){0}, now).kind, PAGE_REVOKED);
}

static void link_that_is_not_there_leads_nowhere(void **state)
{
    (void)state;
    assert_int_equal(page_model_of(NULL, (struct page_wishes){0}, now).kind, PAGE_NOWHERE);
}

static void waiting_page_looks_less_and_less_often(void **state)
{
    (void)state;
    int last = 0;
    for (int64_t age = 0; age < 4000; age += 100) {
        struct page_row row = owing(100);
        row.payment = payment(PAYMENT_PENDING, false, age);
        int seconds = page_model_of(&row, (struct page_wishes){0}, now).refresh_seconds;
        assert_true(seconds >= last && seconds > 0);
        last = seconds;
    }
}

static void waiting_page_can_be_told_to_stay_still(void **state)
{
    (void)state;
    struct page_row row = owing(100);
    row.payment = payment(PAYMENT_PENDING, false, 1);
    struct page_model m = page_model_of(&row, (struct page_wishes){.is_still = true}, now);
    assert_int_equal(m.kind, PAGE_WAITING);
    assert_int_equal(m.refresh_seconds, 0);
}

static void a_plan_says_what_is_to_be_paid_now(void **state)
{
    (void)state;
    struct page_row row = owing(30000);
    assert_int_equal(page_pay_minor(&row), 30000);
    row.holds = PAGE_HOLD_PLAN;
    row.plan = (struct page_plan){
        .state = PAGE_PLAN_ACTIVE, .part_count = 3, .part_no = 1, .part_minor = 10000};
    assert_int_equal(page_pay_minor(&row), 10000);
    assert_int_equal(page_model_of(&row, (struct page_wishes){0}, now).note, PAGE_NOTE_NONE);
    row.plan.late_minor = 20000; /* two of them */
    assert_int_equal(page_pay_minor(&row), 20000);
    row.holds = PAGE_HOLD_PLAN | PAGE_HOLD_PROMISE;
    assert_int_equal(page_model_of(&row, (struct page_wishes){0}, now).note, PAGE_NOTE_PROMISE);
}

static void a_plan_that_is_not_in_force_leaves_all_to_be_paid(void **state)
{
    (void)state;
    struct page_row row = owing(30000);
    row.holds = PAGE_HOLD_PLAN;
    row.plan = (struct page_plan){.state = PAGE_PLAN_ASKED};
    assert_int_equal(page_pay_minor(&row), 30000);
    assert_int_equal(page_model_of(&row, (struct page_wishes){0}, now).note, PAGE_NOTE_PLAN_ASKED);
    row.holds = 0;
    row.plan.state = PAGE_PLAN_BROKEN;
    assert_int_equal(page_pay_minor(&row), 30000);
    assert_int_equal(page_model_of(&row, (struct page_wishes){0}, now).note, PAGE_NOTE_PLAN_BROKEN);
    row.plan.state = PAGE_PLAN_COMPLETED;
    assert_int_equal(page_model_of(&row, (struct page_wishes){0}, now).note, PAGE_NOTE_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_state_of_a_debt_has_its_page),
        cmocka_unit_test(revoked_link_shows_nothing_else),
        cmocka_unit_test(link_that_is_not_there_leads_nowhere),
        cmocka_unit_test(waiting_page_looks_less_and_less_often),
        cmocka_unit_test(waiting_page_can_be_told_to_stay_still),
        cmocka_unit_test(a_plan_says_what_is_to_be_paid_now),
        cmocka_unit_test(a_plan_that_is_not_in_force_leaves_all_to_be_paid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
