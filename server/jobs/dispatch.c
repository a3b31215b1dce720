/* One round: a window of what is due; a batch of those that may go claimed and sent; again, until
 * no window has any. What is held back is passed over, and the longer that takes the longer the
 * rest after it. Then, once a minute, a look for what a dead process left claimed. Then rest until
 * the poll or a wake-up.
 *
 * When a claim was slow all of it was given back: fewer are tried, after a rest that doubles each
 * time and that no wake-up cuts short, so that a slow database is not asked more than it can do.
 *
 * Who asks for candidates and finds that nothing of them could be claimed rests too: somebody else
 * was quicker, or a condition changed between the two looks. */
#include "jobs/dispatch.h"

#include "base/log.h"
#include "flow/reminder_send.h"
#include "flow/reminder_text.h"
#include "flow/world.h"
#include "io/timer.h"

#include <assert.h>
#include <stdlib.h>

enum {
    POLL_MS = 1000,
    RETRY_MS = 3000,   /* after a failure */
    LOST_SECONDS = 60, /* claimed longer ago than this, nobody is sending it any more */
    LOST_EVERY_ROUNDS = 60,
    SLOW_REST_MS = 250, /* after a slow claim; doubles */
    SLOW_REST_MS_MAX = 8000,
    WINDOW_REST_MS = 20, /* for each window passed over */
};

struct dispatch {
    struct world *world;
    struct reminder_texts *texts;
    struct timer timer;
    struct pg_query query;
    struct pg_tx tx;
    struct reminder_place place; /* behind the windows that had nothing to send */
    uint32_t windows_passed;
    size_t batch_max;
    uint32_t slow_rest_ms; /* 0: the last claim was quick */
    int rounds_to_lost;
    bool is_busy, is_woken, is_stopped;
};

static void look(struct dispatch *dispatch);

static void rest(struct dispatch *dispatch, uint32_t delay_ms)
{
    dispatch->is_busy = false;
    if (dispatch->is_stopped)
        return;
    timer_start(&dispatch->timer, dispatch->is_woken ? 0 : delay_ms);
    dispatch->is_woken = false;
}

static void rest_after(struct dispatch *dispatch, const struct err *err)
{
    if (err->code != ERR_CLOSED)
        log_line(LOG_WARN, "reminders not dispatched", "error=%s", err->text);
    dispatch->is_woken = false;
    rest(dispatch, RETRY_MS);
}

static void on_lost_settled(void *owner, const struct err *err)
{
    struct dispatch *dispatch = owner;
    if (err->code != 0)
        rest_after(dispatch, err);
    else
        look(dispatch);
}

static void on_lost(void *owner, const PGresult *result, const struct err *err)
{
    struct dispatch *dispatch = owner;
    if (err->code != 0) {
        rest_after(dispatch, err);
        return;
    }
    if (PQntuples(result) == 0) {
        rest(dispatch, POLL_MS);
        return;
    }
    log_line(LOG_WARN, "reminders of a dead process found", "count=%d", PQntuples(result));
    struct err failed;
    if (reminder_settle_lost(dispatch->world, &dispatch->tx, result, on_lost_settled, dispatch,
                             &failed) != 0)
        rest_after(dispatch, &failed);
}

static void look_for_lost(struct dispatch *dispatch)
{
    struct err err;
    dispatch->rounds_to_lost = LOST_EVERY_ROUNDS;
    if (reminder_lost(dispatch->world->store, &dispatch->query,
                      instant_plus_seconds(dispatch->world->now(), -LOST_SECONDS), on_lost,
                      dispatch, &err) != 0)
        rest_after(dispatch, &err);
}

/* All of it was given back. */
static void rest_after_slow(struct dispatch *dispatch, size_t claimed_count)
{
    uint32_t rest_ms = dispatch->slow_rest_ms == 0 ? SLOW_REST_MS : dispatch->slow_rest_ms * 2;
    dispatch->slow_rest_ms = rest_ms < SLOW_REST_MS_MAX ? rest_ms : SLOW_REST_MS_MAX;
    dispatch->batch_max = (claimed_count + 3) / 4;
    dispatch->is_woken = false;
    log_line(LOG_WARN, "reminders given back", "count=%zu cause=slow claim rest_ms=%u",
             claimed_count, dispatch->slow_rest_ms);
    rest(dispatch, dispatch->slow_rest_ms);
}

