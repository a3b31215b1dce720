#include "store/scenario_store.h"

#include "base/log.h"
#include "embedded_file.h"
#include "io/timer.h"
#include "migrations.h"
#include "store/migrate.h"
#include "support/pg_cluster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

struct fixture {
    struct pg_cluster cluster;
    h2o_loop_t *loop;
    struct store *stores[2]; /* as of two machines */
    struct timer alarm;
    bool is_late;
};

/* One transaction or question, and what came of it. */
struct asked {
    struct pg_query query;
    struct pg_tx tx;
    bool is_done;
    int code;
    struct scenario_saved saved;
    struct scenario_activated activated;
    int64_t off;
    bool is_moved;
    struct scenario_loaded loaded;
};

static struct fixture *the_fixture;

static void on_alarm(void *owner)
{
    ((struct fixture *)owner)->is_late = true;
}

static void turn_until_done(struct fixture *f, const bool *is_done)
{
    f->is_late = false;
    timer_start(&f->alarm, 20000);
    while (!*is_done) {
        assert_false(f->is_late);
        h2o_evloop_run(f->loop, INT32_MAX);
    }
    timer_stop(&f->alarm);
}

static int suite_setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct err err;
    int applied;
    log_init(LOG_ERROR, "test");
    pg_cluster_new(&f->cluster);
    struct migrate_plan plan = {
        .conninfo = f->cluster.conninfo, .files = migrations_files, .count = migrations_count};
    if (migrate_run(&plan, &applied, &err) != 0)
        fail_msg("%s", err.text);
    f->loop = h2o_evloop_create();
    timer_init(&f->alarm, f->loop, "alarm", on_alarm, f);
    for (int i = 0; i < 2; ++i)
        f->stores[i] =
            store_new(f->loop, &(struct store_options){.conninfo = f->cluster.app_conninfo,
                                                       .read_timeout_ms = 20000,
                                                       .write_timeout_ms = 20000});
    *state = the_fixture = f;
    return 0;
}

static int suite_teardown(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 2; ++i)
        store_free(f->stores[i]);
    timer_loop_release(f->loop);
    h2o_evloop_destroy(f->loop);
    pg_cluster_free(&f->cluster);
    free(f);
    return 0;
}

static int setup(void **state)
{
    struct fixture *f = *state;
    pg_cluster_sql(&f->cluster, "truncate scenario_step, scenario_version, scenario");
    return 0;
}

/* Seconds of a day in November 2026. */
static struct instant at(int64_t seconds)
{
    return (struct instant){(INT64_C(1795390200) + seconds) * 1000000};
}

/* "1 from 10 until 20, …": what is or was to be in force, in seconds behind at(0). */
static void assert_in_force(struct fixture *f, const char *expected)
{
    char *is = pg_cluster_value(
        &f->cluster,
        "select coalesce(string_agg(s.name || v.version || ' ' "
        "|| (extract(epoch from in_force_from) - 1795390200)::bigint || '-' "
        "|| coalesce((extract(epoch from in_force_until) - 1795390200)::bigint::text, ''), "
        "', ' order by s.name, v.version), '') "
        "from scenario_version v join scenario s using (scenario_id) "
        "where in_force_from is not null");
    assert_string_equal(is, expected);
    free(is);
}

static void on_done(void *owner, const struct err *err)
{
    struct asked *a = owner;
    a->code = err->code;
    a->is_done = true;
}

static void on_saved(void *owner, const PGresult *result, const struct err *err)
{
    struct asked *a = owner;
    (void)err;
    if (result != NULL)
        a->saved = scenario_read_saved(result);
}

static void begin_save(struct fixture *f, int machine, struct asked *a,
                       const struct scenario_saving *saving)
{
    struct err err;
    assert_int_equal(pg_tx_begin(f->stores[machine]->writes, &a->tx, on_done, a, &err), 0);
    scenario_add_lock(&a->tx);
    scenario_add_save(&a->tx, saving, on_saved);
    pg_tx_commit(&a->tx);
}

