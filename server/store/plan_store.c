#include "store/plan_store.h"

#include "sql.h"

#include <assert.h>
#include <stdlib.h>

enum { DAY_S = 86400, EVERY_DAY = 127 };

const struct plan_rules plan_rules_open = {.before_second = DAY_S, .days = EVERY_DAY};

struct plan_rules plan_rules_of(const struct reminder_rules *r)
{
    bool has_window = r->window_from_second != 0 || r->window_to_second != 0;
    return (struct plan_rules){.from_second = r->window_from_second,
                               .before_second = has_window ? r->window_to_second : DAY_S,
                               .days = r->window_weekdays == 0 ? EVERY_DAY : r->window_weekdays,
                               .holdout_permille = r->holdout_permille};
}

/* ---- hits ---- */

static void *must_grow(void *memory, size_t count, size_t size)
{
    void *grown = reallocarray(memory, count, size);
    if (grown == NULL)
        abort();
    return grown;
}

void plan_hits_add(struct plan_hits *hits, const struct plan_hit *hit)
{
    if (hits->count == hits->room_) {
        size_t room = hits->room_ = hits->room_ == 0 ? 64 : 2 * hits->room_;
        hits->scenario_id = must_grow(hits->scenario_id, room, sizeof(*hits->scenario_id));
        hits->version = must_grow(hits->version, room, sizeof(*hits->version));
        hits->step_no = must_grow(hits->step_no, room, sizeof(*hits->step_no));
        hits->occurrence = must_grow(hits->occurrence, room, sizeof(*hits->occurrence));
        hits->anchor = must_grow(hits->anchor, room, sizeof(*hits->anchor));
        hits->day = must_grow(hits->day, room, sizeof(*hits->day));
    }
    size_t n = hits->count++;
    hits->scenario_id[n] = hit->scenario_id;
    hits->version[n] = hit->version;
    hits->step_no[n] = hit->step_no;
    hits->occurrence[n] = hit->occurrence;
    hits->anchor[n] = hit->anchor;
    hits->day[n] = hit->day;
}

void plan_hits_release(struct plan_hits *hits)
{
    free(hits->scenario_id);
    free(hits->version);
    free(hits->step_no);
    free(hits->occurrence);
    free(hits->anchor);
    free(hits->day);
    *hits = (struct plan_hits){0};
}

/* ---- asking ---- */

static void bind_question(struct pg_args *args, const struct plan_question *q)
{
    const struct plan_hits *hits = q->hits;
    pg_args_init(args);
    pg_arg_ints(args, hits->scenario_id, hits->count);
    pg_arg_ints(args, hits->version, hits->count);
    pg_arg_ints(args, hits->step_no, hits->count);
    pg_arg_ints(args, hits->occurrence, hits->count);
    pg_arg_dates(args, hits->anchor, hits->count);
    pg_arg_dates(args, hits->day, hits->count);
    if (q->debts != NULL) {
        pg_arg_ints(args, q->debts->customer_id, q->debts->count);
        pg_arg_ints(args, q->debts->invoice_id, q->debts->count);
    } else {
        pg_arg_null(args);
        pg_arg_null(args);
    }
    pg_arg_int(args, q->behind);
    pg_arg_int(args, q->up_to);
    pg_arg_instant(args, q->now);
    pg_arg_int(args, q->rules.from_second);
    pg_arg_int(args, q->rules.before_second);
    pg_arg_int(args, q->rules.days);
    pg_arg_int(args, q->rules.holdout_permille);
}

static void add_question(struct pg_tx *tx, int statement, const struct plan_question *q,
                         pg_result_cb on_result)
{
    struct pg_args args;
    bind_question(&args, q);
    pg_tx_add(tx, statement, &args, on_result);
    pg_args_release(&args);
}

