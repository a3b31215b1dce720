/* PayU: an order is created and answered with an address for the browser (302, with JSON that says
 * so as well; nobody follows it), or, with the six digits of BLIK, without one. What becomes of it
 * comes as a notification (payu_notice.c) and is told when it is asked for by its orderId.
 *
 * Our reference is the extOrderId, which PayU takes once per point of sale. A second START under it
 * is refused (ERROR_ORDER_NOT_UNIQUE), and that is no refusal of the payment: the first one came
 * through. It is read as UNCLEAR, never as NO; the orderId that such an answer may carry is handed
 * on. Orders cannot be looked up by extOrderId: without an orderId a question is not even sent.
 *
 * Unsure, and built so that either truth works:
 * - What a wrong BLIK code is answered with. A 4xx whose words name the code is a NO with that
 *   reason; an order that is taken and then cancelled gets the reason from its transactions.
 * - Whether the orderId beside ERROR_ORDER_NOT_UNIQUE is that of the first order. Whatever a query
 *   is about, its answer must name our reference (where that can still be printed).
 * - Whether buyer.email is wanted with BLIK: it is sent whenever there is one. riskData with the
 *   size of the customer's screen, which a newer description wants with BLIK codes, is not sent: a
 *   page without scripts does not know it. A point of sale that insists answers 4xx: a NO.
 * - Whether the list of refunds is an array or an object with one: both are read.
 * - A payment held until it is captured (WAITING_FOR_CONFIRMATION) is pending: the point of sale
 *   must have automatic collection on. Charge-backs are not told of at all, as far as is known. */
#include "provider/payu.h"

#include "base/crypto.h"
#include "provider/payu_notice.h"
#include "provider/reading.h"
#include "provider/writing.h"

#include <arpa/inet.h>
#include <stdio.h>

enum { TOKEN_SECONDS_MAX = 24 * 3600, CUSTOMER_IP_ROOM = 40 };

static void say(struct provider_result *result, const char *note)
{
    snprintf(result->note, sizeof(result->note), "%s", note);
}

/* ---- Signing in ---- */

/* PayU gives the point of sale one number for both. */
static struct span client_of(const struct provider_account *account)
{
    return account->client_id.len > 0 ? account->client_id : account->merchant;
}

static void make_token_request(const struct provider_account *account,
                               struct provider_request *request)
{
    buf_add(&request->url, account->api_url);
    buf_add_str(&request->url, "/pl/standard/user/oauth/authorize");
    buf_add_str(&request->headers, "Content-Type: application/x-www-form-urlencoded\n");
    buf_add_str(&request->body, "grant_type=client_credentials&client_id=");
    writing_percent(&request->body, client_of(account));
    buf_add_str(&request->body, "&client_secret=");
    writing_percent(&request->body, account->api_key);
}

static int64_t read_token(const struct provider_account *account,
                          const struct provider_answer *answer, char token[PROVIDER_TOKEN_MAX + 1])
{
    (void)account;
    json_t *root = answer->status == 200 ? reading_object(answer->body) : NULL;
    const json_t *life = json_object_get(root, "expires_in");
    int64_t seconds = json_is_integer(life) ? json_integer_value(life) : 0;
    if (!reading_word(root, "access_token", token, PROVIDER_TOKEN_MAX + 1) || token[0] == 0)
        seconds = 0;
    json_decref(root);
    return seconds > TOKEN_SECONDS_MAX ? TOKEN_SECONDS_MAX : seconds;
}

/* ---- What we ask ---- */

/* IPv4, or IPv6 in eight full groups; 0.0.0.0 is not taken. Whose address is not known is said to
 * sit at 127.0.0.1, as in PayU's examples. */
static void print_customer_ip(struct span text, char out[CUSTOMER_IP_ROOM])
{
    char address[64];
    unsigned char b[16];
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    snprintf(address, sizeof(address), "%.*s", (int)(text.len < 63 ? text.len : 63), text.base);
    bool is_v6 = inet_pton(AF_INET6, address, b) == 1;
    bool is_v4 = is_v6 ? memcmp(b, mapped, 12) == 0 : inet_pton(AF_INET, address, b + 12) == 1;
    if (is_v4 && (b[12] | b[13] | b[14] | b[15]) != 0)
        snprintf(out, CUSTOMER_IP_ROOM, "%d.%d.%d.%d", b[12], b[13], b[14], b[15]);
    else if (is_v6 && !is_v4)
        snprintf(out, CUSTOMER_IP_ROOM,
                 "%02x%02x:%02x%02x:%02x%02x:%02x%02x:%02x%02x:%02x%02x:%02x%02x:%02x%02x", b[0],
                 b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
                 b[14], b[15]);
    else
        snprintf(out, CUSTOMER_IP_ROOM, "127.0.0.1");
}

