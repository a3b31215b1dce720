#include "provider/bank_api.h"

#include "provider/reading.h"
#include "provider/standard_webhooks.h"
#include "provider/webhooks.h"
#include "provider/writing.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- requests ---- */

static json_t *text_of(struct span s)
{
    return json_stringn(s.base == NULL ? "" : s.base, s.len);
}

static void add_path(struct provider_request *request, const char *before, struct span name,
                     const char *after)
{
    buf_add_str(&request->url, before);
    writing_percent(&request->url, name);
    buf_add_str(&request->url, after);
}

static void add_key(struct provider_request *request, struct span idempotency_key)
{
    buf_add_str(&request->headers, "\nIdempotency-Key: ");
    buf_add(&request->headers, idempotency_key);
    buf_add_char(&request->headers, '\n');
}

/* `blik_code` stays out of what others allocate and do not wipe. */
static void add_body(struct provider_request *request, json_t *object, struct span blik_code)
{
    char *text = json_dumps(object, JSON_COMPACT);
    if (text == NULL)
        abort();
    buf_add(&request->body, span_of(text, strlen(text) - 1));
    if (blik_code.len > 0) {
        buf_add_str(&request->body, ",\"blik_code\":\"");
        buf_add(&request->body, blik_code); /* digits alone */
        buf_add_char(&request->body, '"');
    }
    buf_add_char(&request->body, '}');
    free(text);
    json_decref(object);
}

static void make_start(const struct provider_task *task, struct provider_request *request)
{
    add_path(request, "/payments", SPAN_LIT(""), "");
    add_key(request, task->reference);
    json_t *body = json_object();
    json_object_set_new(body, "reference", text_of(task->reference));
    json_object_set_new(body, "amount_minor", json_integer(task->amount_minor));
    json_object_set_new(body, "currency", text_of(task->currency));
    json_object_set_new(body, "title", text_of(task->title));
    json_object_set_new(body, "return_url", text_of(task->return_url));
    json_object_set_new(body, "callback_url", text_of(task->callback_url));
    json_object_set_new(body, "language", text_of(task->language));
    if (task->valid_seconds > 0)
        json_object_set_new(body, "valid_seconds", json_integer(task->valid_seconds));
    add_body(request, body, task->blik_code);
}

/* Our own name, unless the key that made it is retired. */
static struct span payment_of(const struct provider_task *task)
{
    return task->reference.len > 0 ? task->reference : task->provider_reference;
}

static void make_refund(const struct provider_task *task, struct provider_request *request)
{
    add_path(request, "/payments/", payment_of(task), "/refunds");
    add_key(request, task->refund_reference);
    json_t *body = json_object();
    json_object_set_new(body, "refund_reference", text_of(task->refund_reference));
    json_object_set_new(body, "movement", text_of(task->movement));
    json_object_set_new(body, "amount_minor", json_integer(task->amount_minor));
    json_object_set_new(body, "currency", text_of(task->currency));
    json_object_set_new(body, "callback_url", text_of(task->callback_url));
    add_body(request, body, SPAN_LIT(""));
}

static void make_question(const struct provider_task *task, struct provider_request *request)
{
    request->method = "GET";
    buf_add_char(&request->headers, '\n');
    if (task->kind == PROVIDER_QUERY)
        add_path(request, "/payments/", payment_of(task), "");
    else if (task->kind == PROVIDER_REFUND_QUERY)
        add_path(request, "/refunds/", task->refund_reference, "");
    else
        buf_add_str(&request->url, "/check");
}

void bank_api_make_request(const struct provider_account *account, const struct provider_task *task,
                           int round, struct span token, const struct provider_result *result,
                           struct provider_request *request)
{
    (void)round, (void)token, (void)result;
    bool is_change = task->kind == PROVIDER_START || task->kind == PROVIDER_REFUND;
    buf_add(&request->url, account->api_url);
    if (is_change)
        buf_add_str(&request->headers, "Content-Type: application/json\n");
    buf_add_str(&request->headers, "Authorization: Bearer ");
    buf_add(&request->headers, account->api_key);
    if (task->kind == PROVIDER_START)
        make_start(task, request);
    else if (task->kind == PROVIDER_REFUND)
        make_refund(task, request);
    else
        make_question(task, request);
}

/* ---- answers ---- */

static bool read_started(const struct provider_account *account, const json_t *root,
                         struct provider_result *result)
{
    const json_t *url = json_object_get(root, "redirect_url");
    return reading_word(root, "id", result->provider_reference,
                        sizeof(result->provider_reference)) &&
           result->provider_reference[0] != 0 &&
           (url == NULL || json_is_null(url) ||
            reading_redirect(account, root, "redirect_url", result->redirect_url));
}