/* Held-out customers are left alone by the one statement and noted by the others. */
static void add_plan(struct pg_tx *tx, const struct plan_question *q, pg_result_cb on_result)
{
    if (q->hits->count == 0)
        return;
    if (q->rules.holdout_permille > 0) {
        add_question(tx, SQL_PLAN_LOCK_HELD_OUT, q, NULL);
        add_question(tx, SQL_PLAN_HELD_OUT, q, NULL);
    }
    add_question(tx, SQL_PLAN_REMINDERS, q, on_result);
}

int plan_session(struct pg *pg, struct pg_query *query, pg_result_cb on_result, void *owner,
                 struct err *err)
{
    return pg_read(pg, query, SQL_PLAN_SESSION, NULL, on_result, owner, err);
}

int plan_state(struct pg *pg, struct pg_query *query, pg_result_cb on_result, void *owner,
               struct err *err)
{
    return pg_read(pg, query, SQL_PLAN_STATE, NULL, on_result, owner, err);
}

void plan_read_state(const PGresult *result, struct plan_state *state)
{
    assert(PQntuples(result) == 1);
    *state = (struct plan_state){.has_begun = !pg_is_null(result, 0, 0),
                                 .through = pg_get_date(result, 0, 0),
                                 .is_passing = !pg_is_null(result, 0, 1),
                                 .passing_to = pg_get_date(result, 0, 1),
                                 .customers_done = pg_get_int(result, 0, 2),
                                 .scenarios = pg_get_text(result, 0, 3),
                                 .scenarios_now = pg_get_text(result, 0, 4),
                                 .last_customer = pg_get_int(result, 0, 5),
                                 .has_debts = pg_get_bool(result, 0, 6)};
}

/* ---- days ---- */

static int save(struct pg *pg, struct pg_tx *tx, int statement, struct pg_args *args,
                pg_result_cb on_result, pg_done_cb on_done, void *owner, struct err *err)
{
    int rc = pg_tx_begin(pg, tx, on_done, owner, err);
    if (rc == 0) {
        pg_tx_add(tx, statement, args, on_result);
        pg_tx_commit(tx);
    }
    pg_args_release(args);
    return rc;
}

int plan_begin(struct pg *pg, struct pg_tx *tx, int32_t through, struct span scenarios,
               struct instant now, pg_done_cb on_done, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_date(&args, through);
    pg_arg_text(&args, scenarios);
    pg_arg_instant(&args, now);
    return save(pg, tx, SQL_PLAN_BEGIN, &args, NULL, on_done, owner, err);
}

int plan_pass(struct pg *pg, struct pg_tx *tx, int32_t through, int32_t to, struct instant now,
              pg_done_cb on_done, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_date(&args, through);
    pg_arg_date(&args, to);
    pg_arg_instant(&args, now);
    return save(pg, tx, SQL_PLAN_PASS, &args, NULL, on_done, owner, err);
}

int plan_take_over(struct pg *pg, struct pg_tx *tx, const struct plan_take_over *order,
                   pg_result_cb on_result, pg_done_cb on_done, void *owner, struct err *err)
{
    struct pg_args args;
    int rc = pg_tx_begin(pg, tx, on_done, owner, err);
    if (rc != 0)
        return rc;
    pg_tx_add(tx, SQL_PLAN_LOCK, NULL, NULL);
    pg_args_init(&args);
    pg_arg_date(&args, order->through);
    pg_arg_text(&args, order->scenarios);
    pg_arg_instant(&args, order->now);
    pg_arg_int(&args, order->at_most);
    pg_tx_add(tx, SQL_PLAN_TAKE_OVER, &args, on_result);
    pg_args_release(&args);
    pg_tx_commit(tx);
    return 0;
}

