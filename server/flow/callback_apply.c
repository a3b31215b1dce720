/* One batch at a time, one flush each:
 *
 *   gather     what queued while the last flush was under way, oldest first; those that came over
 *              connections of their own give the next ones a moment to come along (COMPANY_MS)
 *   load       who they are about, and whether they were here before
 *   movements  what is booked for those payments that have something booked (usually none)
 *   allocations  the debts of those payments that are for several (likewise)
 *   decide     in the domain; at most one callback a customer, the others go back to the queue
 *   save       one transaction, guarded by each customer's money_version
 *   answer     when its sync has arrived
 *
 * How it fails:
 *   conflict (a money_version moved, or what would be parked again was woken)
 *       load again, a bounded number of times, after a random wait
 *   a statement refuses some row's data
 *       the batch goes back and the next one is half as large; a callback that fails alone is
 *       parked as it came
 *   database lost, slow or frozen
 *       those in the batch are told to come again; nothing is known about them, and their dedup
 *       keys make coming again harmless
 * A callback that waits longer than CALLBACK_ANSWER_MS_MAX, here or in the batch, is told to come
 * again as well. */
#include "flow/callback_apply.h"

#include "base/crash_point.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/metrics.h"
#include "flow/callback_decide.h"
#include "flow/callback_job.h"
#include "io/timer.h"
#include "store/store.h"

#include <assert.h>
#include <stdlib.h>

enum {
    CONFLICTS_MAX = 8,
    CONFLICT_WAIT_MS = 4,
    SWEEP_MS = 250, /* how often those who wait too long are looked for */
    /* Those who send reminders are told this long after a booking, for all that were booked
     * meanwhile: told at each flush they would work in small pieces, and cost as much as the
     * booking. When this process dies before, their poll finds the work. */
    NOTIFY_MS = 100,
    /* A flush costs as much as a dozen of the callbacks in it, and one that comes over a connection
     * of its own has cost more than both before it is here: so there is time for others to come
     * along. Those begin a flush no sooner than this after the one before began, or when enough of
     * them wait. Whoever sends one after the other over a connection kept open is never held up. */
    COMPANY_MS = 30,
    COMPANY_ENOUGH = 64,
};

/* One callback of the batch under way. */
struct slot {
    struct callback_job *job;
    struct callback_known known;
    struct payment payment;
    struct allocation allocations[ALLOCATIONS_MAX]; /* what it is for */
    size_t allocation_count;
};

struct callback_queue {
    struct world *world;
    struct callback_line line; /* those that wait */
    struct timer gather_timer, sweep_timer, answer_timer, notify_timer;
    bool is_busy;                                   /* a batch is under way, or its timer runs */
    struct callback_job *saved[CALLBACK_BATCH_MAX]; /* on disk, answered at the end of this turn */
    size_t saved_count;
    struct pg_query query;
    struct pg_tx tx, notify_tx;
    bool is_notifying;
    struct slot *slots[CALLBACK_BATCH_MAX]; /* the batch: permuted, never null */
    size_t count;
    struct mono begun_at; /* the newest batch */
    struct callback_decision decisions[CALLBACK_BATCH_MAX];
    struct callback_share shares[CALLBACK_SHARES_MAX];
    char event_facts[CALLBACK_SHARES_MAX][CALLBACK_EVENT_FACTS_MAX]; /* of the shares */
    size_t batch_max; /* smaller for a while after a batch that the database refused */
    int conflicts;
    struct slot slots_[CALLBACK_BATCH_MAX];
};

static void gather(void *owner);
static void load(struct callback_queue *q);
static void on_loaded(void *owner, const PGresult *result, const struct err *err);
static void load_movements(struct callback_queue *q);
/* A movement of a payment for several debts has an entry on each that it moved. */
static void add_movement(struct payment *payment, const struct payment_movement *movement)
{
    for (int i = 0; i < payment->movement_count; ++i) {
        struct payment_movement *m = &payment->movements[i];
        if (m->kind == movement->kind &&
            span_is(span_of(m->id, m->id_len), span_of(movement->id, movement->id_len))) {
            m->amount_minor += movement->amount_minor;
            return;
        }
    }
    /* The bound may be passed only by more than PAYMENT_MOVEMENTS_MAX booked: it never is. */
    assert(payment->movement_count < PAYMENT_MOVEMENTS_MAX);
    payment->movements[payment->movement_count++] = *movement;
}