/* A message as it was or will be called back, with its webhook-id beside it. */
static bool read_event(const struct provider_account *account, const json_t *event,
                       struct callback_facts *fact)
{
    char id[STANDARD_WEBHOOKS_ID_MAX + 1];
    if (!json_is_object(event) || !reading_word(event, "id", id, sizeof(id)) || id[0] == 0 ||
        webhooks_read(account, event, fact) != CALLBACK_GENUINE)
        return false;
    memcpy(fact->dedup_key, id, sizeof(id));
    return true;
}

static bool is_same(struct span asked, const char *told)
{
    return asked.len == 0 || told[0] == 0 || span_is_str(asked, told);
}

static bool is_about(const struct provider_task *task, const struct callback_facts *fact)
{
    return is_same(task->reference, fact->reference) &&
           is_same(task->provider_reference, fact->provider_reference);
}

/* The newest that there is room for: older ones have been told before. One about another payment
 * makes the whole answer one that is not ours. */
static bool read_events(const struct provider_account *account, const struct provider_task *task,
                        const json_t *root, struct provider_result *result)
{
    const json_t *events = json_object_get(root, "events");
    if (!json_is_array(events))
        return false;
    for (size_t left = json_array_size(events); left > 0; --left) {
        struct callback_facts fact = {0};
        if (!read_event(account, json_array_get(events, left - 1), &fact))
            return false;
        if (fact.kind == CALLBACK_NONE)
            continue;
        if (!is_about(task, &fact))
            return false;
        if (result->fact_count < PROVIDER_FACTS_MAX)
            result->facts[result->fact_count++] = fact;
    }
    return true;
}

static bool read_refund(const json_t *root, struct provider_result *result)
{
    return reading_word(root, "id", result->refund_id, sizeof(result->refund_id)) &&
           result->refund_id[0] != 0;
}

static bool read_checked(const struct provider_account *account, const json_t *root,
                         struct provider_result *result)
{
    const json_t *is_live = json_object_get(root, "live");
    if (is_live == NULL)
        return true;
    if (!json_is_boolean(is_live) || json_is_true(is_live) == account->is_live)
        return json_is_boolean(is_live);
    result->verdict = PROVIDER_NO;
    snprintf(result->note, sizeof(result->note), "the key is one of the %s environment",
             account->is_live ? "test" : "live");
    return true;
}

static bool read_yes(const struct provider_account *account, const struct provider_task *task,
                     const json_t *root, struct provider_result *result)
{
    result->verdict = PROVIDER_YES;
    switch (task->kind) {
    case PROVIDER_START:
        return read_started(account, root, result);
    case PROVIDER_REFUND:
        return read_refund(root, result);
    case PROVIDER_REFUND_QUERY:
        return read_refund(root, result) && read_events(account, task, root, result);
    case PROVIDER_QUERY:
        return read_events(account, task, root, result);
    default:
        return read_checked(account, root, result);
    }
}

static bool read_no(const json_t *root, struct provider_result *result)
{
    result->verdict = PROVIDER_NO;
    return reading_word(root, "reason", result->reason, sizeof(result->reason));
}

static void set_note(struct provider_result *result, int status)
{
    if (status == 401 || status == 403)
        snprintf(result->note, sizeof(result->note), "it does not take our key (status %d)",
                 status);
    else
        snprintf(result->note, sizeof(result->note), "it answered with status %d", status);
}

enum provider_step bank_api_read_answer(const struct provider_account *account,
                                        const struct provider_task *task, int round,
                                        const struct provider_answer *answer,
                                        struct provider_result *result)
{
    (void)round;
    bool is_change = task->kind == PROVIDER_START || task->kind == PROVIDER_REFUND;
    bool is_refused = is_change && answer->status == 422;
    bool is_question = task->kind == PROVIDER_QUERY || task->kind == PROVIDER_REFUND_QUERY;
    if (is_question && answer->status == 404) { /* it never came there: nothing has happened */
        result->verdict = PROVIDER_YES;
        return PROVIDER_DONE;
    }
    if (answer->status != 200 && answer->status != 201 && !is_refused) {
        set_note(result, answer->status);
        if (task->kind == PROVIDER_CHECK && (answer->status == 401 || answer->status == 403))
            result->verdict = PROVIDER_NO;
        return PROVIDER_DONE;
    }
    json_t *root = reading_object(answer->body);
    bool is_ok = root != NULL &&
                 (is_refused ? read_no(root, result) : read_yes(account, task, root, result));
    json_decref(root);
    if (!is_ok) {
        result->verdict = PROVIDER_UNCLEAR;
        result->fact_count = 0;
        snprintf(result->note, sizeof(result->note), "its answer cannot be read");
    }
    return PROVIDER_DONE;
}
