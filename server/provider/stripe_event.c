#include "provider/stripe_event.h"

#include "provider/reading.h"
#include "provider/stripe_object.h"

/* What an event of a type is about, and what it says beyond its object. */
enum about {
    ABOUT_SESSION = 1,
    ABOUT_FAILED_SESSION,
    ABOUT_REFUND,
    ABOUT_DISPUTE,
    ABOUT_DISPUTE_TAKEN,
    ABOUT_DISPUTE_GIVEN_BACK,
    ABOUT_DISPUTE_CLOSED,
};

/* charge.refunded is not here: it tells sums, which repeat what refund.* told. An event that an
 * attempt failed is not either: the customer may try again on the same page. */
static const struct {
    const char *type;
    enum about about;
} types[] = {
    {"checkout.session.completed", ABOUT_SESSION},
    {"checkout.session.async_payment_succeeded", ABOUT_SESSION},
    {"checkout.session.async_payment_failed", ABOUT_FAILED_SESSION},
    {"checkout.session.expired", ABOUT_SESSION},
    {"refund.created", ABOUT_REFUND},
    {"refund.updated", ABOUT_REFUND},
    {"refund.failed", ABOUT_REFUND},
    {"charge.refund.updated", ABOUT_REFUND},
    {"charge.dispute.created", ABOUT_DISPUTE},
    {"charge.dispute.funds_withdrawn", ABOUT_DISPUTE_TAKEN},
    {"charge.dispute.funds_reinstated", ABOUT_DISPUTE_GIVEN_BACK},
    {"charge.dispute.closed", ABOUT_DISPUTE_CLOSED},
};

static enum about about_of(const char *type)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); ++i)
        if (strcmp(type, types[i].type) == 0)
            return types[i].about;
    return 0;
}

static bool read_failed_session(const json_t *session, struct callback_facts *facts)
{
    if (!stripe_read_session(session, facts))
        return false;
    if (facts->kind == CALLBACK_PENDING) {
        facts->kind = CALLBACK_FAILED;
        memcpy(facts->reason, "refused", sizeof("refused"));
    }
    return true;
}

static const char *status_before(const json_t *data)
{
    return json_string_value(
        json_object_get(json_object_get(data, "previous_attributes"), "status"));
}

/* One that was lost has taken its money, which funds_withdrawn tells too, as the same movement. */
static enum callback_kind kind_when_closed(const json_t *dispute)
{
    struct stripe_dispute_state state = stripe_dispute_state(dispute);
    return state.is_lost && state.is_withdrawn ? CALLBACK_CHARGED_BACK : CALLBACK_NONE;
}

static bool read_dispute(const json_t *dispute, enum about about, struct callback_facts *facts)
{
    if (!stripe_read_dispute(dispute, facts))
        return false;
    if (facts->kind == CALLBACK_NONE || about == ABOUT_DISPUTE)
        return true;
    facts->kind = about == ABOUT_DISPUTE_TAKEN        ? CALLBACK_CHARGED_BACK
                  : about == ABOUT_DISPUTE_GIVEN_BACK ? CALLBACK_CHARGEBACK_REVERSED
                                                      : kind_when_closed(dispute);
    return true;
}

static bool read_data(const json_t *data, enum about about, struct callback_facts *facts)
{
    const json_t *object = json_object_get(data, "object");
    if (about == 0)
        return true;
    if (about == ABOUT_SESSION)
        return stripe_read_session(object, facts);
    if (about == ABOUT_FAILED_SESSION)
        return read_failed_session(object, facts);
    if (about == ABOUT_REFUND)
        return stripe_read_refund(object, status_before(data), facts);
    return read_dispute(object, about, facts);
}

static enum callback_verdict read_event(const struct provider_account *account, const json_t *event,
                                        struct callback_facts *facts)
{
    const char *type = json_string_value(json_object_get(event, "type"));
    const json_t *is_live = json_object_get(event, "livemode");
    char owner[PROVIDER_REFERENCE_MAX];
    if (type == NULL || !json_is_boolean(is_live) ||
        !reading_word(event, "id", facts->dedup_key, sizeof(facts->dedup_key)) ||
        facts->dedup_key[0] == 0 || !reading_word(event, "account", owner, sizeof(owner)))
        return CALLBACK_MALFORMED;
    if (json_is_true(is_live) != account->is_live ||
        (owner[0] != 0 && !span_is_str(account->merchant, owner)))
        return CALLBACK_FOREIGN;
    return read_data(json_object_get(event, "data"), about_of(type), facts) ? CALLBACK_GENUINE
                                                                            : CALLBACK_MALFORMED;
}

enum callback_verdict stripe_event_read(const struct provider_account *account, struct span body,
                                        struct callback_facts *facts)
{
    *facts = (struct callback_facts){0};
    json_t *event = reading_object(body);
    if (event == NULL)
        return CALLBACK_MALFORMED;
    enum callback_verdict verdict = read_event(account, event, facts);
    json_decref(event);
    return verdict;
}
