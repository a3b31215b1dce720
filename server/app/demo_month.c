/* Each tick, while the clock runs fast: wake the dispatcher, and now and then the planner. In a
 * month besides: ask how far behind the gateway is -> let time pass to a few hours after that; ask
 * who has looked at a push -> they tap it; ask who pays -> a few at a time start a payment each and
 * decide at the bank.
 *
 * What fails is left out: whoever was here once does not come again. A gateway that does not get
 * on, because somebody has switched a service off, holds the clock for some seconds and no longer.
 */
#include "app/demo_month.h"

#include "app/bank.h"
#include "app/demo_clock.h"
#include "app/demo_payer.h"
#include "app/demo_phones.h"
#include "base/log.h"
#include "flow/world.h"
#include "io/timer.h"
#include "jobs/dispatch.h"
#include "jobs/planning.h"
#include "store/debtor_store.h"
#include "store/demo_store.h"

#include <stdlib.h>

enum {
    TICK_MS = 80,
    IDLE_MS = 500,
    FAST = 600,               /* from this speed on, polls by the wall clock are too seldom */
    PLAN_EVERY = 4,           /* ticks */
    SLACK_SECONDS = 2 * 3600, /* so far time runs ahead of what is done */
    STUCK_MS = 8000,
    PAYERS_AT_ONCE = 6,
    OPENERS_AT_ONCE = 8,
    REMEMBERED_MAX = 4096,
};

struct demo_month {
    struct world *world;
    struct bank *bank;
    struct demo_phones *phones;
    struct timer timer;
    unsigned tick_count;

    struct pg_tx wake, wake_planner;
    bool is_waking, is_waking_planner;

    struct pg_query behind, payers, openers;
    bool is_asking_behind, is_asking_payers, is_asking_openers, is_stopped;
    struct instant asked_at; /* how far behind */
    struct instant let_go;   /* the clock's bound */
    struct mono moved_at;    /* that bound */

    struct instant from, until; /* 0: there was none */
    bool is_done;
    unsigned paying_count, opening_count, paid_count, opened_count;
    int64_t remembered[REMEMBERED_MAX]; /* invoices; below zero: messages */
    size_t remembered_count;
};

static bool is_under_way(const struct demo_month *month)
{
    return month->until.us != 0 && !month->is_done;
}

static bool has_met(const struct demo_month *month, int64_t what)
{
    for (size_t i = 0; i < month->remembered_count; ++i)
        if (month->remembered[i] == what)
            return true;
    return month->remembered_count == REMEMBERED_MAX;
}

static void remember(struct demo_month *month, int64_t what)
{
    month->remembered[month->remembered_count++] = what;
}

/* ---- waking ---- */

static void on_woken(void *owner, const struct err *err)
{
    (void)err; /* the next tick does the same */
    ((struct demo_month *)owner)->is_waking = false;
}

static void on_planner_woken(void *owner, const struct err *err)
{
    (void)err;
    ((struct demo_month *)owner)->is_waking_planner = false;
}

static void wake(struct demo_month *month)
{
    struct store *store = month->world->store;
    struct err err;
    if (!month->is_waking)
        month->is_waking =
            debtor_wake(store, &month->wake, DISPATCH_CHANNEL, on_woken, month, &err) == 0;
    if (!month->is_waking_planner && month->tick_count % PLAN_EVERY == 0)
        month->is_waking_planner = debtor_wake(store, &month->wake_planner, PLAN_CHANNEL,
                                               on_planner_woken, month, &err) == 0;
}

/* ---- time ---- */

static struct instant hold_since(const struct demo_month *month, struct instant now)
{
    return instant_plus_seconds(now, -(int64_t)month->world->payment_in_flight_seconds);
}

static void let_go(struct demo_month *month, struct instant done_until)
{
    struct instant bound = instant_plus_seconds(done_until, SLACK_SECONDS);
    if (bound.us > month->let_go.us) {
        month->let_go = bound;
        month->moved_at = clock_mono();
    }
    demo_clock_let_go(month->let_go);
}

static void on_behind(void *owner, const PGresult *result, const struct err *err)
{
    struct demo_month *month = owner;
    struct demo_behind behind;
    month->is_asking_behind = false;
    if (err->code != 0 || month->is_stopped || !is_under_way(month))
        return;
    demo_read_behind(result, &behind);
    bool is_busy = behind.is_unplanned || month->paying_count >= PAYERS_AT_ONCE;
    if (mono_us_since(month->moved_at, clock_mono()) > STUCK_MS * INT64_C(1000)) {
        log_line(LOG_WARN, "demo's month goes on", "cause=the gateway does not follow late=%d",
                 behind.has_late);
        let_go(month, month->asked_at);
    } else if (!is_busy && !behind.has_late) {
        let_go(month, month->asked_at);
    } else if (!is_busy) {
        let_go(month, behind.late_since);
    }
}

static void ask_behind(struct demo_month *month, struct instant now)
{
    struct err err;
    if (month->is_asking_behind)
        return;
    month->asked_at = now;
    month->is_asking_behind = demo_behind(month->world->store, &month->behind, now,
                                          hold_since(month, now), on_behind, month, &err) == 0;
}

