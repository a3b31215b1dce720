/* Adyen: a payment link is made, and the browser is sent to it; whatever the customer picks there,
 * BLIK included, what becomes of it comes as webhooks (adyen_notice.c). A link is good for one
 * payment, and the Idempotency-Key makes a START that is sent again the same link: Adyen answers it
 * with its first answer.
 *
 * No BLIK code is taken on our own page: a payment that is made without a link cannot be asked
 * about, and a code whose webhook was lost would never be decided.
 *
 * A link that is asked about tells whether it was paid, but not the pspReference that the payment
 * has in webhooks, refunds and disputes. So the money is not booked by that: the payment is
 * pending, and never overdue, until the webhook comes, which Adyen repeats for 30 days. There is
 * nothing to ask about a refund either: the webhook alone says what became of it. And a payment
 * that is known by its pspReference alone, as the answer to its START was lost, is not asked about:
 * that is no link's id.
 *
 * Unsure, and built so that either is right:
 *   - how long idempotency keys are kept: a START is sent again within minutes, not days;
 *   - whether the same key with another end of the link is refused: then nothing is begun, the
 *     first link's address has reached nobody, and the customer starts anew;
 *   - which host links are on: an answer that leads elsewhere than start_origin is not followed,
 *     and its note says so. */
#include "provider/adyen.h"

#include "provider/adyen_notice.h"
#include "provider/reading.h"
#include "provider/writing.h"

#include <stdio.h>

enum {
    DESCRIPTION_MAX = 280, /* bytes; Adyen counts letters */
    PSP_REFERENCE_LEN = 16,
};

static void say(struct provider_result *result, const char *note)
{
    snprintf(result->note, sizeof(result->note), "%s", note);
}

/* ---- What we ask ---- */

static void write_amount(const struct provider_task *task, struct buf *json)
{
    writing_name(json, "amount");
    buf_add_char(json, '{');
    writing_member(json, "currency", task->currency);
    writing_member_int(json, "value", task->amount_minor);
    buf_add_char(json, '}');
}

static void write_link(const struct provider_account *account, const struct provider_task *task,
                       struct buf *json)
{
    char end[21];
    struct span title = task->title;
    if (title.len > DESCRIPTION_MAX)
        title.len = span_whole_len(span_of(title.base, DESCRIPTION_MAX));
    instant_print(instant_plus_seconds(task->now, task->valid_seconds), end);
    buf_add_char(json, '{');
    writing_member(json, "reference", task->reference);
    writing_member(json, "merchantAccount", account->merchant);
    write_amount(task, json);
    writing_member(json, "description", title);
    writing_member(json, "returnUrl", task->return_url);
    writing_member(json, "expiresAt", span_str(end));
    buf_add_char(json, '}');
}

static void write_refund(const struct provider_account *account, const struct provider_task *task,
                         struct buf *json)
{
    buf_add_char(json, '{');
    writing_member(json, "merchantAccount", account->merchant);
    write_amount(task, json);
    writing_member(json, "reference", task->refund_reference);
    buf_add_char(json, '}');
}

static void add_key(struct span key, struct provider_request *request)
{
    buf_add_str(&request->headers, "Idempotency-Key: ");
    buf_add(&request->headers, key);
    buf_add_char(&request->headers, '\n');
}

static void make_refund(const struct provider_account *account, const struct provider_task *task,
                        struct provider_request *request)
{
    buf_add_str(&request->url, "/payments/");
    writing_percent(&request->url, task->movement);
    buf_add_str(&request->url, "/refunds");
    add_key(task->refund_reference, request);
    write_refund(account, task, &request->body);
}

/* A link's begins with PL and has two characters more than a pspReference, which may begin so too.
 */
static bool is_link_id(struct span id)
{
    return span_starts(id, SPAN_LIT("PL")) && id.len > PSP_REFERENCE_LEN;
}

static void make_query(const struct provider_task *task, struct provider_request *request)
{
    request->method = "GET";
    buf_add_str(&request->url, "/paymentLinks/");
    writing_percent(&request->url, task->provider_reference);
}

