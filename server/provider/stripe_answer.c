#include "provider/stripe_answer.h"

#include "provider/reading.h"
#include "provider/stripe_object.h"
#include "provider/stripe_request.h"

#include <stdio.h>

static enum provider_step unclear(struct provider_result *result, const char *note)
{
    result->verdict = PROVIDER_UNCLEAR;
    snprintf(result->note, sizeof(result->note), "%s", note);
    return PROVIDER_DONE;
}

/* Sent again with the end that it may have had, as long as that has not come. */
static enum provider_step on_other_request(const struct provider_task *task, int round,
                                           struct provider_result *result)
{
    if (task->kind == PROVIDER_START &&
        stripe_session_end(task, round + 1) > instant_seconds(task->now))
        return PROVIDER_NEXT;
    return unclear(result, "it has another request under this payment's idempotency key");
}

static enum provider_step on_refused(const struct provider_task *task, int round,
                                     const struct provider_answer *answer,
                                     struct provider_result *result)
{
    json_t *root = reading_object(answer->body);
    char type[64];
    bool is_ok =
        reading_word(json_object_get(root, "error"), "type", type, sizeof(type)) && type[0] != 0;
    json_decref(root);
    if (!is_ok)
        return unclear(result, "it refused without a reason that can be read");
    if (strcmp(type, "idempotency_error") == 0)
        return on_other_request(task, round, result);
    bool is_asked_to_act = task->kind == PROVIDER_START || task->kind == PROVIDER_REFUND;
    if (!is_asked_to_act)
        return unclear(result, "it does not understand our question (status 400)");
    result->verdict = PROVIDER_NO;
    snprintf(result->reason, sizeof(result->reason), "refused");
    return PROVIDER_DONE;
}

static enum provider_step on_error(const struct provider_task *task, int round,
                                   const struct provider_answer *answer,
                                   struct provider_result *result)
{
    int status = answer->status;
    if (status == 400 || status == 402)
        return on_refused(task, round, answer, result);
    const char *note = status == 401   ? "it does not take our key (status 401)"
                       : status == 403 ? "our key lacks a right that is needed (status 403)"
                       : status == 404 ? "it does not know what we ask about (status 404)"
                       : status == 409 ? "it is at the same request already (status 409)"
                       : status == 429 ? "it asks us to be slower (status 429)"
                                       : NULL;
    if (note != NULL)
        unclear(result, note);
    else
        snprintf(result->note, sizeof(result->note), "it answered with status %d", status);
    if (task->kind == PROVIDER_CHECK && (status == 401 || status == 403))
        result->verdict = PROVIDER_NO;
    return PROVIDER_DONE;
}

/* Whether real money moves there just where it does here. */
static bool is_of_our_mode(const struct provider_account *account, const json_t *object)
{
    const json_t *is_live = json_object_get(object, "livemode");
    return json_is_boolean(is_live) && json_is_true(is_live) == account->is_live;
}

static enum provider_step read_started(const struct provider_account *account,
                                       const json_t *session, struct provider_result *result)
{
    if (!is_of_our_mode(account, session))
        return unclear(result, "our key is not of the environment that the settings name");
    if (!reading_word(session, "id", result->provider_reference,
                      sizeof(result->provider_reference)) ||
        !stripe_is_session(span_str(result->provider_reference)))
        return unclear(result, "its session has no id");
    if (!reading_redirect(account, session, "url", result->redirect_url))
        return unclear(result, "its session leads somewhere else than start_origin");
    result->verdict = PROVIDER_YES;
    return PROVIDER_DONE;
}

static const char *const key_words[] = {
    [CALLBACK_PENDING] = "pending",
    [CALLBACK_FAILED] = "failed",
    [CALLBACK_REFUND_FAILED] = "refund_failed",
    [CALLBACK_DISPUTED] = "disputed",
    [CALLBACK_PAID] = "paid",
    [CALLBACK_REFUNDED] = "refunded",
    [CALLBACK_CHARGED_BACK] = "charged_back",
    [CALLBACK_CHARGEBACK_REVERSED] = "chargeback_reversed",
    [CALLBACK_REFUND_REVERSED] = "refund_reversed",
};

/* An event's id is Stripe's, "evt_…": no key of an answer can be one. */
static void keep_fact(const struct provider_task *task, const struct callback_facts *fact,
                      struct provider_result *result)
{
    if (fact->kind == CALLBACK_NONE || result->fact_count == PROVIDER_FACTS_MAX)
        return;
    struct callback_facts *kept = &result->facts[result->fact_count++];
    *kept = *fact;
    snprintf(kept->dedup_key, sizeof(kept->dedup_key), "%s:%s", key_words[kept->kind],
             kept->movement[0] != 0 ? kept->movement : kept->provider_reference);
    if (kept->reference[0] == 0 && task->reference.len < sizeof(kept->reference))
        memcpy(kept->reference, task->reference.base, task->reference.len);
}

static enum provider_step end_query(struct provider_result *result)
{
    result->verdict = PROVIDER_YES;
    return PROVIDER_DONE;
}

static enum provider_step keep_payment(const struct provider_task *task, bool is_read,
                                       const struct callback_facts *fact,
                                       struct provider_result *result)
{
    if (!is_read)
        return unclear(result, "what it says of the payment cannot be read");
    bool can_compare = fact->reference[0] != 0 && task->reference.len > 0;
    if (can_compare && !span_is_str(task->reference, fact->reference))
        return unclear(result, "it tells of another payment");
    keep_fact(task, fact, result);
    if (fact->kind != CALLBACK_PAID)
        return end_query(result);
    snprintf(result->carried, sizeof(result->carried), "%s", fact->movement);
    return PROVIDER_NEXT;
}

