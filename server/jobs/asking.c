/* An account's round:
 *
 *   look         when there is room for more errands
 *   on_claimed   confirmations that are due, then silent payments: each is put off in the database
 *                before the provider is asked, so that dying here costs a delay and nothing else
 *   on_answered  told, nothing new, unclear: its next time is set already. A refused confirmation
 * is left to people rest */
#include "jobs/asking.h"

#include "base/log.h"
#include "base/metrics.h"
#include "flow/payment_ask.h"
#include "flow/payment_start.h"
#include "flow/world.h"
#include "io/timer.h"
#include "provider/asked.h"
#include "store/callback_store.h"
#include "store/payment_store.h"

#include <assert.h>
#include <stdio.h>
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

/* One question, from its claim to its end. */
struct errand {
    struct asker *asker;
    bool is_taken, has_begun;
    struct payment_question question; /* its texts lie below */
    char currency[4], provider_reference[PROVIDER_REFERENCE_MAX], movement[PROVIDER_REFERENCE_MAX];
    char dedup_key[128]; /* CONFIRM */
    struct payment_ask *op;
    struct pg_tx tx;
};

struct asker {
    struct asking *asking;
    const struct provider_account *account;
    struct timer timer;
    struct pg_tx tx;
    struct errand errands[ERRANDS_MAX];
    bool is_claiming, is_confirming, is_full;
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
static void on_answered(void *owner, enum payment_ask_result result);

static bool knows(const struct provider_account *account, enum provider_task_kind kind)
{
    return (account->provider->tasks & PROVIDER_TASK(kind)) != 0;
}

static bool is_asked(const struct provider_account *account)
{
    return knows(account, PROVIDER_QUERY) || knows(account, PROVIDER_CONFIRM);
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
        a->asking = asking;
        a->account = &world->providers[i];
        if (!is_asked(a->account))
            continue;
        ++asking->count;
        for (int e = 0; e < ERRANDS_MAX; ++e)
            a->errands[e].asker = a;
        timer_init(&a->timer, world->loop, "asking", look, a);
        timer_start(&a->timer, 0);
    }
    return asking;
}

void asking_stop(struct asking *asking)
{
    asking->is_stopped = true;
    for (int i = 0; i < asking->count; ++i)
        timer_stop(&asking->askers[i].timer);
}

bool asking_is_idle(const struct asking *asking)
{
    for (int i = 0; i < asking->count; ++i) {
        if (asking->askers[i].is_claiming)
            return false;
        for (int e = 0; e < ERRANDS_MAX; ++e)
            if (asking->askers[i].errands[e].is_taken)
                return false;
    }
    return callback_queue_is_idle(asking->queue);
}

void asking_free(struct asking *asking)
{
    asking_stop(asking);
    for (int i = 0; i < asking->count; ++i) {
        struct asker *a = &asking->askers[i];
        pg_tx_cancel(&a->tx);
        for (int e = 0; e < ERRANDS_MAX; ++e) {
            pg_tx_cancel(&a->errands[e].tx);
            if (a->errands[e].op != NULL)
                payment_ask_cancel(a->errands[e].op);
        }
    }
    callback_queue_free(asking->queue);
    free(asking->askers);
    free(asking);
}

static int free_errands(const struct asker *a)
{
    int count = 0;
    for (int e = 0; e < ERRANDS_MAX; ++e)
        count += !a->errands[e].is_taken;
    return count;
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
    a->is_claiming = true;
    a->is_full = false;
    a->is_confirming = knows(a->account, PROVIDER_CONFIRM);
    claim(a);
}

static void claim(struct asker *a)
{
    struct store *store = a->asking->world->store;
    struct span provider = span_str(a->account->provider->name);
    struct err err = {0};
    int room = free_errands(a);
    if (room == 0) {
        rest(a, POLL_MS);
        return;
    }
    int code = a->is_confirming
                   ? callback_confirm_claim(store, &a->tx, provider, a->account->account,
                                            clock_wall(), room, on_claimed, on_claim_done, a, &err)
                   : payment_ask_claim(store, &a->tx, provider, a->account->account, clock_wall(),
                                       room, on_claimed, on_claim_done, a, &err);
    if (code != 0)
        rest(a, RETRY_MS);
}

static struct span keep(struct span from, char *to, size_t room)
{
    assert(from.len < room);
    memcpy(to, from.len == 0 ? "" : from.base, from.len);
    to[from.len] = 0;
    return span_of(to, from.len);
}

