/* The planner at work: days ahead, outages, crashes, several nodes, scenarios that take over. What
 * is expected is counted by hand from the ladder below; today is Sunday, 22 November 2026, 12:00
 * UTC. */
#include "flow/reminder_plan.h"

#include "flow/plan_days.h"
#include "flow/reminder_explain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
/* cmocka wants the ones above first */
#include <cmocka.h>
#include <jansson.h>

#include "money_fixture.h"

enum { DAY_S = 86400, NOON = 1795348800, CALLS_MAX = 2000 };

enum { DAY_25 = 20782, DAY_27 = 20784, DAY_24_DECEMBER = 20811 }; /* November, 2026 */

static struct money_fixture fixture;

static int suite_setup(void **state)
{
    (void)state;
    fixture_new(&fixture);
    fixture.world.reach = (struct world_reach){
        .ways = {SPAN_LIT("push"), SPAN_LIT("sms"), SPAN_LIT("email")}, .way_count = 3};
    return 0;
}

static int suite_teardown(void **state)
{
    (void)state;
    fixture_free(&fixture);
    return 0;
}

static void sql(const char *text)
{
    fixture_sql(&fixture, text);
}

static void assert_value(const char *query, const char *expected)
{
    assert_string_equal(fixture_value(&fixture, query), expected);
}

static void add_scenario_version(int version, const char *from, const char *steps)
{
    char text[2048];
    snprintf(
        text, sizeof(text),
        "insert into scenario (name, position, created_at) select 's', 1, now()"
        " where not exists (select from scenario);"
        "update scenario_version set in_force_until = '%s' where in_force_until is null;"
        "insert into scenario_version (scenario_id, version, source, catch_up_days, created_at,"
        " created_by, in_force_from) values (1, %d, '', 7, now(), 'test', '%s');"
        "insert into scenario_step (scenario_id, version, step_no, name, anchor, offset_days,"
        " is_working_days, on_day_off, at_second, channels, wait_seconds, unless, template,"
        " tone) select 1, %d, no, name, anchor, days, false, 'same', 36000, '{push}', '{0}',"
        " '{\"\"}', name, 'neutral' from (values %s) v (no, name, anchor, days)",
        from, version, from, version, steps);
    sql(text);
}

static const char ladder[] = "(0, 'issue', 'issue', 0), (1, 'before_2', 'due', -2),"
                             " (2, 'due', 'due', 0), (3, 'after_2', 'due', 2),"
                             " (4, 'after_9', 'due', 9), (5, 'after_16', 'due', 16)";

/* Twenty debts issued on the 17th and due on the 27th, without reminders. */
static int setup(void **state)
{
    (void)state;
    fixture_time = (struct instant){INT64_C(1000000) * NOON};
    fixture.world.reminders = (struct reminder_rules){.window_from_second = 0};
    fixture_seed(&fixture, 20);
    sql("truncate reminder, invoice_registry, planned, scenario, scenario_version, scenario_step "
        "restart identity");
    add_scenario_version(1, "2026-01-01", ladder);
    return 0;
}

static void add_days(int days)
{
    fixture_time = instant_plus_seconds(fixture_time, (int64_t)days * DAY_S);
}

struct node {
    struct store *store;
    struct reminder_plan *plan;
    bool is_done, has_more;
    int calls;
    struct err err;
};

static void on_done(void *owner, bool has_more, const struct err *err)
{
    struct node *node = owner;
    node->is_done = true;
    node->has_more = has_more;
    node->err = *err;
}

static struct node *node_new(int64_t customers_at_once)
{
    struct node *node = calloc(1, sizeof(*node));
    node->store = store_new(fixture.world.loop,
                            &(struct store_options){.conninfo = fixture.cluster.app_conninfo,
                                                    .read_timeout_ms = 20000,
                                                    .write_timeout_ms = 20000});
    node->plan =
        reminder_plan_new(&(struct reminder_plan_options){.world = &fixture.world,
                                                          .store = node->store,
                                                          .customers_at_once = customers_at_once,
                                                          .on_done = on_done,
                                                          .owner = node});
    return node;
}

static void node_free(struct node *node)
{
    reminder_plan_free(node->plan);
    store_free(node->store);
    free(node);
}

static void node_begin(struct node *node)
{
    struct err err;
    node->is_done = false;
    ++node->calls;
    if (reminder_plan_go_on(node->plan, &err) != 0)
        on_done(node, true, &err);
}

static void node_wait(const struct node *node)
{
    while (!node->is_done)
        h2o_evloop_run(fixture.world.loop, 50);
}

