/* Three things to do, one at a time, the most urgent first:
 *
 * - a quick look, when woken or every ten seconds: the events behind the last one seen -> whose
 * money moved -> recompute them;
 * - a settling look, ten seconds after: an event's position is given out before its transaction
 *   commits, so behind a position that was seen an older one may still appear. The same events are
 *   looked at again from where all was settled, up to where the quick look stood at the settling
 * look before; that place is kept in the database. What is under way for longer than that is found
 * by night;
 * - the night's pass, once a day of business time from one in the morning (UTC) on: the customers
 * in the order of their ids, batch by batch, the place kept in the database with each batch.
 *
 * Recomputing somebody twice changes nothing, so nodes need not know of each other. */
#include "jobs/segments.h"

#include "base/log.h"
#include "flow/world.h"
#include "io/timer.h"
#include "store/segment_store.h"

#include <stdlib.h>

enum {
    FIRST_LOOK_MS = 500,
    POLL_MS = 10000,
    QUICK_MS_MIN = 200, /* between quick looks */
    RETRY_MS = 5000,    /* after a failure */
    BATCH_REST_MS = 5,  /* between batches of the night */
    NIGHT_SECOND = 3600,
};

enum deed { DEED_QUICK = 1, DEED_SETTLE, DEED_NIGHT };

struct segments {
    struct world *world;
    struct timer timer;
    struct pg_query query;
    struct pg_tx tx;
    struct segment_state state; /* as read last, and moved on by what was done since */
    bool has_state;
    int64_t quick_position;    /* looked at once up to here */
    int64_t settling_position; /* where that stood at the last settling look */
    struct mono quick_at, settled_at;
    enum deed deed; /* what is under way */
    int64_t
        customers[SEGMENT_EVENTS_MAX > SEGMENT_BATCH_MAX ? SEGMENT_EVENTS_MAX : SEGMENT_BATCH_MAX];
    struct segment_round round;
    int64_t changed, night_changed;
    bool is_busy, is_woken, is_stopped;
};

static void rest(struct segments *s, uint32_t delay_ms)
{
    s->is_busy = false;
    if (!s->is_stopped)
        timer_start(&s->timer, delay_ms);
}

static void rest_after(struct segments *s, const struct err *err)
{
    if (err->code != ERR_CLOSED)
        log_line(LOG_WARN, "segments not computed", "error=\"%s\"", err->text);
    s->has_state = false; /* read anew: another node may be further */
    rest(s, RETRY_MS);
}

/* ---- what is due ---- */

static int64_t ms_since(struct mono at)
{
    return mono_us_since(at, clock_mono()) / 1000;
}

/* The night that has begun last. */
static int32_t night_of(struct instant now)
{
    int64_t second = now.us / 1000000 - NIGHT_SECOND;
    return (int32_t)(second / 86400);
}

static bool is_night_due(const struct segments *s)
{
    int32_t night = night_of(s->world->now());
    return !s->state.has_run || s->state.day < night ||
           (s->state.day == night && !s->state.is_done);
}

static void rest_until_due(struct segments *s)
{
    int64_t quick_ms = ms_since(s->quick_at);
    bool is_night = is_night_due(s);
    int64_t delay = is_night ? BATCH_REST_MS : POLL_MS - quick_ms;
    if (s->is_woken && delay > QUICK_MS_MIN - quick_ms)
        delay = QUICK_MS_MIN - quick_ms;
    rest(s, delay < 0 ? 0 : (uint32_t)delay);
}

/* ---- the end of each ---- */

static void end_pass(struct segments *s)
{
    s->state.has_run = true;
    s->state.day = s->round.day;
    s->state.through_customer = s->round.through_customer;
    s->state.is_done = s->round.is_done;
    s->night_changed += s->changed;
    if (!s->round.is_done)
        return;
    log_line(LOG_INFO, "segments computed for the night", "changed=%lld",
             (long long)s->night_changed);
    s->night_changed = 0;
}

static void end_deed(struct segments *s)
{
    if (s->deed == DEED_NIGHT)
        end_pass(s);
    else if (s->deed == DEED_QUICK)
        s->quick_position = s->round.position;
    else
        s->state.position = s->round.position;
    if (s->deed != DEED_NIGHT && s->changed > 0)
        log_line(LOG_INFO, "segments changed by payments", "customers=%lld", (long long)s->changed);
    rest_until_due(s);
}

static void on_counted(void *owner, const PGresult *result, const struct err *err)
{
    struct segments *s = owner;
    if (err->code == 0)
        s->changed = segment_read_changed(result);
}

static void on_recomputed(void *owner, const struct err *err)
{
    struct segments *s = owner;
    if (err->code != 0)
        rest_after(s, err);
    else
        end_deed(s);
}