static struct errand *take_errand(struct asker *a, const struct payment_question *question)
{
    struct errand *e = a->errands;
    while (e->is_taken)
        ++e;
    assert(e < a->errands + ERRANDS_MAX);
    e->is_taken = true;
    e->has_begun = false;
    e->question = *question;
    e->question.account = a->account;
    e->question.currency = keep(question->currency, e->currency, sizeof(e->currency));
    e->question.provider_reference =
        keep(question->provider_reference, e->provider_reference, sizeof(e->provider_reference));
    e->question.movement = keep(question->movement, e->movement, sizeof(e->movement));
    e->dedup_key[0] = 0;
    return e;
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
    struct errand *e = take_errand(a, &(struct payment_question){
                                          .kind = PROVIDER_CONFIRM,
                                          .customer_id = c.customer_id,
                                          .payment_no = c.payment_no,
                                          .key_no = c.key_no,
                                          .amount_minor = c.amount_minor,
                                          .currency = c.currency,
                                          .provider_reference = c.provider_reference,
                                          .movement = span_str(facts.movement),
                                      });
    keep(c.message.dedup_key, e->dedup_key, sizeof(e->dedup_key));
}

static void take_silent(struct asker *a, const PGresult *result, int row)
{
    struct payment_silent s;
    payment_read_silent(result, row, &s);
    int64_t age = instant_seconds(clock_wall()) - instant_seconds(s.asked_at);
    take_errand(a, &(struct payment_question){
                       .kind = PROVIDER_QUERY,
                       .customer_id = s.customer_id,
                       .payment_no = s.payment_no,
                       .key_no = s.key_no,
                       .amount_minor = s.amount_minor,
                       .currency = s.currency,
                       .provider_reference = s.provider_reference,
                       .is_overdue = age > OVERDUE_SECONDS,
                   });
}

static void on_claimed(void *owner, const PGresult *result, const struct err *err)
{
    struct asker *a = owner;
    if (err->code != 0)
        return;
    int room = free_errands(a);
    a->is_full |= PQntuples(result) == room;
    for (int row = 0; row < PQntuples(result); ++row) {
        if (a->is_confirming)
            take_to_confirm(a, result, row);
        else
            take_silent(a, result, row);
    }
}

/* Those of the claim that have not begun. */
static void begin_errands(struct asker *a, bool is_claimed)
{
    for (int i = 0; i < ERRANDS_MAX; ++i) {
        struct errand *e = &a->errands[i];
        if (!e->is_taken || e->has_begun)
            continue;
        if (!is_claimed) {
            e->is_taken = false;
            continue;
        }
        e->has_begun = true;
        metrics_add(a->asking->world->metrics, METRIC_payments_asked,
                    e->question.kind == PROVIDER_QUERY);
        payment_ask_begin(a->asking->world, a->asking->queue, &e->question, on_answered, e, &e->op);
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
    if (a->is_confirming && knows(a->account, PROVIDER_QUERY) && !a->asking->is_stopped) {
        a->is_confirming = false;
        claim(a);
        return;
    }
    rest(a, POLL_MS);
}

static void on_refusal_kept(void *owner, const struct err *err)
{
    struct errand *e = owner;
    if (err->code != 0)
        log_line(LOG_WARN, "refused confirmation not kept", "cause=%s", err->text);
    e->is_taken = false; /* otherwise it is asked for again, and refused again */
}

static void on_answered(void *owner, enum payment_ask_result result)
{
    struct errand *e = owner;
    struct asker *a = e->asker;
    struct metrics *metrics = a->asking->world->metrics;
    struct err err = {0};
    e->op = NULL;
    bool is_told = result == PAYMENT_ASK_TOLD;
    if (e->question.kind == PROVIDER_QUERY)
        metrics_add(metrics, METRIC_payments_asked_told, is_told);
    else
        metrics_add(metrics, METRIC_payments_confirmed, is_told);
    if (result == PAYMENT_ASK_REFUSED) {
        log_line(LOG_ERROR, "provider refused to confirm a payment",
                 "provider=%s account=%.*s payment_no=%lld", a->account->provider->name,
                 SPAN_ARG(a->account->account), (long long)e->question.payment_no);
        if (callback_confirm_refuse(a->asking->world->store, &e->tx,
                                    span_str(a->account->provider->name), a->account->account,
                                    span_str(e->dedup_key), on_refusal_kept, e, &err) == 0)
            return;
    }
    e->is_taken = false;
    if (a->is_full && !a->is_claiming && !a->asking->is_stopped)
        timer_start(&a->timer, 0);
}
