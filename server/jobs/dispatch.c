/* One round: windows of what is due, the newest first, each behind the last one seen; batches of
 * those that may go claimed and handed to their channels, while the outcomes of earlier batches
 * still come in and are recorded; again from the top, until a round finds nothing to claim. What is
 * held back is passed over, and the longer that takes the longer the rest after it. Then, every
 * ten seconds, a look for what a dead process left claimed, before the oldest that is under way
 * here; where there is always something to claim, it is done once a minute in between. Then rest
 * until the poll or a wake-up.
 *
 * Reminders are taken as far as their ways have room for them, the services of pushes and the gates
 * of channels; further ones are held, a bounded
 * number for each way, and go first when there is room again. Those of ways that are down
 * are passed over like what is held back, so nothing waits behind them. A service that is silent
 * keeps no more under way than its share, so the others go on.
 *
 * Those of one customer stand next to each other in a window and go in one batch: the claim makes
 * one message of what goes the same way.
 *
 * A day has no more messages than is usual, or allowed (jobs/day_volume): the look for how much is
 * left comes before the first round and each second after it. When no message is left what is due
 * is passed over until more is allowed, or it is another day.
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
#include "channel/push_app.h"
#include "channel/push_room.h"
#include "flow/reminder_lost.h"
#include "flow/reminder_record.h"
#include "flow/reminder_send.h"
#include "flow/reminder_text.h"
#include "flow/world.h"
#include "io/timer.h"
#include "jobs/day_volume.h"
#include "jobs/send_room.h"
#include "jobs/under_way.h"

#include <assert.h>
#include <stdlib.h>

enum {
    POLL_MS = 1000,
    RETRY_MS = 3000, /* after a failure */
    /* Claimed longer ago than this, nobody is sending it any more: no attempt takes longer than a
     * minute, and the nodes' clocks, of which one is compared with another's claim, are not two
     * minutes apart. */
    LOST_SECONDS = 180,
    LOST_EVERY_MS = 10000,     /* looked for so often, when there is nothing else to do */
    LOST_AT_LATEST_MS = 60000, /* and when there is */
    SLOW_REST_MS = 250,        /* after a slow claim; doubles */
    SLOW_REST_MS_MAX = 8000,
    WINDOW_REST_MS = 20,     /* for each window passed over */
    ROUND_MS_MIN = 250,      /* between two beginnings at the top because of a wake-up */
    HELD_MAX = 512,          /* for want of room */
    HELD_MAX_WAY = 256,      /* of those for one service or channel */
    HELD_LOW = 32,           /* so few: others that found no place are looked for again */
    ROOM_WAIT_MS_MAX = 1000, /* a gate is asked again so soon at the latest */
};

struct dispatch {
    struct reminder_post post;
    struct send_room room;
    struct day_volume volume;
    struct timer room_timer; /* until a gate has room again */
    struct reminder_texts *texts;
    struct timer timer;
    struct pg_query query, lost_query; /* a window; the look, which may come beside it */
    struct pg_tx tx;
    struct reminder_place place; /* behind the last window */
    struct reminder_window window, next;
    size_t window_used;
    bool has_next, is_at_end; /* there is a next one; no window is left to ask for */
    bool has_taken;           /* something of the window went into a batch */
    struct reminder_candidate held[HELD_MAX];
    size_t held_count;
    bool has_passed_busy;    /* in this round, some for which there was no place among them */
    uint32_t windows_passed; /* in this round, of which nothing went */
    bool has_claimed;        /* in this round */
    struct mono round_began;
    size_t batch_max;
    struct under_way under_way; /* claimed and not yet recorded */
    uint32_t slow_rest_ms;      /* 0: the last claim was quick */
    struct mono looked_at;      /* for what is lost */
    bool is_asking, is_claiming, is_settling, is_woken, is_stopped;
    bool is_poll; /* the timer may be cut short: it waits for the next round alone */
};

static void proceed(struct dispatch *dispatch);