static enum provider_step read_payment(const struct provider_task *task, const json_t *root,
                                       struct provider_result *result)
{
    struct callback_facts fact = {0};
    if (stripe_is_session(task->provider_reference))
        return keep_payment(task, stripe_read_session(root, &fact), &fact, result);
    if (task->provider_reference.len > 0)
        return keep_payment(task, stripe_read_intent(root, &fact), &fact, result);
    const json_t *found = json_object_get(root, "data");
    if (!json_is_array(found) || json_array_size(found) > 1)
        return unclear(result, "its search cannot be read");
    if (json_array_size(found) == 0)
        return end_query(result);
    return keep_payment(task, stripe_read_intent(json_array_get(found, 0), &fact), &fact, result);
}

static bool keep_refunds(const struct provider_task *task, const json_t *all,
                         struct provider_result *result)
{
    for (size_t i = 0; i < json_array_size(all); ++i) {
        struct callback_facts fact = {0};
        if (!stripe_read_refund(json_array_get(all, i), NULL, &fact))
            return false;
        keep_fact(task, &fact, result);
    }
    return true;
}

static void keep_dispute(const struct provider_task *task, const json_t *dispute,
                         struct callback_facts *fact, struct provider_result *result)
{
    struct stripe_dispute_state state = stripe_dispute_state(dispute);
    if (!state.is_over && !state.is_withdrawn)
        keep_fact(task, fact, result);
    fact->kind = CALLBACK_CHARGED_BACK;
    if (state.is_withdrawn)
        keep_fact(task, fact, result);
    fact->kind = CALLBACK_CHARGEBACK_REVERSED;
    if (state.is_reinstated)
        keep_fact(task, fact, result);
}

static bool keep_disputes(const struct provider_task *task, const json_t *all,
                          struct provider_result *result)
{
    for (size_t i = 0; i < json_array_size(all); ++i) {
        struct callback_facts fact = {0};
        if (!stripe_read_dispute(json_array_get(all, i), &fact))
            return false;
        if (fact.kind != CALLBACK_NONE)
            keep_dispute(task, json_array_get(all, i), &fact, result);
    }
    return true;
}

static enum provider_step read_movements(const struct provider_task *task, int round,
                                         const json_t *root, struct provider_result *result)
{
    const json_t *all = json_object_get(root, "data");
    if (!json_is_array(all))
        return unclear(result, "its list cannot be read");
    if (!(round == STRIPE_ASK_REFUNDS ? keep_refunds : keep_disputes)(task, all, result))
        return unclear(result, "what it says of refunds and disputes cannot be read");
    return round == STRIPE_ASK_REFUNDS ? PROVIDER_NEXT : end_query(result);
}

static enum provider_step read_refund(const struct provider_task *task, const json_t *refund,
                                      struct provider_result *result)
{
    struct callback_facts fact = {0};
    if (!stripe_read_refund(refund, NULL, &fact))
        return unclear(result, "what it says of the refund cannot be read");
    memcpy(result->refund_id, fact.movement, sizeof(result->refund_id));
    result->verdict = PROVIDER_YES;
    if (task->kind == PROVIDER_REFUND_QUERY) {
        keep_fact(task, &fact, result);
    } else if (fact.kind == CALLBACK_REFUND_FAILED || fact.kind == CALLBACK_REFUND_REVERSED) {
        result->verdict = PROVIDER_NO;
        snprintf(result->reason, sizeof(result->reason), "refused");
    }
    return PROVIDER_DONE;
}

/* A refund whose id was never heard is found among those of its payment by our name for it. */
static enum provider_step find_refund(const struct provider_task *task, const json_t *root,
                                      struct provider_result *result)
{
    const json_t *all = json_object_get(root, "data");
    if (!json_is_array(all))
        return unclear(result, "its list cannot be read");
    for (size_t i = 0; i < json_array_size(all); ++i) {
        const json_t *refund = json_array_get(all, i);
        const char *ours =
            json_string_value(json_object_get(json_object_get(refund, "metadata"), "refund"));
        if (ours != NULL && span_is_str(task->refund_reference, ours))
            return read_refund(task, refund, result);
    }
    return end_query(result);
}

static enum provider_step read_checked(const struct provider_account *account, const json_t *root,
                                       struct provider_result *result)
{
    if (json_object_get(root, "livemode") == NULL)
        return unclear(result, "what answers is not Stripe");
    result->verdict = is_of_our_mode(account, root) ? PROVIDER_YES : PROVIDER_NO;
    if (result->verdict == PROVIDER_NO)
        snprintf(result->note, sizeof(result->note), "the key is one of the %s environment",
                 account->is_live ? "test" : "live");
    return PROVIDER_DONE;
}

enum provider_step stripe_read_answer(const struct provider_account *account,
                                      const struct provider_task *task, int round,
                                      const struct provider_answer *answer,
                                      struct provider_result *result)
{
    if (answer->status != 200)
        return on_error(task, round, answer, result);
    json_t *root = reading_object(answer->body);
    enum provider_step step;
    if (root == NULL)
        step = unclear(result, "its answer is no JSON");
    else if (task->kind == PROVIDER_START)
        step = read_started(account, root, result);
    else if (task->kind == PROVIDER_QUERY)
        step = round == STRIPE_ASK_PAYMENT ? read_payment(task, root, result)
                                           : read_movements(task, round, root, result);
    else if (task->kind == PROVIDER_CHECK)
        step = read_checked(account, root, result);
    else if (task->kind == PROVIDER_REFUND_QUERY && task->refund_id.len == 0)
        step = find_refund(task, root, result);
    else
        step = read_refund(task, root, result);
    json_decref(root);
    return step;
}