static struct scenario scenario_of(const char *name)
{
    struct scenario s = {.name = span_str(name), .catch_up_days = 7, .step_count = 1};
    s.steps[0] = (struct scenario_step){.name = SPAN_LIT("due"),
                                        .anchor = SCENARIO_FROM_DUE,
                                        .at_second = 36000,
                                        .places = {{.channel = SPAN_LIT("sms")}},
                                        .place_count = 1,
                                        .template = SPAN_LIT("due"),
                                        .tone = SPAN_LIT("neutral")};
    return s;
}

static struct scenario_saved save(struct fixture *f, const char *name, const char *source)
{
    struct asked a = {.is_done = false};
    struct scenario s = scenario_of(name);
    begin_save(
        f, 0, &a,
        &(struct scenario_saving){
            .scenario = &s, .source = span_str(source), .by = SPAN_LIT("test"), .now = at(0)});
    turn_until_done(f, &a.is_done);
    assert_int_equal(a.code, 0);
    return a.saved;
}

static void on_activated(void *owner, const PGresult *result, const struct err *err)
{
    struct asked *a = owner;
    (void)err;
    if (result != NULL)
        a->activated = scenario_read_activated(result);
}

static void begin_activate(struct fixture *f, int machine, struct asked *a,
                           const struct scenario_activating *activating)
{
    struct err err;
    assert_int_equal(pg_tx_begin(f->stores[machine]->writes, &a->tx, on_done, a, &err), 0);
    scenario_add_lock(&a->tx);
    scenario_add_activate(&a->tx, activating, on_activated);
    pg_tx_commit(&a->tx);
}

static enum scenario_activation activate(struct fixture *f, const char *name, int32_t version,
                                         int64_t from, int64_t now)
{
    struct asked a = {.is_done = false};
    begin_activate(
        f, 0, &a,
        &(struct scenario_activating){
            .name = span_str(name), .version = version, .from = at(from), .now = at(now)});
    turn_until_done(f, &a.is_done);
    assert_int_equal(a.code, 0);
    return a.activated.result;
}

static void on_off(void *owner, const PGresult *result, const struct err *err)
{
    struct asked *a = owner;
    (void)err;
    if (result != NULL)
        a->off = scenario_read_off(result);
}

static int64_t off(struct fixture *f, const char *name, int64_t now)
{
    struct asked a = {.is_done = false};
    struct err err;
    assert_int_equal(pg_tx_begin(f->stores[0]->writes, &a.tx, on_done, &a, &err), 0);
    scenario_add_lock(&a.tx);
    scenario_add_off(&a.tx, span_str(name), at(now), on_off);
    pg_tx_commit(&a.tx);
    turn_until_done(f, &a.is_done);
    assert_int_equal(a.code, 0);
    return a.off;
}

static void on_moved(void *owner, const PGresult *result, const struct err *err)
{
    struct asked *a = owner;
    (void)err;
    if (result != NULL)
        a->is_moved = scenario_read_moved(result);
}

static bool move(struct fixture *f, const char *name, int64_t place)
{
    struct asked a = {.is_done = false};
    struct err err;
    assert_int_equal(pg_tx_begin(f->stores[0]->writes, &a.tx, on_done, &a, &err), 0);
    scenario_add_lock(&a.tx);
    scenario_add_move(&a.tx, span_str(name), place, on_moved);
    pg_tx_commit(&a.tx);
    turn_until_done(f, &a.is_done);
    assert_int_equal(a.code, 0);
    return a.is_moved;
}

static void on_loaded(void *owner, const PGresult *result, const struct err *err)
{
    struct asked *a = owner;
    a->code = err->code;
    if (result != NULL)
        scenario_read_loaded(result, &a->loaded);
    a->is_done = true;
}

static struct scenario_loaded load(struct fixture *f, int64_t from, int64_t before)
{
    struct asked a = {.is_done = false};
    struct err err;
    assert_int_equal(
        scenario_load(f->stores[0]->reads, &a.query, at(from), at(before), on_loaded, &a, &err), 0);
    turn_until_done(f, &a.is_done);
    assert_int_equal(a.code, 0);
    return a.loaded;
}

/* ---- Versions ---- */

static void versions_are_numbered_and_the_same_text_is_no_new_one(void **state)
{
    struct fixture *f = *state;
    struct scenario_saved first = save(f, "bank", "one"), again = save(f, "bank", "one"),
                          second = save(f, "bank", "two"), back = save(f, "bank", "one");
    assert_true(first.is_new && first.version == 1);
    assert_true(!again.is_new && again.version == 1);
    assert_true(second.is_new && second.version == 2);
    assert_true(back.is_new && back.version == 3);
}

