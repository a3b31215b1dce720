/* Promises that are over are closed once, whoever else closes them, and not while a payment may
 * still keep them. */
#include "store/promise_store.h"

#include "unit/store/store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

/* 2026-12-04T12:00:00Z, two days behind the end of all promises here. */
static const struct instant now = {INT64_C(1796385600) * 1000000};

static struct store_fixture fixture;

struct wait {
    bool is_done;
    struct promise_closed closed;
};

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

/* Customer 1 to 4, of 100.00 each, promised for the 1st with a day of grace. */
static int setup(void **state)
{
    (void)state;
    pg_cluster_sql(
        &fixture.cluster,
        "truncate customer, invoice, promise, hold, event, ledger_entry, payment,"
        " payment_allocation cascade;"
        "insert into customer (customer_id, reference, created_at, changed_at)"
        " select n, 'P-' || n, now(), now() from generate_series(1, 4) n;"
        "insert into invoice (customer_id, invoice_id, number, kind, currency, amount_minor,"
        " due_minor, issue_date, due_date, entry_count, created_at, changed_at)"
        " select n, 1, 'P/' || n, 'invoice', 'PLN', 10000, 10000, '2026-11-01', '2026-11-20', 1,"
        " '2026-11-25', '2026-11-25' from generate_series(1, 4) n;"
        "select promise_give(n, 1, '2026-11-25 12:00+00', 'page', '2026-12-01', '2026-12-03', null,"
        " null, 'form' || n) from generate_series(1, 4) n");
    return 0;
}

static void assert_value(const char *query, const char *wanted)
{
    assert_true(store_fixture_says(&fixture, query, wanted));
}

static void on_closed_row(void *owner, const PGresult *result, const struct err *err)
{
    struct wait *wait = owner;
    assert_int_equal(err->code, 0);
    wait->closed = promise_read_closed(result);
}

static void on_closed(void *owner, const struct err *err)
{
    assert_int_equal(err->code, 0);
    ((struct wait *)owner)->is_done = true;
}

/* Two transactions over the same found rows, as two nodes have them. */
static struct wait twice[2];

static void on_found(void *owner, const PGresult *found, const struct err *err)
{
    static struct pg_tx tx[2];
    struct err failed = {0};
    (void)owner;
    assert_int_equal(err->code, 0);
    for (int i = 0; i < 2; ++i) {
        tx[i] = (struct pg_tx){NULL};
        assert_int_equal(promise_close(fixture.store, &tx[i], found, now,
                                       instant_plus_seconds(now, -1800), on_closed_row, on_closed,
                                       &twice[i], &failed),
                         0);
    }
}

static void close_twice(void)
{
    struct pg_query query = {NULL};
    struct err err = {0};
    memset(twice, 0, sizeof(twice));
    assert_int_equal(promise_find_over(fixture.store, &query, now, instant_plus_seconds(now, -1800),
                                       on_found, NULL, &err),
                     0);
    while (!twice[0].is_done || !twice[1].is_done)
        h2o_evloop_run(fixture.loop, INT32_MAX);
}

static void the_grace_ends_where_the_customer_is(void **state)
{
    (void)state;
    /* Midnight in Warsaw. */
    assert_value(
        "select string_agg(distinct to_char(until at time zone 'UTC', 'MM-DD HH24:MI'), ' ')"
        " from promise",
        "12-02 23:00");
    assert_value(
        "select string_agg(distinct to_char(until at time zone 'UTC', 'MM-DD HH24:MI'), ' ')"
        " from hold",
        "12-02 23:00");
}

static void each_is_closed_once(void **state)
{
    (void)state;
    close_twice();
    assert_int_equal(twice[0].closed.broken, 4);
    assert_int_equal(twice[1].closed.broken + twice[1].closed.kept, 0);
    assert_value("select count(*) from event where kind = 'promise.broken'", "4");
    assert_value("select count(*) from invoice where promise_no is not null", "0");
    /* What counts from the promise goes in spite of its hold, unless that was released. */
    assert_value("select count(*) from hold where released_at is not null", "0");
}

