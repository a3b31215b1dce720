/* Przelewy24: a transaction is registered under our reference (its sessionId), and answered with a
 * token that the browser's address is made of; or that token and the six digits of BLIK are sent in
 * a second request. When it was paid we are told (przelewy24_notice.c), and must confirm it with
 * the amount that WE have stored: until then the money is the customer's advance. Only that
 * confirmation (PROVIDER_CONFIRM), or the answer to a question that it has been given, is
 * CALLBACK_PAID, with the orderId as its movement. It is asked by sessionId, so no id of theirs
 * need have been heard.
 *
 * Unsure, and built so that either truth works:
 * - What a second registration under one sessionId gets. It is not counted on as a repetition; a
 *   refusal that speaks of the session is UNCLEAR, never NO.
 * - What confirming twice gets. A refused confirmation is followed by the question how it stands:
 *   confirmed already is a yes.
 * - What a wrong BLIK code is answered with: any 400 to it is "wrong code". Whether codes want
 *   regulationAccept: it is not sent, as our page does not show Przelewy24's consent.
 * - Several orderIds of one session: each is confirmed and booked as a movement of its own, if
 *   Przelewy24 takes both; then the debt is overpaid, which admins see.
 * - Charge-backs are not told of, as far as is known. Refunds made in the panel are told of where
 *   the panel has our address; asking for one finds those that we made ourselves. */
#include "provider/przelewy24.h"

#include "base/crypto.h"
#include "provider/przelewy24_notice.h"
#include "provider/reading.h"
#include "provider/writing.h"

#include <stdio.h>

enum { TIME_LIMIT_MINUTES_MAX = 99, AGENT_MAX = 255, DESCRIPTION_MAX = 35, SIGNED_MAX = 2048 };

static void say(struct provider_result *result, const char *note)
{
    snprintf(result->note, sizeof(result->note), "%s", note);
}

static void refuse(struct provider_result *result, const char *reason)
{
    result->verdict = PROVIDER_NO;
    snprintf(result->reason, sizeof(result->reason), "%s", reason);
}

/* ---- What we ask ---- */

static void add_headers(const struct provider_account *account, struct buf *headers)
{
    struct buf plain;
    buf_init_secret(&plain, 1024);
    buf_add_int(&plain, przelewy24_pos_id(account));
    buf_add_char(&plain, ':');
    buf_add(&plain, account->api_key);
    struct span user = buf_span(&plain);
    buf_add_str(headers, "Content-Type: application/json\nAuthorization: Basic ");
    size_t len = 4 * ((user.len + 2) / 3);
    char *at = buf_grow(headers, len + 1);
    if (at != NULL) {
        base64_print(user, at);
        at[len] = '\n';
    }
    buf_release(&plain);
}

/* The languages of its pages; a customer of any other gets English. */
static struct span language_of(struct span language)
{
    static const char known[] = "bg cs de en es fr hr hu it nl pl pt se sk ro";
    if (language.len == 0)
        return SPAN_LIT("pl");
    for (size_t i = 0; i + 2 < sizeof(known); i += 3)
        if (span_is(language, span_of(known + i, 2)))
            return language;
    return SPAN_LIT("en");
}

static struct span start_of(struct span text, size_t len_max)
{
    if (text.len > len_max) {
        text.len = len_max;
        text.len = span_whole_len(text);
    }
    return text;
}

static void sign_registration(const struct provider_account *account,
                              const struct provider_task *task, char sign[PRZELEWY24_SIGN_LEN + 1])
{
    struct buf json;
    buf_init_secret(&json, SIGNED_MAX);
    buf_add_char(&json, '{');
    writing_member(&json, "sessionId", task->reference);
    writing_member_int(&json, "merchantId", przelewy24_merchant_id(account));
    writing_member_int(&json, "amount", task->amount_minor);
    writing_member(&json, "currency", task->currency);
    przelewy24_sign(&json, account->secrets[0], sign);
    buf_release(&json);
}