static void write_order(const struct provider_account *account, const struct provider_task *task,
                        struct buf *body)
{
    char ip[CUSTOMER_IP_ROOM];
    print_customer_ip(task->payer_ip, ip);
    buf_add_char(body, '{');
    writing_member(body, "extOrderId", task->reference);
    writing_member(body, "notifyUrl", task->callback_url);
    writing_member(body, "continueUrl", task->return_url);
    writing_member(body, "customerIp", span_str(ip));
    writing_member(body, "merchantPosId", account->merchant);
    writing_member(body, "description", task->title);
    writing_member(body, "currencyCode", task->currency);
    writing_member_digits(body, "totalAmount", task->amount_minor);
    writing_member_digits(body, "validityTime", task->valid_seconds);
    if (task->payer_email.len > 0) {
        buf_add_str(body, ",\"buyer\":{");
        writing_member(body, "email", task->payer_email);
        if (task->language.len == 2)
            writing_member(body, "language", task->language);
        buf_add_char(body, '}');
    }
    buf_add_str(body, ",\"products\":[{");
    writing_member(body, "name", task->title);
    writing_member_digits(body, "unitPrice", task->amount_minor);
    writing_member_digits(body, "quantity", 1);
    buf_add_str(body, "}]");
    if (task->blik_code.len > 0) {
        buf_add_str(body, ",\"payMethods\":{\"payMethod\":{");
        writing_member(body, "type", SPAN_LIT("BLIK_AUTHORIZATION_CODE"));
        writing_member(body, "value", task->blik_code);
        buf_add_str(body, "}}");
    }
    buf_add_char(body, '}');
}

static void write_refund(const struct provider_task *task, struct buf *body)
{
    buf_add_str(body, "{\"refund\":{");
    writing_member(body, "description", task->title.len > 0 ? task->title : task->reference);
    writing_member_digits(body, "amount", task->amount_minor);
    writing_member(body, "currencyCode", task->currency);
    writing_member(body, "extRefundId", task->refund_reference);
    buf_add_str(body, "}}");
}

/* The orderId, which is the payment's movement too. */
static struct span order_of(const struct provider_task *task)
{
    return task->provider_reference.len > 0 ? task->provider_reference : task->movement;
}

static void add_order_path(const struct provider_task *task, const char *rest, struct buf *url)
{
    buf_add_char(url, '/');
    writing_percent(url, order_of(task));
    buf_add_str(url, rest);
}

/* What is asked about an order, in the order of the rounds. */
static void add_question(const struct provider_task *task, int round,
                         const struct provider_result *result, struct buf *url)
{
    bool is_paid = result->fact_count > 0 && result->facts[0].kind == CALLBACK_PAID;
    if (task->kind == PROVIDER_QUERY) {
        add_order_path(task, round == 0 ? "" : is_paid ? "/refunds" : "/transactions", url);
        return;
    }
    add_order_path(task, "/refunds", url);
    if (task->kind == PROVIDER_REFUND_QUERY && task->refund_id.len > 0) {
        buf_add_char(url, '/');
        writing_percent(url, task->refund_id);
    }
}

static void make_request(const struct provider_account *account, const struct provider_task *task,
                         int round, struct span token, const struct provider_result *result,
                         struct provider_request *request)
{
    bool is_about_order = task->kind != PROVIDER_START && task->kind != PROVIDER_CHECK;
    if (is_about_order && order_of(task).len == 0)
        return;
    buf_add(&request->url, account->api_url);
    buf_add_str(&request->url,
                task->kind == PROVIDER_CHECK ? "/api/v2_1/paymethods" : "/api/v2_1/orders");
    if (is_about_order)
        add_question(task, round, result, &request->url);
    buf_add_str(&request->headers, "Content-Type: application/json\nAuthorization: Bearer ");
    buf_add(&request->headers, token);
    buf_add_char(&request->headers, '\n');
    if (task->kind == PROVIDER_START)
        write_order(account, task, &request->body);
    else if (task->kind == PROVIDER_REFUND)
        write_refund(task, &request->body);
    else
        request->method = "GET";
}

