/* Plans whose parts are over: none of them rests for ever. */
#include "store/instalment_store.h"

#include "unit/store/store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

/* 2026-12-20T12:00:00Z, behind the grace of every part here. */
static const struct instalment_rules rules = {.now = {INT64_C(1797768000) * 1000000},
                                              .in_flight_from = {INT64_C(1797766200) * 1000000}};

static struct store_fixture fixture;

static int suite_setup(void **state)
{
    (void)state;
    store_fixture_new(&fixture);
    return 0;
}

static int suite_teardown(void **state)
{
    (void)state;
    store_fixture_free(&fixture);
    return 0;
}

/* Customers 1 to 3, of 100.00 each in two parts, of the 1st and the 10th; one part may be missed.
 */
static int setup(void **state)
{
    (void)state;
    pg_cluster_sql(
        &fixture.cluster,
        "truncate customer, invoice, plan, instalment, hold, event, ledger_entry, dispute cascade;"
        "insert into customer (customer_id, reference, created_at, changed_at)"
        " select n, 'P-' || n, now(), now() from generate_series(1, 3) n;"
        "insert into invoice (customer_id, invoice_id, number, kind, currency, amount_minor,"
        " due_minor, issue_date, due_date, entry_count, hold_count, plan_no, created_at, "
        "changed_at)"
        " select n, 1, 'P/' || n, 'invoice', 'PLN', 10000, 10000, '2026-11-01', '2026-11-20', 1, 1,"
        " 1, '2026-11-25', '2026-11-25' from generate_series(1, 3) n;"
        "insert into hold (customer_id, invoice_id, hold_no, kind, created_at)"
        " select n, 1, 1, 'plan', '2026-11-25' from generate_series(1, 3) n;"
        "insert into plan (customer_id, invoice_id, plan_no, state, policy, debt_minor, grace_days,"
        " missed_max, first_part_no, part_count, entry_from, hold_no, language, asked_at)"
        " select n, 1, 1, 'active', 'test', 10000, 3, 1, 1, 2, 1, 1, 'pl', '2026-11-25'"
        " from generate_series(1, 3) n;"
        "insert into instalment (customer_id, invoice_id, part_no, due_date, amount_minor,"
        " agreed_minor) select n, 1, p, d::date, 5000, 5000 from generate_series(1, 3) n,"
        " (values (1, '2026-12-01'), (2, '2026-12-10')) v (p, d);");
    return 0;
}

/* Money of each of these customers that came in, or went back, as callbacks write it; or a
 * correction of their creditor's. */
static void move(const char *customers, const char *kind, int amount)
{
    char sql[1024];
    int is_payment = strcmp(kind, "correction") != 0;
    snprintf(
        sql, sizeof(sql),
        "begin;"
        "insert into ledger_entry (customer_id, invoice_id, entry_no, kind, amount_minor,"
        " currency, payment_no, source_reference, at) select customer_id, 1, entry_count + 1,"
        " '%s', %d, 'PLN', case when %d = 1 then 1 end, case when %d = 1 then 'm' || entry_count"
        " else '' end, '2026-12-05'"
        " from invoice where customer_id in (%s);"
        "update invoice set due_minor = due_minor + (%d), entry_count = entry_count + 1,"
        " changed_at = '2026-12-05' where customer_id in (%s);"
        "commit",
        kind, amount, is_payment, is_payment, customers, amount, customers);
    pg_cluster_sql(&fixture.cluster, sql);
}

static void assert_value(const char *query, const char *wanted)
{
    assert_true(store_fixture_says(&fixture, query, wanted));
}

static bool is_done;

static void on_missed(void *owner, const PGresult *result, const struct err *err)
{
    int64_t missed, broken;
    (void)owner;
    assert_int_equal(err->code, 0);
    instalment_read_missed(result, &missed, &broken);
}

static void on_saved(void *owner, const struct err *err)
{
    (void)owner;
    assert_int_equal(err->code, 0);
    is_done = true;
}

static void on_found(void *owner, const PGresult *found, const struct err *err)
{
    static struct pg_tx tx;
    struct err failed = {0};
    (void)owner;
    assert_int_equal(err->code, 0);
    tx = (struct pg_tx){NULL};
    if (PQntuples(found) == 0)
        is_done = true;
    else
        assert_int_equal(
            instalment_miss(fixture.store, &tx, found, &rules, on_missed, on_saved, NULL, &failed),
            0);
}