/* ---- people ---- */

static void on_paid(void *owner, const char *payment_id)
{
    struct demo_month *month = owner;
    --month->paying_count;
    month->paid_count += payment_id != NULL;
}

static void on_payers(void *owner, const PGresult *result, const struct err *err)
{
    struct demo_month *month = owner;
    struct err failed;
    month->is_asking_payers = false;
    int count = err->code == 0 && is_under_way(month) ? PQntuples(result) : 0;
    for (int row = 0; row < count && month->paying_count < PAYERS_AT_ONCE; ++row) {
        struct demo_payer payer;
        demo_read_payer(result, row, &payer);
        if (has_met(month, payer.invoice_id))
            continue;
        remember(month, payer.invoice_id);
        const struct demo_payer_order order = {
            .link = {payer.customer_id, payer.link_no},
            .due_minor = payer.due_minor,
            .action = BANK_PAY,
            .amount_minor = payer.amount_minor == payer.due_minor ? 0 : payer.amount_minor};
        if (demo_payer_begin(month->world, month->bank, &order, on_paid, month, &failed) == 0)
            ++month->paying_count;
    }
}

static void on_opened(void *owner, bool is_done)
{
    struct demo_month *month = owner;
    --month->opening_count;
    month->opened_count += is_done;
}

static void on_openers(void *owner, const PGresult *result, const struct err *err)
{
    struct demo_month *month = owner;
    month->is_asking_openers = false;
    int count = err->code == 0 && is_under_way(month) ? PQntuples(result) : 0;
    for (int row = 0; row < count && month->opening_count < OPENERS_AT_ONCE; ++row) {
        int64_t message_id = demo_read_opener(result, row);
        if (has_met(month, -message_id))
            continue;
        remember(month, -message_id);
        ++month->opening_count;
        demo_phones_tap(month->phones, message_id, on_opened, month);
    }
}

static void ask_people(struct demo_month *month, struct instant now)
{
    struct store *store = month->world->store;
    struct err err;
    const struct demo_payers_search search = {.now = now,
                                              .hold_since = hold_since(month, now),
                                              .since = month->from,
                                              .at_most = 4 * PAYERS_AT_ONCE};
    if (!month->is_asking_payers && month->paying_count < PAYERS_AT_ONCE)
        month->is_asking_payers =
            demo_payers(store, &month->payers, &search, on_payers, month, &err) == 0;
    if (!month->is_asking_openers && month->opening_count < OPENERS_AT_ONCE)
        month->is_asking_openers = demo_openers(store, &month->openers, now, month->from,
                                                4 * OPENERS_AT_ONCE, on_openers, month, &err) == 0;
}

/* ---- ticks ---- */

/* True once: somebody else has moved the clock, or the month is through. */
static bool is_over(struct demo_month *month, const struct demo_clock_state *clock)
{
    if (!is_under_way(month) || clock->run_until.us == month->until.us)
        return false;
    month->is_done = true;
    log_line(LOG_INFO, "demo's month over", "paid=%u opened=%u", month->paid_count,
             month->opened_count);
    return true;
}

static void on_tick(void *owner)
{
    struct demo_month *month = owner;
    struct demo_clock_state clock = demo_clock_read();
    bool is_fast = clock.is_running && clock.speed >= FAST;
    if (is_over(month, &clock))
        is_fast = true; /* what fell due in the last moment */
    timer_start(&month->timer, is_fast ? TICK_MS : IDLE_MS);
    if (!is_fast)
        return;
    ++month->tick_count;
    wake(month);
    if (is_under_way(month)) {
        ask_behind(month, clock.now);
        ask_people(month, clock.now);
    }
}

struct demo_month *demo_month_new(struct world *world, struct bank *bank,
                                  struct demo_phones *phones)
{
    struct demo_month *month = calloc(1, sizeof(*month));
    if (month == NULL)
        abort();
    month->world = world;
    month->bank = bank;
    month->phones = phones;
    timer_init(&month->timer, world->loop, "demo month", on_tick, month);
    timer_start(&month->timer, IDLE_MS);
    return month;
}

void demo_month_stop(struct demo_month *month)
{
    month->is_stopped = true;
    timer_stop(&month->timer);
}

void demo_month_begin(struct demo_month *month)
{
    demo_clock_run_for(DEMO_MONTH_SECONDS);
    struct demo_clock_state clock = demo_clock_read();
    month->from = clock.run_from;
    month->until = clock.run_until;
    month->let_go = clock.run_from;
    month->moved_at = clock_mono();
    month->is_done = false;
    month->paid_count = month->opened_count = 0;
    month->remembered_count = 0;
    timer_start(&month->timer, 0);
}

json_t *demo_month_json(const struct demo_month *month)
{
    char from[21], until[21];
    if (month->until.us == 0)
        return json_null();
    instant_print(month->from, from);
    instant_print(month->until, until);
    return json_pack("{s:s, s:s, s:b, s:i, s:i}", "from", from, "until", until, "done",
                     month->is_done, "paid", (int)month->paid_count, "opened",
                     (int)month->opened_count);
}
