/* One round: windows of what is due, the newest first, each behind the last one seen; batches of
 * those that may go claimed and handed to their channels, while the outcomes of earlier batches
 * still come in and are recorded; again from the top, until a round finds nothing to claim. What is
 * held back is passed over, and the longer that takes the longer the rest after it. Then, once a
 * minute and with nothing under way, a look for what a dead process left claimed. Then rest until
 * the poll or a wake-up.
 *
 * A round begins only while no claim is under way, so that its first window does not show again
 * what is just being claimed. A wake-up in the middle of a round lets the next begin at the top,
 * where the new ones are.
 *
 * When a claim was slow all of it was given back: fewer are tried, after a rest that doubles each
 * time and that no wake-up cuts short, so that a slow database is not asked more than it can do.
 *
 * Who finds that nothing of a batch could be claimed rests too: somebody else was quicker, or a
 * condition changed between the two looks. */
#include "jobs/dispatch.h"

#include "base/log.h"
#include "flow/reminder_record.h"
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
    WINDOW_REST_MS = 20,  /* for each window passed over */
    ROUND_MS_MIN = 250,   /* between two beginnings at the top because of a wake-up */
    UNDER_WAY_MAX = 4096, /* claimed and not yet recorded */
};

struct dispatch {
    struct reminder_post post;
    struct reminder_texts *texts;
    struct timer timer;
    struct pg_query query;
    struct pg_tx tx;
    struct reminder_place place; /* behind the last window */
    struct reminder_window window, next;
    size_t window_used;
    bool has_next, is_at_end; /* there is a next one; no window is left to ask for */
    uint32_t windows_passed;  /* in this round, without one that may go */
    bool has_claimed;         /* in this round */
    struct mono round_began;
    size_t batch_max;
    size_t under_way;
    uint32_t slow_rest_ms; /* 0: the last claim was quick */
    int rounds_to_lost;
    bool is_asking, is_claiming, is_settling, is_woken, is_stopped;
};

static void proceed(struct dispatch *dispatch);

static void rest(struct dispatch *dispatch, uint32_t delay_ms)
{
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

/* ---- what a dead process left ---- */

static void on_lost_settled(void *owner, const struct err *err)
{
    struct dispatch *dispatch = owner;
    dispatch->is_settling = false;
    if (err->code != 0)
        rest_after(dispatch, err);
    else
        rest(dispatch, 0);
}

static void on_lost(void *owner, const PGresult *result, const struct err *err)
{
    struct dispatch *dispatch = owner;
    dispatch->is_settling = false;
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
    if (reminder_settle_lost(dispatch->post.world, &dispatch->tx, result, on_lost_settled, dispatch,
                             &failed) != 0)
        rest_after(dispatch, &failed);
    else
        dispatch->is_settling = true;
}

static void look_for_lost(struct dispatch *dispatch)
{
    const struct world *world = dispatch->post.world;
    struct err err;
    dispatch->rounds_to_lost = LOST_EVERY_ROUNDS;
    if (reminder_lost(world->store, &dispatch->query,
                      instant_plus_seconds(world->now(), -LOST_SECONDS), on_lost, dispatch,
                      &err) != 0)
        rest_after(dispatch, &err);
    else
        dispatch->is_settling = true;
}

/* ---- windows ---- */

static void begin_round(struct dispatch *dispatch)
{
    assert(!dispatch->is_claiming);
    pg_query_cancel(&dispatch->query);
    dispatch->is_asking = dispatch->has_next = dispatch->is_at_end = dispatch->is_woken = false;
    dispatch->has_claimed = false;
    dispatch->place = reminder_place_first();
    dispatch->window.count = dispatch->window_used = 0;
    dispatch->windows_passed = 0;
    dispatch->round_began = clock_mono();
}

static void on_candidates(void *owner, const PGresult *result, const struct err *err)
{
    struct dispatch *dispatch = owner;
    dispatch->is_asking = false;
    if (err->code != 0) {
        rest_after(dispatch, err);
        return;
    }
    dispatch->is_at_end = !reminder_read_candidates(result, &dispatch->next, &dispatch->place);
    dispatch->has_next = dispatch->next.count > 0;
    dispatch->windows_passed += !dispatch->has_next && !dispatch->is_at_end;
    proceed(dispatch);
}

static void ask_for_window(struct dispatch *dispatch)
{
    const struct world *world = dispatch->post.world;
    struct instant now = world->now();
    struct instant hold_since =
        instant_plus_seconds(now, -(int64_t)world->payment_in_flight_seconds);
    struct err err;
    if (reminder_candidates(world->store, &dispatch->query, now, hold_since, &dispatch->place,
                            on_candidates, dispatch, &err) != 0)
        rest_after(dispatch, &err);
    else
        dispatch->is_asking = true;
}

/* ---- batches ---- */

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
    dispatch->is_claiming = false;
    if (err->code != 0) {
        rest_after(dispatch, err);
        return;
    }
    dispatch->under_way += result->claimed_count;
    if (result->was_slow) {
        rest_after_slow(dispatch, result->claimed_count);
        return;
    }
    dispatch->slow_rest_ms = 0;
    if (dispatch->batch_max < REMINDER_SLOW_MAX)
        ++dispatch->batch_max;
    dispatch->has_claimed |= result->claimed_count > 0;
    if (result->claimed_count == 0)
        rest(dispatch, POLL_MS);
    else
        proceed(dispatch);
}

