/* The happy path:
 *
 *   begin        our reference is printed under the key of its day
 *   on_answered  the provider's facts, each handed to the callback queue
 *   on_applied   all are on disk
 *   finish
 *
 * How it fails:
 *   the provider's answer is unclear, or the facts could not be kept   UNCLEAR: asked again later;
 *                                                                      past the customer's time
 *                                                                      people are told, once
 *   the key is retired                                                 asked by the provider's own
 * id alone; UNCLEAR without one */
#include "flow/payment_ask.h"

#include "base/crash_point.h"
#include "base/log.h"
#include "base/metrics.h"
#include "domain/payment.h"
#include "domain/payment_reference.h"
#include "io/timer.h"
#include "provider/asked.h"
#include "provider/provider_call.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { MESSAGE_MAX = 2048, REFUND_REFERENCE_MAX = PAYMENT_REFERENCE_LEN + 12, URL_MAX = 1024 };

struct payment_ask {
    struct world *world;
    struct callback_queue *queue;
    struct payment_question question; /* its texts lie below */
    char reference[PAYMENT_REFERENCE_LEN + 1], currency[4];
    char provider_reference[PROVIDER_REFERENCE_MAX], movement[PROVIDER_REFERENCE_MAX];
    char refund_reference[REFUND_REFERENCE_MAX], refund_id[PROVIDER_REFERENCE_MAX];
    char reason[PAYMENT_REASON_MAX];
    struct provider_call *call;
    struct callback_job *jobs[PROVIDER_FACTS_MAX];
    int pending, count;
    bool has_failed;
    enum payment_ask_result result;
    struct timer later; /* calls back what has nothing to wait for */
    payment_ask_cb on_done;
    void *owner;
};

static void on_answered(void *owner, const struct provider_result *result);
static void on_applied(void *owner, enum callback_result result);
static void fail_overdue(struct payment_ask *op);
static void finish(void *owner);

/* Ids from our own tables fit; anything else would be a bug. */
static struct span keep(struct span from, char *to, size_t room)
{
    assert(from.len < room);
    memcpy(to, from.len == 0 ? "" : from.base, from.len);
    to[from.len] = 0;
    return span_of(to, from.len);
}

/* There is nothing to ask by. Its own message may still come; the customer's time is judged as
 * after an answer that knows of nothing. */
static void end_without_id(struct payment_ask *op)
{
    op->result = PAYMENT_ASK_UNCLEAR;
    if (op->question.is_overdue && op->reference[0] != 0) {
        op->result = PAYMENT_ASK_TOLD;
        fail_overdue(op);
    }
    if (op->pending == 0)
        timer_start(&op->later, 0);
}

/* "…-1": the same however often it is asked for, and no other of this payment's. */
static struct span print_refund_reference(struct payment_ask *op)
{
    bool is_refund =
        op->question.kind == PROVIDER_REFUND || op->question.kind == PROVIDER_REFUND_QUERY;
    if (is_refund)
        snprintf(op->refund_reference, sizeof(op->refund_reference), "%s-%d", op->reference,
                 (int)op->question.refund_no);
    return span_str(op->refund_reference);
}

