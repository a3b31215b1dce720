/* The planner's rule against a real database: who gets which step of which day, when, and why not.
 * The scenarios and the hits are written by hand, so that nothing of the domain is believed here.
 */
#include "store/plan_store.h"

#include "unit/store/store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

enum { DAY = 20779 }; /* 2026-11-22, a Sunday */

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

static void sql(const char *text)
{
    pg_cluster_sql(&fixture.cluster, text);
}

static void assert_value(const char *query, const char *wanted)
{
    assert_true(store_fixture_says(&fixture, query, wanted));
}

/* One scenario in force since the beginning of the year: two days before, on the day, three days
 * after, all at ten. */
static int setup(void **state)
{
    (void)state;
    sql("truncate customer, invoice, ledger_entry, hold, event, reminder, instalment, planned,"
        " scenario, scenario_version, scenario_step restart identity cascade;"
        "insert into scenario (name, position, created_at) values ('s', 1, now());"
        "insert into scenario_version (scenario_id, version, source, catch_up_days, created_at,"
        " created_by, in_force_from) values (1, 1, '', 7, now(), 'test', '2026-01-01');"
        "insert into scenario_step (scenario_id, version, step_no, name, anchor, offset_days,"
        " is_working_days, on_day_off, at_second, channels, wait_seconds, unless, template, tone)"
        " values (1, 1, 0, 'before_2', 'due', -2, false, 'same', 36000, '{sms}', '{0}', '{\"\"}',"
        "  'before', 'neutral'),"
        " (1, 1, 1, 'due', 'due', 0, false, 'same', 36000, '{sms}', '{0}', '{\"\"}', 'due',"
        "  'neutral'),"
        " (1, 1, 2, 'late_3', 'due', 3, false, 'same', 36000, '{sms}', '{0}', '{\"\"}', 'late',"
        "  'firm')");
    return 0;
}

/* Customers `from` to `to` with an invoice of 100.00 PLN each, due on a date. */
static void add_debts(int from, int to, const char *due_date)
{
    char text[1024];
    snprintf(text, sizeof(text),
             "insert into customer (customer_id, reference, created_at, changed_at)"
             " select n, 'c' || n, now(), now() from generate_series(%d, %d) n;"
             "insert into invoice (customer_id, invoice_id, number, kind, currency, amount_minor,"
             " due_minor, issue_date, due_date, link_no, created_at, changed_at)"
             " select n, n, 'n' || n, 'invoice', 'PLN', 10000, 10000, date '%s' - 14, '%s', 1,"
             "  now(), now() from generate_series(%d, %d) n",
             from, to, due_date, due_date, from, to);
    sql(text);
}

/* "2026-11-22T12:00Z" */
static struct instant at(int32_t day, int hour)
{
    return (struct instant){((int64_t)day * 86400 + hour * 3600) * 1000000};
}

struct waiting {
    bool is_done;
    struct err err;
    int64_t count;
};

static void on_count(void *owner, const PGresult *result, const struct err *err)
{
    struct waiting *w = owner;
    if (err->code == 0)
        w->count += plan_read_count(result);
}

static void on_done(void *owner, const struct err *err)
{
    struct waiting *w = owner;
    w->is_done = true;
    w->err = *err;
}

static void wait_for(struct waiting *w)
{
    while (!w->is_done)
        h2o_evloop_run(fixture.loop, 50);
}

/* Steps of scenario 1, version 1, as {step, anchor, day}. */
struct fall {
    int step, anchor, day;
};

struct pass {
    const struct fall *falls;
    size_t count;
    struct instant now;
    struct plan_rules rules;
    const struct plan_debts *debts;
};

