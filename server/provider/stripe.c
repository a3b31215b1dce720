/* A payment is a Checkout Session, paid on Stripe's page; what becomes of it comes as signed events
 * (stripe_event.h) or is asked for: the session, then refunds and disputes of its PaymentIntent.
 *
 * The body of a start is the same whenever it is sent again, so that Stripe's Idempotency-Key makes
 * it one session: the customer's language and address are left to Stripe's page, and the end of the
 * session is a whole hour. A start that is repeated after the hour has gone round would have
 * another end, which Stripe refuses as another request under the same key: it is sent again with
 * the end it had. No BLIK code is taken on our own page: that needs PaymentIntents confirmed by us,
 * a second life of a payment with events of its own and refusals that Stripe does not document,
 * where Checkout asks the customer for the same six digits.
 *
 * Unsure, and built so that either is right:
 *   - whether one fact may come as two events: each movement has one id, and is booked once by it;
 *   - how long a rolled secret signs: both of ours are tried, and either is enough;
 *   - how long client_reference_id may be: ours is 18 characters; metadata has it too;
 *   - whether refund.failed tells what the refund was before: without that, the card says (a refund
 *     to a card has succeeded from the start);
 *   - whether a paid session always names its PaymentIntent: without it the payment is pending, and
 *     the next question books it;
 *   - whether a search finds a PaymentIntent at once: finding none says nothing. */
#include "provider/stripe.h"

#include "provider/stripe_answer.h"
#include "provider/stripe_event.h"
#include "provider/stripe_request.h"
#include "provider/stripe_signature.h"

static enum callback_verdict read_callback(const struct provider_account *account,
                                           const struct callback_headers *headers, struct span body,
                                           struct instant now, struct callback_facts *facts)
{
    *facts = (struct callback_facts){0};
    enum callback_verdict verdict = stripe_signature_verify(account->secrets, headers, body, now);
    return verdict == CALLBACK_GENUINE ? stripe_event_read(account, body, facts) : verdict;
}

static enum callback_verdict reread_callback(const struct provider_account *account,
                                             struct span headers, struct span body,
                                             struct callback_facts *facts)
{
    (void)headers; /* all that it says is in the body */
    return stripe_event_read(account, body, facts);
}

static const char *const needs[] = {"api_key_file", "secret_files", NULL};

static const char *const scrub[] = {
    "billing_details",
    "client_secret",
    "collected_information",
    "customer",
    "customer_details",
    "customer_email",
    "evidence",
    "payment_method_details",
    "receipt_email",
    "receipt_url",
    "shipping",
    "shipping_details",
    "url",
    "customer_email_address",
    "customer_name",
    "instructions_email",
    NULL,
};

const struct provider stripe_provider = {
    .name = "stripe",
    .start_is_repeatable = true,
    .tasks = PROVIDER_TASK(PROVIDER_START) | PROVIDER_TASK(PROVIDER_QUERY) |
             PROVIDER_TASK(PROVIDER_REFUND) | PROVIDER_TASK(PROVIDER_REFUND_QUERY) |
             PROVIDER_TASK(PROVIDER_CHECK),
    .live_api_url = "https://api.stripe.com",
    .test_api_url = "https://api.stripe.com",
    .live_start_origin = "https://checkout.stripe.com",
    .test_start_origin = "https://checkout.stripe.com",
    .needs = needs,
    .make_request = stripe_make_request,
    .read_answer = stripe_read_answer,
    .read_callback = read_callback,
    .reread_callback = reread_callback,
    .keep_headers = stripe_signature_keep,
    .answer = "{\"received\":true}",
    .answer_type = "application/json",
    .scrub = scrub,
};