static void write_registration(const struct provider_account *account,
                               const struct provider_task *task, struct buf *body)
{
    char sign[PRZELEWY24_SIGN_LEN + 1];
    int64_t minutes = task->valid_seconds / 60;
    sign_registration(account, task, sign);
    buf_add_char(body, '{');
    writing_member_int(body, "merchantId", przelewy24_merchant_id(account));
    writing_member_int(body, "posId", przelewy24_pos_id(account));
    writing_member(body, "sessionId", task->reference);
    writing_member_int(body, "amount", task->amount_minor);
    writing_member(body, "currency", task->currency);
    writing_member(body, "description", task->title);
    writing_member(body, "email", task->payer_email);
    writing_member(body, "country", SPAN_LIT("PL"));
    writing_member(body, "language", language_of(task->language));
    writing_member(body, "urlReturn", task->return_url);
    writing_member(body, "urlStatus", task->callback_url);
    writing_member_int(body, "timeLimit",
                       minutes > TIME_LIMIT_MINUTES_MAX ? TIME_LIMIT_MINUTES_MAX : minutes);
    if (task->blik_code.len > 0) { /* which needs to know the customer's browser */
        buf_add_str(body, ",\"additional\":{\"PSU\":{");
        writing_member(body, "IP", task->payer_ip);
        writing_member(body, "userAgent", start_of(task->user_agent, AGENT_MAX));
        buf_add_str(body, "}}");
    }
    writing_member(body, "sign", span_str(sign));
    buf_add_char(body, '}');
}

static void write_charge(const struct provider_task *task, const struct provider_result *result,
                         struct buf *body)
{
    buf_add_char(body, '{');
    writing_member(body, "token", span_str(result->provider_reference));
    writing_member(body, "blikCode", task->blik_code);
    buf_add_char(body, '}');
}

static void sign_confirmation(const struct provider_account *account,
                              const struct provider_task *task, int64_t order_id,
                              char sign[PRZELEWY24_SIGN_LEN + 1])
{
    struct buf json;
    buf_init_secret(&json, SIGNED_MAX);
    buf_add_char(&json, '{');
    writing_member(&json, "sessionId", task->reference);
    writing_member_int(&json, "orderId", order_id);
    writing_member_int(&json, "amount", task->amount_minor);
    writing_member(&json, "currency", task->currency);
    przelewy24_sign(&json, account->secrets[0], sign);
    buf_release(&json);
}

static void write_confirmation(const struct provider_account *account,
                               const struct provider_task *task, int64_t order_id, struct buf *body)
{
    char sign[PRZELEWY24_SIGN_LEN + 1];
    sign_confirmation(account, task, order_id, sign);
    buf_add_char(body, '{');
    writing_member_int(body, "merchantId", przelewy24_merchant_id(account));
    writing_member_int(body, "posId", przelewy24_pos_id(account));
    writing_member(body, "sessionId", task->reference);
    writing_member_int(body, "amount", task->amount_minor);
    writing_member(body, "currency", task->currency);
    writing_member_int(body, "orderId", order_id);
    writing_member(body, "sign", span_str(sign));
    buf_add_char(body, '}');
}

/* One of our references names the request and the refund in it. */
static void write_refund(const struct provider_task *task, int64_t order_id, struct buf *body)
{
    buf_add_char(body, '{');
    writing_member(body, "requestId", task->refund_reference);
    buf_add_str(body, ",\"refunds\":[{");
    writing_member_int(body, "orderId", order_id);
    writing_member(body, "sessionId", task->reference);
    writing_member_int(body, "amount", task->amount_minor);
    if (task->title.len > 0)
        writing_member(body, "description", start_of(task->title, DESCRIPTION_MAX));
    buf_add_str(body, "}]");
    writing_member(body, "refundsUuid", task->refund_reference);
    writing_member(body, "urlStatus", task->callback_url);
    buf_add_char(body, '}');
}

/* The orderId that a task is about; 0 when there is none. */
static int64_t order_of(const struct provider_task *task)
{
    int64_t id = 0;
    if (task->movement.len == 0 || task->movement.len > 18)
        return 0;
    for (size_t i = 0; i < task->movement.len; ++i) {
        if (task->movement.base[i] < '0' || task->movement.base[i] > '9')
            return 0;
        id = id * 10 + (task->movement.base[i] - '0');
    }
    return id;
}

static void ask(struct provider_request *request, const char *path, struct span id)
{
    request->method = "GET";
    buf_add_str(&request->url, path);
    writing_percent(&request->url, id);
}