static struct waiting plan(const struct pass *pass)
{
    struct plan_hits hits = {0};
    struct waiting w = {0};
    struct pg_tx tx = {0};
    for (size_t i = 0; i < pass->count; ++i)
        plan_hits_add(&hits, &(struct plan_hit){.scenario_id = 1,
                                                .version = 1,
                                                .step_no = pass->falls[i].step,
                                                .anchor = pass->falls[i].anchor,
                                                .day = pass->falls[i].day});
    struct plan_batch batch = {.question = {.hits = &hits,
                                            .debts = pass->debts,
                                            .up_to = 1000000,
                                            .now = pass->now,
                                            .rules = pass->rules},
                               .through = DAY,
                               .passing_to = DAY + 1,
                               .is_last = true};
    if (pass->rules.before_second == 0)
        batch.question.rules = plan_rules_open;
    sql("insert into planned (through, passing_to, at) values ('2026-11-22', '2026-11-23', now())"
        " on conflict (only_row) do update set through = '2026-11-22', passing_to = '2026-11-23'");
    struct err err = {0};
    int rc =
        pass->debts == NULL
            ? plan_day(fixture.store->writes, &tx, &batch, on_count, on_done, &w, &err)
            : plan_debts(fixture.store->writes, &tx, &batch.question, on_count, on_done, &w, &err);
    assert_int_equal(rc, 0);
    wait_for(&w);
    plan_hits_release(&hits);
    if (w.err.code != 0)
        print_message("%s\n", w.err.text);
    return w;
}

/* What falls on the day after DAY: before_2 of those due on 25 Nov, due on 23, late_3 on 20. */
static const struct fall tomorrow[] = {
    {0, DAY + 3, DAY + 1}, {1, DAY + 1, DAY + 1}, {2, DAY - 2, DAY + 1}};

static struct waiting plan_tomorrow(void)
{
    return plan(&(struct pass){.falls = tomorrow, .count = 3, .now = at(DAY, 12)});
}

static void each_debt_gets_the_step_of_the_day(void **state)
{
    (void)state;
    add_debts(1, 3, "2026-11-25");
    add_debts(4, 5, "2026-11-23");
    add_debts(6, 6, "2026-11-20");
    add_debts(7, 9, "2026-11-24");
    struct waiting w = plan_tomorrow();
    assert_int_equal(w.err.code, 0);
    assert_int_equal(w.count, 6);
    assert_value("select string_agg(customer_id || ' ' || step, ', ' order by customer_id)"
                 " from reminder",
                 "1 before_2, 2 before_2, 3 before_2, 4 due, 5 due, 6 late_3");
    assert_value("select distinct due_at at time zone 'UTC' || ' ' || state || ' ' || reason || ' '"
                 " || scenario_id || '.' || version || ' ' || step_date from reminder",
                 "2026-11-23 09:00:00 scheduled scenario 1.1 2026-11-23");
    assert_value("select through || ' ' || coalesce(passing_to::text, '-') from planned",
                 "2026-11-23 -");
}

static void planning_a_day_twice_changes_nothing(void **state)
{
    (void)state;
    add_debts(1, 5, "2026-11-23");
    plan_tomorrow();
    sql("update reminder set state = 'sent' where customer_id = 1");
    assert_int_equal(plan_tomorrow().count, 0);
    assert_value("select count(*) || ' ' || count(*) filter (where state = 'sent') from reminder",
                 "5 1");
}

/* One row: what is done to debt 1, and what then keeps it out. */
static void what_is_not_to_be_dunned_is_left_out(void **state)
{
    static const char *const cases[] = {
        "update invoice set due_minor = 0, paid_at = now() where customer_id = 1",
        "update invoice set campaign_id = 1 where customer_id = 1",
        "update invoice set link_no = null where customer_id = 1",
        "update scenario_version set products = '{Loan}'; update invoice set product = 'Loan'"
        " where customer_id = 2",
        "update scenario_version set products = '{Lea*}'; update invoice set product = 'Leasing 3'"
        " where customer_id = 2",
        "update scenario_version set kinds = '{premium}'; update invoice set kind = 'premium' where"
        " customer_id = 2",
        "update scenario_version set currencies = '{EUR}'; update invoice set currency = 'EUR'"
        " where customer_id = 2",
        "update scenario_step set products = '{L_an*}'; update invoice set product = 'L_an'"
        " where customer_id = 2; update invoice set product = 'Loan' where customer_id = 1",
        "update scenario_step set kinds = '{other}'; update invoice set kind = 'other' where"
        " customer_id = 2",
        "update scenario_step set currencies = '{EUR,USD}'; update invoice set currency = 'USD'"
        " where customer_id = 2",
        "update scenario_step set amount_from_minor = 10000; update invoice set due_minor = 9999"
        " where customer_id = 1",
        "update scenario_step set amount_to_minor = 10000; update invoice set due_minor = 10001"
        " where customer_id = 1",
        "update scenario_step set segments = '{on_time}'; update customer set segment ="
        " 'chronically_late' where customer_id = 1",
        "update scenario_step set segments = '{sometimes_late}'; update customer set segment ="
        " 'sometimes_late' where customer_id = 2",
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); ++i) {
        setup(state);
        add_debts(1, 2, "2026-11-23");
        sql(cases[i]);
        assert_int_equal(plan_tomorrow().err.code, 0);
        char *planned = pg_cluster_value(&fixture.cluster,
                                         "select string_agg(customer_id::text, ' ') from reminder");
        if (planned == NULL || strcmp(planned, "2") != 0)
            fail_msg("planned %s after: %s", planned == NULL ? "nothing" : planned, cases[i]);
        free(planned);
    }
}