static void on_movements_loaded(void *owner, const PGresult *result, const struct err *err);
static void load_allocations(struct callback_queue *q);
static void on_allocations_loaded(void *owner, const PGresult *result, const struct err *err);
static void save(struct callback_queue *q);
static void on_saved(void *owner, const struct err *err);
static void answer_saved(void *owner);
static void finish(struct callback_queue *q);
static void sweep(void *owner);
static void notify(void *owner);

struct callback_queue *callback_queue_new(struct world *world)
{
    struct callback_queue *q = calloc(1, sizeof(*q));
    if (q == NULL)
        abort();
    q->world = world;
    q->batch_max = CALLBACK_BATCH_MAX;
    callback_line_init(&q->line);
    timer_init(&q->gather_timer, world->loop, "callback_gather", gather, q);
    timer_init(&q->sweep_timer, world->loop, "callback_sweep", sweep, q);
    timer_init(&q->answer_timer, world->loop, "callback_answer", answer_saved, q);
    timer_init(&q->notify_timer, world->loop, "callback_notify", notify, q);
    for (size_t i = 0; i < CALLBACK_BATCH_MAX; ++i)
        q->slots[i] = &q->slots_[i];
    return q;
}

void callback_queue_free(struct callback_queue *q)
{
    timer_stop(&q->gather_timer);
    timer_stop(&q->sweep_timer);
    timer_stop(&q->answer_timer);
    timer_stop(&q->notify_timer);
    answer_saved(q);
    pg_query_cancel(&q->query);
    pg_tx_cancel(&q->tx);
    pg_tx_cancel(&q->notify_tx);
    while (q->count > 0)
        callback_job_end(q->slots[--q->count]->job, CALLBACK_UNKNOWN);
    for (struct callback_job *job; (job = callback_line_take(&q->line)) != NULL;)
        callback_job_end(job, CALLBACK_UNKNOWN);
    free(q);
}

bool callback_queue_is_idle(const struct callback_queue *q)
{
    return !q->is_busy && q->saved_count == 0;
}

/* How long those that wait are still given for others to come along. */
static uint32_t company_ms(const struct callback_queue *q)
{
    if (q->line.is_urgent || q->line.count >= COMPANY_ENOUGH)
        return 0;
    int64_t past_ms = mono_us_since(q->begun_at, clock_mono()) / 1000;
    return past_ms >= COMPANY_MS ? 0 : (uint32_t)(COMPANY_MS - past_ms);
}

int callback_apply(struct callback_queue *q, const struct callback_message *message,
                   callback_done_cb on_done, void *owner, struct callback_job **handle,
                   struct err *err)
{
    if (!callback_line_has_room(&q->line, message))
        return err_set(err, ERR_BUSY, "%zu callbacks are waiting", q->line.count);
    struct callback_job *job = callback_job_new(&q->line, message, q->world->keys);
    job->on_done = on_done;
    job->owner = owner;
    if (!timer_is_running(&q->sweep_timer))
        timer_start(&q->sweep_timer, SWEEP_MS);
    bool is_keeping_company = q->is_busy && q->count == 0;
    if (!q->is_busy || (is_keeping_company && company_ms(q) == 0))
        timer_start(&q->gather_timer, company_ms(q));
    q->is_busy = true;
    if (handle != NULL)
        *handle = job;
    return 0;
}

static void sweep(void *owner)
{
    struct callback_queue *q = owner;
    struct mono now = clock_mono();
    callback_line_end_late(&q->line, now);
    for (size_t i = 0; i < q->count; ++i)
        if (callback_job_is_late(q->slots[i]->job, now))
            callback_job_answer(q->slots[i]->job, CALLBACK_UNKNOWN);
    if (q->is_busy)
        timer_start(&q->sweep_timer, SWEEP_MS);
}

/* The end of one batch and the beginning of the next: at the end of the loop's turn at the
 * earliest, so that what other connections brought in this turn comes along. */
static void finish(struct callback_queue *q)
{
    assert(q->count == 0);
    q->conflicts = 0;
    q->is_busy = q->line.count > 0;
    if (q->is_busy)
        timer_start(&q->gather_timer, company_ms(q));
}

static void end_all(struct callback_queue *q, enum callback_result result)
{
    while (q->count > 0)
        callback_job_end(q->slots[--q->count]->job, result);
}

static void give_up(struct callback_queue *q, const char *doing, const struct err *err)
{
    log_line(LOG_WARN, "callbacks not kept", "count=%zu while=%s cause=%s", q->count, doing,
             err->text);
    end_all(q, CALLBACK_UNKNOWN);
    finish(q);
}