/* Until the next round. */
static void rest(struct dispatch *dispatch, uint32_t delay_ms, bool is_poll)
{
    if (dispatch->is_stopped)
        return;
    dispatch->is_poll = is_poll;
    timer_start(&dispatch->timer, is_poll && dispatch->is_woken ? 0 : delay_ms);
    dispatch->is_woken = false;
}

static void rest_after(struct dispatch *dispatch, const struct err *err)
{
    if (err->code != ERR_CLOSED)
        log_line(LOG_WARN, "reminders not dispatched", "error=%s", err->text);
    rest(dispatch, RETRY_MS, false);
}

/* ---- what a dead process left ---- */

/* `after_ms` since the last look. */
static bool is_look_due(const struct dispatch *dispatch, int64_t after_ms)
{
    return mono_us_since(dispatch->looked_at, clock_mono()) >= after_ms * 1000;
}

/* As soon as there is nothing else to do. */
static void look_soon(struct dispatch *dispatch)
{
    dispatch->looked_at = (struct mono){clock_mono().ns - LOST_EVERY_MS * INT64_C(1000000)};
}

static void on_lost_settled(void *owner, const struct err *err)
{
    struct dispatch *dispatch = owner;
    dispatch->is_settling = false;
    if (err->code != 0)
        rest_after(dispatch, err);
    else
        rest(dispatch, 0, true);
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
        rest(dispatch, dispatch->has_claimed ? 0 : POLL_MS, true);
        return;
    }
    if (PQntuples(result) == REMINDER_BATCH_MAX)
        look_soon(dispatch); /* there may be more */
    log_line(LOG_WARN, "reminders of a dead process found", "count=%d", PQntuples(result));
    struct err failed;
    if (reminder_settle_lost(dispatch->post.world, &dispatch->tx, result, on_lost_settled, dispatch,
                             &failed) != 0)
        rest_after(dispatch, &failed);
    else
        dispatch->is_settling = true;
}

/* Nothing of our own that is under way may be taken for lost, nor what was claimed after it: that
 * is found later. */
static void look_for_lost(struct dispatch *dispatch)
{
    const struct world *world = dispatch->post.world;
    struct instant long_ago = instant_plus_seconds(world->now(), -LOST_SECONDS);
    struct err err;
    dispatch->looked_at = clock_mono();
    if (reminder_lost(world->store, &dispatch->lost_query,
                      under_way_oldest(&dispatch->under_way, long_ago), on_lost, dispatch,
                      &err) != 0)
        rest_after(dispatch, &err);
    else
        dispatch->is_settling = true;
}

/* ---- the day's volume ---- */

static void on_volume(void *owner, const struct err *err)
{
    struct dispatch *dispatch = owner;
    if (err->code != 0) {
        rest_after(dispatch, err);
        return;
    }
    dispatch->room.messages_left =
        day_volume_left(&dispatch->volume, (int64_t)dispatch->under_way.count);
    proceed(dispatch);
}

/* ---- windows ---- */

static void begin_round(struct dispatch *dispatch)
{
    assert(!dispatch->is_claiming);
    pg_query_cancel(&dispatch->query);
    dispatch->is_asking = dispatch->has_next = dispatch->is_at_end = dispatch->is_woken = false;
    dispatch->has_claimed = dispatch->has_passed_busy = false;
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
    struct reminder_ways ways;
    struct reminder_manners manners;
    struct err err;
    reminder_ways(&dispatch->post, &ways);
    reminder_manners_init(&manners, &world->reminders, now);
    if (reminder_candidates(world->store, &dispatch->query, now, hold_since, &dispatch->place,
                            &ways, &manners, on_candidates, dispatch, &err) != 0)
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
    log_line(LOG_WARN, "reminders given back", "count=%zu cause=slow claim rest_ms=%u",
             claimed_count, dispatch->slow_rest_ms);
    rest(dispatch, dispatch->slow_rest_ms, false);
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
    under_way_add(&dispatch->under_way, result->claimed_at, result->claimed_count);
    if (result->was_slow) {
        rest_after_slow(dispatch, result->claimed_count);
        return;
    }
    dispatch->slow_rest_ms = 0;
    dispatch->batch_max += 1 + dispatch->batch_max / 8;
    if (dispatch->batch_max > REMINDER_BATCH_MAX)
        dispatch->batch_max = REMINDER_BATCH_MAX;
    bool has_done = result->claimed_count + result->ended_count + result->put_off_count > 0;
    dispatch->has_claimed |= has_done;
    if (has_done)
        proceed(dispatch);
    else
        rest(dispatch, POLL_MS, true);
}

