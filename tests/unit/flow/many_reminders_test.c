/* What moves many reminders at once, beside somebody who moves reminders of the same customers and
 * has locked them in order: whichever of them comes first, neither must fail. */
#include "flow/sending_tell.h"
#include "flow/world.h"
#include "store/campaign_store.h"
#include "store/plan_store.h"
#include "unit/flow/money_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { WAIT_SECONDS = 20 };

static struct money_fixture fixture;
static struct pg_tx tx;
static int done;
static struct err outcome;

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

static void seed(const char *sql)
{
    fixture_seed(&fixture, 2);
    fixture_sql(&fixture, "truncate campaign cascade; truncate scenario cascade; truncate planned;"
                          "update sending set stopped_at = null, went_at = null, feed_at = null");
    fixture_sql(&fixture, sql);
}

static void on_done(void *owner, const struct err *err)
{
    (void)owner;
    outcome = *err;
    ++done;
}

/* ---- those who move many ---- */

#define CAMPAIGN                                                                                   \
    "insert into campaign (campaign_id, name, state, template, channel, queue, send_at,"           \
    " created_by, created_at) overriding system value values (7, 'c', 'queued', 'x', 'sms', 'q',"  \
    " to_timestamp(1795348800) - interval '9 days', 'me', now());"                                 \
    "update reminder set campaign_id = 7, due_at = to_timestamp(1795348800) - interval '9 days'"   \
    " where step = 'due';"

static void begin(void)
{
    struct err err;
    assert_int_equal(pg_tx_begin(fixture.world.store->writes, &tx, on_done, NULL, &err), 0);
}

static void stop_campaign(void)
{
    begin();
    campaign_add_stop(&tx, 7, SPAN_LIT("me"), fixture_now(), NULL);
    pg_tx_commit(&tx);
}

static void end_campaign(void)
{
    begin();
    campaign_add_end(&tx, 7, fixture_now(), NULL);
    pg_tx_commit(&tx);
}

static void tell_feed(void)
{
    struct err err;
    const struct sending_order order = {
        .word = SENDING_FEED, .feed_at = fixture_now(), .now = fixture_now()};
    assert_int_equal(sending_tell(&fixture.world, &order, on_done, NULL, &err), 0);
}

static void take_over(void)
{
    struct err err;
    const struct plan_take_over order = {
        .through = 20779, .scenarios = SPAN_LIT("other"), .now = fixture_now(), .at_most = 100};
    assert_int_equal(
        plan_take_over(fixture.world.store->writes, &tx, &order, NULL, on_done, NULL, &err), 0);
}

static void settle(void)
{
    struct err err;
    assert_int_equal(
        plan_settle(fixture.world.store->writes, &tx, fixture_now(), 100, on_done, NULL, &err), 0);
}

static const struct mover {
    const char *name, *world;
    void (*move)(void);
    const char *moved; /* how many, of two */
} movers[] = {
    {"campaign_stop", CAMPAIGN, stop_campaign,
     "select count(*) from reminder where reason = 'campaign stopped' and state = 'cancelled'"},
    {"campaign_end", CAMPAIGN, end_campaign,
     "select count(*) from reminder where reason = 'campaign over'"},
    {"sending_feed",
     "update reminder set reason = 'payment feed too old', due_at = to_timestamp(1795348800) -"
     " interval '1 day', try_at = to_timestamp(1795348800) + interval '5 minutes' where step ="
     " 'due'",
     tell_feed, "select count(*) from reminder where try_at = to_timestamp(1795348800)"},
    {"plan_take_over",
     "insert into planned (through, scenarios, at) values ('2026-11-24', 'ours', now());"
     "insert into scenario (scenario_id, name, position, created_at) overriding system value"
     " values (1, 's', 1, now());"
     "insert into scenario_version (scenario_id, version, source, catch_up_days, created_at,"
     " created_by, in_force_from, in_force_until) values (1, 1, '', 1, now(), 'me', '2026-01-01',"
     " to_timestamp(1795348800));"
     "update reminder set scenario_id = 1, version = 1, step_no = 0 where step = 'due'",
     take_over, "select count(*) from reminder where reason = 'planned anew'"},
    {"plan_settle",
     "insert into ledger_entry (customer_id, invoice_id, entry_no, kind, amount_minor, currency,"
     " payment_no, at) select customer_id, invoice_id, 2, 'payment', -10000, 'PLN', 1, now() from"
     " invoice;"
     "update invoice set due_minor = 0, paid_at = now(), entry_count = 2;"
     "update reminder set due_at = to_timestamp(1795348800) - interval '1 day' where step = 'due'",
     settle, "select count(*) from reminder where reason = 'paid'"},
};

