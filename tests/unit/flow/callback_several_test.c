/* Callbacks about payments for several debts: each debt gets its share, in any order of arrival. */
#include "flow/callback_apply.h"

#include "io/timer.h"
#include "unit/flow/money_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct money_fixture fixture;
static struct callback_queue *queue;
static int answered, kept;

static int setup_all(void **state)
{
    (void)state;
    fixture_new(&fixture);
    return 0;
}

static int teardown_all(void **state)
{
    (void)state;
    fixture_free(&fixture);
    return 0;
}

/* Each customer's payment 1 is for three debts: 50.00 due first, whose id is the largest, then the
 * fixture's 100.00, then 30.00; 180.00 in all. Each of the new ones has a reminder to come. */
static int setup(void **state)
{
    (void)state;
    fixture_seed(&fixture, 200);
    fixture_sql(
        &fixture,
        "insert into invoice (customer_id, number, kind, currency, amount_minor, due_minor,"
        " issue_date, due_date, entry_count, created_at, changed_at) select i.customer_id,"
        " 'LAST' || i.customer_id, 'invoice', 'PLN', 3000, 3000, '2026-11-17', '2026-11-28', 1,"
        " created_at, created_at from invoice i where number like 'FV%';"
        "insert into invoice (customer_id, number, kind, currency, amount_minor, due_minor,"
        " issue_date, due_date, entry_count, created_at, changed_at) select i.customer_id,"
        " 'FIRST' || i.customer_id, 'invoice', 'PLN', 5000, 5000, '2026-11-17', '2026-11-20', 1,"
        " created_at, created_at from invoice i where number like 'FV%';"
        "insert into ledger_entry (customer_id, invoice_id, entry_no, kind, amount_minor,"
        " currency, at) select customer_id, invoice_id, 1, 'charge', due_minor, 'PLN', created_at"
        " from invoice where number not like 'FV%';"
        "update payment set amount_minor = 18000;"
        "update payment_allocation set place = 2;"
        "insert into payment_allocation select customer_id, 1, invoice_id, due_minor,"
        " case when number like 'FIRST%' then 1 else 3 end from invoice where number not like"
        " 'FV%';"
        "insert into reminder (customer_id, invoice_id, step, due_at, state, reason) select"
        " customer_id, invoice_id, 'after_2', to_timestamp(1795348800) + interval '9 days',"
        " 'scheduled', 'planned' from invoice where number not like 'FV%';"
        "update invoice set needs_plan = false");
    queue = callback_queue_new(&fixture.world);
    answered = kept = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    callback_queue_free(queue);
    return 0;
}

static void on_done(void *owner, enum callback_result result)
{
    (void)owner;
    ++answered;
    kept += result == CALLBACK_KEPT;
}

static struct callback_facts facts_of(int customer, enum callback_kind kind, int64_t amount_minor,
                                      const char *key)
{
    struct callback_facts facts = {.kind = kind, .amount_minor = amount_minor, .currency = "PLN"};
    snprintf(facts.dedup_key, sizeof(facts.dedup_key), "%s", key);
    snprintf(facts.movement, sizeof(facts.movement), "%.40s", key);
    snprintf(facts.provider_reference, sizeof(facts.provider_reference), "sb_%d", customer);
    payment_reference_print(fixture.keys, (struct payment_id){customer, 1}, facts.reference);
    return facts;
}

static void offer(const struct callback_facts *facts, bool is_retry)
{
    struct err err;
    assert_int_equal(callback_apply(queue,
                                    &(struct callback_message){.account = &fixture.accounts[0],
                                                               .facts = facts,
                                                               .headers = SPAN_LIT("{}"),
                                                               .body = SPAN_LIT("{}"),
                                                               .is_retry = is_retry},
                                    on_done, NULL, NULL, &err),
                     0);
}

static void say(int customer, enum callback_kind kind, int64_t amount_minor, const char *key)
{
    struct callback_facts facts = facts_of(customer, kind, amount_minor, key);
    int before = answered;
    offer(&facts, false);
    assert_true(fixture_run(&fixture, &answered, before + 1, 10));
}

static void assert_value(const char *sql, const char *expected)
{
    assert_string_equal(fixture_value(&fixture, sql), expected);
}

/* Of customer 7, in the order of what they are due. */
#define DUE                                                                                        \
    "select string_agg(due_minor || case when paid_at is null then '' else ' paid' end, ', '"      \
    " order by due_date) from invoice where customer_id = 7"
#define PAYMENT                                                                                    \
    "select state || ' ' || paid_minor || '/' || refunded_minor || '/' || charged_back_minor"      \
    " from payment where customer_id = 7"
#define REMINDERS                                                                                  \
    "select string_agg(i.number || ':' || r.step || ':' || r.state, ' ' order by i.due_date,"      \
    " r.step) from reminder r join invoice i using (customer_id, invoice_id) where customer_id = " \
    "7 and r.step in ('after_2', 'thanks_1')"