/* Until nothing is left to do. */
static void plan_all(void)
{
    struct node *node = node_new(0);
    do {
        node_begin(node);
        node_wait(node);
        assert_int_equal(node->err.code, 0);
        assert_true(node->calls < CALLS_MAX);
    } while (node->has_more);
    node_free(node);
}

#define STEPS_OF(customer)                                                                         \
    "select string_agg(step || ' ' || state || ' ' || (due_at at time zone 'UTC'), ', ' order by"  \
    " due_at) from reminder where customer_id = " #customer

static void nothing_is_planned_before_there_is_a_scenario(void **state)
{
    (void)state;
    sql("truncate scenario, scenario_version, scenario_step restart identity");
    plan_all();
    assert_value("select count(*) from planned", "0");
    assert_value("select count(*) from invoice where needs_plan", "20");
    add_scenario_version(1, "2026-11-22 12:00+00", ladder);
    plan_all();
    assert_value("select count(*) from invoice where needs_plan", "0");
    assert_value("select count(*) from reminder", "20");
}

static void a_new_debt_gets_its_newest_missed_step_and_what_lies_up_to_the_horizon(void **state)
{
    (void)state;
    sql("update invoice set due_date = '2026-11-24' where customer_id = 2;"
        "update invoice set issue_date = '2026-11-23' where customer_id = 3");
    plan_all();
    assert_value(STEPS_OF(1), "issue scheduled 2026-11-22 12:00:00");
    assert_value(STEPS_OF(2), "before_2 scheduled 2026-11-22 12:00:00,"
                              " due scheduled 2026-11-24 09:00:00");
    assert_value(STEPS_OF(3), "issue scheduled 2026-11-23 09:00:00");
    /* 22 November, 12:00 UTC, is the 23rd at UTC+14 */
    assert_value("select through || ' ' || coalesce(passing_to::text, '-') from planned",
                 "2026-11-24 -");
}

static void each_day_is_planned_a_day_ahead(void **state)
{
    (void)state;
    plan_all();
    sql("update reminder set state = 'sent'");
    add_days(1); /* Monday noon: through Wednesday, the 25th */
    plan_all();
    assert_value(STEPS_OF(1), "issue sent 2026-11-22 12:00:00,"
                              " before_2 scheduled 2026-11-25 09:00:00");
    for (int day = 0; day < 30; ++day) {
        sql("update reminder set state = 'sent'");
        add_days(1);
        plan_all();
    }
    assert_value(STEPS_OF(20),
                 "issue sent 2026-11-22 12:00:00, before_2 sent 2026-11-25 09:00:00,"
                 " due sent 2026-11-27 09:00:00, after_2 sent 2026-11-29 09:00:00,"
                 " after_9 sent 2026-12-06 09:00:00, after_16 sent 2026-12-13 09:00:00");
    assert_value("select count(*) from reminder", "120");
}

static void after_an_outage_only_the_newest_missed_step_of_each_debt_goes(void **state)
{
    (void)state;
    plan_all();
    sql("update reminder set state = 'sent'; update invoice set due_date = '2026-12-30' where"
        " customer_id = 2; update invoice set due_date = '2026-11-18' where customer_id = 3");
    add_days(18); /* 10 December */
    plan_all();
    /* before_2, due, after_2 and, on the 6th, after_9 were missed; after_16 is on the 13th */
    assert_value(STEPS_OF(1), "issue sent 2026-11-22 12:00:00,"
                              " after_9 scheduled 2026-12-10 12:00:00");
    assert_value(STEPS_OF(2), "issue sent 2026-11-22 12:00:00");
    /* after_16 was on the 4th */
    assert_value(STEPS_OF(3), "issue sent 2026-11-22 12:00:00,"
                              " after_16 scheduled 2026-12-10 12:00:00");
}

/* An import moved the dates while the day was being planned: it saw nothing to cancel, and the pass
 * put the reminders in by the old ones. */
static void what_a_pass_planned_by_a_date_that_was_moved_meanwhile_goes(void **state)
{
    (void)state;
    plan_all();
    add_days(1);
    plan_all();
    assert_value("select count(*) from reminder where step = 'before_2' and state = 'scheduled'"
                 " and step_date = '2026-11-25'",
                 "20");
    sql("update invoice set due_date = '2026-12-20', needs_plan = true where customer_id = 1;"
        "update invoice set due_date = '2026-11-26', needs_plan = true where customer_id = 2;"
        "update invoice set product = 'other', needs_plan = true where customer_id = 3");
    plan_all();
    assert_value(
        "select string_agg(customer_id || ' ' || state || ' ' || reason || ' ' || step_date,"
        " ', ' order by customer_id) from reminder where step = 'before_2' and customer_id"
        " < 4",
        "1 cancelled planned anew 2026-11-25, 2 scheduled scenario 2026-11-24,"
        " 3 scheduled scenario 2026-11-25");
}

