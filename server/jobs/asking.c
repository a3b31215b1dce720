/* An account's round, over all its chores (confirmations, refunds, silent payments):
 *
 *   look           when there is room for more errands
 *   claim          the next chore's: each errand is put off in the database before the provider is
 *                  asked, so that dying here costs a delay and nothing else
 *   on_claim_done  they begin; jobs/errand.h keeps what comes of them
 *   rest */
#include "jobs/asking.h"

#include "base/log.h"
#include "base/metrics.h"
#include "flow/payment_start.h"
#include "flow/world.h"
#include "io/timer.h"
#include "jobs/errand.h"
#include "provider/asked.h"
#include "provider/provider_call.h"
#include "store/callback_store.h"
#include "store/payment_store.h"

#include <assert.h>
#include <stdlib.h>

enum {
    POLL_MS = 1000,
    RETRY_MS = 5000,
    ERRANDS_MAX = 8, /* of one account at once */
    /* Past this it is told as an error at each try; the provider's own repetitions end by then. */
    CONFIRM_DEADLINE_SECONDS = 24 * 3600,
    /* The customer's time, and as much again for what is under way at the provider. */
    OVERDUE_SECONDS = 2 * PAYMENT_VALID_SECONDS,
};

_Static_assert((int)ERRANDS_MAX <= (int)PROVIDER_ASKS_MAX, "none is claimed to be turned away");

struct asker {
    struct asking *asking;
    const struct provider_account *account;
    struct timer timer;
    struct pg_tx tx;
    struct errand errands[ERRANDS_MAX];
    int chore, room; /* of the claim under way: errands that end meanwhile make no more of it */
    bool is_claiming, is_full;
};

struct asking {
    struct world *world;
    struct callback_queue *queue;
    struct asker *askers;
    int count;
    bool is_stopped;
};

static void look(void *owner);
static void claim(struct asker *a);
static void on_claimed(void *owner, const PGresult *result, const struct err *err);
static void on_claim_done(void *owner, const struct err *err);
static void on_ended(void *owner);

/* ---- what there is to ask ---- */

static int claim_to_confirm(struct asker *a, int64_t room, struct err *err)
{
    return callback_confirm_claim(a->asking->world->store, &a->tx,
                                  span_str(a->account->provider->name), a->account->account,
                                  clock_wall(), room, on_claimed, on_claim_done, a, err);
}

static int claim_refunds(struct asker *a, int64_t room, struct err *err)
{
    return refund_claim(a->asking->world->store, &a->tx, span_str(a->account->provider->name),
                        a->account->account, clock_wall(), a->asking->world->now(), room,
                        on_claimed, on_claim_done, a, err);
}

static int claim_silent(struct asker *a, int64_t room, struct err *err)
{
    return payment_ask_claim(a->asking->world->store, &a->tx, span_str(a->account->provider->name),
                             a->account->account, clock_wall(), room, on_claimed, on_claim_done, a,
                             err);
}

static void take(struct asker *a, const struct payment_question *question, struct span dedup_key)
{
    struct errand *e = a->errands;
    while (e->is_taken)
        ++e;
    assert(e < a->errands + ERRANDS_MAX);
    errand_take(e, question, dedup_key);
}

static void take_to_confirm(struct asker *a, const PGresult *result, int row)
{
    struct callback_to_confirm c;
    struct callback_facts facts;
    callback_read_to_confirm(result, row, &c);
    if (asked_or_called_reread(a->account, c.message.headers, c.message.body, &facts) !=
        CALLBACK_GENUINE)
        return; /* of a version that read it otherwise: an admin sees it parked */
    if (instant_seconds(clock_wall()) - instant_seconds(c.received_at) > CONFIRM_DEADLINE_SECONDS) {
        metrics_add(a->asking->world->metrics, METRIC_payments_confirm_late, 1);
        log_line(LOG_ERROR, "payment not confirmed in time",
                 "provider=%s account=%.*s payment_no=%lld", a->account->provider->name,
                 SPAN_ARG(a->account->account), (long long)c.payment_no);
    }
    take(a,
         &(struct payment_question){
             .kind = PROVIDER_CONFIRM,
             .account = a->account,
             .customer_id = c.customer_id,
             .payment_no = c.payment_no,
             .key_no = c.key_no,
             .amount_minor = c.amount_minor,
             .currency = c.currency,
             .provider_reference = c.provider_reference,
             .movement = span_str(facts.movement),
         },
         c.message.dedup_key);
}

static void take_refund(struct asker *a, const PGresult *result, int row)
{
    struct refund_due r;
    refund_read_due(result, row, &r);
    bool can_ask = (a->account->provider->tasks & PROVIDER_TASK(PROVIDER_REFUND_QUERY)) != 0;
    if (r.is_asked && !can_ask)
        return; /* its callback says what became of it, and nothing else does */
    take(a,
         &(struct payment_question){
             .kind = r.is_asked ? PROVIDER_REFUND_QUERY : PROVIDER_REFUND,
             .account = a->account,
             .customer_id = r.key.customer_id,
             .payment_no = r.key.payment_no,
             .key_no = r.key_no,
             .amount_minor = r.amount_minor,
             .currency = r.currency,
             .provider_reference = r.provider_reference,
             .movement = r.movement,
             .refund_no = r.key.refund_no,
             .refund_id = r.refund_id,
         },
         SPAN_LIT(""));
}