/* ---- the other one ---- */

static void run(PGconn *other, const char *sql)
{
    PGresult *result = PQexec(other, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        fail_msg("%s: %s", sql, PQerrorMessage(other));
    PQclear(result);
}

static void touch(PGconn *other, int customer)
{
    char sql[128];
    snprintf(sql, sizeof(sql),
             "update reminder set step_date = null where customer_id = %d and step = 'due'",
             customer);
    run(other, sql);
}

static void wait_until_it_waits(void)
{
    struct mono start = clock_mono();
    while (atoi(fixture_value(&fixture, "select count(*) from pg_locks where not granted")) == 0) {
        assert_true(mono_us_since(start, clock_mono()) < INT64_C(1000000) * WAIT_SECONDS);
        h2o_evloop_run(fixture.world.loop, 5);
    }
}

/* Customer `first` and then the other one, as a claim or a payment does that has both. */
static void move_beside(const struct mover *mover, int first)
{
    seed(mover->world);
    PGconn *other = PQconnectdb(fixture.cluster.conninfo);
    run(other, "begin");
    run(other, "select from customer where customer_id in (1, 2) order by customer_id for no key"
               " update");
    touch(other, first);
    done = 0;
    mover->move();
    wait_until_it_waits();
    touch(other, 3 - first);
    run(other, "commit");
    PQfinish(other);
    assert_true(fixture_run(&fixture, &done, 1, WAIT_SECONDS));
    if (outcome.code != 0)
        fail_msg("%s: %s", mover->name, outcome.text);
    assert_string_equal(fixture_value(&fixture, mover->moved), "2");
    assert_int_equal(fixture_broken_invoices(&fixture), 0);
}

static void whoever_moves_many_reminders_waits_for_who_locked_their_customers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(movers) / sizeof(movers[0]); ++i) {
        move_beside(&movers[i], 1);
        move_beside(&movers[i], 2);
    }
}

/* Three batches. */
static void all_that_waited_for_the_feed_is_let_go(void **state)
{
    (void)state;
    seed("insert into reminder (customer_id, invoice_id, step, due_at, try_at, state,"
         " reason) select customer_id, invoice_id, 'more_' || n, to_timestamp(1795348800) -"
         " interval '1 day', to_timestamp(1795348800) + interval '9 minutes', 'scheduled',"
         " 'payment feed too old' from invoice, generate_series(1, 2500) n");
    done = 0;
    tell_feed();
    assert_true(fixture_run(&fixture, &done, 1, WAIT_SECONDS));
    assert_int_equal(outcome.code, 0);
    assert_string_equal(
        fixture_value(&fixture, "select count(*) from reminder where step like 'more%' and try_at ="
                                " to_timestamp(1795348800)"),
        "5000");
}

static void an_older_feed_lets_nothing_go(void **state)
{
    (void)state;
    seed(movers[2].world);
    fixture_sql(&fixture, "update sending set feed_at = to_timestamp(1795348801)");
    done = 0;
    tell_feed();
    assert_true(fixture_run(&fixture, &done, 1, WAIT_SECONDS));
    assert_string_equal(fixture_value(&fixture, movers[2].moved), "0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whoever_moves_many_reminders_waits_for_who_locked_their_customers),
        cmocka_unit_test(all_that_waited_for_the_feed_is_let_go),
        cmocka_unit_test(an_older_feed_lets_nothing_go),
    };
    return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