static void make_request(const struct provider_account *account, const struct provider_task *task,
                         int round, struct span token, const struct provider_result *result,
                         struct provider_request *request)
{
    (void)token;
    int64_t order_id = order_of(task);
    bool needs_order = task->kind == PROVIDER_CONFIRM || task->kind == PROVIDER_REFUND ||
                       task->kind == PROVIDER_REFUND_QUERY;
    bool needs_session = task->kind != PROVIDER_CHECK && task->kind != PROVIDER_REFUND_QUERY;
    if ((needs_order && order_id == 0) || (needs_session && task->reference.len == 0))
        return;
    buf_add(&request->url, account->api_url);
    add_headers(account, &request->headers);
    switch (task->kind) {
    case PROVIDER_START:
        buf_add_str(&request->url, round == 0 ? "/api/v1/transaction/register"
                                              : "/api/v1/paymentMethod/blik/chargeByCode");
        if (round == 0)
            write_registration(account, task, &request->body);
        else
            write_charge(task, result, &request->body);
        break;
    case PROVIDER_CONFIRM:
        if (round > 0) {
            ask(request, "/api/v1/transaction/by/sessionId/", task->reference);
            break;
        }
        request->method = "PUT";
        buf_add_str(&request->url, "/api/v1/transaction/verify");
        write_confirmation(account, task, order_id, &request->body);
        break;
    case PROVIDER_QUERY:
        ask(request, "/api/v1/transaction/by/sessionId/", task->reference);
        break;
    case PROVIDER_REFUND:
        buf_add_str(&request->url, "/api/v1/transaction/refund");
        write_refund(task, order_id, &request->body);
        break;
    case PROVIDER_REFUND_QUERY:
        ask(request, "/api/v1/refund/by/orderId/", task->movement);
        break;
    case PROVIDER_CHECK:
        ask(request, "/api/v1/testAccess", SPAN_LIT(""));
        break;
    }
}

/* ---- What it answers ---- */

/* Its own words are kept to ourselves: they may be anything. */
static void say_status(struct provider_result *result, int status)
{
    if (status == 401 || status == 403)
        snprintf(result->note, sizeof(result->note),
                 "it does not take our posId and API key, or not from this address (status %d)",
                 status);
    else
        snprintf(result->note, sizeof(result->note), "it answered with status %d", status);
}

static bool mentions(const json_t *root, const char *word)
{
    const char *error = json_string_value(json_object_get(root, "error"));
    return error != NULL && strcasestr(error, word) != NULL;
}

static bool read_token(const json_t *data, struct provider_result *result)
{
    char *token = result->provider_reference;
    if (!reading_word(data, "token", token, sizeof(result->provider_reference)) || token[0] == 0)
        return false;
    for (const char *c = token; *c != 0; ++c)
        if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", *c) == NULL)
            return false;
    return true;
}

static enum provider_step read_registered(const struct provider_account *account,
                                          const struct provider_task *task, int status,
                                          const json_t *root, struct provider_result *result)
{
    if (status == 400 && root != NULL && !mentions(root, "session")) {
        refuse(result, "refused");
    } else if (status == 400) {
        say(result, "it may have this session already");
    } else if (status != 200 && status != 201) {
        say_status(result, status);
    } else if (!read_token(json_object_get(root, "data"), result)) {
        result->provider_reference[0] = 0;
        say(result, "its answer to the registration cannot be read");
    } else if (task->blik_code.len > 0) {
        return PROVIDER_NEXT;
    } else {
        snprintf(result->redirect_url, sizeof(result->redirect_url), "%.*s/trnRequest/%s",
                 SPAN_ARG(account->start_origin), result->provider_reference);
        result->verdict = PROVIDER_YES;
    }
    return PROVIDER_DONE;
}

static void read_charged(int status, const json_t *root, struct provider_result *result)
{
    if ((status == 200 || status == 201) && json_is_object(json_object_get(root, "data")))
        result->verdict = PROVIDER_YES;
    else if (status == 400)
        refuse(result, "blik_code_wrong");
    else
        say_status(result, status);
}

/* How a transaction of our session stands; its orderId, amount and currency as facts of `kind`. */
static bool read_state(const struct provider_task *task, const json_t *root, int *state,
                       struct callback_facts *facts)
{
    const json_t *data = json_object_get(root, "data");
    const json_t *status = json_object_get(data, "status");
    const char *session = json_string_value(json_object_get(data, "sessionId"));
    *facts = (struct callback_facts){0};
    if (!json_is_integer(status) || json_integer_value(status) < 0 ||
        json_integer_value(status) > 3 || session == NULL ||
        !span_is_str(task->reference, session) ||
        !reading_word_of(task->reference, facts->reference, sizeof(facts->reference)))
        return false;
    *state = (int)json_integer_value(status);
    if (*state == 0)
        return true;
    bool is_read = przelewy24_read_order_id(data, facts->provider_reference) &&
                   reading_amount(json_object_get(data, "amount"), &facts->amount_minor) &&
                   reading_currency(span_str(json_string_value(json_object_get(data, "currency"))),
                                    false, facts->currency);
    memcpy(facts->movement, facts->provider_reference, sizeof(facts->movement));
    snprintf(facts->dedup_key, sizeof(facts->dedup_key), "order/%s/%d", facts->provider_reference,
             *state);
    return is_read;
}