static void the_last_listed_of_several_steps_of_a_day_goes(void **state)
{
    (void)state;
    add_debts(1, 2, "2026-11-23");
    sql("insert into scenario_step select scenario_id, version, 3, 'leasing', anchor, offset_days,"
        " is_working_days, on_day_off, at_second, 0, 0, '{}', '{Leasing*}', '{}', '{}', null, null,"
        " channels, wait_seconds, unless, template, tone from scenario_step where step_no = 1;"
        " update invoice set product = 'Leasing A' where customer_id = 2");
    static const struct fall falls[] = {{1, DAY + 1, DAY + 1}, {3, DAY + 1, DAY + 1}};
    plan(&(struct pass){.falls = falls, .count = 2, .now = at(DAY, 12)});
    assert_value("select string_agg(customer_id || ' ' || step, ', ' order by customer_id)"
                 " from reminder",
                 "1 due, 2 leasing");
}

static void the_first_scenario_that_fits_a_debt_is_its_own(void **state)
{
    (void)state;
    add_debts(1, 2, "2026-11-23");
    sql("update invoice set kind = 'premium' where customer_id = 2;"
        "insert into scenario (name, position, created_at) values ('p', 0, now());"
        "insert into scenario_version (scenario_id, version, source, kinds, catch_up_days,"
        " created_at, created_by, in_force_from) values (2, 1, '', '{premium}', 7, now(), 'test',"
        " '2026-01-01')");
    plan_tomorrow();
    assert_value("select string_agg(customer_id::text, ' ') from reminder", "1");
}

static void a_version_plans_what_goes_while_it_is_in_force(void **state)
{
    (void)state;
    add_debts(1, 1, "2026-11-23");
    add_debts(2, 2, "2026-11-23");
    sql("update customer set time_zone = 'America/New_York' where customer_id = 2;"
        "update scenario_version set in_force_until = '2026-11-23 12:00+00'");
    plan_tomorrow();
    assert_value("select string_agg(customer_id::text, ' ') from reminder", "1");
    sql("truncate reminder;"
        "update scenario_version set in_force_from = '2026-11-23 12:00+00', in_force_until = null");
    plan_tomorrow();
    assert_value("select string_agg(customer_id::text, ' ') from reminder", "2");
}

/* Zone, day, and when ten o'clock is there by the tables of the zones: winter and summer, the days
 * the clock is changed (a step at half past two, too), the leap day. */
