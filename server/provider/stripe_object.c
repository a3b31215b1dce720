#include "provider/stripe_object.h"

#include "provider/reading.h"

/* An id as it stands, or of the object that stands there expanded; empty where there is none. */
static bool read_id(const json_t *object, const char *name, char out[PROVIDER_REFERENCE_MAX])
{
    const json_t *value = json_object_get(object, name);
    return json_is_object(value) ? reading_word(value, "id", out, PROVIDER_REFERENCE_MAX)
                                 : reading_word(object, name, out, PROVIDER_REFERENCE_MAX);
}

/* Others may sell over the same account and write here what they like: that is none of ours. */
static bool read_reference(const json_t *object, const char *name, char out[64])
{
    const json_t *value = json_object_get(object, name);
    if (value != NULL && !json_is_null(value) && !json_is_string(value))
        return false;
    if (!reading_word(object, name, out, 64))
        memset(out, 0, 64);
    return true;
}

static bool read_money(const json_t *object, const char *amount_name, struct callback_facts *facts)
{
    return reading_amount(json_object_get(object, amount_name), &facts->amount_minor) &&
           reading_currency(span_str(json_string_value(json_object_get(object, "currency"))), true,
                            facts->currency);
}

static void set_reason(struct callback_facts *facts, const char *reason)
{
    strncpy(facts->reason, reason, sizeof(facts->reason) - 1);
}

static bool has(const json_t *object, const char *name, const char *word)
{
    const char *value = json_string_value(json_object_get(object, name));
    return value != NULL && strcmp(value, word) == 0;
}

/* ---- Checkout Session ---- */

static bool is_given_up(const json_t *session)
{
    const json_t *intent = json_object_get(session, "payment_intent");
    return has(intent, "status", "requires_payment_method") || has(intent, "status", "canceled");
}

static void judge_session(const json_t *session, struct callback_facts *facts)
{
    bool is_paid = has(session, "payment_status", "paid");
    if (is_paid && facts->movement[0] == 0) {
        /* Paid under which id is not told yet: whoever asks again books it once. */
        facts->kind = CALLBACK_PENDING;
    } else if (is_paid) {
        facts->kind = CALLBACK_PAID;
    } else if (has(session, "status", "expired")) {
        facts->kind = CALLBACK_FAILED;
        set_reason(facts, "timed_out");
    } else if (has(session, "status", "complete")) {
        facts->kind = is_given_up(session) ? CALLBACK_FAILED : CALLBACK_PENDING;
        if (facts->kind == CALLBACK_FAILED)
            set_reason(facts, "refused");
    }
}

bool stripe_read_session(const json_t *session, struct callback_facts *facts)
{
    char id[PROVIDER_REFERENCE_MAX];
    if (!json_is_object(session) || !reading_word(session, "id", id, sizeof(id)) || id[0] == 0 ||
        json_string_value(json_object_get(session, "payment_status")) == NULL ||
        !read_reference(session, "client_reference_id", facts->reference) ||
        !read_id(session, "payment_intent", facts->movement))
        return false;
    memcpy(facts->provider_reference, facts->movement[0] != 0 ? facts->movement : id, sizeof(id));
    /* Subscriptions and saved cards are sessions too; they are not ours, nor is a price of zero. */
    const json_t *mode = json_object_get(session, "mode");
    if ((mode != NULL && !has(session, "mode", "payment")) ||
        has(session, "payment_status", "no_payment_required"))
        return true;
    judge_session(session, facts);
    return facts->kind != CALLBACK_PAID || read_money(session, "amount_total", facts);
}

/* ---- PaymentIntent ---- */

bool stripe_read_intent(const json_t *intent, struct callback_facts *facts)
{
    if (!json_is_object(intent) || !read_id(intent, "id", facts->movement) ||
        facts->movement[0] == 0 ||
        !read_reference(json_object_get(intent, "metadata"), "reference", facts->reference))
        return false;
    memcpy(facts->provider_reference, facts->movement, sizeof(facts->movement));
    if (has(intent, "status", "succeeded")) {
        facts->kind = CALLBACK_PAID;
        return read_money(intent, "amount_received", facts);
    }
    if (has(intent, "status", "processing"))
        facts->kind = CALLBACK_PENDING;
    if (has(intent, "status", "canceled")) {
        facts->kind = CALLBACK_FAILED;
        set_reason(facts, "closed");
    }
    return json_is_string(json_object_get(intent, "status"));
}

/* ---- Refund ---- */

/* A refund to a card has succeeded when it is made, and may come back weeks later; others are
 * pending until the bank has said. A canceled one never got to the bank. */
static bool had_succeeded(const json_t *refund, const char *status_before)
{
    if (status_before != NULL)
        return strcmp(status_before, "succeeded") == 0;
    return has(refund, "status", "failed") &&
           has(json_object_get(refund, "destination_details"), "type", "card");
}

bool stripe_read_refund(const json_t *refund, const char *status_before,
                        struct callback_facts *facts)
{
    if (!json_is_object(refund) || !read_id(refund, "id", facts->movement) ||
        facts->movement[0] == 0 || !read_id(refund, "payment_intent", facts->provider_reference) ||
        !read_money(refund, "amount", facts))
        return false;
    if (facts->provider_reference[0] == 0) /* of a charge without a PaymentIntent: not ours */
        return true;
    if (has(refund, "status", "succeeded"))
        facts->kind = CALLBACK_REFUNDED;
    else if (has(refund, "status", "failed") || has(refund, "status", "canceled"))
        facts->kind = had_succeeded(refund, status_before) ? CALLBACK_REFUND_REVERSED
                                                           : CALLBACK_REFUND_FAILED;
    return true;
}

/* ---- Dispute ---- */

bool stripe_read_dispute(const json_t *dispute, struct callback_facts *facts)
{
    if (!json_is_object(dispute) || !read_id(dispute, "id", facts->movement) ||
        facts->movement[0] == 0 || !read_id(dispute, "payment_intent", facts->provider_reference) ||
        !read_money(dispute, "amount", facts))
        return false;
    if (facts->provider_reference[0] != 0)
        facts->kind = CALLBACK_DISPUTED;
    return true;
}

struct stripe_dispute_state stripe_dispute_state(const json_t *dispute)
{
    const json_t *all = json_object_get(dispute, "balance_transactions");
    struct stripe_dispute_state state = {.is_lost = has(dispute, "status", "lost")};
    state.is_over = state.is_lost || has(dispute, "status", "won") ||
                    has(dispute, "status", "warning_closed") || has(dispute, "status", "prevented");
    state.is_withdrawn = state.is_lost && !json_is_array(all);
    for (size_t i = 0; i < json_array_size(all); ++i) {
        json_int_t amount = json_integer_value(json_object_get(json_array_get(all, i), "amount"));
        state.is_withdrawn |= amount < 0;
        state.is_reinstated |= amount > 0;
    }
    return state;
}