static bool is_held(const struct dispatch *dispatch, const struct reminder_key *key)
{
    for (size_t i = 0; i < dispatch->held_count; ++i)
        if (dispatch->held[i].key.customer_id == key->customer_id &&
            dispatch->held[i].key.invoice_id == key->invoice_id)
            return true;
    return false;
}

/* By its channel and the app of its first device. */
static size_t held_like(const struct dispatch *dispatch, const struct reminder_candidate *candidate)
{
    size_t count = 0;
    for (size_t i = 0; i < dispatch->held_count; ++i)
        count += dispatch->held[i].devices[0] == candidate->devices[0] &&
                 strcmp(dispatch->held[i].channel, candidate->channel) == 0;
    return count;
}

static void hold(struct dispatch *dispatch, const struct reminder_candidate *candidate)
{
    if (dispatch->held_count == HELD_MAX || held_like(dispatch, candidate) >= HELD_MAX_WAY)
        dispatch->has_passed_busy = true;
    else
        dispatch->held[dispatch->held_count++] = *candidate;
}

/* It joins the message of one that is in the batch, as far as one can tell before the claim. */
static bool is_shared(const struct dispatch *dispatch, const struct reminder_batch *batch,
                      const struct reminder_candidate *candidate)
{
    if (!dispatch->post.world->reminders.merges || candidate->channel[0] == 0)
        return false;
    for (size_t i = batch->count; i-- > 0;)
        if (batch->items[i].key.customer_id == candidate->key.customer_id &&
            strcmp(batch->items[i].channel, candidate->channel) == 0)
            return true;
    return false;
}

/* It goes into the batch if there is room. */
static enum send_fit try(struct dispatch *dispatch, struct reminder_batch *batch,
                         const struct reminder_candidate *candidate)
{
    if (is_shared(dispatch, batch, candidate)) {
        batch->items[batch->count++] = *candidate;
        return SEND_FIT_NOW;
    }
    enum send_fit fit = send_room_fit(&dispatch->room, candidate);
    if (fit == SEND_FIT_NOW) {
        send_room_take(&dispatch->room, candidate);
        batch->items[batch->count++] = *candidate;
    }
    return fit;
}

/* Those that have waited for room: they go, stay, or are passed over as their way is down. */
static void take_held(struct dispatch *dispatch, struct reminder_batch *batch)
{
    size_t kept = 0;
    for (size_t i = 0; i < dispatch->held_count; ++i) {
        const struct reminder_candidate *candidate = &dispatch->held[i];
        bool is_full = batch->count == dispatch->batch_max;
        enum send_fit fit =
            is_full ? send_room_fit(&dispatch->room, candidate) : try(dispatch, batch, candidate);
        if ((is_full && fit == SEND_FIT_NOW) || fit == SEND_FIT_LATER)
            dispatch->held[kept++] = *candidate;
    }
    dispatch->held_count = kept;
}

/* How many of the next ones are the same customer's. */
static size_t count_same_customer(const struct dispatch *dispatch)
{
    const struct reminder_window *window = &dispatch->window;
    size_t first = dispatch->window_used, end = first;
    while (end < window->count &&
           window->items[end].key.customer_id == window->items[first].key.customer_id)
        ++end;
    return end - first;
}

/* The next ones of the window, one an invoice, all of a customer or none; of those that are no
 * pushes few. */