static void make_request(const struct provider_account *account, const struct provider_task *task,
                         int round, struct span token, const struct provider_result *result,
                         struct provider_request *request)
{
    (void)round, (void)token, (void)result;
    bool is_query = task->kind == PROVIDER_QUERY, is_refund = task->kind == PROVIDER_REFUND;
    if ((is_query && !is_link_id(task->provider_reference)) ||
        (is_refund && task->movement.len == 0))
        return;
    buf_add(&request->url, account->api_url);
    buf_add_str(&request->headers, "Content-Type: application/json\nX-API-Key: ");
    buf_add(&request->headers, account->api_key);
    buf_add_char(&request->headers, '\n');
    if (is_query) {
        make_query(task, request);
    } else if (is_refund) {
        make_refund(account, task, request);
    } else if (task->kind == PROVIDER_START) {
        buf_add_str(&request->url, "/paymentLinks");
        add_key(task->reference, request);
        write_link(account, task, &request->body);
    } else {
        buf_add_str(&request->url, "/paymentMethods");
        buf_add_char(&request->body, '{');
        writing_member(&request->body, "merchantAccount", account->merchant);
        buf_add_char(&request->body, '}');
    }
}

/* ---- What it answers ---- */

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

/* What is wrong with the request itself; not who sends it, and not that it is under way already
 * (704). */
static bool is_no(int status, const json_t *root)
{
    return (status == 400 || status == 422) &&
           strcmp(text_of(root, "errorType"), "validation") == 0 &&
           strcmp(text_of(root, "errorCode"), "704") != 0;
}

static void say_failure(int status, struct provider_result *result)
{
    if (status == 401)
        say(result, "it does not take our key (status 401)");
    else if (status == 403)
        say(result, "our key lacks a right, or is of another merchant account (status 403)");
    else
        snprintf(result->note, sizeof(result->note), "it answered with status %d", status);
}

static void read_failure(const struct provider_task *task, int status, const json_t *root,
                         struct provider_result *result)
{
    bool is_asked_to_act = task->kind == PROVIDER_START || task->kind == PROVIDER_REFUND;
    bool is_check = task->kind == PROVIDER_CHECK;
    if (is_asked_to_act && is_no(status, root)) {
        result->verdict = PROVIDER_NO;
        snprintf(result->reason, sizeof(result->reason), "refused");
        return;
    }
    say_failure(status, result);
    if (is_check && is_no(status, root))
        say(result, "it does not know the merchant account of the settings");
    if (is_check && (status == 401 || status == 403 || is_no(status, root)))
        result->verdict = PROVIDER_NO;
}

static bool read_link_id(const json_t *root, struct provider_result *result)
{
    return reading_word(root, "id", result->provider_reference,
                        sizeof(result->provider_reference)) &&
           result->provider_reference[0] != 0;
}

static void read_started(const struct provider_account *account, const json_t *root,
                         struct provider_result *result)
{
    if (!read_link_id(root, result)) {
        say(result, "its link has no id");
    } else if (!reading_redirect(account, root, "url", result->redirect_url)) {
        result->redirect_url[0] = 0;
        say(result, "its link leads to another place than start_origin");
    } else {
        result->verdict = PROVIDER_YES;
    }
}

/* A link that nobody has paid yet is nothing new. */
static bool read_status(const json_t *root, struct provider_result *result)
{
    const char *status = text_of(root, "status");
    struct callback_facts *facts = &result->facts[0];
    result->is_to_be_told = strcmp(status, "completed") == 0 || strcmp(status, "paid") == 0;
    if (result->is_to_be_told || strcmp(status, "paymentPending") == 0)
        facts->kind = CALLBACK_PENDING;
    else if (strcmp(status, "expired") == 0)
        facts->kind = CALLBACK_FAILED;
    else
        return strcmp(status, "active") == 0;
    if (facts->kind == CALLBACK_FAILED)
        snprintf(facts->reason, sizeof(facts->reason), "timed_out");
    snprintf(facts->dedup_key, sizeof(facts->dedup_key), "%s/%s", status,
             facts->provider_reference);
    result->fact_count = 1;
    return true;
}