static void a_text_whose_time_is_over_is_a_new_version(void **state)
{
    struct fixture *f = *state;
    save(f, "bank", "one");
    activate(f, "bank", 1, -20, -20);
    assert_int_equal(save(f, "bank", "one").version, 1);
    off(f, "bank", -10);
    assert_int_equal(save(f, "bank", "one").version, 2);
}

static void two_machines_that_save_at_once_get_a_version_each(void **state)
{
    struct fixture *f = *state;
    struct asked asked[2] = {{.is_done = false}, {.is_done = false}};
    struct scenario s = scenario_of("bank");
    for (int i = 0; i < 2; ++i)
        begin_save(f, i, &asked[i],
                   &(struct scenario_saving){.scenario = &s,
                                             .source = i == 0 ? SPAN_LIT("a") : SPAN_LIT("b"),
                                             .by = SPAN_LIT("test"),
                                             .now = at(0)});
    for (int i = 0; i < 2; ++i)
        turn_until_done(f, &asked[i].is_done);
    assert_int_equal(asked[0].code | asked[1].code, 0);
    assert_int_equal(asked[0].saved.version + asked[1].saved.version, 3);
}

static void the_first_scenario_is_made_once(void **state)
{
    struct fixture *f = *state;
    struct asked asked[2] = {{.is_done = false}, {.is_done = false}};
    struct scenario s = scenario_of("standard");
    for (int i = 0; i < 2; ++i)
        begin_save(f, i, &asked[i],
                   &(struct scenario_saving){.scenario = &s,
                                             .source = SPAN_LIT("a"),
                                             .by = SPAN_LIT("test"),
                                             .is_first = true,
                                             .now = at(0)});
    for (int i = 0; i < 2; ++i)
        turn_until_done(f, &asked[i].is_done);
    assert_int_equal(asked[0].code | asked[1].code, 0);
    assert_int_equal(asked[0].saved.is_there + asked[1].saved.is_there, 1);
    assert_in_force(f, "standard1 -1795390200-");
    save(f, "standard", "a draft");
    asked[0] = (struct asked){.is_done = false};
    begin_save(f, 0, &asked[0],
               &(struct scenario_saving){.scenario = &s,
                                         .source = SPAN_LIT("a"),
                                         .by = SPAN_LIT("test"),
                                         .is_first = true,
                                         .now = at(0)});
    turn_until_done(f, &asked[0].is_done);
    assert_in_force(f, "standard1 -1795390200-");
}

static void what_was_said_is_not_unsaid(void **state)
{
    struct fixture *f = *state;
    static const char *const statements[] = {"update scenario_version set source = 'x'",
                                             "update scenario_version set version = 7",
                                             "delete from scenario_version",
                                             "update scenario_step set template = 'x'",
                                             "delete from scenario_step",
                                             "update scenario set name = 'x'",
                                             "delete from scenario"};
    save(f, "bank", "one");
    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); ++i) {
        char sql[300];
        /* As the application does it, which must not be allowed to. */
        snprintf(sql, sizeof(sql),
                 "do $$ begin set local role dunlin_app; begin %s; exception when "
                 "insufficient_privilege then return; end; raise 'it may: %%', $s$%s$s$; end $$",
                 statements[i], statements[i]);
        pg_cluster_sql(&f->cluster, sql);
    }
}

/* ---- In force ---- */

static void a_new_version_takes_over_at_its_time(void **state)
{
    struct fixture *f = *state;
    save(f, "bank", "one");
    save(f, "bank", "two");
    assert_in_force(f, "");
    assert_int_equal(activate(f, "bank", 1, 10, 10), SCENARIO_ACTIVATED);
    assert_in_force(f, "bank1 10-");
    assert_int_equal(activate(f, "bank", 0, 50, 20), SCENARIO_ACTIVATED);
    assert_in_force(f, "bank1 10-50, bank2 50-");
}