/* Takes slot i out of the batch; its place is taken by the last. */
static struct callback_job *drop_slot(struct callback_queue *q, size_t i)
{
    struct slot *dropped = q->slots[i];
    q->slots[i] = q->slots[--q->count];
    q->slots[q->count] = dropped;
    return dropped->job;
}

static void gather(void *owner)
{
    struct callback_queue *q = owner;
    while (q->count < q->batch_max && q->line.count > 0)
        q->slots[q->count++]->job = callback_line_take(&q->line);
    q->line.is_urgent = q->line.count > 0; /* they have waited */
    if (q->count == 0) {
        finish(q);
        return;
    }
    q->begun_at = clock_mono();
    load(q);
}

static void load(struct callback_queue *q)
{
    struct callback_wanted wanted[CALLBACK_BATCH_MAX];
    struct err err = {0};
    for (size_t i = 0; i < q->count; ++i)
        wanted[i] = callback_job_wanted(q->slots[i]->job);
    if (callback_load(q->world->store, &q->query, wanted, q->count, on_loaded, q, &err) != 0)
        give_up(q, "loading", &err);
}

/* Those that were here before are done: what they said is on disk. */
static void answer_known(struct callback_queue *q)
{
    for (size_t i = 0; i < q->count;) {
        const struct callback_known *known = &q->slots[i]->known;
        bool is_open = !known->is_decided || (known->is_parked && q->slots[i]->job->is_retry);
        if (is_open) {
            ++i;
            continue;
        }
        metrics_add(q->world->metrics, METRIC_callbacks_duplicate, 1);
        callback_job_end(drop_slot(q, i), CALLBACK_KEPT);
    }
}

static int compare_age(const void *a, const void *b)
{
    const struct slot *const *x = a, *const *y = b;
    int64_t apart = (*x)->job->added_at.ns - (*y)->job->added_at.ns;
    return apart < 0 ? -1 : apart > 0;
}

/* One callback a customer, and one of each dedup key (keys whose hashes meet by chance only wait a
 * turn): the oldest stays, the others go back. */
static void put_back_rivals(struct callback_queue *q)
{
    qsort(q->slots, q->count, sizeof(q->slots[0]), compare_age);
    struct callback_job *rivals[CALLBACK_BATCH_MAX];
    int64_t customer_ids[CALLBACK_BATCH_MAX];
    uint64_t hashes[CALLBACK_BATCH_MAX];
    size_t rival_count = 0, kept = 0;
    for (size_t i = 0; i < q->count; ++i) {
        struct slot *slot = q->slots[i];
        customer_ids[kept] = slot->known.has_payment ? slot->known.customer_id : PG_NULL_INT;
        hashes[kept] = slot->job->key_hash;
        size_t rival = 0;
        while (hashes[rival] != hashes[kept] &&
               (customer_ids[rival] != customer_ids[kept] || customer_ids[rival] == PG_NULL_INT))
            ++rival;
        if (rival < kept) {
            rivals[rival_count++] = slot->job;
            continue;
        }
        q->slots[i] = q->slots[kept];
        q->slots[kept++] = slot;
    }
    q->count = kept;
    while (rival_count > 0)
        callback_line_put_back(&q->line, rivals[--rival_count]);
}

static void on_loaded(void *owner, const PGresult *result, const struct err *err)
{
    struct callback_queue *q = owner;
    if (err->code != 0) {
        give_up(q, "loading", err);
        return;
    }
    assert((size_t)PQntuples(result) == q->count);
    for (int row = 0; row < PQntuples(result); ++row) {
        struct callback_known known;
        struct payment payment;
        callback_read_known(result, row, &known, &payment);
        struct slot *slot = q->slots[known.position];
        slot->known = known;
        if (known.has_payment)
            memcpy(&slot->payment, &payment, offsetof(struct payment, movements));
        slot->payment.movement_count = 0;
        slot->allocation_count = known.is_for_several ? 0 : 1;
        slot->allocations[0].invoice_id = known.invoice_id;
    }
    answer_known(q);
    put_back_rivals(q);
    if (q->count == 0)
        finish(q);
    else
        load_movements(q);
}