static void take_window(struct dispatch *dispatch, struct reminder_batch *batch)
{
    const struct reminder_window *window = &dispatch->window;
    size_t slow_count = 0;
    while (dispatch->window_used < window->count && batch->count < dispatch->batch_max &&
           slow_count < REMINDER_SLOW_MAX) {
        const struct reminder_candidate *candidate = &window->items[dispatch->window_used];
        bool is_new = !reminder_batch_has_customer(batch, candidate->key.customer_id);
        if (is_new && batch->count > 0 &&
            batch->count + count_same_customer(dispatch) > dispatch->batch_max)
            return;
        ++dispatch->window_used;
        if (reminder_batch_has(batch, &candidate->key) || is_held(dispatch, &candidate->key))
            continue;
        enum send_fit fit = try(dispatch, batch, candidate);
        if (fit == SEND_FIT_LATER)
            hold(dispatch, candidate);
        slow_count += fit == SEND_FIT_NOW && candidate->devices[0] == 0;
    }
}

/* Of the window nothing is left and nothing of it went: the ways of all that may go are full or
 * down. */
static void note_passed_window(struct dispatch *dispatch)
{
    if (dispatch->window.count == 0 || dispatch->window_used < dispatch->window.count)
        return;
    dispatch->windows_passed += !dispatch->has_taken;
    dispatch->window.count = dispatch->window_used = 0;
}

/* Gates do not call when they have room again. */
static void wait_for_room(struct dispatch *dispatch)
{
    uint32_t wait_ms = send_room_wait_ms(&dispatch->room);
    if (wait_ms == UINT32_MAX)
        return;
    timer_start(&dispatch->room_timer, wait_ms < ROOM_WAIT_MS_MAX ? wait_ms : ROOM_WAIT_MS_MAX);
}

/* True when there was something to claim, or that failed. */
static bool claim_batch(struct dispatch *dispatch)
{
    struct reminder_batch batch;
    struct err err;
    batch.count = 0;
    send_room_look(&dispatch->room);
    take_held(dispatch, &batch);
    take_window(dispatch, &batch);
    wait_for_room(dispatch);
    dispatch->has_taken |= batch.count > 0;
    note_passed_window(dispatch);
    if (batch.count == 0)
        return false;
    if (reminder_send_begin(&dispatch->post, &batch, on_batch_sent, dispatch, &err) != 0)
        rest_after(dispatch, &err);
    else
        dispatch->is_claiming = true;
    return true;
}

static void end_round(struct dispatch *dispatch)
{
    dispatch->slow_rest_ms = 0; /* nothing is left that was given back */
    if (dispatch->has_claimed)
        rest(dispatch, 0, true);
    else if (is_look_due(dispatch, LOST_EVERY_MS))
        look_for_lost(dispatch);
    else
        rest(dispatch, POLL_MS + dispatch->windows_passed * WINDOW_REST_MS, true);
}

/* Woken, or so many pushes found a place among the held that there is some for others: these are
 * looked for once the round is through, so that it does get through. */
static bool is_round_over(const struct dispatch *dispatch)
{
    bool wants_more = dispatch->has_passed_busy && dispatch->held_count < HELD_LOW &&
                      timer_is_running(&dispatch->timer);
    return (dispatch->is_woken || wants_more) &&
           mono_us_since(dispatch->round_began, clock_mono()) > ROUND_MS_MIN * 1000;
}

static void turn_to_next_window(struct dispatch *dispatch)
{
    if (dispatch->window_used < dispatch->window.count || !dispatch->has_next)
        return;
    dispatch->window = dispatch->next;
    dispatch->window_used = 0;
    dispatch->has_next = dispatch->has_taken = false;
}

static bool must_wait(const struct dispatch *dispatch)
{
    return dispatch->is_stopped || dispatch->is_settling || dispatch->is_claiming ||
           reminder_texts_are_awaited(dispatch->texts) ||
           day_volume_is_awaited(&dispatch->volume) ||
           (timer_is_running(&dispatch->timer) && !dispatch->is_poll);
}

/* One step: false when there is nothing more to do for now. */
static bool step(struct dispatch *dispatch)
{
    if (dispatch->has_claimed && is_look_due(dispatch, LOST_AT_LATEST_MS)) {
        look_for_lost(dispatch);
        return false;
    }
    if (dispatch->under_way.count + REMINDER_BATCH_MAX <= UNDER_WAY_MAX && claim_batch(dispatch))
        return false;
    if (dispatch->window_used < dispatch->window.count)
        return false; /* what is under way comes first */
    if (dispatch->has_next)
        return true;
    if (dispatch->is_at_end && !timer_is_running(&dispatch->timer))
        end_round(dispatch);
    return false;
}