static void take_silent(struct asker *a, const PGresult *result, int row)
{
    struct payment_silent s;
    payment_read_silent(result, row, &s);
    int64_t age = instant_seconds(clock_wall()) - instant_seconds(s.asked_at);
    take(a,
         &(struct payment_question){
             .kind = PROVIDER_QUERY,
             .account = a->account,
             .customer_id = s.customer_id,
             .payment_no = s.payment_no,
             .key_no = s.key_no,
             .amount_minor = s.amount_minor,
             .currency = s.currency,
             .provider_reference = s.provider_reference,
             .is_overdue = !s.has_failed && age > OVERDUE_SECONDS,
         },
         SPAN_LIT(""));
}

/* In the order of their haste. */
static const struct {
    enum provider_task_kind kind; /* that the provider must know */
    int (*claim)(struct asker *, int64_t room, struct err *);
    void (*take)(struct asker *, const PGresult *, int row);
} chores[] = {
    {PROVIDER_CONFIRM, claim_to_confirm, take_to_confirm},
    {PROVIDER_REFUND, claim_refunds, take_refund},
    {PROVIDER_QUERY, claim_silent, take_silent},
};
enum { CHORE_COUNT = sizeof(chores) / sizeof(chores[0]) };

static int next_chore(const struct asker *a, int from)
{
    while (from < CHORE_COUNT &&
           (a->account->provider->tasks & PROVIDER_TASK(chores[from].kind)) == 0)
        ++from;
    return from;
}

/* ---- the round ---- */

static void asker_init(struct asker *a, struct asking *asking)
{
    a->asking = asking;
    for (int e = 0; e < ERRANDS_MAX; ++e) {
        a->errands[e].world = asking->world;
        a->errands[e].on_ended = on_ended;
        a->errands[e].owner = a;
    }
    timer_init(&a->timer, asking->world->loop, "asking", look, a);
    timer_start(&a->timer, 0);
}

struct asking *asking_new(struct world *world)
{
    struct asking *asking = calloc(1, sizeof(*asking));
    int count = 0;
    while (world->providers[count].provider != NULL)
        ++count;
    if (asking == NULL)
        abort();
    asking->world = world;
    asking->queue = callback_queue_new(world);
    asking->askers = calloc((size_t)count + 1, sizeof(*asking->askers));
    if (asking->askers == NULL)
        abort();
    for (int i = 0; i < count; ++i) {
        struct asker *a = &asking->askers[asking->count];
        a->account = &world->providers[i];
        if (next_chore(a, 0) == CHORE_COUNT)
            continue;
        ++asking->count;
        asker_init(a, asking);
    }
    return asking;
}

void asking_stop(struct asking *asking)
{
    asking->is_stopped = true;
    for (int i = 0; i < asking->count; ++i)
        timer_stop(&asking->askers[i].timer);
}

static int free_errands(const struct asker *a)
{
    int count = 0;
    for (int e = 0; e < ERRANDS_MAX; ++e)
        count += !a->errands[e].is_taken;
    return count;
}

bool asking_is_idle(const struct asking *asking)
{
    for (int i = 0; i < asking->count; ++i)
        if (asking->askers[i].is_claiming || free_errands(&asking->askers[i]) != ERRANDS_MAX)
            return false;
    return callback_queue_is_idle(asking->queue);
}

void asking_free(struct asking *asking)
{
    asking_stop(asking);
    for (int i = 0; i < asking->count; ++i) {
        pg_tx_cancel(&asking->askers[i].tx);
        for (int e = 0; e < ERRANDS_MAX; ++e)
            errand_cancel(&asking->askers[i].errands[e]);
    }
    callback_queue_free(asking->queue);
    free(asking->askers);
    free(asking);
}

static void rest(struct asker *a, uint32_t delay_ms)
{
    a->is_claiming = false;
    if (!a->asking->is_stopped)
        timer_start(&a->timer, delay_ms);
}

static void look(void *owner)
{
    struct asker *a = owner;
    if (free_errands(a) == 0) {
        rest(a, POLL_MS); /* is_full stays: nothing new is known */
        return;
    }
    a->is_claiming = true;
    a->is_full = false;
    a->chore = next_chore(a, 0);
    claim(a);
}

static void claim(struct asker *a)
{
    struct err err = {0};
    a->room = free_errands(a);
    bool is_over = a->chore == CHORE_COUNT || a->room == 0 || a->asking->is_stopped;
    if (is_over)
        rest(a, POLL_MS);
    else if (chores[a->chore].claim(a, a->room, &err) != 0)
        rest(a, RETRY_MS);
}

static void on_claimed(void *owner, const PGresult *result, const struct err *err)
{
    struct asker *a = owner;
    if (err->code != 0)
        return;
    a->is_full |= PQntuples(result) == a->room;
    for (int row = 0; row < PQntuples(result); ++row)
        chores[a->chore].take(a, result, row);
}

/* Those of the claim that have not begun. */
static void begin_errands(struct asker *a, bool is_claimed)
{
    for (int i = 0; i < ERRANDS_MAX; ++i) {
        struct errand *e = &a->errands[i];
        if (!e->is_taken || e->has_begun)
            continue;
        if (is_claimed)
            errand_begin(e, a->asking->queue);
        else
            e->is_taken = false;
    }
}

static void on_claim_done(void *owner, const struct err *err)
{
    struct asker *a = owner;
    begin_errands(a, err->code == 0);
    if (err->code != 0) {
        rest(a, RETRY_MS);
        return;
    }
    a->chore = next_chore(a, a->chore + 1);
    claim(a);
}

/* A full claim has more behind it. */
static void on_ended(void *owner)
{
    struct asker *a = owner;
    if (a->is_full && !a->is_claiming && !a->asking->is_stopped)
        timer_start(&a->timer, 0);
}
