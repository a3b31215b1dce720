#include "provider/sandbox.h"

#include "provider/reading.h"
#include "provider/standard_webhooks.h"

#include <stdio.h>
#include <stdlib.h>

static enum callback_kind kind_of(const char *type)
{
    static const struct {
        const char *type;
        enum callback_kind kind;
    } rows[] = {
        {"payment.pending", CALLBACK_PENDING},
        {"payment.failed", CALLBACK_FAILED},
        {"payment.paid", CALLBACK_PAID},
        {"payment.refunded", CALLBACK_REFUNDED},
        {"payment.charged_back", CALLBACK_CHARGED_BACK},
        {"payment.chargeback_reversed", CALLBACK_CHARGEBACK_REVERSED},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i)
        if (strcmp(type, rows[i].type) == 0)
            return rows[i].kind;
    return CALLBACK_NONE;
}

static bool read_currency(const json_t *data, struct callback_facts *facts)
{
    const json_t *currency = json_object_get(data, "currency");
    bool is_money = facts->kind >= CALLBACK_PAID;
    return (currency == NULL && !is_money) ||
           reading_currency(span_str(json_string_value(currency)), false, facts->currency);
}

static bool read_data(const json_t *data, struct callback_facts *facts)
{
    if (!json_is_object(data) ||
        !reading_word(data, "id", facts->provider_reference, sizeof(facts->provider_reference)) ||
        !reading_word(data, "reference", facts->reference, sizeof(facts->reference)) ||
        !reading_word(data, "movement", facts->movement, sizeof(facts->movement)) ||
        !reading_word(data, "reason", facts->reason, sizeof(facts->reason)) ||
        !read_currency(data, facts))
        return false;
    if (facts->reference[0] == 0 && facts->provider_reference[0] == 0)
        return false;
    bool is_money = facts->kind >= CALLBACK_PAID;
    return !is_money ||
           (facts->movement[0] != 0 && facts->currency[0] != 0 &&
            reading_amount(json_object_get(data, "amount_minor"), &facts->amount_minor));
}

static enum callback_verdict read_body(struct span body, struct callback_facts *facts)
{
    json_t *root = reading_object(body);
    if (root == NULL)
        return CALLBACK_MALFORMED;
    const char *type = json_string_value(json_object_get(root, "type"));
    bool is_ok = type != NULL;
    if (is_ok) {
        facts->kind = kind_of(type);
        is_ok = facts->kind == CALLBACK_NONE || read_data(json_object_get(root, "data"), facts);
    }
    json_decref(root);
    return is_ok ? CALLBACK_GENUINE : CALLBACK_MALFORMED;
}

static enum callback_verdict read_callback(const struct provider_account *account,
                                           const struct callback_headers *headers, struct span body,
                                           struct instant now, struct callback_facts *facts)
{
    *facts = (struct callback_facts){0};
    struct span id;
    enum callback_verdict verdict =
        standard_webhooks_verify(account->secrets, headers, body, now, &id);
    if (verdict != CALLBACK_GENUINE)
        return verdict;
    memcpy(facts->dedup_key, id.base, id.len);
    return read_body(body, facts);
}

static enum callback_verdict reread_callback(const struct provider_account *account,
                                             struct span headers, struct span body,
                                             struct callback_facts *facts)
{
    (void)account;
    *facts = (struct callback_facts){0};
    if (!standard_webhooks_kept_id(headers, facts->dedup_key))
        return CALLBACK_MALFORMED;
    return read_body(body, facts);
}

static json_t *text_of(struct span s)
{
    return json_stringn(s.base == NULL ? "" : s.base, s.len);
}

static void make_request(const struct provider_account *account, const struct provider_task *task,
                         int round, struct span token, const struct provider_result *result,
                         struct provider_request *request)
{
    (void)round, (void)token, (void)result;
    buf_add(&request->url, account->api_url);
    buf_add_str(&request->url, "/payments");
    buf_add_str(&request->headers, "Content-Type: application/json\nAuthorization: Bearer ");
    buf_add(&request->headers, account->api_key);
    buf_add_str(&request->headers, "\nIdempotency-Key: ");
    buf_add(&request->headers, task->reference);
    buf_add_char(&request->headers, '\n');
    json_t *body = json_object();
    json_object_set_new(body, "reference", text_of(task->reference));
    json_object_set_new(body, "amount_minor", json_integer(task->amount_minor));
    json_object_set_new(body, "currency", text_of(task->currency));
    json_object_set_new(body, "title", text_of(task->title));
    json_object_set_new(body, "return_url", text_of(task->return_url));
    json_object_set_new(body, "callback_url", text_of(task->callback_url));
    json_object_set_new(body, "language", text_of(task->language));
    char *text = json_dumps(body, JSON_COMPACT);
    if (text == NULL)
        abort();
    /* The code stays out of what others allocate and do not wipe. */
    buf_add(&request->body, span_of(text, strlen(text) - 1));
    if (task->blik_code.len > 0) {
        buf_add_str(&request->body, ",\"blik_code\":\"");
        buf_add(&request->body, task->blik_code); /* digits alone */
        buf_add_char(&request->body, '"');
    }
    buf_add_char(&request->body, '}');
    free(text);
    json_decref(body);
}

static bool read_yes(const struct provider_account *account, const json_t *root,
                     struct provider_result *result)
{
    const json_t *url = json_object_get(root, "redirect_url");
    return reading_word(root, "id", result->provider_reference,
                        sizeof(result->provider_reference)) &&
           result->provider_reference[0] != 0 &&
           (url == NULL || json_is_null(url) ||
            reading_redirect(account, root, "redirect_url", result->redirect_url));
}

static enum provider_step read_answer(const struct provider_account *account,
                                      const struct provider_task *task, int round,
                                      const struct provider_answer *answer,
                                      struct provider_result *result)
{
    (void)task, (void)round;
    bool is_refused = answer->status == 422;
    if (answer->status != 200 && answer->status != 201 && !is_refused) {
        snprintf(result->note, sizeof(result->note), "it answered with status %d", answer->status);
        return PROVIDER_DONE;
    }
    json_t *root = reading_object(answer->body);
    bool is_ok = root != NULL &&
                 (is_refused ? reading_word(root, "reason", result->reason, sizeof(result->reason))
                             : read_yes(account, root, result));
    json_decref(root);
    if (is_ok)
        result->verdict = is_refused ? PROVIDER_NO : PROVIDER_YES;
    return PROVIDER_DONE;
}

static const char *const needs[] = {"api_url", "start_origin", "secret_files", NULL};

const struct provider sandbox_provider = {
    .name = "sandbox",
    .takes_blik_code = true,
    .start_is_repeatable = true,
    .tasks = PROVIDER_TASK(PROVIDER_START),
    .needs = needs,
    .make_request = make_request,
    .read_answer = read_answer,
    .read_callback = read_callback,
    .reread_callback = reread_callback,
    .keep_headers = standard_webhooks_keep,
    .answer = "{\"received\":true}",
    .answer_type = "application/json",
};