static void steps_go_at_their_local_time(void **state)
{
    static const struct {
        const char *zone, *due;
        int at_second;
        const char *expected;
    } cases[] = {
        {"Europe/Warsaw", "2026-01-15", 36000, "2026-01-15 09:00:00"},
        {"Europe/Warsaw", "2026-07-15", 36000, "2026-07-15 08:00:00"},
        {"Europe/Warsaw", "2026-03-29", 36000, "2026-03-29 08:00:00"},
        {"Europe/Warsaw", "2026-03-29", 9000, "2026-03-29 01:30:00"}, /* 2:30 is not, so 3:30 */
        {"Europe/Warsaw", "2026-10-25", 36000, "2026-10-25 09:00:00"},
        {"Europe/Warsaw", "2026-10-25", 9000, "2026-10-25 01:30:00"}, /* the second of two */
        {"America/New_York", "2026-03-08", 36000, "2026-03-08 14:00:00"},
        {"America/New_York", "2026-11-01", 36000, "2026-11-01 15:00:00"},
        {"Asia/Tokyo", "2026-07-15", 36000, "2026-07-15 01:00:00"},
        {"Asia/Tokyo", "2026-07-15", 0, "2026-07-14 15:00:00"},
        {"Europe/Warsaw", "2028-02-29", 36000, "2028-02-29 09:00:00"},
        {"America/New_York", "2028-02-29", 36000, "2028-02-29 15:00:00"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); ++i) {
        char text[256];
        setup(state);
        add_debts(1, 1, cases[i].due);
        snprintf(text, sizeof(text),
                 "update customer set time_zone = '%s'; update scenario_step set at_second = %d;"
                 "update scenario_version set in_force_from = '2025-01-01'",
                 cases[i].zone, cases[i].at_second);
        sql(text);
        snprintf(text, sizeof(text), "select date '%s' - date '1970-01-01'", cases[i].due);
        char *days = pg_cluster_value(&fixture.cluster, text);
        int day = atoi(days);
        free(days);
        plan(&(struct pass){
            .falls = (struct fall[]){{1, day, day}}, .count = 1, .now = at(day - 2, 0)});
        assert_value("select due_at at time zone 'UTC' from reminder", cases[i].expected);
    }
}

static void what_falls_outside_the_hours_goes_at_their_next_beginning(void **state)
{
    (void)state;
    static const struct {
        struct plan_rules rules;
        const char *expected;
    } cases[] = {
        {{.from_second = 8 * 3600, .before_second = 20 * 3600, .days = 127}, "2026-11-23 10:00:00"},
        {{.from_second = 12 * 3600, .before_second = 20 * 3600, .days = 127},
         "2026-11-23 12:00:00"},
        {{.from_second = 8 * 3600, .before_second = 10 * 3600, .days = 127}, "2026-11-24 08:00:00"},
        /* 23 November 2026 is a Monday */
        {{.from_second = 9 * 3600, .before_second = 20 * 3600, .days = 126}, "2026-11-24 09:00:00"},
        {{.from_second = 8 * 3600, .before_second = 10 * 3600, .days = 1}, "2026-11-30 08:00:00"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); ++i) {
        setup(state);
        add_debts(1, 1, "2026-11-23");
        plan(&(struct pass){
            .falls = tomorrow, .count = 3, .now = at(DAY, 12), .rules = cases[i].rules});
        assert_value("select due_at at time zone 'Europe/Warsaw' from reminder", cases[i].expected);
        assert_value("select step_date from reminder", "2026-11-23");
    }
}

/* An outage of a week: before_2 of the 17th and due of the 19th were missed, late_3 of the 22nd
 * too; of the debt due on the 23rd nothing but its due day is left. */
static const struct fall week[] = {{0, DAY - 3, DAY - 5}, {1, DAY - 3, DAY - 3},
                                   {2, DAY - 3, DAY},     {0, DAY + 1, DAY - 1},
                                   {1, DAY + 1, DAY + 1}, {1, DAY - 1, DAY - 1}};

static void of_what_was_missed_only_the_newest_goes_and_at_once(void **state)
{
    (void)state;
    add_debts(1, 1, "2026-11-19");
    add_debts(2, 2, "2026-11-23");
    add_debts(3, 3, "2026-11-21");
    plan(&(struct pass){.falls = week, .count = 6, .now = at(DAY, 12)});
    assert_value("select string_agg(customer_id || ' ' || step || ' ' || reason || ' ' ||"
                 " (due_at at time zone 'UTC'), ', ' order by customer_id, due_at) from reminder",
                 "1 late_3 newest missed step 2026-11-22 12:00:00,"
                 " 2 before_2 newest missed step 2026-11-22 12:00:00,"
                 " 2 due scenario 2026-11-23 09:00:00,"
                 " 3 due newest missed step 2026-11-22 12:00:00");
}