/* As a statement that takes too long: it fails for many and not for few. */
static void a_batch_that_fails_is_tried_with_fewer_customers(void **state)
{
    (void)state;
    sql("insert into customer (reference, created_at, changed_at) select 'L' || n, now(), now()"
        " from generate_series(1, 401) n;"
        "update invoice set customer_id = 21 + 19 * customer_id;"
        "update invoice set needs_plan = false;"
        "insert into planned (through, scenarios, at) values ('2026-11-23', '', now());"
        "create function too_many() returns trigger language plpgsql as $$ begin"
        " if (select count(*) from fresh) > 6 then raise exception 'too many'; end if;"
        " return null; end $$;"
        "create trigger too_many after insert on reminder referencing new table as fresh"
        " for each statement execute function too_many()");
    add_days(2);
    struct node *node = node_new(450);
    do {
        node_begin(node);
        node_wait(node);
        assert_true(node->calls < CALLS_MAX);
    } while (node->has_more || node->err.code != 0);
    node_free(node);
    sql("drop trigger too_many on reminder; drop function too_many");
    assert_value("select count(*) from reminder where step = 'before_2'", "20");
    assert_value("select passing_to is null from planned", "t");
}

static void what_is_owed_again_goes_on_where_it_would_be(void **state)
{
    (void)state;
    plan_all();
    add_days(3);
    plan_all();
    sql("update reminder set state = 'sent' where step = 'issue';"
        "update reminder set state = 'cancelled', reason = 'paid' where state = 'scheduled';"
        "update invoice set due_minor = 0, paid_at = '2026-11-25 12:00+00'");
    add_days(5);
    plan_all();
    assert_value("select count(*) from reminder where state = 'scheduled'", "0");
    sql("update invoice set due_minor = 10000, paid_at = null, needs_plan = true"
        " where customer_id = 7");
    /* 30 November: before_2 (cancelled) and due (cancelled), after_2 were missed */
    plan_all();
    assert_value(STEPS_OF(7), "issue sent 2026-11-22 12:00:00, before_2 cancelled 2026-11-25"
                              " 12:00:00, due cancelled 2026-11-27 09:00:00, after_2 scheduled"
                              " 2026-11-30 12:00:00");
    add_days(5);
    plan_all();
    assert_value("select due_at at time zone 'UTC' || ' ' || state from reminder where customer_id"
                 " = 7 and step = 'after_9'",
                 "2026-12-06 09:00:00 scheduled");
    assert_value("select count(*) from reminder where step = 'after_9'", "1");
}

static void a_new_version_takes_over_at_its_time(void **state)
{
    (void)state;
    add_days(2); /* 24 November: before_2 is tomorrow */
    plan_all();
    sql("update reminder set state = 'sent' where step = 'issue'");
    assert_value("select count(*) from reminder where step = 'before_2' and state = 'scheduled'",
                 "20");
    /* From tomorrow, eight o'clock, it comes a day before, and there is another step today. */
    add_scenario_version(2, "2026-11-25 07:00+00",
                         "(0, 'before_3', 'due', -3), (1, 'before_1', 'due', -1), (2, 'due', 'due',"
                         " 0), (3, 'after_2', 'due', 1)");
    plan_all();
    assert_value("select string_agg(distinct step || ' ' || version || ' ' || state || ' ' ||"
                 " reason, ', ') from reminder where step <> 'issue'",
                 "before_1 2 scheduled scenario, before_2 1 cancelled planned anew");
    add_days(4);
    plan_all();
    assert_value("select string_agg(distinct step || ' ' || version || ' ' || state || ' ' ||"
                 " step_date, ', ') from reminder where state = 'scheduled' and step <> 'before_1'",
                 "after_2 2 scheduled 2026-11-28");
}

#define WAITING                                                                                    \
    "select string_agg(step || ' ' || scenario_id || ' ' || n, ', ' order by scenario_id) from ("  \
    "select step, scenario_id, count(*) as n from reminder where step <> 'issue' and state = "     \
    "'scheduled' group by 1, 2) s"