static void look(void)
{
    struct pg_query query = {NULL};
    struct err err = {0};
    is_done = false;
    assert_int_equal(instalment_late(fixture.store, &query, &rules, on_found, NULL, &err), 0);
    while (!is_done)
        h2o_evloop_run(fixture.loop, INT32_MAX);
}

static void nothing_to_come_and_one_missed_breaks_it(void **state)
{
    (void)state;
    /* 1 and 2 pay the first part; the second one of 2 is of the next month; 3 pays both. */
    move("1, 2, 3", "payment", -5000);
    move("3", "payment", -5000);
    pg_cluster_sql(
        &fixture.cluster,
        "update instalment set due_date = '2027-01-10' where customer_id = 2 and part_no = 2");
    look();
    assert_value("select string_agg(state, ' ' order by customer_id) from plan",
                 "broken active completed");
    assert_value("select string_agg((released_at is not null)::text, ' ' order by customer_id)"
                 " from hold",
                 "true false true");
    assert_value("select string_agg(coalesce(plan_no::text, '-'), ' ' order by customer_id)"
                 " from invoice",
                 "- 1 1");
}

static void one_missed_with_another_to_come_does_not(void **state)
{
    (void)state;
    pg_cluster_sql(&fixture.cluster,
                   "update instalment set due_date = '2026-12-18' where part_no = 2");
    look();
    assert_value("select string_agg(state, ' ') from plan", "active active active");
    assert_value("select string_agg(part_no || ' ' || (missed_at is not null)::text, ', '"
                 " order by part_no) from instalment where customer_id = 1",
                 "1 true, 2 false");
}

/* Nothing of it is new to be missed, and so nobody would look at it again. */
static void what_was_missed_paid_and_taken_back_is_missed_again(void **state)
{
    (void)state;
    pg_cluster_sql(&fixture.cluster, "update instalment set missed_at = '2026-12-14'");
    move("1, 2, 3", "payment", -10000);
    assert_value("select string_agg(distinct state, ' ') from plan", "completed");
    move("1", "chargeback", 10000);
    move("2", "chargeback", 5000);
    look();
    assert_value("select string_agg(state, ' ' order by customer_id) from plan",
                 "broken broken completed");
}

/* 30.00 were forgiven for the sake of the plan. */
static void what_was_forgiven_stays_so_where_all_that_was_agreed_was_paid(void **state)
{
    (void)state;
    pg_cluster_sql(&fixture.cluster, "update plan set debt_minor = 13000, forgiven_minor = 3000,"
                                     " offer_no = 1");
    move("1, 2, 3", "payment", -10000);
    move("1", "correction", 1000); /* the creditor adds a fee */
    move("2", "chargeback", 5000);
    move("3", "correction", -1000); /* a transfer, which is taken back with a payment */
    move("3", "chargeback", 10000);
    look();
    assert_value("select string_agg(state, ' ') from plan", "broken broken broken");
    assert_value("select string_agg(due_minor::text, ' ' order by customer_id) from invoice",
                 "1000 8000 12000");
    assert_value("select string_agg(customer_id::text, ' ' order by customer_id) from event"
                 " where kind = 'offer.forgiveness_ended'",
                 "2 3");
}

/* It was not corrected by what the plan books. */
static void the_end_of_a_plan_does_not_end_an_accepted_dispute(void **state)
{
    (void)state;
    pg_cluster_sql(
        &fixture.cluster,
        "update plan set debt_minor = 13000, forgiven_minor = 3000, offer_no = 1;"
        "select dispute_open(1, 1, '2026-12-03', 'wrong_amount', '2026-12-20', 'n', null,"
        " null);"
        "select dispute_answer(1, 1, 1, 'accepted', 'office', '2026-12-04', '\\x00', '{}');"
        "select plan_decide(1, 1, 1, 'end', 'office', 'why', '2026-12-05')");
    assert_value("select due_minor from invoice where customer_id = 1", "13000");
    assert_value("select state from dispute", "accepted");
    assert_value("select released_at is null from hold where kind = 'dispute'", "t");
    move("1", "correction", -500);
    assert_value("select state from dispute", "ended");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nothing_to_come_and_one_missed_breaks_it, setup),
        cmocka_unit_test_setup(one_missed_with_another_to_come_does_not, setup),
        cmocka_unit_test_setup(what_was_missed_paid_and_taken_back_is_missed_again, setup),
        cmocka_unit_test_setup(the_end_of_a_plan_does_not_end_an_accepted_dispute, setup),
        cmocka_unit_test_setup(what_was_forgiven_stays_so_where_all_that_was_agreed_was_paid,
                               setup),
    };
    return cmocka_run_group_tests(tests, suite_setup, suite_teardown);
}
