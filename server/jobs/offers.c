/* A look: end a batch of offers whose time is over, until none is left; then, once a day, walk over
 * the debts that are as late as any rule wants, window by window: those that may be made an offer
 * are reckoned by the domain, and saved window by window in one transaction, which asks again
 * whether what was read still holds. Then rest until the next hour of business time.
 *
 * A look that fails begins again a little later; one that was cut off begins anew at the next
 * start. Both find what is made already, as a rule makes one offer a debt. */
#include "jobs/offers.h"

#include "base/crash_point.h"
#include "base/log.h"
#include "flow/world.h"
#include "io/timer.h"
#include "store/offer_store.h"

#include <stdlib.h>

enum {
    FIRST_LOOK_MS = 1500,
    POLL_MS = 10000,
    DEMO_POLL_MS = 500,
    HOUR_SECONDS = 3600,
    HOURS_OF_DAY = 24
};

_Static_assert((int)OFFER_WINDOW_MAX >= (int)OFFER_BATCH_MAX, "a window is saved in few batches");

struct offers {
    struct world *world;
    struct timer timer;
    struct pg_query query;
    struct pg_tx tx;
    int64_t hour, day; /* of business time, the last ones looked at to their end; 0: none */
    struct offer_window window;
    struct offer made[OFFER_BATCH_MAX];
    struct offer_new batch[OFFER_BATCH_MAX];
    size_t batch_count;
    bool is_last_window;
    int64_t ended_count, made_count;
    bool is_busy, is_stopped;
};

static void look_for_ends(struct offers *s);
static void read_window(struct offers *s);

/* A month of the demo passes in a minute. */
static uint32_t poll_ms(const struct offers *s)
{
    return s->world->is_demo ? DEMO_POLL_MS : POLL_MS;
}

static int64_t hour_of(struct instant now)
{
    return instant_seconds(now) / HOUR_SECONDS;
}

static void rest(struct offers *s, uint32_t delay_ms)
{
    s->is_busy = false;
    if (!s->is_stopped)
        timer_start(&s->timer, delay_ms);
}

static void fail(struct offers *s, const struct err *err)
{
    if (err->code != ERR_CLOSED)
        log_line(LOG_WARN, "offers not looked at", "error=\"%s\"", err->text);
    rest(s, poll_ms(s));
}

static void end_look(struct offers *s)
{
    s->hour = hour_of(s->window.now);
    rest(s, poll_ms(s));
}

/* ---- making ---- */

static const struct offer_rule *rule_of(const struct offers *s, const struct offer_facts *facts)
{
    for (size_t i = 0; i < s->world->offers.rule_count; ++i)
        if (offer_rule_fits(&s->world->offers.rules[i], facts))
            return &s->world->offers.rules[i];
    return NULL;
}

static bool is_used(struct span names, struct span name)
{
    while (names.len > 0) {
        const char *blank = memchr(names.base, ' ', names.len);
        size_t len = blank == NULL ? names.len : (size_t)(blank - names.base);
        if (span_is(span_of(names.base, len), name))
            return true;
        names = span_from(names, len + (blank != NULL));
    }
    return false;
}

/* Of two debts of one customer the second one finds that they have moved on, and waits a day. */
static void consider(struct offers *s, struct offer_candidate *candidate)
{
    struct offer_facts *facts = &candidate->facts;
    const struct offer_rule *rule = rule_of(s, facts);
    const struct plan_policies *plans = &s->world->plans;
    if (rule == NULL || is_used(candidate->used, span_str(rule->name)))
        return;
    const struct plan_policy *policy =
        plan_policy_of(plans->policies, plans->policy_count, &facts->debt);
    if (policy != NULL)
        facts->usual_hundredths = policy->interest_hundredths;
    if (offer_make_by_rule(rule, facts, &s->made[s->batch_count]) != OFFER_GOOD)
        return;
    s->batch[s->batch_count] = (struct offer_new){.customer_id = candidate->customer_id,
                                                  .invoice_id = candidate->invoice_id,
                                                  .money_version = candidate->money_version,
                                                  .offer = &s->made[s->batch_count],
                                                  .rule = span_str(rule->name),
                                                  .made_by = SPAN_LIT("rule"),
                                                  .is_allowed = true};
    ++s->batch_count;
}

static void on_made(void *owner, const PGresult *result, const struct err *err)
{
    struct offers *s = owner;
    for (int row = 0; err->code == 0 && row < PQntuples(result); ++row) {
        struct span verdict;
        int32_t offer_no;
        offer_read_made(result, row, &verdict, &offer_no);
        s->made_count += span_is_str(verdict, "made");
    }
}

static void end_windows(struct offers *s)
{
    s->day = hour_of(s->window.now) / HOURS_OF_DAY;
    end_look(s);
}