static void a_scenario_put_before_another_takes_its_debts_with_what_is_planned(void **state)
{
    (void)state;
    add_days(2); /* 24 November: before_2 is tomorrow */
    plan_all();
    assert_value(WAITING, "before_2 1 20");
    sql("update invoice set product = 'Leasing auta' where customer_id <= 5;"
        "insert into scenario (name, position, created_at) values ('leasing', 0, now());"
        "insert into scenario_version (scenario_id, version, source, catch_up_days, created_at,"
        " created_by, in_force_from, products) values (2, 1, '', 7, now(), 'test',"
        " '2026-11-25 07:00+00', '{Leasing*}');"
        "insert into scenario_step (scenario_id, version, step_no, name, anchor, offset_days,"
        " is_working_days, on_day_off, at_second, channels, wait_seconds, unless, template, tone)"
        " values (2, 1, 0, 'early', 'due', -2, false, 'same', 36000, '{sms}', '{0}', '{\"\"}',"
        " 'before', 'neutral')");
    plan_all();
    assert_value(WAITING, "before_2 1 15, early 2 5");
    sql("update scenario set position = 2 where scenario_id = 2");
    plan_all();
    assert_value(WAITING, "before_2 1 20");
}

/* Everything once, whoever did it. */
static void assert_planned_once(void)
{
    assert_value("select count(*) || ' ' || count(distinct customer_id) || ' ' || min(step) || ' '"
                 " || count(*) filter (where due_at = '2026-11-25 09:00+00')"
                 " from reminder where step <> 'issue'",
                 "20 20 before_2 20");
    assert_value("select through || ' ' || coalesce(passing_to::text, '-') || ' ' || customers_done"
                 " from planned",
                 "2026-11-25 - 0");
}

static void two_nodes_share_a_pass(void **state)
{
    (void)state;
    plan_all();
    add_days(1);
    struct node *nodes[] = {node_new(3), node_new(3), node_new(3)};
    bool is_over = false;
    while (!is_over) {
        is_over = true;
        for (int i = 0; i < 3; ++i)
            node_begin(nodes[i]);
        for (int i = 0; i < 3; ++i) {
            node_wait(nodes[i]);
            assert_int_equal(nodes[i]->err.code, 0);
            is_over = is_over && !nodes[i]->has_more;
        }
        assert_true(nodes[0]->calls < CALLS_MAX);
    }
    assert_planned_once();
    for (int i = 0; i < 3; ++i)
        node_free(nodes[i]);
}

/* The database is killed in the middle of each piece of work, and later each time. */
static void a_pass_goes_on_after_any_kill(void **state)
{
    (void)state;
    plan_all();
    add_days(1);
    struct node *node = node_new(3);
    int kills = 0;
    do {
        node_begin(node);
        if (kills < 6) {
            for (int turns = 0; turns < 1 + kills && !node->is_done; ++turns)
                h2o_evloop_run(fixture.world.loop, 5);
            pg_cluster_kill(&fixture.cluster);
            pg_cluster_start(&fixture.cluster);
            ++kills;
        }
        node_wait(node);
        assert_true(node->calls < CALLS_MAX);
    } while (node->has_more || node->err.code != 0);
    node_free(node);
    assert_planned_once();
}

static void on_explained(void *owner, struct span json, const struct err *err)
{
    json_t **answer = owner;
    *answer = err->code != 0 || json.base == NULL ? json_null()
                                                  : json_loadb(json.base, json.len, 0, NULL);
}

static json_t *explain_on(const char *number, const int32_t *day)
{
    json_t *answer = NULL;
    struct err err;
    const struct plan_debt_name name = {.number = span_str(number)};
    assert_int_equal(reminder_explain(&fixture.world, &name, day, on_explained, &answer, &err), 0);
    while (answer == NULL)
        h2o_evloop_run(fixture.world.loop, 50);
    return answer;
}

static json_t *explain(const char *number)
{
    return explain_on(number, NULL);
}

static json_t *forecast(int32_t day)
{
    json_t *answer = NULL;
    struct err err;
    assert_int_equal(reminder_forecast(&fixture.world, day, on_explained, &answer, &err), 0);
    while (answer == NULL)
        h2o_evloop_run(fixture.world.loop, 50);
    return answer;
}

static json_int_t total_of(const json_t *answer, const char *name)
{
    return json_integer_value(json_object_get(answer, name));
}

