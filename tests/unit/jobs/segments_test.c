#include "jobs/segments.h"

#include "base/log.h"
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
    fixture.world.segments = (struct segment_rules){.months = 12,
                                                    .grace_days = 3,
                                                    .debts_min = 1,
                                                    .sometimes_late_percent = 20,
                                                    .chronically_late_percent = 50};
    return 0;
}

static int remove_fixture(void **state)
{
    (void)state;
    fixture_free(&fixture);
    return 0;
}

/* Customers with one debt each, due in May; of every second one it was paid on time. */
static void seed(int count)
{
    char sql[2048];
    snprintf(
        sql, sizeof(sql),
        "truncate customer, invoice, event, segment_run restart identity cascade;"
        "insert into customer (customer_id, reference, created_at, changed_at) select n, 'K' ||"
        " n, now(), now() from generate_series(1, %d) n;"
        "insert into invoice (customer_id, invoice_id, number, kind, currency, amount_minor,"
        " due_minor, issue_date, due_date, paid_at, created_at, changed_at) select n, n, 'F' ||"
        " n, 'invoice', 'PLN', 100, n %% 2 * 100, '2026-04-01', '2026-05-01', case n %% 2 when"
        " 0 then '2026-05-01 12:00+00'::timestamptz end, now(), now() from generate_series(1,"
        " %d) n",
        count, count);
    fixture_sql(&fixture, sql);
}

static void turn_until(const char *sql, const char *wanted)
{
    struct mono start = clock_mono();
    while (strcmp(fixture_value(&fixture, sql), wanted) != 0) {
        if (mono_us_since(start, clock_mono()) > 20 * INT64_C(1000000))
            fail_msg("%s is %s, not %s", sql, fixture_value(&fixture, sql), wanted);
        h2o_evloop_run(fixture.world.loop, 20);
    }
}

static void end(struct segments *job)
{
    segments_stop(job);
    while (!segments_is_idle(job))
        h2o_evloop_run(fixture.world.loop, 20);
    segments_free(job);
}

#define PASS "select day || ' ' || is_done from segment_run"
#define COUNTS                                                                                     \
    "select string_agg(segment || ' ' || n, ', ' order by segment) from (select segment, count(*)" \
    " as n from customer group by segment) s"

static void each_night_all_are_computed_batch_by_batch(void **state)
{
    (void)state;
    seed(2500);
    fixture_time.us = INT64_C(1795348800) * 1000000;
    struct segments *job = segments_new(&fixture.world);
    turn_until(PASS, "2026-11-22 true");
    assert_string_equal(fixture_value(&fixture, COUNTS), "chronically_late 1250, on_time 1250");
    /* A year on the debts are too old to count. At half past midnight it is not night yet. */
    fixture_time.us += (INT64_C(365) * 86400 - 41400) * 1000000;
    segments_wake(job);
    turn_until("select day || '' from segment_run", "2027-11-21");
    turn_until(PASS, "2027-11-21 true");
    assert_string_equal(fixture_value(&fixture, COUNTS), "on_time 2500");
    end(job);
    fixture_time.us = INT64_C(1795348800) * 1000000;
}

static void a_payment_is_minded_at_once(void **state)
{
    (void)state;
    seed(4);
    struct segments *job = segments_new(&fixture.world);
    turn_until(PASS, "2026-11-22 true");
    assert_string_equal(fixture_value(&fixture, COUNTS), "chronically_late 2, on_time 2");
    /* Customer 2's payment is taken back, customer 4's as well, but nobody has told of that. */
    fixture_sql(&fixture,
                "update invoice set due_minor = 100, paid_at = null where customer_id in (2, 4);"
                "insert into event (customer_id, invoice_id, event_no, at, kind, facts, prev_hash,"
                " hash) select 2, 2, 1, now(), 'payment.charged_back', '{}', '', ''");
    struct mono start = clock_mono();
    segments_wake(job);
    turn_until("select segment from customer where customer_id = 2", "chronically_late");
    assert_true(mono_us_since(start, clock_mono()) < 5 * INT64_C(1000000)); /* no poll */
    assert_string_equal(
        fixture_value(&fixture, "select segment from customer where customer_id = 4"), "on_time");
    end(job);
}

static void what_happened_while_nobody_looked_is_caught_up(void **state)
{
    (void)state;
    seed(2);
    struct segments *job = segments_new(&fixture.world);
    turn_until(PASS, "2026-11-22 true");
    end(job);
    fixture_sql(&fixture,
                "update invoice set due_minor = 0, paid_at = '2026-05-02 12:00+00' where"
                " customer_id = 1;"
                "insert into event (customer_id, invoice_id, event_no, at, kind, facts, prev_hash,"
                " hash) select 1, 1, n, now(), case n when 1500 then 'payment.paid' else"
                " 'reminder.sent' end, '{}', '', '' from generate_series(1, 3000) n");
    job = segments_new(&fixture.world);
    turn_until("select segment from customer where customer_id = 1", "on_time");
    end(job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_night_all_are_computed_batch_by_batch),
        cmocka_unit_test(a_payment_is_minded_at_once),
        cmocka_unit_test(what_happened_while_nobody_looked_is_caught_up),
    };
    return cmocka_run_group_tests(tests, make_fixture, remove_fixture);
}
