#include "flow/reminder_explain.h"

#include "flow/plan_days.h"
#include "flow/world.h"
#include "store/store.h"

#include <assert.h>
#include <jansson.h>
#include <stdlib.h>

enum {
    ANCHORS_MAX = 64,
    DAY_S = 86400,
    /* Days off are named for a year back, as there are steps that were missed, and ten ahead. */
    DAYS_BACK = 366,
    DAYS_AHEAD = 3660,
    DAYS_OFF_MAX = 256,
    PUT_OFF_MAX = 24, /* days that something may be put off by */
};

struct asking {
    struct world *world;
    reminder_explained_cb on_explained;
    void *owner;
    struct instant now;
    bool is_debt, has_day;
    int32_t day;
    int32_t days_off[DAYS_OFF_MAX];
    struct plan_debts debts;
    struct plan_anchor anchors[ANCHORS_MAX];
    size_t anchor_count;
    struct scenario_loaded loaded;
    struct plan_hits hits;
    json_t *answer; /* of the day; null before it is there */
    struct pg_query query;
};

static struct asking *asking_new(struct world *world, reminder_explained_cb on_explained,
                                 void *owner)
{
    struct asking *a = calloc(1, sizeof(*a));
    if (a == NULL)
        abort();
    a->world = world;
    a->on_explained = on_explained;
    a->owner = owner;
    a->now = world->now();
    return a;
}

static void asking_free(struct asking *a)
{
    scenario_loaded_release(&a->loaded);
    plan_hits_release(&a->hits);
    json_decref(a->answer);
    free(a);
}

static void finish(struct asking *a, struct span json, const struct err *err)
{
    a->on_explained(a->owner, json, err);
    asking_free(a);
}

static void fail(struct asking *a, const struct err *err)
{
    finish(a, (struct span){NULL, 0}, err);
}

static void ask_day(struct asking *a, int32_t day);
static void ask_debt(struct asking *a);

static void on_loaded(void *owner, const PGresult *result, const struct err *err)
{
    struct asking *a = owner;
    if (err->code != 0) {
        fail(a, err);
        return;
    }
    scenario_read_loaded(result, &a->loaded);
    if (a->is_debt)
        ask_debt(a);
    else
        ask_day(a, a->day);
}

/* Whatever may be in force when the last of the hits goes. */
static int load(struct asking *a, struct err *err)
{
    struct instant until = {((int64_t)a->day + 9) * DAY_S * 1000000};
    struct instant soon = instant_plus_seconds(a->now, 400 * INT64_C(86400));
    return scenario_load(a->world->store->reads, &a->query, a->now,
                         a->is_debt || until.us < a->now.us ? soon : until, on_loaded, a, err);
}

/* What is known of how and when people are reached between two days. */
static struct plan_outlook outlook_of(struct asking *a, int32_t from, int32_t to)
{
    const struct world *world = a->world;
    const struct world_reach *reach = &world->reach;
    return (struct plan_outlook){
        .ways = reach->ways,
        .way_count = reach->way_count,
        .apps = reach->apps,
        .app_count = reach->app_count,
        .consents = world->reminders.consents,
        .consent_count = world->reminders.consent_count,
        .days_off = a->days_off,
        .days_off_count = reminder_days_off_between(&world->reminders, from, to + PUT_OFF_MAX,
                                                    a->days_off, DAYS_OFF_MAX)};
}

/* ---- a day ---- */

static json_t *parse(struct span text)
{
    json_t *value = json_loadb(text.base, text.len, 0, NULL);
    assert(value != NULL);
    return value;
}

static void finish_day(struct asking *a, int64_t total_before)
{
    json_int_t total = json_integer_value(json_object_get(a->answer, "total"));
    json_object_set_new(a->answer, "total_day_before", json_integer(total_before));
    json_object_set_new(a->answer, "difference", json_integer(total - total_before));
    char *text = json_dumps(a->answer, JSON_COMPACT);
    if (text == NULL)
        abort();
    finish(a, span_str(text), &(struct err){0});
    free(text);
}