/* Only a payment that is past `failed` has anything booked. */
static void load_movements(struct callback_queue *q)
{
    int64_t customer_ids[CALLBACK_BATCH_MAX], payment_nos[CALLBACK_BATCH_MAX];
    size_t count = 0;
    for (size_t i = 0; i < q->count; ++i) {
        const struct slot *slot = q->slots[i];
        if (!slot->known.has_payment || slot->payment.state < PAYMENT_PAID)
            continue;
        customer_ids[count] = slot->known.customer_id;
        payment_nos[count++] = slot->known.payment_no;
    }
    struct err err = {0};
    if (count == 0)
        load_allocations(q);
    else if (callback_load_movements(q->world->store, &q->query, customer_ids, payment_nos, count,
                                     on_movements_loaded, q, &err) != 0)
        give_up(q, "loading movements", &err);
}

static struct slot *slot_of_payment(struct callback_queue *q, int64_t customer_id,
                                    int64_t payment_no)
{
    for (size_t i = 0; i < q->count; ++i) {
        const struct callback_known *known = &q->slots[i]->known;
        if (known->has_payment && known->customer_id == customer_id &&
            known->payment_no == payment_no)
            return q->slots[i];
    }
    return NULL;
}

static void on_movements_loaded(void *owner, const PGresult *result, const struct err *err)
{
    struct callback_queue *q = owner;
    if (err->code != 0) {
        give_up(q, "loading movements", err);
        return;
    }
    for (int row = 0; row < PQntuples(result); ++row) {
        struct payment_movement movement;
        int64_t customer_id, payment_no;
        if (!callback_read_movement(result, row, &customer_id, &payment_no, &movement))
            continue;
        struct slot *slot = slot_of_payment(q, customer_id, payment_no);
        assert(slot != NULL);
        add_movement(&slot->payment, &movement);
    }
    load_allocations(q);
}

static void load_allocations(struct callback_queue *q)
{
    int64_t customer_ids[CALLBACK_BATCH_MAX], payment_nos[CALLBACK_BATCH_MAX];
    size_t count = 0;
    for (size_t i = 0; i < q->count; ++i) {
        const struct callback_known *known = &q->slots[i]->known;
        if (!known->has_payment || !known->is_for_several)
            continue;
        customer_ids[count] = known->customer_id;
        payment_nos[count++] = known->payment_no;
    }
    struct err err = {0};
    if (count == 0)
        save(q);
    else if (callback_load_allocations(q->world->store, &q->query, customer_ids, payment_nos, count,
                                       on_allocations_loaded, q, &err) != 0)
        give_up(q, "loading allocations", &err);
}

/* Payments for many debts: no more of them than there is room for, the others go back. The first
 * always fits. */
static void put_back_excess(struct callback_queue *q)
{
    size_t share_count = 0, fitting = 0;
    while (fitting < q->count &&
           share_count + q->slots[fitting]->allocation_count <= CALLBACK_SHARES_MAX)
        share_count += q->slots[fitting++]->allocation_count;
    while (q->count > fitting)
        callback_line_put_back(&q->line, q->slots[--q->count]->job);
}

static void on_allocations_loaded(void *owner, const PGresult *result, const struct err *err)
{
    struct callback_queue *q = owner;
    if (err->code != 0) {
        give_up(q, "loading allocations", err);
        return;
    }
    for (int row = 0; row < PQntuples(result); ++row) {
        struct allocation allocation;
        int64_t customer_id, payment_no;
        callback_read_allocation(result, row, &customer_id, &payment_no, &allocation);
        struct slot *slot = slot_of_payment(q, customer_id, payment_no);
        assert(slot != NULL && slot->allocation_count < ALLOCATIONS_MAX);
        slot->allocations[slot->allocation_count++] = allocation;
    }
    put_back_excess(q);
    save(q);
}

static void decide(struct callback_queue *q, size_t i, struct instant wall, uint32_t jitter)
{
    struct slot *slot = q->slots[i];
    struct callback_decision *d = &q->decisions[i];
    const struct callback_job *job = slot->job;
    *d = (struct callback_decision){
        .wanted = callback_job_wanted(job),
        .headers = job->headers,
        .body = job->body,
        .reference =
            job->facts.reference[0] != 0 ? span_str(job->facts.reference) : (struct span){NULL, 0},
        .customer_id = job->customer_id,
        .payment_no = job->payment_no,
        .refund_no = job->refund_no,
        .was_parked = slot->known.is_parked,
        .next_try_before = slot->known.next_try_at,
    };
    if (job->is_poison)
        callback_decide_poison(d, slot->known.attempts);
    else
        callback_decide(&job->facts, &slot->known, &slot->payment, wall, jitter, d);
}

