/* A campaign of customers 12 and 16, whom a hold-out of a tenth keeps from messages, and of 1, 2
 * and 4, whom it does not (results_report_test.c has their places). */
#include "jobs/campaigns.h"

#include "base/log.h"
#include "store/campaign_store.h"
#include "unit/flow/money_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct money_fixture fixture;

static int make_fixture(void **state)
{
    (void)state;
    log_init(LOG_ERROR, "test");
    fixture_new(&fixture);
    fixture.world.reminders.holdout_permille = 100;
    return 0;
}

static int remove_fixture(void **state)
{
    (void)state;
    fixture_free(&fixture);
    return 0;
}

static void turn_until(const char *sql, const char *wanted)
{
    struct mono start = clock_mono();
    while (strcmp(fixture_value(&fixture, sql), wanted) != 0) {
        if (mono_us_since(start, clock_mono()) > 30 * INT64_C(1000000))
            fail_msg("%s is %s, not %s", sql, fixture_value(&fixture, sql), wanted);
        h2o_evloop_run(fixture.world.loop, 20);
    }
}

/* Runs the job until the campaign is in this state. */
static void run_until(const char *wanted)
{
    struct campaigns *job = campaigns_new(
        &(struct campaigns_options){.world = &fixture.world, .store = fixture.world.store});
    turn_until("select state from campaign", wanted);
    campaigns_stop(job);
    while (!campaigns_is_idle(job))
        h2o_evloop_run(fixture.world.loop, 20);
    campaigns_free(job);
}

/* Of the held-out, customer 16 has paid by now: that is why nothing goes, as for everybody. */
static void make_campaign(void)
{
    fixture_seed(&fixture, 16);
    fixture_sql(
        &fixture,
        "truncate campaign, campaign_row, work_item restart identity cascade;"
        "delete from reminder;"
        "insert into ledger_entry (customer_id, invoice_id, entry_no, kind, amount_minor,"
        " currency, payment_no, at) values (16, 16, 2, 'payment', -10000, 'PLN', 1,"
        " '2026-11-22 10:00Z');"
        "update invoice set due_minor = 0, entry_count = 2, paid_at ="
        " '2026-11-22 10:00Z' where customer_id = 16;"
        "insert into campaign (name, state, template, channel, queue, send_at, created_by,"
        " created_at, approved_at) values ('autumn', 'approved', '', 'sms', 'north',"
        " '2026-11-22 13:00Z', 'test', '2026-11-22 11:00Z', '2026-11-22 11:00Z');"
        "insert into campaign_row (campaign_id, customer_id, invoice_id, line, fields, text,"
        " parts, due_minor) select 1, n, n, n + 1, '{}', 'x', 1, 10000"
        " from unnest(array[1, 2, 4, 12, 16]) n");
}

static void held_out_customers_get_no_message_of_a_campaign(void **state)
{
    (void)state;
    make_campaign();
    run_until("queued");
    assert_string_equal(
        fixture_value(&fixture,
                      "select string_agg(customer_id || ' ' || state || ' ' || reason, ', ' order"
                      " by customer_id) from reminder"),
        "1 scheduled campaign, 2 scheduled campaign, 4 scheduled campaign, 12 skipped hold-out,"
        " 16 cancelled paid");
    assert_string_equal(
        fixture_value(&fixture, "select string_agg(customer_id || ' ' || kind || ' ' || facts, ',')"
                                " from event"),
        "12 reminder.skipped {\"steps\" : [\"campaign_1\"], \"reason\" : \"hold-out\", \"place\" :"
        " 90, \"permille\" : 100}");
    assert_int_equal(fixture_broken_invoices(&fixture), 0);
}

static bool is_read;

static void on_results(void *owner, const PGresult *result, const struct err *err)
{
    struct campaign_results *results = owner;
    assert_int_equal(err->code, 0);
    *results = campaign_results_read(result, 0);
    is_read = true;
}

/* The hold-out measures messages, and calls are none. */
static void they_are_called_as_everybody_who_has_not_paid(void **state)
{
    (void)state;
    make_campaign();
    run_until("queued");
    fixture_sql(&fixture, "update reminder set state = 'sent', finished_at = due_at where state ="
                          " 'scheduled'");
    fixture_time.us += INT64_C(50) * 3600 * 1000000;
    run_until("done");
    fixture_time.us -= INT64_C(50) * 3600 * 1000000;
    assert_string_equal(
        fixture_value(&fixture, "select string_agg(customer_id || ' ' || reason, ', ' order by"
                                " customer_id) from work_item where customer_id > 2"),
        "4 no payment and no answer to campaign autumn in 48 hours, 12 held out of campaign "
        "autumn");
    struct campaign_results results;
    struct pg_query query = {0};
    struct err err;
    assert_int_equal(
        campaign_results(fixture.world.store->reads, &query, 1, on_results, &results, &err), 0);
    while (!is_read)
        h2o_evloop_run(fixture.world.loop, 20);
    assert_int_equal(results.sent_count, 3);
    assert_int_equal(results.held_out_count, 1);
    assert_int_equal(results.unreached_count, 0);
    assert_int_equal(results.cancelled_count, 1);
    assert_int_equal(results.call_count, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(held_out_customers_get_no_message_of_a_campaign),
        cmocka_unit_test(they_are_called_as_everybody_who_has_not_paid),
    };
    return cmocka_run_group_tests(tests, make_fixture, remove_fixture);
}
