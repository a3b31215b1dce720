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

#include "provider/form.h"
#include "provider/reading.h"
#include "provider/stripe_event.h"
#include "provider/stripe_object.h"
#include "provider/stripe_signature.h"

#include <stdio.h>

enum {
    HOUR_SECONDS = 3600,
    VALID_MIN_SECONDS = 40 * 60,   /* Stripe wants 30 minutes at least, by its own clock */
    VALID_MAX_SECONDS = 22 * 3600, /* and 24 hours at most; rounding adds up to one */
    /* Of one payment in one answer, the newest first. Older ones have been told before. */
    REFUNDS_ASKED = 9,
    DISPUTES_ASKED = 3,
    REFUNDS_SEARCHED = 30,
};

/* Rounds of a question about a payment. */
enum { ASK_PAYMENT = 0, ASK_REFUNDS, ASK_DISPUTES };

/* Answers have the shape of this version, whatever the account's is. */
#define API_VERSION "2026-08-26.dahlia"

/* ---- requests ---- */

static void add_path(const struct provider_account *account, struct provider_request *request,
                     const char *path)
{
    buf_add(&request->url, account->api_url);
    buf_add_str(&request->url, path);
}

static void ask(const struct provider_account *account, struct provider_request *request,
                const char *path)
{
    request->method = "GET";
    add_path(account, request, path);
}

static void change(const struct provider_account *account, struct provider_request *request,
                   const char *path, struct span idempotency_key)
{
    request->method = "POST";
    add_path(account, request, path);
    buf_add_str(&request->headers,
                "Content-Type: application/x-www-form-urlencoded\nIdempotency-Key: ");
    buf_add(&request->headers, idempotency_key);
    buf_add_char(&request->headers, '\n');
}

/* Unix seconds; the same for an hour, and for each round an hour less. */
static int64_t session_end(const struct provider_task *task, int round)
{
    int64_t valid = task->valid_seconds;
    valid = valid < VALID_MIN_SECONDS ? VALID_MIN_SECONDS : valid;
    valid = valid > VALID_MAX_SECONDS ? VALID_MAX_SECONDS : valid;
    int64_t end = instant_seconds(task->now) + valid + HOUR_SECONDS - 1;
    return end - end % HOUR_SECONDS - round * (int64_t)HOUR_SECONDS;
}

static void add_currency(struct buf *form, const char *name, struct span currency)
{
    char small[4] = {0};
    for (size_t i = 0; i < currency.len && i < 3; ++i)
        small[i] = (char)(currency.base[i] | 0x20);
    form_add(form, name, span_str(small));
}

static void make_start(const struct provider_account *account, const struct provider_task *task,
                       int round, struct provider_request *request)
{
    struct buf *form = &request->body;
    change(account, request, "/v1/checkout/sessions", task->reference);
    form_add(form, "mode", SPAN_LIT("payment"));
    form_add(form, "line_items[0][quantity]", SPAN_LIT("1"));
    add_currency(form, "line_items[0][price_data][currency]", task->currency);
    form_add_int(form, "line_items[0][price_data][unit_amount]", task->amount_minor);
    form_add(form, "line_items[0][price_data][product_data][name]", task->title);
    form_add(form, "client_reference_id", task->reference);
    form_add(form, "metadata[reference]", task->reference);
    form_add(form, "payment_intent_data[metadata][reference]", task->reference);
    form_add_int(form, "expires_at", session_end(task, round));
    form_add(form, "success_url", task->return_url);
    form_add(form, "cancel_url", task->return_url);
}

static void make_search(const struct provider_account *account, const struct provider_task *task,
                        struct provider_request *request)
{
    ask(account, request, "/v1/payment_intents/search?limit=2&query=");
    form_encode(&request->url, SPAN_LIT("metadata['reference']:'"));
    form_encode(&request->url, task->reference);
    form_encode(&request->url, SPAN_LIT("'"));
}

static bool is_session(struct span id)
{
    return span_starts(id, SPAN_LIT("cs_"));
}

static void make_query(const struct provider_account *account, const struct provider_task *task,
                       int round, struct span intent, struct provider_request *request)
{
    struct span id = task->provider_reference;
    if (round == ASK_REFUNDS || round == ASK_DISPUTES) {
        ask(account, request, round == ASK_REFUNDS ? "/v1/refunds?limit=" : "/v1/disputes?limit=");
        buf_add_int(&request->url, round == ASK_REFUNDS ? REFUNDS_ASKED : DISPUTES_ASKED);
        buf_add_str(&request->url, "&payment_intent=");
        form_encode(&request->url, intent);
    } else if (id.len == 0) {
        make_search(account, task, request);
    } else {
        ask(account, request, is_session(id) ? "/v1/checkout/sessions/" : "/v1/payment_intents/");
        form_encode(&request->url, id);
        if (is_session(id))
            buf_add_str(&request->url, "?expand%5B%5D=payment_intent");
    }
}

static void make_refund(const struct provider_account *account, const struct provider_task *task,
                        struct provider_request *request)
{
    struct buf *form = &request->body;
    change(account, request, "/v1/refunds", task->refund_reference);
    form_add(form, "payment_intent", task->movement);
    form_add_int(form, "amount", task->amount_minor);
    form_add(form, "metadata[reference]", task->reference);
    form_add(form, "metadata[refund]", task->refund_reference);
}

static void make_refund_query(const struct provider_account *account,
                              const struct provider_task *task, struct provider_request *request)
{
    if (task->refund_id.len > 0) {
        ask(account, request, "/v1/refunds/");
        form_encode(&request->url, task->refund_id);
        return;
    }
    ask(account, request, "/v1/refunds?limit=");
    buf_add_int(&request->url, REFUNDS_SEARCHED);
    buf_add_str(&request->url, "&payment_intent=");
    form_encode(&request->url, task->movement);
}

static void make_request(const struct provider_account *account, const struct provider_task *task,
                         int round, struct span token, const struct provider_result *result,
                         struct provider_request *request)
{
    (void)token;
    buf_add_str(&request->headers, "Authorization: Bearer ");
    buf_add(&request->headers, account->api_key);
    buf_add_str(&request->headers, "\nStripe-Version: " API_VERSION "\n");
    if (task->kind == PROVIDER_START)
        make_start(account, task, round, request);
    else if (task->kind == PROVIDER_QUERY)
        make_query(account, task, round, span_str(result->carried), request);
    else if (task->kind == PROVIDER_REFUND)
        make_refund(account, task, request);
    else if (task->kind == PROVIDER_REFUND_QUERY)
        make_refund_query(account, task, request);
    else
        ask(account, request, "/v1/balance");
}

/* ---- answers ---- */

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
    if (task->kind == PROVIDER_START && session_end(task, round + 1) > instant_seconds(task->now))
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
        !is_session(span_str(result->provider_reference)))
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
    if (is_session(task->provider_reference))
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
    if (!(round == ASK_REFUNDS ? keep_refunds : keep_disputes)(task, all, result))
        return unclear(result, "what it says of refunds and disputes cannot be read");
    return round == ASK_REFUNDS ? PROVIDER_NEXT : end_query(result);
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

static enum provider_step read_answer(const struct provider_account *account,
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
        step = round == ASK_PAYMENT ? read_payment(task, root, result)
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

/* ---- callbacks ---- */

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
    .make_request = make_request,
    .read_answer = read_answer,
    .read_callback = read_callback,
    .reread_callback = reread_callback,
    .keep_headers = stripe_signature_keep,
    .answer = "{\"received\":true}",
    .answer_type = "application/json",
    .scrub = scrub,
};