static void a_version_takes_over_once(void **state)
{
    struct fixture *f = *state;
    save(f, "bank", "one");
    save(f, "bank", "two");
    activate(f, "bank", 1, 10, 10);
    assert_int_equal(activate(f, "bank", 1, 30, 20), SCENARIO_WAS_IN_FORCE);
    activate(f, "bank", 2, 20, 20);
    assert_int_equal(activate(f, "bank", 1, 40, 30), SCENARIO_WAS_IN_FORCE);
    assert_in_force(f, "bank1 10-20, bank2 20-");
}

static void nothing_is_changed_behind_the_present(void **state)
{
    struct fixture *f = *state;
    save(f, "bank", "one");
    assert_int_equal(activate(f, "bank", 1, 9, 10), SCENARIO_IN_THE_PAST);
    assert_int_equal(activate(f, "bank", 2, 10, 10), SCENARIO_UNKNOWN);
    assert_int_equal(activate(f, "crm", 0, 10, 10), SCENARIO_UNKNOWN);
    assert_in_force(f, "");
}

static void what_is_to_come_can_be_moved_and_overtaken(void **state)
{
    struct fixture *f = *state;
    save(f, "bank", "one");
    save(f, "bank", "two");
    save(f, "bank", "three");
    activate(f, "bank", 1, 10, 10);
    activate(f, "bank", 2, 50, 20);
    assert_int_equal(activate(f, "bank", 2, 60, 20), SCENARIO_ACTIVATED); /* later */
    assert_in_force(f, "bank1 10-60, bank2 60-");
    assert_int_equal(activate(f, "bank", 3, 40, 20), SCENARIO_ACTIVATED); /* before it */
    assert_in_force(f, "bank1 10-40, bank2 60-, bank3 40-60");
    assert_int_equal(activate(f, "bank", 3, 70, 20), SCENARIO_ACTIVATED); /* behind it */
    assert_in_force(f, "bank1 10-60, bank2 60-70, bank3 70-");
    assert_int_equal(activate(f, "bank", 2, 70, 20), SCENARIO_ACTIVATED); /* in its place */
    assert_in_force(f, "bank1 10-70, bank2 70-");
}

static void what_is_switched_off_ends_now_and_nothing_follows(void **state)
{
    struct fixture *f = *state;
    save(f, "bank", "one");
    save(f, "bank", "two");
    save(f, "bank", "three");
    assert_int_equal(off(f, "bank", 5), 0);
    assert_int_equal(off(f, "crm", 5), -1);
    activate(f, "bank", 1, 10, 10);
    activate(f, "bank", 2, 50, 20);
    assert_int_equal(off(f, "bank", 30), 2);
    assert_in_force(f, "bank1 10-30");
    assert_int_equal(activate(f, "bank", 3, 40, 40), SCENARIO_ACTIVATED);
    assert_in_force(f, "bank1 10-30, bank3 40-");
}

static void two_machines_that_activate_at_once_do_it_one_behind_the_other(void **state)
{
    struct fixture *f = *state;
    for (int turn = 0; turn < 20; ++turn) {
        struct asked asked[2] = {{.is_done = false}, {.is_done = false}};
        setup(state);
        save(f, "bank", "one");
        save(f, "bank", "two");
        for (int i = 0; i < 2; ++i)
            begin_activate(f, i, &asked[i],
                           &(struct scenario_activating){.name = SPAN_LIT("bank"),
                                                         .version = i + 1,
                                                         .from = at(20 - 10 * i),
                                                         .now = at(5)});
        for (int i = 0; i < 2; ++i)
            turn_until_done(f, &asked[i].is_done);
        assert_int_equal(asked[0].code | asked[1].code, 0);
        assert_in_force(f, "bank1 20-, bank2 10-20");
    }
}

/* The table says the same as the statements that keep to it. */
static void no_two_versions_are_in_force_at_once_whoever_writes(void **state)
{
    struct fixture *f = *state;
    save(f, "bank", "one");
    save(f, "bank", "two");
    activate(f, "bank", 1, 10, 10);
    pg_cluster_sql(
        &f->cluster,
        "do $$ begin update scenario_version set in_force_from = to_timestamp(1795390230) "
        "where version = 2; set constraints all immediate; raise 'it may'; exception when "
        "exclusion_violation then null; end $$");
}

/* ---- Order ---- */

static void assert_order(struct fixture *f, const char *expected)
{
    char *is = pg_cluster_value(&f->cluster,
                                "select string_agg(name, ' ' order by position) from scenario");
    assert_string_equal(is, expected);
    free(is);
}