static void save(struct callback_queue *q)
{
    struct instant wall = clock_wall();
    struct err err = {0};
    uint32_t jitter;
    random_bytes(&jitter, sizeof(jitter));
    size_t share_count = 0;
    for (size_t i = 0; i < q->count; ++i) {
        const struct slot *slot = q->slots[i];
        decide(q, i, wall, jitter + (uint32_t)i * 37);
        if (q->decisions[i].has_payment)
            share_count += callback_spread(&slot->job->facts, &q->decisions[i], slot->allocations,
                                           slot->allocation_count, &q->shares[share_count],
                                           &q->event_facts[share_count]);
    }
    if (callback_save(q->world->store, &q->tx, q->decisions, q->count, q->shares, share_count,
                      q->world->now(), wall, on_saved, q, &err) != 0)
        give_up(q, "saving", &err);
}

/* Between our load and our save somebody else moved the money of one of these customers, or woke
 * what we would park again. */
static void load_again(struct callback_queue *q, const struct err *err)
{
    if (++q->conflicts > CONFLICTS_MAX) {
        give_up(q, "saving, too many conflicts", err);
        return;
    }
    uint8_t jitter;
    random_bytes(&jitter, sizeof(jitter));
    timer_start(&q->gather_timer, 1 + jitter % (unsigned)(CONFLICT_WAIT_MS * q->conflicts));
}

/* The database refuses the data of at least one of them, for good: halve until it stands alone. */
static void split(struct callback_queue *q, const struct err *err)
{
    struct callback_job *first = q->slots[0]->job;
    if (q->count == 1 && first->is_poison) {
        give_up(q, "parking", err);
        return;
    }
    if (q->count == 1) {
        log_line(LOG_ERROR, "callback could not be booked", "provider=%s cause=%s",
                 first->account->provider->name, err->text);
        first->is_poison = true;
    }
    q->batch_max = q->count / 2 > 0 ? q->count / 2 : 1;
    while (q->count > 0)
        callback_line_put_back(&q->line, q->slots[--q->count]->job);
    finish(q);
}

static void on_notified(void *owner, const struct err *err)
{
    (void)err; /* their poll is behind it */
    struct callback_queue *q = owner;
    q->is_notifying = false;
}

static void notify(void *owner)
{
    struct callback_queue *q = owner;
    struct err err;
    if (!q->is_notifying)
        q->is_notifying =
            callback_notify(q->world->store, &q->notify_tx, on_notified, q, &err) == 0;
}

static void count_saved(struct callback_queue *q)
{
    int64_t applied = 0, parked = 0;
    for (size_t i = 0; i < q->count; ++i) {
        applied += strcmp(q->decisions[i].state, "applied") == 0;
        parked += strcmp(q->decisions[i].state, "parked") == 0 && !q->slots[i]->known.is_parked;
    }
    metrics_add(q->world->metrics, METRIC_callback_batches, 1);
    metrics_add(q->world->metrics, METRIC_callbacks_applied, applied);
    metrics_add(q->world->metrics, METRIC_callbacks_parked, parked);
    if (applied > 0 && !timer_is_running(&q->notify_timer))
        timer_start(&q->notify_timer, NOTIFY_MS);
    if (parked > 0)
        log_line(LOG_WARN, "callbacks parked", "count=%lld", (long long)parked);
}

static void on_saved(void *owner, const struct err *err)
{
    struct callback_queue *q = owner;
    if (err->code == ERR_CONFLICT) {
        load_again(q, err);
        return;
    }
    if (err->code != 0 && pg_blames_the_data(q->world->store->writes)) {
        split(q, err);
        return;
    }
    if (err->code != 0) {
        give_up(q, "saving", err);
        return;
    }
    crash_point("callback_after_commit");
    count_saved(q);
    q->batch_max = q->batch_max * 2 < CALLBACK_BATCH_MAX ? q->batch_max * 2 : CALLBACK_BATCH_MAX;
    q->conflicts = 0;
    assert(q->saved_count == 0);
    while (q->count > 0)
        q->saved[q->saved_count++] = q->slots[--q->count]->job;
    /* The timer fires behind the one that sends what gather asks. */
    if (company_ms(q) == 0)
        gather(q);
    else
        finish(q);
    timer_start(&q->answer_timer, 0);
}

static void answer_saved(void *owner)
{
    struct callback_queue *q = owner;
    while (q->saved_count > 0)
        callback_job_end(q->saved[--q->saved_count], CALLBACK_KEPT);
}
