#include "flow/reminder_plan.h"

#include "base/log.h"
#include "flow/plan_days.h"
#include "flow/world.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    TAKE_OVER_MAX = 2000,
    SETTLE_MAX = 10000,
    SETTLE_EVERY = 15,
    SCENARIOS_MAX = 40,
    CUSTOMERS_MIN = 100
};

struct reminder_plan {
    struct reminder_plan_options options;
    struct instant now;
    struct plan_state state;
    char scenarios_now[SCENARIOS_MAX]; /* a digest; the state's own spans end with their result */
    bool has_other_scenarios;
    struct scenario_loaded loaded;
    struct plan_hits hits;
    struct plan_debts debts;
    int64_t customers_at_once;    /* fewer until the pass ends after a batch that failed */
    bool is_batch, is_last_batch; /* of customers is under way; the last of its pass */
    int64_t count;                /* reminders of this batch */
    bool has_more;
    unsigned idle_count; /* calls in a row that had nothing to do */
    struct pg_query query;
    struct pg_tx tx;
};

struct reminder_plan *reminder_plan_new(const struct reminder_plan_options *options)
{
    struct reminder_plan *p = calloc(1, sizeof(*p));
    if (p == NULL)
        abort();
    p->options = *options;
    if (p->options.customers_at_once == 0)
        p->options.customers_at_once = REMINDER_PLAN_CUSTOMERS;
    p->customers_at_once = p->options.customers_at_once;
    return p;
}

static void forget(struct reminder_plan *p)
{
    scenario_loaded_release(&p->loaded);
    plan_hits_release(&p->hits);
}

void reminder_plan_free(struct reminder_plan *p)
{
    pg_query_cancel(&p->query);
    pg_tx_cancel(&p->tx);
    forget(p);
    free(p);
}

/* A batch that takes longer than a statement may would take as long each time, and until its days
 * are planned nothing is sent: the next ones of this pass are half as large. */
static void choose_size(struct reminder_plan *p, const struct err *err)
{
    if (p->is_batch && err->code == ERR_DATABASE && p->customers_at_once > CUSTOMERS_MIN)
        p->customers_at_once = (p->customers_at_once + 1) / 2;
    else if (p->is_last_batch && err->code == 0)
        p->customers_at_once = p->options.customers_at_once;
    p->is_batch = p->is_last_batch = false;
}

static void finish(struct reminder_plan *p, const struct err *err)
{
    forget(p);
    choose_size(p, err);
    if (p->has_more)
        p->idle_count = 0;
    bool is_behind_another = err->code == ERR_CONFLICT;
    p->options.on_done(p->options.owner, is_behind_another || (err->code == 0 && p->has_more),
                       is_behind_another ? &(struct err){0} : err);
}

static void choose(struct reminder_plan *p);

static void check(struct reminder_plan *p, int rc, const struct err *err)
{
    if (rc != 0)
        finish(p, err);
}

/* ---- looking ---- */

static void on_loaded(void *owner, const PGresult *result, const struct err *err)
{
    struct reminder_plan *p = owner;
    if (err->code != 0) {
        finish(p, err);
        return;
    }
    scenario_read_loaded(result, &p->loaded);
    choose(p);
}

static void on_state(void *owner, const PGresult *result, const struct err *err)
{
    struct reminder_plan *p = owner;
    struct err failed;
    if (err->code != 0) {
        finish(p, err);
        return;
    }
    plan_read_state(result, &p->state);
    struct span digest = p->state.scenarios_now;
    snprintf(p->scenarios_now, sizeof(p->scenarios_now), "%.*s", SPAN_ARG(digest));
    p->has_other_scenarios = p->state.has_begun && !span_is(p->state.scenarios, digest);
    /* Where it is latest the horizon ends two days and fourteen hours from now. */
    struct instant until = instant_plus_seconds(p->now, 4 * INT64_C(86400));
    check(p,
          scenario_load(p->options.store->writes, &p->query, p->now, until, on_loaded, p, &failed),
          &failed);
}

int reminder_plan_go_on(struct reminder_plan *p, struct err *err)
{
    p->now = p->options.world->now();
    p->count = 0;
    p->has_more = false;
    return plan_state(p->options.store->writes, &p->query, on_state, p, err);
}

/* ---- what is done ---- */