static void money_in_time_keeps_it_and_late_money_does_not(void **state)
{
    (void)state;
    /* 1: all in time; 2: all too late; 3: a part; 4: written off in time. */
    pg_cluster_sql(
        &fixture.cluster,
        "begin;"
        "insert into ledger_entry (customer_id, invoice_id, entry_no, kind, amount_minor, currency,"
        " payment_no, source_reference, at) values"
        " (1, 1, 2, 'payment', -10000, 'PLN', 1, 'a', '2026-12-02 22:59+00'),"
        " (2, 1, 2, 'payment', -10000, 'PLN', 1, 'b', '2026-12-02 23:00+00'),"
        " (3, 1, 2, 'payment', -9999, 'PLN', 1, 'c', '2026-12-01');"
        "insert into ledger_entry (customer_id, invoice_id, entry_no, kind, amount_minor, currency,"
        " at) values (4, 1, 2, 'write_off', -10000, 'PLN', '2026-12-01');"
        "update invoice i set due_minor = due_minor + e.amount_minor, entry_count = 2,"
        " changed_at = e.at, paid_at = case when e.amount_minor = -10000 then e.at end"
        " from ledger_entry e where e.customer_id = i.customer_id;"
        "commit");
    assert_value("select string_agg(state, ' ' order by customer_id) from promise",
                 "kept open open kept");
    assert_value("select string_agg((released_at is not null)::text, ' ' order by customer_id)"
                 " from hold",
                 "true false false true");
    close_twice();
    assert_value("select string_agg(state, ' ' order by customer_id) from promise",
                 "kept broken broken kept");
}

static void a_payment_on_its_way_is_waited_for(void **state)
{
    (void)state;
    pg_cluster_sql(
        &fixture.cluster,
        "insert into payment (customer_id, payment_no, link_no, provider, account, method,"
        " amount_minor, currency, state, form_nonce, created_at, changed_at) values"
        " (1, 1, 1, 'sandbox', 'default', 'redirect', 10000, 'PLN', 'pending', 'n', '2026-12-02',"
        " '2026-12-02'), (2, 1, 1, 'sandbox', 'default', 'redirect', 10000, 'PLN', 'started', 'n',"
        " '2026-12-02', '2026-12-02');"
        "insert into payment_allocation (customer_id, payment_no, invoice_id, amount_minor)"
        " values (1, 1, 1, 10000), (2, 1, 1, 10000)");
    close_twice();
    assert_value("select string_agg(state, ' ' order by customer_id) from promise",
                 "open broken broken broken");
}

static void a_plan_or_a_dispute_that_came_since_replaces_it(void **state)
{
    (void)state;
    pg_cluster_sql(&fixture.cluster,
                   "insert into hold (customer_id, invoice_id, hold_no, kind, created_at,"
                   " released_at) values (1, 1, 2, 'plan', '2026-11-30', null),"
                   " (2, 1, 2, 'dispute', '2026-11-30', null),"
                   " (3, 1, 2, 'dispute', '2026-11-30', '2026-12-01')");
    close_twice();
    assert_value("select string_agg(state, ' ' order by customer_id) from promise",
                 "replaced replaced broken broken");
}

static void a_newer_one_replaces_it(void **state)
{
    (void)state;
    pg_cluster_sql(&fixture.cluster,
                   "select promise_give(1, 1, '2026-11-26 12:00+00', 'phone', '2026-12-05',"
                   " '2026-12-07', null, null, null)");
    assert_value(
        "select string_agg(state || ' ' || given_by, ', ' order by promise_no) from promise"
        " where customer_id = 1",
        "replaced page, open phone");
    assert_value(
        "select string_agg((released_at is not null)::text, ' ' order by hold_no) from hold"
        " where customer_id = 1",
        "true false");
    assert_value("select string_agg(kind, ' ' order by event_no) from event where customer_id = 1",
                 "promise.given promise.replaced promise.given");
    assert_value("select promise_no from invoice where customer_id = 1", "2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_grace_ends_where_the_customer_is, setup),
        cmocka_unit_test_setup(each_is_closed_once, setup),
        cmocka_unit_test_setup(money_in_time_keeps_it_and_late_money_does_not, setup),
        cmocka_unit_test_setup(a_payment_on_its_way_is_waited_for, setup),
        cmocka_unit_test_setup(a_plan_or_a_dispute_that_came_since_replaces_it, setup),
        cmocka_unit_test_setup(a_newer_one_replaces_it, setup),
    };
    return cmocka_run_group_tests(tests, suite_setup, suite_teardown);
}