/* The next ones of the window, one an invoice. */
static void take_batch(struct dispatch *dispatch, struct reminder_keys *keys)
{
    const struct reminder_window *window = &dispatch->window;
    keys->count = 0;
    while (dispatch->window_used < window->count && keys->count < dispatch->batch_max)
        reminder_keys_add(keys, &window->keys[dispatch->window_used++]);
}

static void claim_batch(struct dispatch *dispatch)
{
    struct reminder_keys keys;
    struct err err;
    take_batch(dispatch, &keys);
    if (reminder_send_begin(&dispatch->post, &keys, on_batch_sent, dispatch, &err) != 0)
        rest_after(dispatch, &err);
    else
        dispatch->is_claiming = true;
}

static void end_round(struct dispatch *dispatch)
{
    dispatch->slow_rest_ms = 0; /* nothing is left that was given back */
    if (dispatch->has_claimed)
        rest(dispatch, 0);
    else if (dispatch->under_way == 0 && --dispatch->rounds_to_lost <= 0)
        look_for_lost(dispatch);
    else
        rest(dispatch, POLL_MS + dispatch->windows_passed * WINDOW_REST_MS);
}

static bool is_over_for_a_wake_up(const struct dispatch *dispatch)
{
    return dispatch->is_woken &&
           mono_us_since(dispatch->round_began, clock_mono()) > ROUND_MS_MIN * 1000;
}

static void turn_to_next_window(struct dispatch *dispatch)
{
    if (dispatch->window_used < dispatch->window.count || !dispatch->has_next)
        return;
    dispatch->window = dispatch->next;
    dispatch->window_used = 0;
    dispatch->has_next = false;
}

static bool must_wait(const struct dispatch *dispatch)
{
    return dispatch->is_stopped || dispatch->is_settling || timer_is_running(&dispatch->timer);
}

/* The next thing to do, if it is not already being done or must not be done now. */
static void proceed(struct dispatch *dispatch)
{
    if (must_wait(dispatch))
        return;
    if (!dispatch->is_claiming && is_over_for_a_wake_up(dispatch))
        begin_round(dispatch);
    turn_to_next_window(dispatch);
    if (!dispatch->has_next && !dispatch->is_at_end && !dispatch->is_asking)
        ask_for_window(dispatch);
    if (must_wait(dispatch) || dispatch->is_claiming)
        return;
    if (dispatch->window_used == dispatch->window.count) {
        if (!dispatch->is_asking)
            end_round(dispatch);
    } else if (dispatch->under_way + REMINDER_BATCH_MAX <= UNDER_WAY_MAX) {
        claim_batch(dispatch);
    }
}

static void on_recorded(void *owner, const struct reminder_record_saved *saved)
{
    struct dispatch *dispatch = owner;
    assert(dispatch->under_way >= saved->count);
    dispatch->under_way -= saved->count;
    if (saved->is_due_again)
        dispatch_wake(dispatch);
    else
        proceed(dispatch);
}

static void on_time(void *owner)
{
    struct dispatch *dispatch = owner;
    if (dispatch->is_claiming || dispatch->is_settling)
        return; /* its end goes on */
    begin_round(dispatch);
    proceed(dispatch);
}

struct dispatch *dispatch_new(struct world *world, struct err *err)
{
    struct reminder_texts *texts = reminder_texts_new(err);
    if (texts == NULL)
        return NULL;
    struct dispatch *dispatch = calloc(1, sizeof(*dispatch));
    if (dispatch == NULL)
        abort();
    dispatch->texts = texts;
    dispatch->post = (struct reminder_post){
        .world = world,
        .texts = texts,
        .record = reminder_record_new(world, on_recorded, dispatch),
    };
    dispatch->batch_max = REMINDER_SLOW_MAX;
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
    dispatch->is_woken = true;
    if (!timer_is_running(&dispatch->timer))
        proceed(dispatch);
    else if (dispatch->slow_rest_ms == 0)
        timer_start(&dispatch->timer, 0);
}

void dispatch_stop(struct dispatch *dispatch)
{
    dispatch->is_stopped = true;
    timer_stop(&dispatch->timer);
    reminder_record_stop(dispatch->post.record);
}

bool dispatch_is_idle(const struct dispatch *dispatch)
{
    return !dispatch->is_claiming && !dispatch->is_asking && !dispatch->is_settling &&
           dispatch->under_way == 0;
}

void dispatch_free(struct dispatch *dispatch)
{
    static struct dispatch *left; /* for those whose channels may still answer: the process ends */
    timer_stop(&dispatch->timer);
    if (!dispatch_is_idle(dispatch)) {
        left = dispatch;
        (void)left;
        return;
    }
    reminder_record_free(dispatch->post.record);
    reminder_texts_free(dispatch->texts);
    free(dispatch);
}