static void on_done(void *owner, const struct err *err)
{
    struct reminder_plan *p = owner;
    if (err->code == 0 && p->count > 0)
        log_line(LOG_INFO, "reminders planned", "count=%lld", (long long)p->count);
    finish(p, err);
}

static void on_count(void *owner, const PGresult *result, const struct err *err)
{
    struct reminder_plan *p = owner;
    if (err->code == 0)
        p->count = plan_read_count(result);
}

static int32_t first_missed_day(const struct reminder_plan *p)
{
    return plan_first_day(p->now) - plan_days_catch_up(&p->loaded);
}

static void begin(struct reminder_plan *p)
{
    struct err err;
    p->has_more = true;
    check(p,
          plan_begin(p->options.store->writes, &p->tx, plan_horizon(p->now),
                     span_str(p->scenarios_now), p->now, on_done, p, &err),
          &err);
}

static void take_over(struct reminder_plan *p)
{
    struct err err;
    const struct plan_take_over order = {.through = plan_first_day(p->now) - 1,
                                         .scenarios = span_str(p->scenarios_now),
                                         .now = p->now,
                                         .at_most = TAKE_OVER_MAX};
    p->has_more = true;
    check(p, plan_take_over(p->options.store->writes, &p->tx, &order, NULL, on_done, p, &err),
          &err);
}

static void begin_pass(struct reminder_plan *p)
{
    struct err err;
    p->has_more = true;
    check(p,
          plan_pass(p->options.store->writes, &p->tx, p->state.through, plan_horizon(p->now),
                    p->now, on_done, p, &err),
          &err);
}

static void plan_next_customers(struct reminder_plan *p)
{
    const struct plan_state *s = &p->state;
    struct err err;
    int32_t from = s->through + 1, missed = first_missed_day(p);
    plan_days_hits(&p->loaded, from > missed ? from : missed, s->passing_to, &p->hits);
    int64_t up_to = s->customers_done + p->customers_at_once;
    const struct plan_batch batch = {
        .question = {.hits = &p->hits,
                     .behind = s->customers_done,
                     .up_to = up_to,
                     .now = p->now,
                     .rules = plan_rules_of(&p->options.world->reminders)},
        .through = s->through,
        .passing_to = s->passing_to,
        .is_last = up_to >= s->last_customer,
        .is_announced = from <= plan_last_day(p->now)};
    p->has_more = p->is_batch = true;
    p->is_last_batch = batch.is_last;
    check(p, plan_day(p->options.store->writes, &p->tx, &batch, on_count, on_done, p, &err), &err);
}

static void on_waiting(void *owner, const PGresult *result, const struct err *err)
{
    struct reminder_plan *p = owner;
    struct err failed;
    if (err->code != 0) {
        finish(p, err);
        return;
    }
    plan_read_waiting(result, &p->debts);
    p->has_more = true;
    int32_t to = plan_horizon(p->now);
    if (p->state.is_passing && p->state.passing_to > to)
        to = p->state.passing_to;
    plan_days_hits(&p->loaded, first_missed_day(p), to, &p->hits);
    const struct plan_question question = {.hits = &p->hits,
                                           .debts = &p->debts,
                                           .now = p->now,
                                           .rules = plan_rules_of(&p->options.world->reminders)};
    check(p, plan_debts(p->options.store->writes, &p->tx, &question, on_count, on_done, p, &failed),
          &failed);
}

static void plan_waiting_debts(struct reminder_plan *p)
{
    struct err err;
    check(p, plan_waiting(p->options.store->writes, &p->query, on_waiting, p, &err), &err);
}

/* Right behind work, and then now and then: what it looks for is rare. */
static void settle(struct reminder_plan *p)
{
    struct err err = {0};
    if (p->idle_count++ % SETTLE_EVERY != 0) {
        finish(p, &err);
        return;
    }
    check(p, plan_settle(p->options.store->writes, &p->tx, p->now, SETTLE_MAX, on_done, p, &err),
          &err);
}

static void choose(struct reminder_plan *p)
{
    const struct plan_state *s = &p->state;
    if (!s->has_begun && p->loaded.count == 0)
        finish(p, &(struct err){0});
    else if (!s->has_begun)
        begin(p);
    else if (p->has_other_scenarios)
        take_over(p);
    else if (s->is_passing)
        plan_next_customers(p);
    else if (s->through < plan_horizon(p->now))
        begin_pass(p);
    else if (s->has_debts && p->loaded.count > 0)
        plan_waiting_debts(p);
    else
        settle(p);
}