static json_int_t count_of(const json_t *answer, const char *state)
{
    json_int_t count = 0;
    size_t i;
    const json_t *item;
    json_array_foreach(json_object_get(answer, "counts"), i, item)
    {
        if (strcmp(json_string_value(json_object_get(item, "state")), state) == 0)
            count += total_of(item, "count");
    }
    return count;
}

/* before_2 of all twenty is on the 25th; one of them pays, one has another due date. */
static void the_forecast_is_what_is_then_planned(void **state)
{
    (void)state;
    plan_all();
    sql("update invoice set due_minor = 0, paid_at = now() where customer_id = 1;"
        "update invoice set due_date = '2026-11-28' where customer_id = 2");
    /* Held when it goes, held until then, and a promise that was kept. */
    sql("insert into hold (customer_id, invoice_id, hold_no, kind, until, created_at, released_at)"
        " values (3, 3, 1, 'dispute', null, now(), null), (4, 4, 1, 'promise', '2026-11-25', now(),"
        " null), (5, 5, 1, 'promise', '2026-12-24', now(), now())");
    json_t *before = forecast(DAY_25);
    assert_int_equal(total_of(before, "total"), 18);
    assert_int_equal(count_of(before, "held"), 1);
    assert_int_equal(count_of(before, "to come"), 17);
    assert_int_equal(total_of(before, "difference"), 18);
    assert_value("select count(*) from reminder where step = 'before_2'", "0");
    add_days(1);
    plan_all();
    json_t *after = forecast(DAY_25);
    assert_int_equal(total_of(after, "total"), 18);
    const json_t *count = json_array_get(json_object_get(after, "counts"), 0);
    assert_string_equal(json_string_value(json_object_get(count, "step")), "before_2");
    assert_int_equal(count_of(after, "scheduled"), 17);
    assert_value("select count(*) from reminder where step = 'before_2'", "18");
    json_decref(before);
    json_decref(after);
}

static const char *word_of(const json_t *answer, const char *step, const char *name)
{
    size_t i;
    const json_t *item;
    json_array_foreach(json_object_get(answer, "steps"), i,
                       item) if (strcmp(json_string_value(json_object_get(item, "step")), step) ==
                                 0) return json_string_value(json_object_get(item, name));
    return NULL;
}

static void a_debt_is_told_why_each_step_goes_or_stays(void **state)
{
    (void)state;
    plan_all();
    sql("insert into invoice_registry select number, customer_id, invoice_id from invoice;"
        "update scenario_step set segments = '{chronically_late}' where name = 'due';"
        "insert into hold (customer_id, invoice_id, hold_no, kind, until, created_at) select"
        " customer_id, invoice_id, 1, 'dispute', null, now() from invoice where customer_id = 4");
    json_t *answer = explain("FV4");
    assert_string_equal(word_of(answer, "issue", "why_not"), "planned before");
    assert_string_equal(word_of(answer, "due", "why_not"), "step: segment");
    assert_string_equal(word_of(answer, "after_9", "why_not"), "dispute");
    assert_string_equal(word_of(answer, "after_9", "due_at"), "2026-12-06T09:00:00Z");
    bool is_disputed = false;
    size_t i;
    const json_t *item;
    json_array_foreach(json_object_get(answer, "held_by"), i, item) is_disputed |=
        strcmp(json_string_value(json_object_get(item, "rule")), "dispute") == 0;
    assert_true(is_disputed);
    assert_int_equal(json_array_size(json_object_get(answer, "was")), 1);
    json_decref(answer);
    answer = explain("nobody's");
    assert_true(json_is_null(answer));
}

/* ---- a day to come ---- */

static bool holds(const json_t *answer, const char *rule)
{
    size_t i;
    const json_t *item;
    json_array_foreach(json_object_get(answer, "held_by"), i,
                       item) if (strcmp(json_string_value(json_object_get(item, "rule")), rule) ==
                                 0) return true;
    return false;
}

static bool goes(const json_t *answer, const char *step)
{
    size_t i;
    const json_t *item;
    json_array_foreach(json_object_get(answer, "steps"), i,
                       item) if (strcmp(json_string_value(json_object_get(item, "step")), step) ==
                                 0) return json_is_true(json_object_get(item, "goes"));
    return false;
}

static void register_numbers(void)
{
    sql("insert into invoice_registry select number, customer_id, invoice_id from invoice");
}

/* Nine to eight, from Monday to Saturday, not on holidays. */
static void keep_hours(void)
{
    fixture.world.reminders = (struct reminder_rules){.window_from_second = 9 * 3600,
                                                      .window_to_second = 20 * 3600,
                                                      .window_weekdays = 63,
                                                      .keeps_days_off = true};
}