static void on_batch_sent(void *owner, const struct reminder_send_result *result,
                          const struct err *err)
{
    struct dispatch *dispatch = owner;
    if (err->code != 0) {
        rest_after(dispatch, err);
        return;
    }
    if (result->was_slow) {
        rest_after_slow(dispatch, result->claimed_count);
        return;
    }
    dispatch->slow_rest_ms = 0;
    if (dispatch->batch_max < REMINDER_BATCH_MAX)
        ++dispatch->batch_max;
    if (result->sent_count > 0)
        log_line(LOG_INFO, "reminders sent", "count=%zu", result->sent_count);
    if (dispatch->is_stopped || result->claimed_count == 0)
        rest(dispatch, POLL_MS);
    else
        look(dispatch);
}

/* All windows are looked through. */
static void on_end(struct dispatch *dispatch)
{
    uint32_t rest_ms = POLL_MS + dispatch->windows_passed * WINDOW_REST_MS;
    dispatch->place = reminder_place_first();
    dispatch->windows_passed = 0;
    dispatch->slow_rest_ms = 0; /* nothing is left that was given back */
    if (--dispatch->rounds_to_lost <= 0)
        look_for_lost(dispatch);
    else
        rest(dispatch, rest_ms);
}

static void on_candidates(void *owner, const PGresult *result, const struct err *err)
{
    struct dispatch *dispatch = owner;
    if (err->code != 0) {
        rest_after(dispatch, err);
        return;
    }
    struct reminder_keys keys;
    if (dispatch->is_stopped) {
        rest(dispatch, POLL_MS);
        return;
    }
    if (reminder_read_candidates(result, dispatch->batch_max, &keys, &dispatch->place)) {
        ++dispatch->windows_passed;
        look(dispatch);
        return;
    }
    if (keys.count == 0) {
        on_end(dispatch);
        return;
    }
    struct err failed;
    if (reminder_send_begin(dispatch->world, dispatch->texts, &keys, on_batch_sent, dispatch,
                            &failed) != 0)
        rest_after(dispatch, &failed);
}

static void look(struct dispatch *dispatch)
{
    const struct world *world = dispatch->world;
    struct instant now = world->now();
    struct instant hold_since =
        instant_plus_seconds(now, -(int64_t)world->payment_in_flight_seconds);
    struct err err;
    if (reminder_candidates(world->store, &dispatch->query, now, hold_since, &dispatch->place,
                            on_candidates, dispatch, &err) != 0)
        rest_after(dispatch, &err);
}

static void on_time(void *owner)
{
    struct dispatch *dispatch = owner;
    dispatch->is_busy = true;
    dispatch->place = reminder_place_first();
    dispatch->windows_passed = 0;
    look(dispatch);
}

struct dispatch *dispatch_new(struct world *world, struct err *err)
{
    struct reminder_texts *texts = reminder_texts_new(err);
    if (texts == NULL)
        return NULL;
    struct dispatch *dispatch = calloc(1, sizeof(*dispatch));
    if (dispatch == NULL)
        abort();
    dispatch->world = world;
    dispatch->texts = texts;
    dispatch->batch_max = REMINDER_BATCH_MAX;
    timer_init(&dispatch->timer, world->loop, "dispatch", on_time, dispatch);
    struct span kinds[3];
    if (reminder_channels(world, kinds) == 0)
        dispatch->is_stopped = true;
    else
        timer_start(&dispatch->timer, 0);
    return dispatch;
}

void dispatch_wake(struct dispatch *dispatch)
{
    if (dispatch->is_stopped)
        return;
    if (dispatch->is_busy)
        dispatch->is_woken = true;
    else if (dispatch->slow_rest_ms == 0)
        timer_start(&dispatch->timer, 0);
}

void dispatch_stop(struct dispatch *dispatch)
{
    dispatch->is_stopped = true;
    timer_stop(&dispatch->timer);
}

bool dispatch_is_idle(const struct dispatch *dispatch)
{
    return !dispatch->is_busy;
}

void dispatch_free(struct dispatch *dispatch)
{
    timer_stop(&dispatch->timer);
    reminder_texts_free(dispatch->texts);
    free(dispatch);
}