static void a_step_missed_too_long_ago_is_let_go(void **state)
{
    (void)state;
    add_debts(1, 1, "2026-11-15");
    add_debts(2, 2, "2026-11-14");
    static const struct fall falls[] = {{1, DAY - 7, DAY - 7}, {1, DAY - 8, DAY - 8}};
    plan(&(struct pass){.falls = falls, .count = 2, .now = at(DAY, 12)});
    assert_value("select string_agg(customer_id::text, ' ') from reminder", "1");
}

static void nothing_missed_goes_behind_something_as_new(void **state)
{
    (void)state;
    add_debts(1, 2, "2026-11-19");
    sql("insert into reminder (customer_id, invoice_id, step, due_at, state, reason, step_date)"
        " values (1, 1, 'other', '2026-11-22', 'sent', '', '2026-11-22'),"
        " (2, 2, 'other', '2026-11-22', 'cancelled', '', '2026-11-22')");
    plan(&(struct pass){.falls = week, .count = 6, .now = at(DAY, 12)});
    assert_value("select string_agg(customer_id || ' ' || step, ' ') from reminder"
                 " where scenario_id = 1",
                 "2 late_3");
}

static void what_a_payment_or_an_older_plan_took_out_comes_back(void **state)
{
    (void)state;
    add_debts(1, 4, "2026-11-23");
    sql("insert into reminder (customer_id, invoice_id, step, due_at, state, reason, claimed_at)"
        " values (1, 1, 'due', '2026-01-01', 'cancelled', 'paid', null),"
        " (2, 2, 'due', '2026-01-01', 'cancelled', 'planned anew', null),"
        " (3, 3, 'due', '2026-01-01', 'cancelled', 'by an admin', null),"
        " (4, 4, 'due', '2026-01-01', 'claimed', 'planned anew', now());"
        "update reminder set step_date = '2026-01-01'");
    plan_tomorrow();
    assert_value("select string_agg(customer_id || ' ' || state || ' ' || (due_at at time zone"
                 " 'UTC')::date || ' ' || reason, ', ' order by customer_id) from reminder",
                 "1 scheduled 2026-11-23 scenario, 2 scheduled 2026-11-23 scenario,"
                 " 3 cancelled 2026-01-01 by an admin, 4 claimed 2026-11-23 scenario");
}

static void debts_that_wait_are_planned_by_themselves_once(void **state)
{
    (void)state;
    struct plan_debts debts = {.count = 2, .customer_id = {1, 3}, .invoice_id = {1, 3}};
    add_debts(1, 2, "2026-11-19");
    add_debts(3, 3, "2026-11-25");
    struct pass pass = {.falls = week, .count = 6, .now = at(DAY, 12), .debts = &debts};
    plan(&pass);
    assert_value("select string_agg(customer_id || ' ' || step, ' ') from reminder", "1 late_3");
    assert_value("select string_agg(customer_id::text, ' ') from invoice where needs_plan", "2");
    assert_int_equal(plan(&pass).count, 0);
}

static void promises_instalments_and_payments_are_anchors_too(void **state)
{
    (void)state;
    struct plan_debts debts = {.count = 3, .customer_id = {1, 2, 3}, .invoice_id = {1, 2, 3}};
    static const struct fall falls[] = {
        {0, DAY + 1, DAY + 1}, {1, DAY + 1, DAY + 1}, {2, DAY, DAY + 1}};
    for (int by_keys = 0; by_keys < 2; ++by_keys) {
        setup(state);
        add_debts(1, 3, "2026-12-30");
        sql("update scenario_step set anchor = case step_no when 0 then 'promise'"
            " when 1 then 'instalment' else 'paid' end;"
            "insert into hold (customer_id, invoice_id, hold_no, kind, until, created_at,"
            " released_at) values (1, 1, 4, 'promise', '2026-11-23 00:00+00', now(), null),"
            " (1, 1, 5, 'promise', '2026-11-23 00:00+00', now(), now()),"
            " (1, 1, 6, 'admin', '2026-11-23 00:00+00', now(), null);"
            "insert into instalment values (2, 2, 1, '2026-10-23', 100, now(), 1, 100, false),"
            " (2, 2, 2, '2026-11-23', 100, null, 1, 100, true);"
            "update invoice set due_minor = 0, paid_at = '2026-11-22 22:30+00'"
            " where customer_id = 3");
        plan(&(struct pass){
            .falls = falls, .count = 3, .now = at(DAY, 12), .debts = by_keys ? &debts : NULL});
        assert_value(
            "select string_agg(customer_id || ' ' || step || ' ' || coalesce(anchor_no, 0),"
            " ', ' order by customer_id) from reminder",
            "1 before_2.4 4, 2 due.2 2, 3 paid_late_3 0");
    }
}