void payment_ask_begin(struct world *world, struct callback_queue *queue,
                       const struct payment_question *question, payment_ask_cb on_done, void *owner,
                       struct payment_ask **handle)
{
    struct payment_ask *op = calloc(1, sizeof(*op));
    if (op == NULL)
        abort();
    op->world = world;
    op->queue = queue;
    op->question = *question;
    op->on_done = on_done;
    op->owner = owner;
    timer_init(&op->later, world->loop, "payment_ask", finish, op);
    struct payment_question *q = &op->question;
    q->currency = keep(q->currency, op->currency, sizeof(op->currency));
    const struct provider *provider = q->account->provider;
    if (provider->can_ask_by != NULL && !provider->can_ask_by(q->provider_reference))
        q->provider_reference = SPAN_LIT("");
    q->provider_reference =
        keep(q->provider_reference, op->provider_reference, sizeof(op->provider_reference));
    q->movement = keep(q->movement, op->movement, sizeof(op->movement));
    q->refund_id = keep(q->refund_id, op->refund_id, sizeof(op->refund_id));
    *handle = op;
    struct payment_id id = {q->customer_id, (int32_t)q->payment_no};
    bool has_reference = payment_reference_print_as(world->keys, q->key_no, id, op->reference);
    if (!has_reference)
        op->reference[0] = 0;
    bool needs_id = !has_reference || provider->query_needs_id;
    bool has_no_key = !has_reference && q->kind == PROVIDER_REFUND; /* it could be a second one */
    if ((needs_id && q->provider_reference.len == 0) || has_no_key) {
        end_without_id(op);
        return;
    }
    char callback_url[URL_MAX];
    snprintf(callback_url, sizeof(callback_url), "%.*s/%s", SPAN_ARG(world->callback_url),
             q->account->provider->name);
    struct provider_task task = {
        .kind = q->kind,
        .reference = span_str(op->reference),
        .provider_reference = q->provider_reference,
        .amount_minor = q->amount_minor,
        .currency = q->currency,
        .movement = q->movement,
        .callback_url = span_str(callback_url),
        .refund_reference = print_refund_reference(op),
        .refund_id = q->refund_id,
        .now = clock_wall(),
    };
    provider_call_begin(world->loop, world->fetch, q->account, &task, 0, NULL, on_answered, op,
                        &op->call);
}

void payment_ask_cancel(struct payment_ask *op)
{
    timer_stop(&op->later);
    if (op->call != NULL)
        provider_call_cancel(op->call);
    for (int i = 0; i < op->count; ++i)
        if (op->jobs[i] != NULL)
            callback_job_forget(op->jobs[i]);
    free(op);
}

static void finish(void *owner)
{
    struct payment_ask *op = owner;
    payment_ask_cb on_done = op->on_done;
    void *whose = op->owner;
    char reason[sizeof(op->reason)], refund_id[sizeof(op->refund_id)];
    struct payment_ask_end end = {op->result, reason, refund_id};
    memcpy(reason, op->reason, sizeof(reason));
    memcpy(refund_id, op->refund_id, sizeof(refund_id));
    timer_stop(&op->later);
    free(op);
    on_done(whose, &end);
}

static void apply(struct payment_ask *op, struct callback_facts *facts)
{
    struct buf body;
    struct err err = {0};
    buf_init(&body, MESSAGE_MAX);
    asked_keep(facts, &body);
    struct callback_message message = {.account = op->question.account,
                                       .facts = facts,
                                       .headers = ASKED_HEADERS,
                                       .body = buf_span(&body)};
    assert(!buf_is_overflowed(&body));
    if (callback_apply(op->queue, &message, on_applied, op, &op->jobs[op->count], &err) == 0) {
        ++op->count;
        ++op->pending;
    } else {
        op->has_failed = true;
    }
    buf_release(&body);
}

/* Nothing that the provider knows of has come in, and nothing will any more. Should it all the
 * same, it is booked: a payment that failed is not closed. */
static void fail_overdue(struct payment_ask *op)
{
    struct callback_facts facts = {.kind = CALLBACK_FAILED, .reason = "timed_out"};
    snprintf(facts.dedup_key, sizeof(facts.dedup_key), "overdue:%lld:%lld",
             (long long)op->question.customer_id, (long long)op->question.payment_no);
    snprintf(facts.reference, sizeof(facts.reference), "%s", op->reference);
    snprintf(facts.provider_reference, sizeof(facts.provider_reference), "%s",
             op->provider_reference);
    apply(op, &facts);
}

/* That our refund failed is booked as what it is, by our own number of it. */
static void name_our_refund(const struct payment_ask *op, struct callback_facts *facts)
{
    if (op->reference[0] != 0)
        snprintf(facts->reference, sizeof(facts->reference), "%s", op->refund_reference);
}