/* ---- What it answers ---- */

static const char *status_text(const json_t *root, const char *name)
{
    const char *text = json_string_value(json_object_get(json_object_get(root, "status"), name));
    return text == NULL ? "" : text;
}

static bool has_status(const json_t *root, const char *code)
{
    return strcmp(status_text(root, "statusCode"), code) == 0;
}

/* Its word for what is wrong is worth showing; what it says besides may be anything. */
static void say_status(struct provider_result *result, int status, const json_t *root)
{
    const char *code = status_text(root, "statusCode");
    size_t len = strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
    bool is_word = len > 0 && len < 64 && code[len] == 0;
    snprintf(result->note, sizeof(result->note), "it answered with status %d%s%s", status,
             is_word ? ", " : "", is_word ? code : "");
}

/* A NO is only what PayU documents as one about this very request. */
static bool is_no(int status, const json_t *root)
{
    return status == 400 &&
           (has_status(root, "ERROR_VALUE_INVALID") || has_status(root, "ERROR_VALUE_MISSING") ||
            has_status(root, "ERROR_SYNTAX") || has_status(root, "BUSINESS_ERROR") ||
            has_status(root, "ERROR_INCONSISTENT_CURRENCIES"));
}

static void read_reason(const json_t *root, struct provider_result *result)
{
    static const char *const names[] = {"statusDesc", "codeLiteral"};
    const char *reason = "refused";
    for (size_t i = 0; i < 2 && strcmp(reason, "refused") == 0; ++i)
        reason = payu_reason(status_text(root, names[i]));
    snprintf(result->reason, sizeof(result->reason), "%s", reason);
}

/* Neither yes nor done: NO, or UNCLEAR with a note. */
static void read_failure(int status, const json_t *root, struct provider_result *result)
{
    if (is_no(status, root)) {
        result->verdict = PROVIDER_NO;
        read_reason(root, result);
        return;
    }
    if (status == 403 || has_status(root, "ERROR_UNKNOWN_MERCHANT_POS"))
        say(result, "it knows us, but not for this point of sale: see merchant and client_id");
    else
        say_status(result, status, root);
}

static bool is_our_order(const struct provider_task *task, const json_t *root)
{
    const json_t *ours = json_object_get(root, "extOrderId");
    return ours == NULL || json_is_null(ours) ||
           (json_is_string(ours) &&
            span_is(task->reference, span_of(json_string_value(ours), json_string_length(ours))));
}

static void read_started(const struct provider_account *account, const struct provider_task *task,
                         const json_t *root, struct provider_result *result)
{
    bool is_done = has_status(root, "SUCCESS") || has_status(root, "WARNING_CONTINUE_REDIRECT");
    if (!is_done || !is_our_order(task, root) ||
        !reading_word(root, "orderId", result->provider_reference,
                      sizeof(result->provider_reference)) ||
        result->provider_reference[0] == 0) {
        say(result, "its answer to the order cannot be read");
        return;
    }
    if (task->blik_code.len == 0 &&
        !reading_redirect(account, root, "redirectUri", result->redirect_url)) {
        result->redirect_url[0] = 0;
        say(result, "it sends the browser to another place than start_origin");
        return;
    }
    result->verdict = PROVIDER_YES;
}

static void read_start(const struct provider_account *account, const struct provider_task *task,
                       int status, const json_t *root, struct provider_result *result)
{
    if (status == 200 || status == 201 || status == 302) {
        read_started(account, task, root, result);
        return;
    }
    if (!has_status(root, "ERROR_ORDER_NOT_UNIQUE")) {
        read_failure(status, root, result);
        return;
    }
    if (!is_our_order(task, root) || !reading_word(root, "orderId", result->provider_reference,
                                                   sizeof(result->provider_reference)))
        result->provider_reference[0] = 0;
    say(result, "it has an order under this reference already");
}

static void add_reason(const json_t *root, struct callback_facts *failed)
{
    const json_t *transaction;
    size_t i;
    snprintf(failed->reason, sizeof(failed->reason), "refused");
    json_array_foreach(json_object_get(root, "transactions"), i, transaction)
    {
        const char *code = json_string_value(json_object_get(transaction, "resultCode"));
        if (code != NULL)
            snprintf(failed->reason, sizeof(failed->reason), "%s", payu_reason(code));
    }
}