static void a_new_scenario_stands_first_and_can_be_moved(void **state)
{
    struct fixture *f = *state;
    save(f, "standard", "one");
    save(f, "bank", "one");
    save(f, "crm", "one");
    save(f, "bank", "two");
    assert_order(f, "crm bank standard");
    assert_true(move(f, "crm", 2));
    assert_order(f, "bank crm standard");
    assert_true(move(f, "standard", 1));
    assert_order(f, "standard bank crm");
    assert_true(move(f, "standard", 99));
    assert_order(f, "bank crm standard");
    assert_false(move(f, "none", 1));
    save(f, "firm", "one");
    assert_order(f, "firm bank crm standard");
}

/* ---- Loading ---- */

static void a_range_of_time_brings_every_version_in_force_in_it(void **state)
{
    struct fixture *f = *state;
    const struct {
        int64_t from, before;
        const char *versions;
    } rows[] = {{0, 10, ""},
                {0, 11, "bank1 "},
                {20, 30, "bank1 "},
                {30, 31, "bank2 "},
                {29, 31, "bank1 bank2 "},
                {60, 61, ""},
                {0, 100, "crm1 bank1 bank2 "}};
    save(f, "bank", "one");
    save(f, "bank", "two");
    save(f, "crm", "one");
    activate(f, "bank", 1, 10, 10);
    activate(f, "bank", 2, 30, 10);
    off(f, "bank", 50);
    activate(f, "crm", 1, 70, 50);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct scenario_loaded loaded = load(f, rows[i].from, rows[i].before);
        char versions[100] = "";
        for (size_t k = 0; k < loaded.count; ++k)
            sprintf(versions + strlen(versions), "%.*s%d ",
                    SPAN_ARG(loaded.items[k].scenario->name), (int)loaded.items[k].version);
        assert_string_equal(versions, rows[i].versions);
        scenario_loaded_release(&loaded);
    }
}

static void assert_words(const struct scenario_words *words, const char *first, size_t count)
{
    assert_int_equal(words->count, count);
    assert_true(span_is_str(words->items[0], first));
}