int plan_day(struct pg *pg, struct pg_tx *tx, const struct plan_batch *batch,
             pg_result_cb on_result, pg_done_cb on_done, void *owner, struct err *err)
{
    const struct plan_question *q = &batch->question;
    struct pg_args args;
    assert(q->debts == NULL);
    int rc = pg_tx_begin(pg, tx, on_done, owner, err);
    if (rc != 0)
        return rc;
    if (!batch->is_last)
        pg_tx_add(tx, SQL_PLAN_WITHOUT_FLUSH, NULL, NULL);
    pg_args_init(&args);
    pg_arg_date(&args, batch->through);
    pg_arg_date(&args, batch->passing_to);
    pg_arg_int(&args, q->behind);
    pg_tx_add(tx, SQL_PLAN_LOCK_PASS, &args, NULL);
    pg_args_release(&args);
    add_plan(tx, q, on_result);
    pg_args_init(&args);
    pg_arg_int(&args, q->up_to);
    pg_arg_bool(&args, batch->is_last);
    pg_arg_instant(&args, q->now);
    pg_tx_add(tx, SQL_PLAN_PASS_ON, &args, NULL);
    pg_args_release(&args);
    if (batch->is_announced)
        pg_tx_add(tx, SQL_PLAN_NOTIFY, NULL, NULL);
    pg_tx_commit(tx);
    return 0;
}

/* ---- debts by themselves ---- */

int plan_waiting(struct pg *pg, struct pg_query *query, pg_result_cb on_result, void *owner,
                 struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, PLAN_DEBTS_MAX);
    int rc = pg_read(pg, query, SQL_PLAN_WAITING, &args, on_result, owner, err);
    pg_args_release(&args);
    return rc;
}

void plan_read_waiting(const PGresult *result, struct plan_debts *debts)
{
    debts->count = (size_t)PQntuples(result);
    assert(debts->count <= PLAN_DEBTS_MAX);
    for (size_t i = 0; i < debts->count; ++i) {
        debts->customer_id[i] = pg_get_int(result, (int)i, 0);
        debts->invoice_id[i] = pg_get_int(result, (int)i, 1);
    }
}

static void add_clear_moved(struct pg_tx *tx, const struct plan_question *q)
{
    const struct plan_hits *hits = q->hits;
    struct pg_args args;
    if (hits->count == 0)
        return;
    pg_args_init(&args);
    pg_arg_ints(&args, hits->scenario_id, hits->count);
    pg_arg_ints(&args, hits->version, hits->count);
    pg_arg_ints(&args, hits->step_no, hits->count);
    pg_arg_ints(&args, hits->occurrence, hits->count);
    pg_arg_dates(&args, hits->anchor, hits->count);
    pg_arg_dates(&args, hits->day, hits->count);
    pg_arg_ints(&args, q->debts->customer_id, q->debts->count);
    pg_arg_ints(&args, q->debts->invoice_id, q->debts->count);
    pg_arg_instant(&args, q->now);
    pg_tx_add(tx, SQL_PLAN_CLEAR_MOVED, &args, NULL);
    pg_args_release(&args);
}

int plan_debts(struct pg *pg, struct pg_tx *tx, const struct plan_question *q,
               pg_result_cb on_result, pg_done_cb on_done, void *owner, struct err *err)
{
    const struct plan_debts *debts = q->debts;
    struct pg_args args;
    assert(debts != NULL);
    int rc = pg_tx_begin(pg, tx, on_done, owner, err);
    if (rc != 0)
        return rc;
    pg_tx_add(tx, SQL_PLAN_LOCK, NULL, NULL);
    pg_args_init(&args);
    pg_arg_ints(&args, debts->customer_id, debts->count);
    pg_tx_add(tx, SQL_PLAN_LOCK_CUSTOMERS, &args, NULL);
    pg_args_release(&args);
    add_clear_moved(tx, q);
    add_plan(tx, q, on_result);
    pg_args_init(&args);
    pg_arg_ints(&args, debts->customer_id, debts->count);
    pg_arg_ints(&args, debts->invoice_id, debts->count);
    pg_tx_add(tx, SQL_PLAN_WAITED, &args, NULL);
    pg_args_release(&args);
    pg_tx_add(tx, SQL_PLAN_NOTIFY, NULL, NULL);
    pg_tx_commit(tx);
    return 0;
}