static void on_day(void *owner, const PGresult *result, const struct err *err)
{
    struct asking *a = owner;
    struct plan_forecast forecast;
    char date[11];
    if (err->code != 0) {
        fail(a, err);
        return;
    }
    plan_read_forecast(result, &forecast);
    if (a->answer != NULL) {
        finish_day(a, forecast.total);
        return;
    }
    date_print(date_from_days(a->day), date);
    a->answer = json_pack("{s:s, s:I, s:o, s:o}", "date", date, "total", (json_int_t)forecast.total,
                          "counts", parse(forecast.counts), "samples", parse(forecast.samples));
    ask_day(a, a->day - 1);
}

/* Of days that are over everything is there that ever will be. */
static void ask_day(struct asking *a, int32_t day)
{
    struct err err;
    plan_hits_release(&a->hits);
    if (day >= plan_first_day(a->now))
        plan_days_hits(&a->loaded, day, day, &a->hits);
    const struct plan_question question = {.hits = &a->hits,
                                           .up_to = INT64_MAX,
                                           .now = a->now,
                                           .rules = plan_rules_of(&a->world->reminders)};
    const struct plan_outlook outlook = outlook_of(a, day - 1, day);
    if (plan_forecast(a->world->store->reads, &a->query, &question, day, &outlook, on_day, a,
                      &err) != 0)
        fail(a, &err);
}

int reminder_forecast(struct world *world, int32_t day, reminder_explained_cb on_explained,
                      void *owner, struct err *err)
{
    struct asking *a = asking_new(world, on_explained, owner);
    a->day = day;
    int rc = load(a, err);
    if (rc != 0)
        asking_free(a);
    return rc;
}

/* ---- a debt ---- */

static void on_explained(void *owner, const PGresult *result, const struct err *err)
{
    struct asking *a = owner;
    finish(a, err->code != 0 ? (struct span){NULL, 0} : plan_read_explained(result), err);
}

static void ask_debt(struct asking *a)
{
    struct err err;
    int32_t today = plan_first_day(a->now);
    plan_days_of_debt(&a->loaded, a->anchors, a->anchor_count, &a->hits);
    const struct plan_explaining explaining = {
        .question = {.hits = &a->hits,
                     .debts = &a->debts,
                     .now = a->now,
                     .rules = plan_rules_of(&a->world->reminders)},
        .hold_since = instant_plus_seconds(a->now, -(int64_t)a->world->payment_in_flight_seconds),
        .manners = &a->world->reminders,
        .outlook = outlook_of(a, today - DAYS_BACK, today + DAYS_AHEAD),
        .has_day = a->has_day,
        .day = a->day};
    if (plan_explain(a->world->store->reads, &a->query, &explaining, on_explained, a, &err) != 0)
        fail(a, &err);
}

static void on_anchors(void *owner, const PGresult *result, const struct err *err)
{
    struct asking *a = owner;
    struct err failed;
    if (err->code != 0 || PQntuples(result) == 0) {
        fail(a, err);
        return;
    }
    for (int row = 0; row < PQntuples(result) && a->anchor_count < ANCHORS_MAX; ++row)
        plan_read_anchor(result, row, &a->anchors[a->anchor_count++]);
    a->debts = (struct plan_debts){.count = 1,
                                   .customer_id = {a->anchors[0].customer_id},
                                   .invoice_id = {a->anchors[0].invoice_id}};
    if (load(a, &failed) != 0)
        fail(a, &failed);
}

int reminder_explain(struct world *world, const struct plan_debt_name *name, const int32_t *day,
                     reminder_explained_cb on_done, void *owner, struct err *err)
{
    struct asking *a = asking_new(world, on_done, owner);
    a->is_debt = true;
    a->has_day = day != NULL;
    a->day = day == NULL ? 0 : *day;
    int rc = plan_anchors(world->store->reads, &a->query, name, on_anchors, a, err);
    if (rc != 0)
        asking_free(a);
    return rc;
}
