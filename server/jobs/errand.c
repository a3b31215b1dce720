/* What is kept of an answer:
 *
 *   QUERY          nothing more than what was booked: its next time is set already
 *   CONFIRM        a refusal is left to people; the booking wakes the message (callback_wake)
 *   REFUND         taken on: it is asked about from now on; or refused; or what it will be known
 * by, and then it is asked for again, at once REFUND_QUERY   refused; done is what the ledger says
 * (refund_claim) What cannot be kept is asked again, which changes nothing. */
#include "jobs/errand.h"

#include "base/crash_point.h"
#include "base/log.h"
#include "base/metrics.h"
#include "store/callback_store.h"

#include <assert.h>

static void on_answered(void *owner, const struct payment_ask_end *end);
static void on_kept(void *owner, const struct err *err);

static struct span keep(struct span from, char *to, size_t room)
{
    assert(from.len < room);
    memcpy(to, from.len == 0 ? "" : from.base, from.len);
    to[from.len] = 0;
    return span_of(to, from.len);
}

void errand_take(struct errand *e, const struct payment_question *question, struct span dedup_key)
{
    struct payment_question *q = &e->question;
    e->is_taken = true;
    e->has_begun = false;
    *q = *question;
    q->currency = keep(question->currency, e->currency_, sizeof(e->currency_));
    q->provider_reference =
        keep(question->provider_reference, e->provider_reference_, sizeof(e->provider_reference_));
    q->movement = keep(question->movement, e->movement_, sizeof(e->movement_));
    q->refund_id = keep(question->refund_id, e->refund_id_, sizeof(e->refund_id_));
    keep(dedup_key, e->dedup_key_, sizeof(e->dedup_key_));
}

void errand_begin(struct errand *e, struct callback_queue *queue)
{
    e->has_begun = true;
    crash_point("errand_claimed");
    metrics_add(e->world->metrics, METRIC_payments_asked, e->question.kind == PROVIDER_QUERY);
    payment_ask_begin(e->world, queue, &e->question, on_answered, e, &e->op_);
}

void errand_cancel(struct errand *e)
{
    pg_tx_cancel(&e->tx_);
    if (e->op_ != NULL)
        payment_ask_cancel(e->op_);
    e->op_ = NULL;
    e->is_taken = false;
}

static void finish(struct errand *e)
{
    e->is_taken = false;
    e->on_ended(e->owner);
}

static void count(const struct errand *e, enum payment_ask_result result)
{
    uint64_t is_told = result == PAYMENT_ASK_TOLD;
    if (e->question.kind == PROVIDER_QUERY)
        metrics_add(e->world->metrics, METRIC_payments_asked_told, is_told);
    if (e->question.kind == PROVIDER_CONFIRM)
        metrics_add(e->world->metrics, METRIC_payments_confirmed, is_told);
}

static struct refund_key refund_of(const struct errand *e)
{
    const struct payment_question *q = &e->question;
    return (struct refund_key){q->customer_id, q->payment_no, q->refund_no};
}

static int keep_refusal(struct errand *e, const char *reason, struct err *err)
{
    const struct provider_account *account = e->question.account;
    bool is_refund = e->question.kind != PROVIDER_CONFIRM;
    struct refund_key key = refund_of(e);
    log_line(LOG_ERROR, "provider refused",
             "what=%s provider=%s account=%.*s payment_no=%lld reason=%s",
             is_refund ? "refund" : "confirmation", account->provider->name,
             SPAN_ARG(account->account), (long long)e->question.payment_no, reason);
    if (is_refund)
        return refund_refuse(e->world->store, &e->tx_, &key, span_str(reason), e->world->now(),
                             on_kept, e, err);
    return callback_confirm_refuse(e->world->store, &e->tx_, span_str(account->provider->name),
                                   account->account, span_str(e->dedup_key_), on_kept, e, err);
}

static void on_answered(void *owner, const struct payment_ask_end *end)
{
    struct errand *e = owner;
    struct err err = {0};
    int code = ERR_CLOSED;
    e->op_ = NULL;
    crash_point(end->result == PAYMENT_ASK_HALFWAY ? "errand_named" : "errand_booked");
    count(e, end->result);
    if (end->result == PAYMENT_ASK_REFUSED && e->question.kind != PROVIDER_QUERY) {
        code = keep_refusal(e, end->reason, &err);
    } else if (end->result == PAYMENT_ASK_HALFWAY) {
        struct refund_key key = refund_of(e);
        code = refund_name(e->world->store, &e->tx_, &key, span_str(end->refund_id), clock_wall(),
                           on_kept, e, &err);
    } else if (end->result != PAYMENT_ASK_UNCLEAR && e->question.kind == PROVIDER_REFUND) {
        struct refund_key key = refund_of(e);
        code = refund_asked(e->world->store, &e->tx_, &key, span_str(end->refund_id),
                            e->world->now(), on_kept, e, &err);
    }
    if (code != 0)
        finish(e);
}

static void on_kept(void *owner, const struct err *err)
{
    struct errand *e = owner;
    if (err->code != 0)
        log_line(LOG_WARN, "provider's answer not kept", "payment_no=%lld cause=%s",
                 (long long)e->question.payment_no, err->text);
    finish(e);
}