/* It may have been paid, and the provider's answers never say: it stands on the debt's timeline,
 * and in the log at each such answer. Whatever decides it later is booked as ever. */
static void tell_undecided(struct payment_ask *op)
{
    const struct payment_question *q = &op->question;
    struct callback_facts facts = {.kind = CALLBACK_UNDECIDED};
    metrics_add(op->world->metrics, METRIC_payments_undecided, 1);
    log_line(LOG_ERROR, "payment undecided after its time",
             "provider=%s account=%.*s payment_no=%lld", q->account->provider->name,
             SPAN_ARG(q->account->account), (long long)q->payment_no);
    snprintf(facts.dedup_key, sizeof(facts.dedup_key), "undecided:%lld:%lld",
             (long long)q->customer_id, (long long)q->payment_no);
    snprintf(facts.reference, sizeof(facts.reference), "%s", op->reference);
    snprintf(facts.provider_reference, sizeof(facts.provider_reference), "%s",
             op->provider_reference);
    apply(op, &facts);
}

static bool is_refund_refused(const struct payment_ask *op, const struct callback_facts *facts)
{
    return op->question.kind == PROVIDER_REFUND_QUERY && facts->kind == CALLBACK_REFUND_FAILED;
}

static bool is_decided(const struct provider_result *result)
{
    for (int i = 0; i < result->fact_count; ++i)
        if (result->facts[i].kind != CALLBACK_PENDING && result->facts[i].kind != CALLBACK_NONE)
            return true;
    return false;
}

static void on_answered(void *owner, const struct provider_result *result)
{
    struct payment_ask *op = owner;
    const struct payment_question *q = &op->question;
    op->call = NULL;
    crash_point(result->verdict == PROVIDER_HALFWAY ? "provider_named" : "provider_said");
    if (result->verdict == PROVIDER_UNCLEAR) {
        log_line(LOG_WARN, "provider did not say",
                 "provider=%s account=%.*s payment_no=%lld cause=%s", q->account->provider->name,
                 SPAN_ARG(q->account->account), (long long)q->payment_no, result->note);
        op->result = PAYMENT_ASK_UNCLEAR;
        if (q->kind == PROVIDER_QUERY && q->is_overdue)
            tell_undecided(op);
        if (op->pending == 0)
            finish(op);
        return;
    }
    bool is_refused = result->verdict == PROVIDER_NO && q->kind != PROVIDER_QUERY;
    snprintf(op->reason, sizeof(op->reason), "%s", payment_reason_word(span_str(result->reason)));
    if (result->refund_id[0] != 0)
        snprintf(op->refund_id, sizeof(op->refund_id), "%s", result->refund_id);
    for (int i = 0; i < result->fact_count; ++i) {
        struct callback_facts facts = result->facts[i];
        if (is_refund_refused(op, &facts)) {
            is_refused = true;
            name_our_refund(op, &facts);
        }
        apply(op, &facts);
    }
    if (q->kind == PROVIDER_QUERY && q->is_overdue && !is_decided(result))
        (result->is_to_be_told ? tell_undecided : fail_overdue)(op);
    bool is_halfway = result->verdict == PROVIDER_HALFWAY;
    op->result = op->has_failed   ? PAYMENT_ASK_UNCLEAR
                 : is_refused     ? PAYMENT_ASK_REFUSED
                 : is_halfway     ? PAYMENT_ASK_HALFWAY
                 : op->count == 0 ? PAYMENT_ASK_NOTHING
                                  : PAYMENT_ASK_TOLD;
    if (op->pending == 0)
        finish(op);
}

static void on_applied(void *owner, enum callback_result result)
{
    struct payment_ask *op = owner;
    if (result != CALLBACK_KEPT)
        op->result = PAYMENT_ASK_UNCLEAR;
    if (--op->pending == 0)
        finish(op);
}