/* The next things to do, if they are not already being done or must not be done now. */
static void proceed(struct dispatch *dispatch)
{
    if (!dispatch->is_stopped)
        day_volume_look(&dispatch->volume);
    if (must_wait(dispatch))
        return;
    if (is_round_over(dispatch)) {
        timer_stop(&dispatch->timer);
        begin_round(dispatch);
    }
    do {
        turn_to_next_window(dispatch);
        if (!dispatch->has_next && !dispatch->is_at_end && !dispatch->is_asking)
            ask_for_window(dispatch);
    } while (!must_wait(dispatch) && step(dispatch));
}

static void on_room(void *owner)
{
    proceed(owner);
}

static void on_recorded(void *owner, const struct reminder_record_saved *saved)
{
    struct dispatch *dispatch = owner;
    for (size_t i = 0; i < saved->count; ++i)
        under_way_remove(&dispatch->under_way, saved->claimed_at[i]);
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
    if (world->reminders.proposal_parts > 0)
        reminder_texts_propose(
            texts, (struct reminder_proposal){.count = world->reminders.proposal_parts,
                                              .first_days = world->reminders.proposal_first_days});
    reminder_texts_demand(texts, world->demands.terms);
    dispatch->post = (struct reminder_post){
        .world = world,
        .room = push_room_new(world->push_apps, UNDER_WAY_MAX),
        .texts = texts,
        .record = reminder_record_new(world, on_recorded, dispatch),
    };
    dispatch->batch_max = REMINDER_BATCH_MAX;
    look_soon(dispatch);
    timer_init(&dispatch->timer, world->loop, "dispatch", on_time, dispatch);
    timer_init(&dispatch->room_timer, world->loop, "dispatch room", on_room, dispatch);
    send_room_init(&dispatch->room, dispatch->post.room, world->gates);
    day_volume_init(&dispatch->volume, world, on_volume, dispatch);
    if (world->push_apps != NULL)
        push_apps_listen(world->push_apps, on_room, dispatch);
    struct reminder_ways ways;
    reminder_ways(&dispatch->post, &ways);
    if (ways.kind_count + ways.app_count == 0)
        dispatch->is_stopped = true;
    else
        timer_start(&dispatch->timer, 0);
    return dispatch;
}

struct reminder_texts *dispatch_texts(struct dispatch *dispatch)
{
    return dispatch->texts;
}

void dispatch_wake(struct dispatch *dispatch)
{
    if (dispatch->is_stopped)
        return;
    dispatch->is_woken = true;
    day_volume_wake(&dispatch->volume);
    if (!timer_is_running(&dispatch->timer))
        proceed(dispatch);
    else if (dispatch->is_poll || dispatch->slow_rest_ms == 0)
        timer_start(&dispatch->timer, 0);
}

void dispatch_stop(struct dispatch *dispatch)
{
    dispatch->is_stopped = true;
    timer_stop(&dispatch->timer);
    timer_stop(&dispatch->room_timer);
    reminder_record_stop(dispatch->post.record);
}

bool dispatch_is_idle(const struct dispatch *dispatch)
{
    return !dispatch->is_claiming && !dispatch->is_asking && !dispatch->is_settling &&
           day_volume_is_idle(&dispatch->volume) && dispatch->under_way.count == 0;
}

void dispatch_free(struct dispatch *dispatch)
{
    static struct dispatch *left; /* for those whose channels may still answer: the process ends */
    timer_stop(&dispatch->timer);
    timer_stop(&dispatch->room_timer);
    if (!dispatch_is_idle(dispatch)) {
        reminder_record_leave(dispatch->post.record);
        left = dispatch;
        (void)left;
        return;
    }
    reminder_record_free(dispatch->post.record);
    push_room_free(dispatch->post.room);
    reminder_texts_free(dispatch->texts);
    free(dispatch);
}