/* A promise until the 26th holds what is for the 25th, which goes behind it; on the 27th it is
 * over. */
static void what_ends_before_a_day_does_not_hold_on_it(void **state)
{
    (void)state;
    const int32_t day_25 = DAY_25, day_27 = DAY_27;
    register_numbers();
    keep_hours();
    sql("insert into hold (customer_id, invoice_id, hold_no, kind, until, created_at)"
        " values (4, 4, 1, 'promise', '2026-11-26 00:00Z', now())");
    json_t *now = explain("FV4"), *then = explain_on("FV4", &day_25);
    assert_true(holds(now, "promise"));
    assert_true(holds(then, "promise"));
    /* Nine o'clock in Warsaw, when the day begins for whoever writes. */
    assert_string_equal(json_string_value(json_object_get(then, "at")), "2026-11-25T08:00:00Z");
    assert_int_equal(json_array_size(json_object_get(then, "steps")), 1);
    assert_false(goes(then, "before_2"));
    assert_string_equal(word_of(then, "before_2", "why_not"), "promise");
    assert_string_equal(word_of(then, "before_2", "goes_at"), "2026-11-26T08:00:00Z");
    assert_string_equal(word_of(then, "before_2", "goes_on"), "2026-11-26");
    json_decref(then);
    then = explain_on("FV4", &day_27);
    assert_false(holds(then, "promise"));
    assert_true(goes(then, "due"));
    assert_string_equal(word_of(then, "due", "goes_at"), "2026-11-27T09:00:00Z");
    json_decref(now);
    json_decref(then);
}

/* What is in flight is given up after its time; what waits for the provider may take for ever. */
static void a_started_payment_holds_as_long_as_its_time(void **state)
{
    (void)state;
    const int32_t day_25 = DAY_25;
    register_numbers();
    fixture.world.payment_in_flight_seconds = 3600;
    /* The fixture's payments, one of each debt. */
    sql("update payment set state = 'failed';"
        "update payment set state = case customer_id when 4 then 'started' else 'pending' end,"
        " changed_at = '2026-11-22 11:30Z' where customer_id in (4, 5)");
    json_t *now = explain("FV4"), *then = explain_on("FV4", &day_25),
           *pending = explain_on("FV5", &day_25);
    assert_true(holds(now, "in flight"));
    assert_false(holds(then, "in flight"));
    assert_true(goes(then, "before_2"));
    assert_true(holds(pending, "in flight"));
    assert_string_equal(word_of(pending, "before_2", "why_not"), "in flight");
    assert_null(word_of(pending, "before_2", "goes_at"));
    json_decref(now);
    json_decref(then);
    json_decref(pending);
    fixture.world.payment_in_flight_seconds = 0;
}

/* Due on Christmas Eve, a holiday; so are both days behind it, and then it is Sunday. What is for
 * the 26th comes up on Monday as well, and being newer it is what goes. */
static void days_off_move_the_time_that_is_told(void **state)
{
    (void)state;
    const int32_t eve = DAY_24_DECEMBER, monday = DAY_24_DECEMBER + 4;
    register_numbers();
    keep_hours();
    sql("update invoice set due_date = '2026-12-24' where customer_id = 4");
    json_t *answer = explain_on("FV4", &eve);
    assert_true(holds(answer, "day off"));
    assert_string_equal(word_of(answer, "due", "due_at"), "2026-12-24T09:00:00Z");
    assert_string_equal(word_of(answer, "due", "goes_at"), "2026-12-28T08:00:00Z");
    assert_false(goes(answer, "due"));
    assert_string_equal(word_of(answer, "due", "why_not"), "a newer step is due by then");
    json_decref(answer);
    answer = explain_on("FV4", &monday);
    assert_true(goes(answer, "after_2"));
    assert_string_equal(word_of(answer, "after_2", "goes_at"), "2026-12-28T08:00:00Z");
    json_decref(answer);
    answer = forecast(DAY_24_DECEMBER);
    assert_int_equal(count_of(answer, "put off"), 1);
    const json_t *sample = json_array_get(json_object_get(answer, "samples"), 0);
    assert_string_equal(json_string_value(json_object_get(sample, "due_at")),
                        "2026-12-28T08:00:00Z");
    json_decref(answer);
}

/* Four customers: one consented, one did not, one whose mail address is dead besides, one who opted
 * out of both. */