/* The facts about a refund of the order that was asked about. */
static bool read_refund(const struct provider_task *task, const json_t *refund,
                        struct callback_facts *facts)
{
    *facts = (struct callback_facts){0};
    return reading_word_of(order_of(task), facts->provider_reference,
                           sizeof(facts->provider_reference)) &&
           reading_word_of(task->reference, facts->reference, sizeof(facts->reference)) &&
           payu_refund_facts(refund, facts) == CALLBACK_GENUINE &&
           (facts->kind != CALLBACK_REFUNDED || facts->amount_minor > 0);
}

/* All that have come to an end, behind the payment. */
static void add_refunds(const struct provider_task *task, const json_t *list,
                        struct provider_result *result)
{
    const json_t *refund;
    size_t i;
    json_array_foreach(list, i, refund)
    {
        if (result->fact_count == PROVIDER_FACTS_MAX ||
            !read_refund(task, refund, &result->facts[result->fact_count])) {
            result->verdict = PROVIDER_UNCLEAR;
            say(result, "it tells of refunds that cannot be read, or of too many");
            return;
        }
        if (result->facts[result->fact_count].kind != CALLBACK_NONE)
            ++result->fact_count;
    }
}

static enum provider_step read_order(const struct provider_account *account,
                                     const struct provider_task *task, const json_t *root,
                                     struct provider_result *result)
{
    struct callback_facts *facts = &result->facts[0];
    const json_t *order = json_array_get(json_object_get(root, "orders"), 0);
    if (payu_order_facts(account, order, facts) != CALLBACK_GENUINE ||
        !span_is_str(order_of(task), facts->provider_reference) ||
        (task->reference.len > 0 && !span_is_str(task->reference, facts->reference))) {
        say(result, "it answered about something else than our payment");
        return PROVIDER_DONE;
    }
    result->verdict = PROVIDER_YES;
    result->fact_count = facts->kind != CALLBACK_NONE;
    return facts->kind == CALLBACK_PAID || facts->kind == CALLBACK_FAILED ? PROVIDER_NEXT
                                                                          : PROVIDER_DONE;
}

/* What the order itself says is good without its list of refunds, or of transactions, unless the
 * list is only out of order for now. */
static enum provider_step read_query(const struct provider_account *account,
                                     const struct provider_task *task, int round, int status,
                                     const json_t *root, struct provider_result *result)
{
    if (status != 200 && (round == 0 || status >= 500)) {
        result->verdict = PROVIDER_UNCLEAR;
        say_status(result, status, root);
        return PROVIDER_DONE;
    }
    if (round == 0)
        return read_order(account, task, root, result);
    if (result->facts[0].kind == CALLBACK_FAILED)
        add_reason(root, &result->facts[0]);
    else
        add_refunds(task, json_object_get(root, "refunds"), result);
    return PROVIDER_DONE;
}

static void read_refund_asked(int status, const json_t *root, struct provider_result *result)
{
    const json_t *refund = json_object_get(root, "refund");
    if (status == 404) {
        result->verdict = PROVIDER_NO;
        snprintf(result->reason, sizeof(result->reason), "refused");
    } else if (status != 200 && status != 201) {
        read_failure(status, root, result);
    } else if (!reading_word(refund, "refundId", result->refund_id, sizeof(result->refund_id)) ||
               result->refund_id[0] == 0) {
        say(result, "it took the refund, in an answer that cannot be read");
    } else {
        const char *state = json_string_value(json_object_get(refund, "status"));
        bool is_cancelled = state != NULL && strcmp(state, "CANCELED") == 0;
        result->verdict = is_cancelled ? PROVIDER_NO : PROVIDER_YES;
        if (is_cancelled)
            snprintf(result->reason, sizeof(result->reason), "refused");
    }
}

/* The one under our reference, where its own id was never heard. */
static const json_t *find_refund(const struct provider_task *task, const json_t *root)
{
    const json_t *refund;
    size_t i;
    if (task->refund_id.len > 0)
        return json_object_get(root, "refund") == NULL ? root : json_object_get(root, "refund");
    json_array_foreach(json_object_get(root, "refunds"), i, refund)
    {
        const char *ours = json_string_value(json_object_get(refund, "extRefundId"));
        if (ours != NULL && span_is_str(task->refund_reference, ours))
            return refund;
    }
    return NULL;
}

