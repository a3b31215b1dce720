#include "jobs/payout_days.h"

#include "unit/flow/money_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define DAYS "select coalesce(string_agg(day::text, ' ' order by day), '') from payout_day"

static struct money_fixture fixture;

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

static int setup(void **state)
{
    (void)state;
    fixture_seed(&fixture, 1);
    fixture_sql(&fixture, "truncate payout_day, payout_movement, payout cascade");
    return 0;
}

static void set_time(const char *utc)
{
    char sql[128];
    snprintf(sql, sizeof(sql), "select (extract(epoch from timestamptz '%s') * 1000000)::bigint",
             utc);
    fixture_time.us = strtoll(fixture_value(&fixture, sql), NULL, 10);
}

static void run_until(const char *sql, const char *expected)
{
    struct mono start = clock_mono();
    while (strcmp(fixture_value(&fixture, sql), expected) != 0) {
        if (mono_us_since(start, clock_mono()) > 20000000)
            fail_msg("%s is %s, not %s", sql, fixture_value(&fixture, sql), expected);
        h2o_evloop_run(fixture.world.loop, 20);
    }
}

static void end(struct payout_days *p)
{
    payout_days_stop(p);
    while (!payout_days_is_idle(p))
        h2o_evloop_run(fixture.world.loop, 20);
    payout_days_free(p);
}

static void yesterday_is_reported_on_from_the_hour_on_in_warsaw(void **state)
{
    (void)state;
    static const struct {
        const char *now, *day;
    } rows[] = {
        {"2026-11-22 05:59:59Z", "2026-11-20"}, {"2026-11-22 06:00:00Z", "2026-11-21"},
        {"2026-07-01 04:59:59Z", "2026-06-29"}, {"2026-07-01 05:00:00Z", "2026-06-30"},
        {"2026-01-01 06:00:00Z", "2025-12-31"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        setup(NULL);
        set_time(rows[i].now);
        struct payout_days *p = payout_days_new(&fixture.world, 7);
        run_until(DAYS, rows[i].day);
        end(p);
    }
}

static void days_that_were_missed_are_made_up_for_a_month_at_most(void **state)
{
    (void)state;
    static const struct {
        const char *last, *count, *first_new;
    } rows[] = {{"2026-11-18", "4", "2026-11-19"}, {"2026-08-01", "32", "2026-10-22"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        char sql[200];
        setup(NULL);
        set_time("2026-11-22 12:00:00Z");
        snprintf(sql, sizeof(sql),
                 "insert into payout_day values ('%s', 'sandbox', 'default', 0, 0, '[]', 0, '[]',"
                 " true, now())",
                 rows[i].last);
        fixture_sql(&fixture, sql);
        struct payout_days *p = payout_days_new(&fixture.world, 7);
        run_until("select count(*) from payout_day", rows[i].count);
        run_until("select max(day) from payout_day", "2026-11-21");
        snprintf(sql, sizeof(sql), "select min(day) from payout_day where day > '%s'",
                 rows[i].last);
        assert_string_equal(fixture_value(&fixture, sql), rows[i].first_new);
        end(p);
    }
}

/* Both look at the same moment, and neither knows of the other. */
static void of_two_nodes_one_keeps_the_report_and_counts_it(void **state)
{
    (void)state;
    set_time("2026-11-22 12:00:00Z");
    fixture_sql(
        &fixture,
        "insert into payout values ('sandbox', 'default', 'po', '2026-11-21', 'PLN', now());"
        "insert into payout_movement values ('sandbox', 'default', 'nobodys', 'payment',"
        " 'po', 500, 50, 450, null, null, null)");
    uint64_t before = fixture.metrics->values[METRIC_payout_disagreements];
    struct payout_days *nodes[] = {payout_days_new(&fixture.world, 7),
                                   payout_days_new(&fixture.world, 7)};
    run_until(DAYS, "2026-11-21");
    end(nodes[0]);
    end(nodes[1]);
    assert_string_equal(fixture_value(&fixture,
                                      "select payout_count || ' ' || disagreement_count ||"
                                      " ' ' || sums from payout_day"),
                        "1 1 [{\"currency\":\"PLN\",\"gross_minor\":500,\"fee_minor\":50,"
                        "\"net_minor\":450,\"ledger_minor\":0,\"arrived_minor\":0}]");
    assert_int_equal(fixture.metrics->values[METRIC_payout_disagreements] - before, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(yesterday_is_reported_on_from_the_hour_on_in_warsaw, setup),
        cmocka_unit_test_setup(days_that_were_missed_are_made_up_for_a_month_at_most, setup),
        cmocka_unit_test_setup(of_two_nodes_one_keeps_the_report_and_counts_it, setup),
    };
    return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