static void on_saved(void *owner, const struct err *err)
{
    struct offers *s = owner;
    if (err->code != 0) {
        fail(s, err);
        return;
    }
    if (s->made_count > 0)
        log_line(LOG_INFO, "offers made", "count=%lld", (long long)s->made_count);
    if (s->is_last_window)
        end_windows(s);
    else
        read_window(s);
}

/* Rows from the first that does not fit into the batch any more are read again. */
static void on_window(void *owner, const PGresult *result, const struct err *err)
{
    struct offers *s = owner;
    struct err failed;
    if (err->code != 0) {
        fail(s, err);
        return;
    }
    int row = 0;
    s->batch_count = 0;
    for (; row < PQntuples(result) && s->batch_count < OFFER_BATCH_MAX; ++row) {
        struct offer_candidate candidate;
        offer_read_candidate(result, row, &candidate);
        s->window.after_due = candidate.due;
        s->window.after_customer_id = candidate.customer_id;
        s->window.after_invoice_id = candidate.invoice_id;
        if (candidate.may)
            consider(s, &candidate);
    }
    s->is_last_window = row == PQntuples(result) && row < OFFER_WINDOW_MAX;
    s->made_count = 0;
    if (s->batch_count == 0) {
        static const struct err good = {0};
        on_saved(s, &good);
        return;
    }
    crash_point("offers_found");
    if (offer_add_all(s->world->store, &s->tx, s->batch, s->batch_count, s->window.now, on_made,
                      on_saved, s, &failed) != 0)
        fail(s, &failed);
}

static void read_window(struct offers *s)
{
    struct err err;
    if (s->is_stopped)
        rest(s, 0);
    else if (offer_candidates(s->world->store, &s->query, &s->window, on_window, s, &err) != 0)
        fail(s, &err);
}

/* As late as any rule wants, and a day to both sides: where the customer is it may be another day.
 */
static void begin_windows(struct offers *s)
{
    const struct offer_settings *offers = &s->world->offers;
    int32_t from = DEBT_CONDITION_DAYS_MAX, to = -DEBT_CONDITION_DAYS_MAX;
    int32_t today = (int32_t)(instant_seconds(s->window.now) / (HOURS_OF_DAY * HOUR_SECONDS));
    for (size_t i = 0; i < offers->rule_count; ++i) {
        const struct debt_condition *c = &offers->rules[i].condition;
        from = c->days_late_from < from ? c->days_late_from : from;
        to = c->days_late_to > to ? c->days_late_to : to;
    }
    if (offers->rule_count == 0 || s->day == hour_of(s->window.now) / HOURS_OF_DAY) {
        end_look(s);
        return;
    }
    s->window.from = date_from_days(today - to - 1);
    s->window.to = date_from_days(today - from + 1);
    s->window.after_due = date_add_days(s->window.from, -1);
    s->window.after_customer_id = s->window.after_invoice_id = 0;
    read_window(s);
}

/* ---- ending ---- */

static void on_ended(void *owner, const PGresult *result, const struct err *err)
{
    if (err->code == 0)
        ((struct offers *)owner)->ended_count = offer_read_expired(result);
}

static void on_ends_saved(void *owner, const struct err *err)
{
    struct offers *s = owner;
    if (err->code != 0) {
        fail(s, err);
        return;
    }
    if (s->ended_count > 0)
        log_line(LOG_INFO, "offers expired", "count=%lld", (long long)s->ended_count);
    if (s->ended_count == OFFER_EXPIRE_MAX && !s->is_stopped)
        look_for_ends(s);
    else
        begin_windows(s);
}

static void look_for_ends(struct offers *s)
{
    struct err err;
    s->ended_count = 0;
    if (offer_expire(s->world->store, &s->tx, s->window.now, on_ended, on_ends_saved, s, &err) != 0)
        fail(s, &err);
}

static void on_time(void *owner)
{
    struct offers *s = owner;
    struct instant now = s->world->now();
    if (s->hour == hour_of(now)) {
        rest(s, poll_ms(s));
        return;
    }
    s->is_busy = true;
    s->window = (struct offer_window){
        .now = now,
        .in_flight_from = instant_plus_seconds(now, -(int64_t)s->world->payment_in_flight_seconds)};
    look_for_ends(s);
}

struct offers *offers_new(struct world *world)
{
    struct offers *s = calloc(1, sizeof(*s));
    if (s == NULL)
        abort();
    s->world = world;
    timer_init(&s->timer, world->loop, "offers", on_time, s);
    timer_start(&s->timer, FIRST_LOOK_MS);
    return s;
}

void offers_wake(struct offers *s)
{
    if (!s->is_busy && !s->is_stopped && s->hour != hour_of(s->world->now()))
        timer_start(&s->timer, 0);
}

void offers_stop(struct offers *s)
{
    s->is_stopped = true;
    timer_stop(&s->timer);
}

bool offers_is_idle(const struct offers *s)
{
    return !s->is_busy;
}

void offers_free(struct offers *s)
{
    timer_stop(&s->timer);
    free(s);
}
