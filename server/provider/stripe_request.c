#include "provider/stripe_request.h"

#include "provider/form.h"
#include "provider/writing.h"

enum {
    HOUR_SECONDS = 3600,
    VALID_MIN_SECONDS = 40 * 60,   /* Stripe wants 30 minutes at least, by its own clock */
    VALID_MAX_SECONDS = 22 * 3600, /* and 24 hours at most; rounding adds up to one */
    /* Of one payment in one answer, the newest first. Older ones have been told before. */
    REFUNDS_ASKED = 9,
    DISPUTES_ASKED = 3,
    REFUNDS_SEARCHED = 30,
};

/* Answers have the shape of this version, whatever the account's is. */
#define API_VERSION "2026-08-26.dahlia"

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

int64_t stripe_session_end(const struct provider_task *task, int round)
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
    form_add_int(form, "expires_at", stripe_session_end(task, round));
    form_add(form, "success_url", task->return_url);
    form_add(form, "cancel_url", task->return_url);
}

static void make_search(const struct provider_account *account, const struct provider_task *task,
                        struct provider_request *request)
{
    ask(account, request, "/v1/payment_intents/search?limit=2&query=");
    writing_percent(&request->url, SPAN_LIT("metadata['reference']:'"));
    writing_percent(&request->url, task->reference);
    writing_percent(&request->url, SPAN_LIT("'"));
}

bool stripe_is_session(struct span id)
{
    return span_starts(id, SPAN_LIT("cs_"));
}

static void make_query(const struct provider_account *account, const struct provider_task *task,
                       int round, struct span intent, struct provider_request *request)
{
    struct span id = task->provider_reference;
    if (round == STRIPE_ASK_REFUNDS || round == STRIPE_ASK_DISPUTES) {
        ask(account, request,
            round == STRIPE_ASK_REFUNDS ? "/v1/refunds?limit=" : "/v1/disputes?limit=");
        buf_add_int(&request->url, round == STRIPE_ASK_REFUNDS ? REFUNDS_ASKED : DISPUTES_ASKED);
        buf_add_str(&request->url, "&payment_intent=");
        writing_percent(&request->url, intent);
    } else if (id.len == 0) {
        make_search(account, task, request);
    } else {
        ask(account, request,
            stripe_is_session(id) ? "/v1/checkout/sessions/" : "/v1/payment_intents/");
        writing_percent(&request->url, id);
        if (stripe_is_session(id))
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
        writing_percent(&request->url, task->refund_id);
        return;
    }
    ask(account, request, "/v1/refunds?limit=");
    buf_add_int(&request->url, REFUNDS_SEARCHED);
    buf_add_str(&request->url, "&payment_intent=");
    writing_percent(&request->url, task->movement);
}

void stripe_make_request(const struct provider_account *account, const struct provider_task *task,
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