static void held_out_customers_are_skipped_with_an_event(void **state)
{
    (void)state;
    add_debts(1, 200, "2026-11-23");
    struct plan_rules rules = plan_rules_open;
    rules.holdout_permille = 300;
    struct pass pass = {.falls = tomorrow, .count = 3, .now = at(DAY, 12), .rules = rules};
    plan(&pass);
    plan(&pass);
    assert_value("select count(*) = count(*) filter (where state || ' ' || reason = case when"
                 " holdout_place(customer_id) < 300 then 'skipped hold-out'"
                 " else 'scheduled scenario' end) and count(*) = 200"
                 " and count(*) filter (where state = 'skipped') between 30 and 90 from reminder",
                 "t");
    assert_value("select string_agg(distinct kind || ' ' || (facts::json ->> 'reason') || ' ' ||"
                 " (facts::json ->> 'steps'), ',') from event",
                 "reminder.skipped hold-out [\"due\"]");
    assert_value(
        "select (select count(*) from event) = (select count(*) from reminder where state ="
        " 'skipped') and not exists (select from invoice i join event e using (customer_id,"
        " invoice_id) where i.chain_head <> e.hash or i.event_count <> 1)",
        "t");
}

/* A step with a way that is a message is one, whatever else it tries. */
static void steps_of_work_lists_happen_for_the_held_out(void **state)
{
    (void)state;
    struct plan_rules rules = plan_rules_open;
    rules.holdout_permille = 1000;
    const struct pass pass = {.falls = tomorrow, .count = 3, .now = at(DAY, 12), .rules = rules};
    static const char *const ways[][2] = {{"{call}", "scheduled scenario"},
                                          {"{handover}", "scheduled scenario"},
                                          {"{call,handover}", "scheduled scenario"},
                                          {"{voice,call}", "skipped hold-out"},
                                          {"{preferred}", "skipped hold-out"}};
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); ++i) {
        char text[320];
        setup(state);
        add_debts(1, 1, "2026-11-23");
        snprintf(text, sizeof(text),
                 "update scenario_step set channels = '%s', wait_seconds = array_fill(0,"
                 " array[cardinality('%s'::text[])]), unless = array_fill(''::text,"
                 " array[cardinality('%s'::text[])])",
                 ways[i][0], ways[i][0], ways[i][0]);
        sql(text);
        plan(&pass);
        assert_value("select string_agg(state || ' ' || reason, ', ') from reminder", ways[i][1]);
    }
}

/* The second of two nodes that saw the same batch. */
static void a_batch_that_another_node_has_planned_is_refused(void **state)
{
    (void)state;
    struct plan_hits hits = {0};
    struct waiting w = {0};
    struct pg_tx tx = {0};
    struct err err;
    struct plan_batch batch = {.question = {.hits = &hits, .up_to = 10, .now = at(DAY, 12)},
                               .through = DAY,
                               .passing_to = DAY + 1};
    sql("insert into planned (through, passing_to, customers_done, at)"
        " values ('2026-11-22', '2026-11-23', 10, now())");
    assert_int_equal(plan_day(fixture.store->writes, &tx, &batch, on_count, on_done, &w, &err), 0);
    wait_for(&w);
    assert_int_equal(w.err.code, ERR_CONFLICT);
    batch.question.behind = 10;
    batch.question.up_to = 20;
    w = (struct waiting){0};
    assert_int_equal(plan_day(fixture.store->writes, &tx, &batch, on_count, on_done, &w, &err), 0);
    wait_for(&w);
    assert_int_equal(w.err.code, 0);
    assert_value("select customers_done from planned", "20");
}