/* 0: nothing yet. 1: an advance, to be confirmed. 2: confirmed. 3: returned; what was ours before
 * stays so until a refund is told, what was not never will be. */
static void read_query(const struct provider_task *task, int status, const json_t *root,
                       struct provider_result *result)
{
    static const enum callback_kind kinds[] = {CALLBACK_NONE, CALLBACK_TO_CONFIRM, CALLBACK_PAID,
                                               CALLBACK_FAILED};
    struct callback_facts *facts = &result->facts[0];
    int state = 0;
    if (status == 404 && root != NULL) {
        result->verdict = PROVIDER_YES; /* nobody has come to its page yet, or ever will */
    } else if (status != 200) {
        say_status(result, status);
    } else if (!read_state(task, root, &state, facts)) {
        say(result, "it answered about something else than our payment");
    } else {
        result->verdict = PROVIDER_YES;
        facts->kind = kinds[state];
        result->fact_count = state != 0;
        if (facts->kind == CALLBACK_FAILED)
            memcpy(facts->reason, "refused", sizeof("refused"));
    }
}

static void fill_confirmed(const struct provider_task *task, struct provider_result *result)
{
    struct callback_facts *facts = &result->facts[0];
    *facts = (struct callback_facts){.kind = CALLBACK_PAID, .amount_minor = task->amount_minor};
    if (!reading_word_of(task->reference, facts->reference, sizeof(facts->reference)) ||
        !reading_word_of(task->movement, facts->movement, sizeof(facts->movement)) ||
        !reading_currency(task->currency, false, facts->currency))
        return;
    memcpy(facts->provider_reference, facts->movement, sizeof(facts->movement));
    snprintf(facts->dedup_key, sizeof(facts->dedup_key), "order/%s/2", facts->movement);
    result->fact_count = 1;
    result->verdict = PROVIDER_YES;
}

static bool says_success(const json_t *root)
{
    const char *status =
        json_string_value(json_object_get(json_object_get(root, "data"), "status"));
    return status != NULL && strcmp(status, "success") == 0;
}

static enum provider_step read_confirmed(const struct provider_task *task, int status,
                                         const json_t *root, struct provider_result *result)
{
    if (status == 200 && says_success(root)) {
        fill_confirmed(task, result);
        return PROVIDER_DONE;
    }
    if (status == 400)
        return PROVIDER_NEXT; /* because it is confirmed already, or really not */
    say_status(result, status);
    return PROVIDER_DONE;
}

/* After a refused confirmation. */
static void read_confirmed_before(const struct provider_task *task, int status, const json_t *root,
                                  struct provider_result *result)
{
    struct callback_facts facts;
    int state = 0;
    if (status != 200 || !read_state(task, root, &state, &facts)) {
        say_status(result, status);
        return;
    }
    bool is_same = span_is_str(task->movement, facts.movement) &&
                   facts.amount_minor == task->amount_minor &&
                   span_is_str(task->currency, facts.currency);
    if (state == 2 && is_same)
        fill_confirmed(task, result);
    else
        refuse(result, "refused");
}

static void read_refund_asked(const struct provider_task *task, int status, const json_t *root,
                              struct provider_result *result)
{
    const json_t *item = json_array_get(json_object_get(root, "data"), 0);
    bool is_known = status == 400 && mentions(root, "already exists");
    if (is_known || (status == 201 && json_is_true(json_object_get(item, "status")))) {
        if (reading_word_of(task->refund_reference, result->refund_id, sizeof(result->refund_id)))
            result->verdict = PROVIDER_YES;
    } else if ((status == 201 && json_is_false(json_object_get(item, "status"))) || status == 409 ||
               (status == 400 && root != NULL && !mentions(root, "concurrent"))) {
        refuse(result, "refused");
    } else {
        say_status(result, status);
    }
}

static const json_t *find_refund(const struct provider_task *task, const json_t *data)
{
    const json_t *refund;
    size_t i;
    json_array_foreach(json_object_get(data, "refunds"), i, refund)
    {
        const char *ours = json_string_value(json_object_get(refund, "requestId"));
        if (ours != NULL && span_is_str(task->refund_reference, ours))
            return refund;
    }
    return NULL;
}

