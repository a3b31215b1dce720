/* When a campaign ends, row by row, and that it ends in batches and whole. Customer 1 was written
 * to; customer 2 still waits. */
#include "jobs/campaigns.h"

#include "unit/flow/money_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { WAIT_SECONDS = 20 };

static struct money_fixture fixture;
static struct pg_tx tx;
static int done;
static bool has_more;

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

/* It is noon. Both messages were due 50 hours ago, one went out then; the call list is for those
 * who have not answered in 48. */
static void seed(int count)
{
    fixture_seed(&fixture, count);
    fixture_sql(&fixture,
                "truncate campaign cascade; truncate work_item;"
                "update payment set state = 'failed';"
                "update sending set stopped_at = null, went_at = null;"
                "insert into campaign (campaign_id, name, state, template, channel, queue, send_at,"
                " call_after_hours, created_by, created_at, approved_at) overriding system value"
                " values (7, 'c', 'queued', 'x', 'sms', 'q', to_timestamp(1795348800) -"
                " interval '50 hours', 48, 'me', now(), now());"
                "delete from reminder where step <> 'due';"
                "update reminder set step = 'campaign_7', campaign_id = 7,"
                " due_at = to_timestamp(1795348800) - interval '50 hours';"
                "update reminder set state = 'sent', channel = 'sms', finished_at = due_at where"
                " customer_id = 1");
}

static void on_ended(void *owner, const PGresult *result, const struct err *err)
{
    (void)owner;
    assert_int_equal(err->code, 0);
    has_more = campaign_has_more(result);
}

static void on_done(void *owner, const struct err *err)
{
    (void)owner;
    assert_int_equal(err->code, 0);
    ++done;
}

static int end(void)
{
    struct err err;
    int passes = 0;
    do {
        done = 0;
        assert_int_equal(pg_tx_begin(fixture.world.store->writes, &tx, on_done, NULL, &err), 0);
        campaign_add_end(&tx, 7, fixture_now(), on_ended);
        pg_tx_commit(&tx);
        assert_true(fixture_run(&fixture, &done, 1, WAIT_SECONDS));
        ++passes;
    } while (has_more);
    return passes;
}

static const char *how_it_is(void)
{
    return fixture_value(&fixture,
                         "select c.state || ' ' || (select state from reminder where customer_id ="
                         " 2) || ' ' || (select count(*) from work_item) from campaign c");
}

static void it_ends_when_its_last_message_is_old_enough(void **state)
{
    (void)state;
    static const struct {
        const char *what, *world, *is;
    } rows[] = {
        {"both are old enough", "", "done cancelled 1"},
        {"one was sent later",
         "update reminder set finished_at = to_timestamp(1795348800) - interval '47 hours' where"
         " customer_id = 1",
         "queued scheduled 0"},
        {"one is being sent", "update reminder set state = 'claimed' where customer_id = 1",
         "queued scheduled 0"},
        {"one was put off",
         "update reminder set reason = 'quiet hours', try_at = to_timestamp(1795348800) -"
         " interval '47 hours' where customer_id = 2",
         "queued scheduled 0"},
        {"one was put off, long ago",
         "update reminder set reason = 'quiet hours', try_at = to_timestamp(1795348800) -"
         " interval '48 hours' where customer_id = 2",
         "done cancelled 1"},
        {"one was put off by the contact budget, for weeks: the others' calls do not wait for it",
         "update reminder set reason = 'contact budget', try_at = to_timestamp(1795348800) +"
         " interval '20 days' where customer_id = 2",
         "done cancelled 1"},
        {"one was put off and has been paid since",
         "update reminder set state = 'cancelled', reason = 'paid', try_at ="
         " to_timestamp(1795348800) + interval '9 days' where customer_id = 2",
         "done cancelled 1"},
        {"all is stopped", "update sending set stopped_at = now()", "queued scheduled 0"},
        {"all is stopped, though nothing waits",
         "update sending set stopped_at = now(); update reminder set state = 'skipped'",
         "queued skipped 0"},
        {"all was stopped until a moment ago",
         "update sending set went_at = to_timestamp(1795348800) - interval '1 minute'",
         "queued scheduled 0"},
        {"all was stopped until a moment ago, and nothing waited",
         "update sending set went_at = to_timestamp(1795348800) - interval '1 minute';"
         "update reminder set state = 'skipped' where customer_id = 2",
         "done skipped 2"},
        {"all was stopped until two days ago",
         "update sending set went_at = to_timestamp(1795348800) - interval '48 hours'",
         "done cancelled 1"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        seed(2);
        if (rows[i].world[0] != 0)
            fixture_sql(&fixture, rows[i].world);
        end();
        if (strcmp(how_it_is(), rows[i].is) != 0)
            fail_msg("%s: wanted '%s', is '%s'", rows[i].what, rows[i].is, how_it_is());
    }
}

/* 2000 at a time: two passes for 2999, and one that makes the list. */
static void what_still_waits_is_cancelled_in_batches(void **state)
{
    (void)state;
    seed(3000);
    assert_int_equal(end(), 3);
    assert_string_equal(how_it_is(), "done cancelled 1");
    assert_string_equal(fixture_value(&fixture, "select count(*) from reminder where state ="
                                                " 'cancelled' and reason = 'campaign over'"),
                        "2999");
}

/* The job itself goes on until it is whole. */
static void the_job_ends_it(void **state)
{
    (void)state;
    seed(3000);
    struct campaigns *campaigns = campaigns_new(
        &(struct campaigns_options){.world = &fixture.world, .store = fixture.world.store});
    campaigns_wake(campaigns);
    struct mono start = clock_mono();
    while (strcmp(how_it_is(), "done cancelled 1") != 0) {
        assert_true(mono_us_since(start, clock_mono()) < INT64_C(1000000) * WAIT_SECONDS);
        h2o_evloop_run(fixture.world.loop, 10);
    }
    campaigns_stop(campaigns);
    while (!campaigns_is_idle(campaigns))
        h2o_evloop_run(fixture.world.loop, 10);
    campaigns_free(campaigns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_ends_when_its_last_message_is_old_enough),
        cmocka_unit_test(what_still_waits_is_cancelled_in_batches),
        cmocka_unit_test(the_job_ends_it),
    };
    return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