static void read_asked(const struct provider_account *account, const struct provider_task *task,
                       const json_t *root, struct provider_result *result)
{
    struct callback_facts *facts = &result->facts[0];
    *facts = (struct callback_facts){0};
    bool is_ours =
        span_is_str(task->provider_reference, text_of(root, "id")) &&
        span_is_str(account->merchant, text_of(root, "merchantAccount")) &&
        (task->reference.len == 0 || span_is_str(task->reference, text_of(root, "reference"))) &&
        reading_word(root, "reference", facts->reference, sizeof(facts->reference)) &&
        reading_word(root, "id", facts->provider_reference, sizeof(facts->provider_reference));
    if (is_ours && read_status(root, result))
        result->verdict = PROVIDER_YES;
    else
        say(result, "what it says of the link cannot be read, or is of another one");
}

static void read_refund_asked(const struct provider_task *task, const json_t *root,
                              struct provider_result *result)
{
    if (!span_is_str(task->movement, text_of(root, "paymentPspReference")) ||
        !reading_word(root, "pspReference", result->refund_id, sizeof(result->refund_id)) ||
        result->refund_id[0] == 0)
        say(result, "it took the refund, in an answer that cannot be read");
    else
        result->verdict = PROVIDER_YES;
}

/* What is asked proves the API key; the key of webhooks is only looked at. */
static void read_checked(const struct provider_account *account, struct provider_result *result)
{
    bool is_ok = adyen_key_is_ok(account->secrets[0]) &&
                 (account->secrets[1].len == 0 || adyen_key_is_ok(account->secrets[1]));
    result->verdict = is_ok ? PROVIDER_YES : PROVIDER_NO;
    if (!is_ok)
        say(result, "secret_files has no HMAC key as Adyen shows it, 64 hex digits");
}

static enum provider_step read_answer(const struct provider_account *account,
                                      const struct provider_task *task, int round,
                                      const struct provider_answer *answer,
                                      struct provider_result *result)
{
    (void)round;
    result->verdict = PROVIDER_UNCLEAR;
    json_t *root = reading_object(answer->body);
    if (answer->status != 200 && answer->status != 201)
        read_failure(task, answer->status, root, result);
    else if (task->kind == PROVIDER_START)
        read_started(account, root, result);
    else if (task->kind == PROVIDER_QUERY)
        read_asked(account, task, root, result);
    else if (task->kind == PROVIDER_REFUND)
        read_refund_asked(task, root, result);
    else
        read_checked(account, result);
    json_decref(root);
    return PROVIDER_DONE;
}

static const char *const needs[] = {"api_url", "merchant", "api_key_file", "secret_files", NULL};
static const char *const scrub[] = {
    "additionalData", "shopperName",     "shopperEmail", "shopperIP",      "telephoneNumber",
    "billingAddress", "deliveryAddress", "dateOfBirth",  "cardHolderName", NULL,
};

const struct provider adyen_provider = {
    .name = "adyen",
    .start_is_repeatable = true,
    .query_needs_id = true,
    .can_ask_by = is_link_id,
    .tasks = PROVIDER_TASK(PROVIDER_START) | PROVIDER_TASK(PROVIDER_QUERY) |
             PROVIDER_TASK(PROVIDER_REFUND) | PROVIDER_TASK(PROVIDER_CHECK),
    .test_api_url = "https://checkout-test.adyen.com/v72",
    .live_start_origin = "https://eu.adyen.link",
    .test_start_origin = "https://test.adyen.link",
    .needs = needs,
    .make_request = make_request,
    .read_answer = read_answer,
    .read_callback = adyen_notice_read,
    .reread_callback = adyen_notice_reread,
    .keep_headers = adyen_notice_keep,
    .answer = "[accepted]",
    .answer_type = "text/plain",
    .scrub = scrub,
};