static void recompute(struct segments *s)
{
    struct err err;
    s->changed = 0;
    s->round.customers = s->customers;
    s->round.rules = &s->world->segments;
    s->round.now = s->world->now();
    if (s->round.customer_count == 0 && !s->round.is_pass && !s->round.is_settled)
        end_deed(s);
    else if (segment_recompute(s->world->store, &s->tx, &s->round, on_counted, on_recomputed, s,
                               &err) != 0)
        rest_after(s, &err);
}

/* ---- whose money moved ---- */

static int64_t behind_of(const struct segments *s)
{
    return s->deed == DEED_QUICK ? s->quick_position : s->state.position;
}

static void on_moved(void *owner, const PGresult *result, const struct err *err)
{
    struct segments *s = owner;
    if (err->code != 0) {
        rest_after(s, err);
        return;
    }
    int64_t seen = segment_read_position(result, behind_of(s));
    s->round = (struct segment_round){.customer_count = segment_read_moved(result, s->customers)};
    if (s->deed == DEED_QUICK) {
        s->round.position = seen;
        s->is_woken |= seen >= s->quick_position + SEGMENT_EVENTS_MAX; /* there may be more */
    } else {
        bool is_all = seen >= s->settling_position;
        s->round.position = is_all ? s->settling_position : seen;
        s->round.is_settled = s->round.position > s->state.position;
        if (is_all) {
            s->settling_position = s->quick_position;
            s->settled_at = clock_mono();
        }
    }
    recompute(s);
}

static void look(struct segments *s, enum deed deed)
{
    struct err err;
    s->deed = deed;
    if (deed == DEED_QUICK) {
        s->is_woken = false;
        s->quick_at = clock_mono();
    }
    if (segment_moved(s->world->store, &s->query, behind_of(s), on_moved, s, &err) != 0)
        rest_after(s, &err);
}

/* ---- by night ---- */

static void on_next(void *owner, const PGresult *result, const struct err *err)
{
    struct segments *s = owner;
    if (err->code != 0) {
        rest_after(s, err);
        return;
    }
    size_t count = segment_read_next(result, s->customers);
    s->round = (struct segment_round){.customer_count = count,
                                      .is_pass = true,
                                      .day = night_of(s->world->now()),
                                      .is_done = count < SEGMENT_BATCH_MAX,
                                      .first_position = s->quick_position};
    if (count > 0)
        s->round.through_customer = s->customers[count - 1];
    recompute(s);
}

static void go_on_by_night(struct segments *s)
{
    struct err err;
    bool is_begun = s->state.has_run && s->state.day == night_of(s->world->now());
    s->deed = DEED_NIGHT;
    if (segment_next(s->world->store, &s->query, is_begun ? s->state.through_customer : 0, on_next,
                     s, &err) != 0)
        rest_after(s, &err);
}

/* ---- the round ---- */

static void proceed(struct segments *s)
{
    bool is_settling_due = s->state.has_run && ms_since(s->settled_at) >= POLL_MS;
    if (s->is_woken || ms_since(s->quick_at) >= POLL_MS)
        look(s, DEED_QUICK);
    else if (is_settling_due && s->settling_position > s->state.position)
        look(s, DEED_SETTLE);
    else if (is_night_due(s))
        go_on_by_night(s);
    else {
        if (is_settling_due) {
            s->settling_position = s->quick_position;
            s->settled_at = clock_mono();
        }
        rest_until_due(s);
    }
}

static void on_state(void *owner, const PGresult *result, const struct err *err)
{
    struct segments *s = owner;
    if (err->code != 0) {
        rest_after(s, err);
        return;
    }
    segment_read_state(result, &s->state);
    int64_t from = s->state.has_run ? s->state.position : s->state.newest_position;
    if (s->quick_position < from)
        s->quick_position = from;
    s->settling_position = s->quick_position;
    s->settled_at = clock_mono();
    s->has_state = s->is_woken = true;
    proceed(s);
}

static void on_time(void *owner)
{
    struct segments *s = owner;
    struct err err;
    s->is_busy = true;
    if (s->has_state)
        proceed(s);
    else if (segment_state(s->world->store, &s->query, on_state, s, &err) != 0)
        rest_after(s, &err);
}

struct segments *segments_new(struct world *world)
{
    struct segments *s = calloc(1, sizeof(*s));
    if (s == NULL)
        abort();
    s->world = world;
    timer_init(&s->timer, world->loop, "segments", on_time, s);
    timer_start(&s->timer, FIRST_LOOK_MS);
    return s;
}

void segments_wake(struct segments *s)
{
    if (s->is_stopped || s->is_woken)
        return;
    s->is_woken = true;
    if (!s->is_busy && s->has_state)
        rest_until_due(s);
}

void segments_stop(struct segments *s)
{
    s->is_stopped = true;
    timer_stop(&s->timer);
}

bool segments_is_idle(const struct segments *s)
{
    return !s->is_busy;
}

void segments_free(struct segments *s)
{
    timer_stop(&s->timer);
    free(s);
}