static void read_refund_state(const struct provider_task *task, int status, const json_t *root,
                              struct provider_result *result)
{
    const json_t *refund = status == 200 ? find_refund(task, root) : NULL;
    if (status != 200) {
        say_status(result, status, root);
    } else if (refund == NULL) {
        say(result, "it knows no refund under our reference");
    } else if (!read_refund(task, refund, &result->facts[0]) ||
               (task->refund_id.len > 0 &&
                !span_is_str(task->refund_id, result->facts[0].movement))) {
        say(result, "it answered about something else than our refund");
    } else {
        result->verdict = PROVIDER_YES;
        result->fact_count = result->facts[0].kind != CALLBACK_NONE;
        memcpy(result->refund_id, result->facts[0].movement, sizeof(result->refund_id));
    }
}

static void read_check(const struct provider_account *account, int status,
                       struct provider_result *result)
{
    if (!span_is(client_of(account), account->merchant)) {
        result->verdict = PROVIDER_NO;
        say(result, "client_id and merchant differ; PayU has one number for both");
    } else if (status == 200) {
        result->verdict = PROVIDER_YES;
    } else if (status == 403) {
        result->verdict = PROVIDER_NO;
        say(result, "it signs us in, but lets us ask nothing (status 403)");
    } else {
        snprintf(result->note, sizeof(result->note), "it answered with status %d", status);
    }
}

/* A list that is an array is read as if it stood under "refunds". */
static json_t *read_json(struct span body)
{
    json_t *root = reading_object(body);
    json_t *list = root == NULL ? reading_array(body) : NULL;
    if (list != NULL) {
        root = json_object();
        json_object_set_new(root, "refunds", list);
    }
    return root;
}

static enum provider_step read_answer(const struct provider_account *account,
                                      const struct provider_task *task, int round,
                                      const struct provider_answer *answer,
                                      struct provider_result *result)
{
    enum provider_step step = PROVIDER_DONE;
    if (answer->status == 401)
        return PROVIDER_TOKEN_REFUSED;
    result->verdict = PROVIDER_UNCLEAR;
    json_t *root = read_json(answer->body);
    switch (task->kind) {
    case PROVIDER_START:
        read_start(account, task, answer->status, root, result);
        break;
    case PROVIDER_QUERY:
        result->verdict = round == 0 ? PROVIDER_UNCLEAR : PROVIDER_YES;
        step = read_query(account, task, round, answer->status, root, result);
        break;
    case PROVIDER_REFUND:
        read_refund_asked(answer->status, root, result);
        break;
    case PROVIDER_REFUND_QUERY:
        read_refund_state(task, answer->status, root, result);
        break;
    case PROVIDER_CHECK:
        read_check(account, answer->status, result);
        break;
    case PROVIDER_CONFIRM:
        break;
    }
    json_decref(root);
    return step;
}

static const char *const needs[] = {"merchant", "api_key_file", "secret_files", NULL};
static const char *const scrub[] = {"customerIp", "buyer",    "email", "phone", "firstName",
                                    "lastName",   "delivery", "card",  NULL};

const struct provider payu_provider = {
    .name = "payu",
    .takes_blik_code = true,
    .query_needs_id = true,
    .tasks = PROVIDER_TASK(PROVIDER_START) | PROVIDER_TASK(PROVIDER_QUERY) |
             PROVIDER_TASK(PROVIDER_REFUND) | PROVIDER_TASK(PROVIDER_REFUND_QUERY) |
             PROVIDER_TASK(PROVIDER_CHECK),
    .live_api_url = "https://secure.payu.com",
    .test_api_url = "https://secure.snd.payu.com",
    .live_start_origin = "https://secure.payu.com",
    .test_start_origin = "https://merch-prod.snd.payu.com", /* as its answers have it */
    .needs = needs,
    .make_token_request = make_token_request,
    .read_token = read_token,
    .make_request = make_request,
    .read_answer = read_answer,
    .read_callback = payu_notice_read,
    .reread_callback = payu_notice_reread,
    .keep_headers = payu_notice_keep,
    .answer = "OK",
    .answer_type = "text/plain",
    .scrub = scrub,
};