int plan_settle(struct pg *pg, struct pg_tx *tx, struct instant now, int64_t at_most,
                pg_done_cb on_done, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_instant(&args, now);
    pg_arg_int(&args, at_most);
    return save(pg, tx, SQL_PLAN_SETTLE, &args, NULL, on_done, owner, err);
}

int64_t plan_read_count(const PGresult *result)
{
    return pg_get_int(result, 0, 0);
}

/* ---- asking without planning ---- */

static void bind_outlook(struct pg_args *args, const struct plan_outlook *outlook)
{
    pg_arg_dates(args, outlook->days_off, outlook->days_off_count);
    pg_arg_texts(args, outlook->ways, outlook->way_count);
    pg_arg_texts(args, outlook->consents, outlook->consent_count);
    pg_arg_texts(args, outlook->apps, outlook->app_count);
}

int plan_forecast(struct pg *pg, struct pg_query *query, const struct plan_question *q, int32_t day,
                  const struct plan_outlook *outlook, pg_result_cb on_result, void *owner,
                  struct err *err)
{
    struct pg_args args;
    bind_question(&args, q);
    pg_arg_date(&args, day);
    bind_outlook(&args, outlook);
    int rc = pg_read(pg, query, SQL_PLAN_FORECAST, &args, on_result, owner, err);
    pg_args_release(&args);
    return rc;
}

void plan_read_forecast(const PGresult *result, struct plan_forecast *forecast)
{
    *forecast = (struct plan_forecast){.counts = pg_get_text(result, 0, 0),
                                       .samples = pg_get_text(result, 0, 1),
                                       .total = pg_get_int(result, 0, 2)};
}

int plan_anchors(struct pg *pg, struct pg_query *query, const struct plan_debt_name *name,
                 pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_text(&args, name->number);
    pg_arg_int(&args, name->customer_id);
    pg_arg_int(&args, name->invoice_id);
    int rc = pg_read(pg, query, SQL_PLAN_ANCHORS, &args, on_result, owner, err);
    pg_args_release(&args);
    return rc;
}

static enum scenario_anchor anchor_of(struct span name)
{
    int anchor = 0;
    while (!span_is_str(name, scenario_anchor_name((enum scenario_anchor)anchor)))
        assert(++anchor < SCENARIO_ANCHOR_COUNT); /* the statement knows no other */
    return (enum scenario_anchor)anchor;
}

void plan_read_anchor(const PGresult *result, int row, struct plan_anchor *anchor)
{
    *anchor = (struct plan_anchor){.customer_id = pg_get_int(result, row, 0),
                                   .invoice_id = pg_get_int(result, row, 1),
                                   .anchor = anchor_of(pg_get_text(result, row, 2)),
                                   .date = pg_get_date(result, row, 3)};
}

int plan_explain(struct pg *pg, struct pg_query *query, const struct plan_explaining *e,
                 pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    assert(e->question.debts != NULL && e->question.debts->count == 1);
    bind_question(&args, &e->question);
    pg_arg_instant(&args, e->hold_since);
    pg_arg_int(&args, e->manners->feed_age_max_s);
    pg_arg_int(&args, e->manners->budget_day);
    pg_arg_int(&args, e->manners->budget_week);
    pg_arg_int(&args, e->manners->budget_30_days);
    bind_outlook(&args, &e->outlook);
    if (e->has_day)
        pg_arg_date(&args, e->day);
    else
        pg_arg_null(&args);
    int rc = pg_read(pg, query, SQL_PLAN_EXPLAIN, &args, on_result, owner, err);
    pg_args_release(&args);
    return rc;
}

struct span plan_read_explained(const PGresult *result)
{
    return PQntuples(result) == 0 ? (struct span){NULL, 0} : pg_get_text(result, 0, 0);
}