static void one_payment_settles_all_its_debts(void **state)
{
    (void)state;
    say(7, CALLBACK_PAID, 18000, "p");
    assert_value(DUE, "0 paid, 0 paid, 0 paid");
    assert_value(PAYMENT, "paid 18000/0/0");
    assert_value(REMINDERS, "FIRST7:after_2:cancelled FIRST7:thanks_1:scheduled"
                            " FV7:after_2:cancelled FV7:thanks_1:scheduled"
                            " LAST7:after_2:cancelled LAST7:thanks_1:scheduled");
    assert_value("select string_agg(i.number || ' ' || (facts::json ->> 'amount_minor') || ' of '"
                 " || (facts::json ->> 'of_minor'), ', ' order by due_date) from event e join"
                 " invoice i using (customer_id, invoice_id) where e.kind = 'payment.paid'",
                 "FIRST7 5000 of 18000, FV7 10000 of 18000, LAST7 3000 of 18000");
    assert_value("select count(*) from invoice where customer_id <> 7 and due_minor = 0", "0");
    assert_value("select money_version from customer where customer_id = 7", "1");
    assert_int_equal(fixture_broken_invoices(&fixture), 0);
}

static void less_than_was_asked_for_fills_in_order_of_the_due_date(void **state)
{
    (void)state;
    say(7, CALLBACK_PAID, 6000, "p1");
    assert_value(DUE, "0 paid, 9000, 3000");
    assert_value(REMINDERS, "FIRST7:after_2:cancelled FIRST7:thanks_1:scheduled"
                            " FV7:after_2:scheduled LAST7:after_2:scheduled");
    say(7, CALLBACK_PAID, 12500, "p2");
    assert_value(DUE, "0 paid, 0 paid, -500 paid");
    assert_value(PAYMENT, "paid 18500/0/0");
    assert_int_equal(fixture_broken_invoices(&fixture), 0);
}

static void what_goes_back_comes_off_in_the_reverse_order_and_is_dunned_again(void **state)
{
    (void)state;
    say(7, CALLBACK_PAID, 18000, "p");
    say(7, CALLBACK_REFUNDED, 4000, "r");
    assert_value(DUE, "0 paid, 1000, 3000");
    assert_value(PAYMENT, "paid 18000/4000/0");
    assert_value("select string_agg(number, ' ' order by due_date) from invoice where needs_plan",
                 "FV7 LAST7");
    assert_value(REMINDERS, "FIRST7:after_2:cancelled FIRST7:thanks_1:scheduled"
                            " FV7:after_2:cancelled FV7:thanks_1:cancelled"
                            " LAST7:after_2:cancelled LAST7:thanks_1:cancelled");
    say(7, CALLBACK_CHARGED_BACK, 14000, "c");
    assert_value(DUE, "5000, 10000, 3000");
    assert_value(PAYMENT, "charged_back 18000/4000/14000");
    say(7, CALLBACK_CHARGEBACK_REVERSED, 14000, "v");
    assert_value(DUE, "0 paid, 1000, 3000");
    say(7, CALLBACK_REFUND_REVERSED, 4000, "rr");
    assert_value(DUE, "0 paid, 0 paid, 0 paid");
    assert_value(PAYMENT, "paid 18000/0/0");
    assert_int_equal(fixture_broken_invoices(&fixture), 0);
}

/* A movement is known although it stands on several debts, each with a part of its amount. */
static void a_movement_told_twice_is_booked_once(void **state)
{
    (void)state;
    say(7, CALLBACK_PAID, 18000, "p");
    struct callback_facts again = facts_of(7, CALLBACK_PAID, 18000, "another_key");
    snprintf(again.movement, sizeof(again.movement), "p");
    offer(&again, false);
    assert_true(fixture_run(&fixture, &answered, 2, 10));
    assert_value("select reason from callback_outcome where dedup_key = 'another_key'",
                 "nothing_new");
    again.amount_minor = 5000;
    snprintf(again.dedup_key, sizeof(again.dedup_key), "third_key");
    offer(&again, false);
    assert_true(fixture_run(&fixture, &answered, 3, 10));
    assert_value("select reason from callback_outcome where dedup_key = 'third_key'",
                 "contradiction");
    assert_value(DUE, "0 paid, 0 paid, 0 paid");
    assert_value(PAYMENT, "paid 18000/0/0");
}

static void what_moves_no_money_stands_on_every_timeline(void **state)
{
    (void)state;
    say(7, CALLBACK_PENDING, 0, "k1");
    say(7, CALLBACK_FAILED, 0, "k2");
    say(7, CALLBACK_REFUNDED, 100, "k3");
    assert_value("select count(*) || ' ' || count(distinct invoice_id) || ' ' ||"
                 " string_agg(distinct kind, ' ') from event where customer_id = 7",
                 "9 3 payment.failed payment.parked payment.pending");
    assert_value(DUE, "5000, 10000, 3000");
    assert_int_equal(fixture_broken_invoices(&fixture), 0);
}