static void another_version_takes_over_what_goes_when_it_is_in_force(void **state)
{
    (void)state;
    struct pg_tx tx = {0};
    struct err err;
    add_debts(1, 3, "2026-11-23");
    plan_tomorrow();
    sql("update scenario_version set in_force_until = '2026-11-23 00:00+01';"
        "update reminder set state = 'sent' where customer_id = 2;"
        "update reminder set due_at = '2026-11-22 20:00+01' where customer_id = 3");
    for (int gone = 1; gone >= 0; --gone) {
        struct waiting w = {0};
        struct plan_take_over order = {
            .through = DAY - 1, .scenarios = SPAN_LIT("new"), .now = at(DAY, 12), .at_most = 100};
        assert_int_equal(
            plan_take_over(fixture.store->writes, &tx, &order, on_count, on_done, &w, &err), 0);
        wait_for(&w);
        assert_int_equal(w.err.code, 0);
        assert_int_equal(w.count, gone);
        assert_value("select through || scenarios from planned",
                     gone > 0 ? "2026-11-23" : "2026-11-21new");
    }
    assert_value("select string_agg(state || ' ' || reason, ', ' order by customer_id)"
                 " from reminder",
                 "cancelled planned anew, sent scenario, scheduled scenario");
}

static void what_was_planned_beside_a_payment_ends_as_paid(void **state)
{
    (void)state;
    struct waiting w = {0};
    struct pg_tx tx = {0};
    struct err err;
    add_debts(1, 2, "2026-11-23");
    plan_tomorrow();
    sql("update invoice set due_minor = 0, paid_at = now() where customer_id = 1;"
        "insert into reminder (customer_id, invoice_id, step, due_at, state, reason)"
        " values (1, 1, 'thanks_1', '2026-11-22', 'scheduled', 'paid')");
    assert_int_equal(
        plan_settle(fixture.store->writes, &tx, at(DAY + 1, 9), 1000, on_done, &w, &err), 0);
    wait_for(&w);
    assert_value("select string_agg(customer_id || ' ' || step || ' ' || state || ' ' || reason,"
                 " ', ' order by customer_id, step) from reminder",
                 "1 due cancelled paid, 1 thanks_1 scheduled paid, 2 due scheduled scenario");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_debt_gets_the_step_of_the_day, setup),
        cmocka_unit_test_setup(planning_a_day_twice_changes_nothing, setup),
        cmocka_unit_test_setup(what_is_not_to_be_dunned_is_left_out, setup),
        cmocka_unit_test_setup(the_last_listed_of_several_steps_of_a_day_goes, setup),
        cmocka_unit_test_setup(the_first_scenario_that_fits_a_debt_is_its_own, setup),
        cmocka_unit_test_setup(a_version_plans_what_goes_while_it_is_in_force, setup),
        cmocka_unit_test_setup(steps_go_at_their_local_time, setup),
        cmocka_unit_test_setup(what_falls_outside_the_hours_goes_at_their_next_beginning, setup),
        cmocka_unit_test_setup(of_what_was_missed_only_the_newest_goes_and_at_once, setup),
        cmocka_unit_test_setup(a_step_missed_too_long_ago_is_let_go, setup),
        cmocka_unit_test_setup(nothing_missed_goes_behind_something_as_new, setup),
        cmocka_unit_test_setup(what_a_payment_or_an_older_plan_took_out_comes_back, setup),
        cmocka_unit_test_setup(debts_that_wait_are_planned_by_themselves_once, setup),
        cmocka_unit_test_setup(promises_instalments_and_payments_are_anchors_too, setup),
        cmocka_unit_test_setup(held_out_customers_are_skipped_with_an_event, setup),
        cmocka_unit_test(steps_of_work_lists_happen_for_the_held_out),
        cmocka_unit_test_setup(a_batch_that_another_node_has_planned_is_refused, setup),
        cmocka_unit_test_setup(another_version_takes_over_what_goes_when_it_is_in_force, setup),
        cmocka_unit_test_setup(what_was_planned_beside_a_payment_ends_as_paid, setup),
    };
    return cmocka_run_group_tests(tests, suite_setup, suite_teardown);
}