static void what_is_loaded_is_what_was_saved(void **state)
{
    struct fixture *f = *state;
    struct asked a = {.is_done = false};
    static struct scenario s;
    s = scenario_of("lender");
    s.catch_up_days = 14;
    s.products = (struct scenario_words){{SPAN_LIT("Leasing*"), SPAN_LIT("Kredyt na żółto")}, 2};
    s.currencies = (struct scenario_words){{SPAN_LIT("PLN")}, 1};
    s.steps[1] = (struct scenario_step){
        .name = SPAN_LIT("weekly"),
        .anchor = SCENARIO_FROM_PROMISE,
        .offset_days = -5,
        .is_working_days = true,
        .on_day_off = SCENARIO_SAME,
        .at_second = 3661,
        .repeat_days = 7,
        .repeat_until = 20,
        .segments = {{SPAN_LIT("on_time"), SPAN_LIT("sometimes_late")}, 2},
        .products = {{SPAN_LIT("Loan")}, 1},
        .kinds = {{SPAN_LIT("premium"), SPAN_LIT("other"), SPAN_LIT("invoice")}, 3},
        .currencies = {{SPAN_LIT("EUR")}, 1},
        .has_amount_from = true,
        .has_amount_to = true,
        .amount_from_minor = 1,
        .amount_to_minor = INT64_C(999999999999999),
        .places = {{SPAN_LIT("push"), 14400, SPAN_LIT("opened")},
                   {SPAN_LIT("sms"), 0, SPAN_LIT("")},
                   {SPAN_LIT("email"), 60, SPAN_LIT("delivered")},
                   {SPAN_LIT("call"), 0, SPAN_LIT("")}},
        .place_count = 4,
        .template = SPAN_LIT("late"),
        .tone = SPAN_LIT("final"),
    };
    s.step_count = 2;
    begin_save(
        f, 0, &a,
        &(struct scenario_saving){
            .scenario = &s, .source = SPAN_LIT("text"), .by = SPAN_LIT("test"), .now = at(0)});
    turn_until_done(f, &a.is_done);
    activate(f, "lender", 1, 10, 10);
    struct scenario_loaded loaded = load(f, 10, 20);
    assert_int_equal(loaded.count, 1);
    const struct scenario_in_force *in_force = &loaded.items[0];
    assert_int_equal(in_force->version, 1);
    assert_int_equal(in_force->place, 1);
    assert_int_equal(in_force->from.us, at(10).us);
    assert_false(in_force->until.is_there);
    assert_int_equal(in_force->scenario->catch_up_days, 14);
    assert_int_equal(in_force->scenario->kinds.count, 0);
    assert_words(&in_force->scenario->products, "Leasing*", 2);
    assert_true(span_is_str(in_force->scenario->products.items[1], "Kredyt na żółto"));
    assert_words(&in_force->scenario->currencies, "PLN", 1);
    assert_int_equal(in_force->scenario->step_count, 2);
    const struct scenario_step *one = &in_force->scenario->steps[0],
                               *two = &in_force->scenario->steps[1];
    assert_true(span_is_str(one->name, "due"));
    assert_int_equal(one->place_count, 1);
    assert_false(one->has_amount_from || one->has_amount_to);
    assert_int_equal(one->segments.count, 0);
    assert_int_equal(one->on_day_off, SCENARIO_BEFORE);
    assert_int_equal(one->anchor, SCENARIO_FROM_DUE);
    assert_true(span_is_str(two->name, "weekly"));
    assert_int_equal(two->anchor, SCENARIO_FROM_PROMISE);
    assert_int_equal(two->offset_days, -5);
    assert_true(two->is_working_days);
    assert_int_equal(two->on_day_off, SCENARIO_SAME);
    assert_int_equal(two->at_second, 3661);
    assert_int_equal(two->repeat_days, 7);
    assert_int_equal(two->repeat_until, 20);
    assert_words(&two->segments, "on_time", 2);
    assert_words(&two->products, "Loan", 1);
    assert_words(&two->kinds, "premium", 3);
    assert_words(&two->currencies, "EUR", 1);
    assert_int_equal(two->amount_from_minor, 1);
    assert_int_equal(two->amount_to_minor, INT64_C(999999999999999));
    assert_int_equal(two->place_count, 4);
    assert_true(span_is_str(two->places[0].channel, "push"));
    assert_int_equal(two->places[0].wait_seconds, 14400);
    assert_true(span_is_str(two->places[0].unless, "opened"));
    assert_int_equal(two->places[1].unless.len, 0);
    assert_int_equal(two->places[2].wait_seconds, 60);
    assert_true(span_is_str(two->places[2].unless, "delivered"));
    assert_true(span_is_str(two->places[3].channel, "call"));
    assert_true(span_is_str(two->template, "late"));
    assert_true(span_is_str(two->tone, "final"));
    scenario_loaded_release(&loaded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(versions_are_numbered_and_the_same_text_is_no_new_one, setup),
        cmocka_unit_test_setup(a_text_whose_time_is_over_is_a_new_version, setup),
        cmocka_unit_test_setup(two_machines_that_save_at_once_get_a_version_each, setup),
        cmocka_unit_test_setup(the_first_scenario_is_made_once, setup),
        cmocka_unit_test_setup(what_was_said_is_not_unsaid, setup),
        cmocka_unit_test_setup(a_new_version_takes_over_at_its_time, setup),
        cmocka_unit_test_setup(a_version_takes_over_once, setup),
        cmocka_unit_test_setup(nothing_is_changed_behind_the_present, setup),
        cmocka_unit_test_setup(what_is_to_come_can_be_moved_and_overtaken, setup),
        cmocka_unit_test_setup(what_is_switched_off_ends_now_and_nothing_follows, setup),
        cmocka_unit_test_setup(two_machines_that_activate_at_once_do_it_one_behind_the_other,
                               setup),
        cmocka_unit_test_setup(no_two_versions_are_in_force_at_once_whoever_writes, setup),
        cmocka_unit_test_setup(a_new_scenario_stands_first_and_can_be_moved, setup),
        cmocka_unit_test_setup(a_range_of_time_brings_every_version_in_force_in_it, setup),
        cmocka_unit_test_setup(what_is_loaded_is_what_was_saved, setup),
    };
    return cmocka_run_group_tests(tests, suite_setup, suite_teardown);
}