static void retry_all_parked(const struct callback_facts *facts, int count)
{
    while (atoi(fixture_value(&fixture, "select count(*) from callback_outcome where state ="
                                        " 'parked' and next_try_at <= now()")) > 0) {
        int before = answered;
        for (int i = 0; i < count; ++i)
            offer(&facts[i], true);
        assert_true(fixture_run(&fixture, &answered, before + count, 20));
    }
}

/* By hand: 180.00 and 20.00 too much came in, 60.00 was given back, 100.00 charged back and 20.00
 * of that reversed: 60.00 stay, 50.00 on the first and 10.00 on the second. */
static void every_order_of_a_story_ends_alike(void **state)
{
    (void)state;
    enum { FACTS = 5, ORDERS = 120 };
    static struct callback_facts facts[ORDERS * FACTS];
    static const struct {
        enum callback_kind kind;
        int64_t amount_minor;
    } story[FACTS] = {{CALLBACK_PAID, 18000},
                      {CALLBACK_PAID, 2000},
                      {CALLBACK_REFUNDED, 6000},
                      {CALLBACK_CHARGED_BACK, 10000},
                      {CALLBACK_CHARGEBACK_REVERSED, 2000}};
    int told = 0;
    for (int order = 0; order < ORDERS; ++order) {
        int picked[FACTS] = {0, 1, 2, 3, 4};
        for (int i = FACTS, rest = order; i > 1; rest /= i, --i) {
            int j = rest % i, moved = picked[j];
            picked[j] = picked[i - 1];
            picked[i - 1] = moved;
        }
        for (int i = 0; i < FACTS; ++i) {
            char key[32];
            snprintf(key, sizeof(key), "o%d_%d", order, picked[i]);
            facts[told++] =
                facts_of(order + 1, story[picked[i]].kind, story[picked[i]].amount_minor, key);
        }
    }
    for (int round = 0; round < 2; ++round)
        for (int i = 0; i < told; ++i)
            offer(&facts[i], false);
    assert_true(fixture_run(&fixture, &answered, 2 * told, 60));
    assert_int_equal(kept, 2 * told);
    retry_all_parked(facts, told);
    assert_value("select string_agg(distinct dues, '; ') from (select string_agg(due_minor::text,"
                 " ', ' order by due_date) as dues from invoice where customer_id <= 120 group by"
                 " customer_id) x",
                 "0, 9000, 3000");
    assert_value("select string_agg(distinct state || paid_minor || '/' || refunded_minor || '/' ||"
                 " charged_back_minor, ' ') from payment where customer_id <= 120",
                 "paid20000/6000/8000");
    assert_value("select count(*) from callback_outcome where state = 'parked'", "0");
    assert_int_equal(fixture_broken_invoices(&fixture), 0);
}

/* 200 payments for three debts each are more than one flush has room for. */
static void more_debts_than_one_flush_takes_are_booked_in_several(void **state)
{
    (void)state;
    for (int customer = 1; customer <= 200; ++customer) {
        char key[32];
        snprintf(key, sizeof(key), "p%d", customer);
        struct callback_facts facts = facts_of(customer, CALLBACK_PAID, 18000, key);
        offer(&facts, false);
    }
    assert_true(fixture_run(&fixture, &answered, 200, 30));
    assert_int_equal(kept, 200);
    assert_value("select count(*) from invoice where due_minor = 0", "600");
    assert_int_equal(fixture_broken_invoices(&fixture), 0);
}

/* What the payment was for keeps its order, whatever becomes of the due dates. */
static void a_due_date_that_changes_later_changes_nothing(void **state)
{
    (void)state;
    say(7, CALLBACK_PAID, 18000, "p");
    fixture_sql(&fixture, "update invoice set due_date = '2026-12-31' where number = 'FIRST7'");
    say(7, CALLBACK_REFUNDED, 3000, "r");
    assert_value("select number || ' ' || due_minor from invoice where due_minor > 0 and"
                 " customer_id = 7",
                 "LAST7 3000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_payment_settles_all_its_debts, setup, teardown),
        cmocka_unit_test_setup_teardown(less_than_was_asked_for_fills_in_order_of_the_due_date,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(
            what_goes_back_comes_off_in_the_reverse_order_and_is_dunned_again, setup, teardown),
        cmocka_unit_test_setup_teardown(a_movement_told_twice_is_booked_once, setup, teardown),
        cmocka_unit_test_setup_teardown(what_moves_no_money_stands_on_every_timeline, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(every_order_of_a_story_ends_alike, setup, teardown),
        cmocka_unit_test_setup_teardown(more_debts_than_one_flush_takes_are_booked_in_several,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_due_date_that_changes_later_changes_nothing, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