static void who_cannot_be_reached_one_way_is_told_the_next(void **state)
{
    (void)state;
    const int32_t day_25 = DAY_25;
    register_numbers();
    fixture.world.reminders.consents[0] = SPAN_LIT("sms");
    fixture.world.reminders.consent_count = 1;
    sql("update scenario_step set channels = '{sms,email}', wait_seconds = '{0,0}',"
        " unless = '{\"\",\"\"}';"
        "update invoice set due_date = '2027-11-27' where customer_id > 4;"
        "update customer set phone = '+48600100200', email = 'a@example.com';"
        "update customer set consented = '{sms}' where customer_id = 1;"
        "update customer set opted_out = '{sms,email}' where customer_id = 4;"
        "insert into contact_fault (customer_id, channel, address, is_dead, reason, at) values"
        " (2, 'email', 'old@example.com', true, 'gone', now()),"
        " (3, 'email', 'a@example.com', true, 'gone', now())");
    json_t *one = explain_on("FV1", &day_25), *two = explain_on("FV2", &day_25),
           *three = explain_on("FV3", &day_25), *four = explain_on("FV4", &day_25);
    assert_string_equal(word_of(one, "before_2", "channel"), "sms");
    assert_false(holds(one, "no consent"));
    assert_true(holds(two, "no consent"));
    assert_false(holds(two, "dead address"));
    assert_string_equal(word_of(two, "before_2", "channel"), "email");
    assert_string_equal(word_of(two, "before_2", "passed"), "sms: no consent");
    assert_true(holds(three, "dead address"));
    assert_string_equal(word_of(three, "before_2", "why_not"), "no address");
    assert_string_equal(word_of(three, "before_2", "passed"),
                        "sms: no consent, email: dead address");
    assert_string_equal(word_of(four, "before_2", "passed"), "sms: opted out, email: opted out");
    json_t *day = forecast(DAY_25);
    assert_int_equal(count_of(day, "to come"), 2);
    assert_int_equal(count_of(day, "no address"), 2);
    size_t i;
    const json_t *item;
    json_int_t by_email = 0;
    json_array_foreach(json_object_get(day, "counts"), i, item)
    {
        if (strcmp(json_string_value(json_object_get(item, "state")), "to come") == 0 &&
            strcmp(json_string_value(json_object_get(item, "channel")), "email") == 0)
            by_email += total_of(item, "count");
    }
    assert_int_equal(by_email, 1);
    json_decref(one);
    json_decref(two);
    json_decref(three);
    json_decref(four);
    json_decref(day);
    sql("delete from contact_fault");
}

/* One message a week; one went on the 22nd at noon UTC. */
static void the_budget_is_told_as_far_as_it_is_known(void **state)
{
    (void)state;
    const int32_t day_25 = DAY_25;
    register_numbers();
    fixture.world.reminders.budget_week = 1;
    sql("insert into reminder (customer_id, invoice_id, step, due_at, state, reason, channel,"
        " claimed_at, finished_at, message_no) values (4, 4, 'hello', '2026-11-22 12:00Z', 'sent',"
        " 'accepted', 'sms', '2026-11-22 12:00Z', '2026-11-22 12:00Z', 1)");
    json_t *answer = explain_on("FV4", &day_25);
    assert_true(holds(answer, "budget"));
    assert_string_equal(word_of(answer, "before_2", "why_not"), "budget");
    /* On the 29th at noon there is room, and by then what is newer is due. */
    assert_string_equal(word_of(answer, "before_2", "goes_at"), "2026-11-29T12:00:00Z");
    json_decref(answer);
    const int32_t day_6 = DAY_25 + 11;
    answer = explain_on("FV4", &day_6);
    assert_false(holds(answer, "budget"));
    assert_true(goes(answer, "after_9"));
    json_decref(answer);
}

/* Of what is over nothing holds: the events tell. */
static void a_day_that_is_over_is_told_by_its_events(void **state)
{
    (void)state;
    const int32_t day_17 = DAY_25 - 8;
    register_numbers();
    sql("insert into event (customer_id, invoice_id, event_no, at, kind, facts, prev_hash, hash)"
        " select 4, 4, 1000 + n, timestamptz '2026-11-16 22:30Z' + make_interval(hours => n),"
        " 'reminder.put_off', '{\"step\":\"issue\"}', '\\x', sha256(n::text::bytea)"
        " from generate_series(0, 24) n");
    json_t *answer = explain_on("FV4", &day_17);
    assert_true(json_is_null(json_object_get(answer, "at")));
    assert_int_equal(json_array_size(json_object_get(answer, "held_by")), 0);
    /* From midnight in Warsaw, 23:00 UTC, on for a day. */
    const json_t *events = json_object_get(answer, "events");
    assert_int_equal(json_array_size(events), 24);
    assert_string_equal(json_string_value(json_object_get(json_array_get(events, 0), "at")),
                        "2026-11-16T23:30:00Z");
    json_decref(answer);
    answer = explain("FV4");
    assert_true(json_is_null(json_object_get(answer, "events")));
    json_decref(answer);
}