/* 1 done, 2 pending, 3 awaiting acceptance, 4 rejected: not as in its notices. */
static bool read_refund(const struct provider_task *task, const json_t *data, const json_t *refund,
                        struct callback_facts *facts)
{
    const json_t *status = json_object_get(refund, "status");
    *facts = (struct callback_facts){0};
    if (!json_is_integer(status) || !przelewy24_read_order_id(data, facts->provider_reference) ||
        !span_is_str(task->movement, facts->provider_reference) ||
        !reading_word_of(task->reference, facts->reference, sizeof(facts->reference)) ||
        !reading_word_of(task->refund_reference, facts->movement, sizeof(facts->movement)) ||
        !reading_amount(json_object_get(refund, "amount"), &facts->amount_minor) ||
        !reading_currency(span_str(json_string_value(json_object_get(data, "currency"))), false,
                          facts->currency))
        return false;
    json_int_t state = json_integer_value(status);
    facts->kind = state == 1   ? CALLBACK_REFUNDED
                  : state == 4 ? CALLBACK_REFUND_FAILED
                               : CALLBACK_NONE;
    snprintf(facts->dedup_key, sizeof(facts->dedup_key), "refund/%s/%.64s/%d",
             facts->provider_reference, facts->movement, state != 1);
    return state >= 1 && state <= 4;
}

static void read_refund_state(const struct provider_task *task, int status, const json_t *root,
                              struct provider_result *result)
{
    const json_t *data = json_object_get(root, "data");
    const json_t *refund = find_refund(task, data);
    if (status != 200) {
        say_status(result, status);
    } else if (refund == NULL) {
        say(result, "it knows no refund under our reference");
    } else if (!read_refund(task, data, refund, &result->facts[0])) {
        say(result, "it answered about something else than our refund");
    } else {
        result->verdict = PROVIDER_YES;
        result->fact_count = result->facts[0].kind != CALLBACK_NONE;
        memcpy(result->refund_id, result->facts[0].movement, sizeof(result->refund_id));
    }
}

static void read_check(const struct provider_account *account, int status, const json_t *root,
                       struct provider_result *result)
{
    if (przelewy24_merchant_id(account) == 0 || przelewy24_pos_id(account) == 0) {
        result->verdict = PROVIDER_NO;
        say(result, "merchant and client_id must be numbers: merchantId and posId");
        return;
    }
    if (status == 200 && json_is_true(json_object_get(root, "data")))
        result->verdict = PROVIDER_YES;
    else
        say_status(result, status);
    if (status == 401 || status == 403)
        result->verdict = PROVIDER_NO;
}

static enum provider_step read_answer(const struct provider_account *account,
                                      const struct provider_task *task, int round,
                                      const struct provider_answer *answer,
                                      struct provider_result *result)
{
    enum provider_step step = PROVIDER_DONE;
    int status = answer->status;
    json_t *root = reading_object(answer->body);
    result->verdict = PROVIDER_UNCLEAR;
    switch (task->kind) {
    case PROVIDER_START:
        if (round == 0)
            step = read_registered(account, task, status, root, result);
        else
            read_charged(status, root, result);
        break;
    case PROVIDER_CONFIRM:
        if (round == 0)
            step = read_confirmed(task, status, root, result);
        else
            read_confirmed_before(task, status, root, result);
        break;
    case PROVIDER_QUERY:
        read_query(task, status, root, result);
        break;
    case PROVIDER_REFUND:
        read_refund_asked(task, status, root, result);
        break;
    case PROVIDER_REFUND_QUERY:
        read_refund_state(task, status, root, result);
        break;
    case PROVIDER_CHECK:
        read_check(account, status, root, result);
        break;
    }
    json_decref(root);
    return step;
}

static const char *const needs[] = {"merchant", "api_key_file", "secret_files", NULL};
/* The statement is the title of the customer's transfer. */
static const char *const scrub[] = {"sign",          "statement",  "clientEmail", "clientName",
                                    "clientAddress", "clientCity", "email",       NULL};

const struct provider przelewy24_provider = {
    .name = "przelewy24",
    .takes_blik_code = true,
    .needs_email = true,
    .tasks = PROVIDER_TASK(PROVIDER_START) | PROVIDER_TASK(PROVIDER_QUERY) |
             PROVIDER_TASK(PROVIDER_CONFIRM) | PROVIDER_TASK(PROVIDER_REFUND) |
             PROVIDER_TASK(PROVIDER_REFUND_QUERY) | PROVIDER_TASK(PROVIDER_CHECK),
    .live_api_url = "https://secure.przelewy24.pl",
    .test_api_url = "https://sandbox.przelewy24.pl",
    .live_start_origin = "https://secure.przelewy24.pl",
    .test_start_origin = "https://sandbox.przelewy24.pl",
    .needs = needs,
    .make_request = make_request,
    .read_answer = read_answer,
    .read_callback = przelewy24_notice_read,
    .reread_callback = przelewy24_notice_reread,
    .keep_headers = przelewy24_notice_keep,
    .answer = "OK",
    .answer_type = "text/plain",
    .scrub = scrub,
};