/* The planner's own word for how a step is called, and the domain's. */
static void steps_are_called_as_the_domain_calls_them(void **state)
{
    (void)state;
    for (int anchor = 0; anchor < SCENARIO_ANCHOR_COUNT; ++anchor) {
        for (int32_t n = 0; n < 3; ++n) {
            char key[SCENARIO_KEY_MAX + 1], query[256];
            struct scenario_step step = {.name = SPAN_LIT("weekly"),
                                         .anchor = (enum scenario_anchor)anchor};
            bool has_many = anchor == SCENARIO_FROM_PROMISE || anchor == SCENARIO_FROM_INSTALMENT;
            scenario_print_key(&step, (struct scenario_turn){.anchor_no = 4, .occurrence = n}, key);
            snprintf(query, sizeof(query), "select plan_step('weekly', '%s', %s, %d)",
                     scenario_anchor_name(step.anchor), has_many ? "4" : "null", (int)n);
            assert_value(query, key);
        }
    }
}

/* Days there are somewhere, by hand: 10:00 UTC is midnight at UTC+14, 12:00 UTC at UTC-12. */
static void the_horizon_is_tomorrow_where_it_is_latest(void **state)
{
    (void)state;
    static const struct {
        int hour, first, last;
    } cases[] = {{0, -1, 0}, {9, -1, 0}, {10, -1, 1}, {11, -1, 1}, {12, 0, 1}, {23, 0, 1}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); ++i) {
        int32_t today = 20779;
        struct instant now = {((int64_t)today * DAY_S + cases[i].hour * 3600) * 1000000};
        assert_int_equal(plan_first_day(now) - today, cases[i].first);
        assert_int_equal(plan_last_day(now) - today, cases[i].last);
        assert_int_equal(plan_horizon(now) - today, cases[i].last + 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_horizon_is_tomorrow_where_it_is_latest),
        cmocka_unit_test_setup(nothing_is_planned_before_there_is_a_scenario, setup),
        cmocka_unit_test_setup(
            a_new_debt_gets_its_newest_missed_step_and_what_lies_up_to_the_horizon, setup),
        cmocka_unit_test_setup(each_day_is_planned_a_day_ahead, setup),
        cmocka_unit_test_setup(after_an_outage_only_the_newest_missed_step_of_each_debt_goes,
                               setup),
        cmocka_unit_test_setup(what_a_pass_planned_by_a_date_that_was_moved_meanwhile_goes, setup),
        cmocka_unit_test_setup(a_batch_that_fails_is_tried_with_fewer_customers, setup),
        cmocka_unit_test_setup(what_is_owed_again_goes_on_where_it_would_be, setup),
        cmocka_unit_test_setup(a_new_version_takes_over_at_its_time, setup),
        cmocka_unit_test_setup(a_scenario_put_before_another_takes_its_debts_with_what_is_planned,
                               setup),
        cmocka_unit_test_setup(two_nodes_share_a_pass, setup),
        cmocka_unit_test_setup(the_forecast_is_what_is_then_planned, setup),
        cmocka_unit_test_setup(a_debt_is_told_why_each_step_goes_or_stays, setup),
        cmocka_unit_test_setup(what_ends_before_a_day_does_not_hold_on_it, setup),
        cmocka_unit_test_setup(a_started_payment_holds_as_long_as_its_time, setup),
        cmocka_unit_test_setup(days_off_move_the_time_that_is_told, setup),
        cmocka_unit_test_setup(who_cannot_be_reached_one_way_is_told_the_next, setup),
        cmocka_unit_test_setup(the_budget_is_told_as_far_as_it_is_known, setup),
        cmocka_unit_test_setup(a_day_that_is_over_is_told_by_its_events, setup),
        cmocka_unit_test_setup(steps_are_called_as_the_domain_calls_them, setup),
        cmocka_unit_test_setup(a_pass_goes_on_after_any_kill, setup),
    };
    return cmocka_run_group_tests(tests, suite_setup, suite_teardown);
}
