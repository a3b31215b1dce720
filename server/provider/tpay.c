/* Tpay: a transaction is created and answered with an address for the browser. A BLIK code of our
 * own page is sent apart: the transaction is created without it, its id is put on disk, and only
 * then the code is sent for that id (HALFWAY), so that a code whose answer was lost can always be
 * asked about. What becomes of it comes as a notification (tpay_notice.c) and is told when it is
 * asked for by its transactionId.
 *
 * Our reference is hiddenDescription, which comes back as tr_crc. Tpay has no idempotency keys: a
 * START is never sent twice, and a transaction whose id was never heard cannot be asked about. A
 * REFUND looks at the list of those there are first, and has the name that the next one of its
 * amount will have put on disk (HALFWAY); only then it is sent, and sent again only as long as the
 * list does not have it. Its title (TR-…) is what notifications know it by, its transactionId what
 * the API does: both lead to the payment. Tpay takes no word on how long a payment may take; one
 * that is paid after its hour is booked all the same.
 *
 * Unsure, and built so that either truth works:
 * - Whether what is refused comes as 200 with "result": "failed", or as 4xx: both are read.
 * - What a wrong BLIK code is called: numbers 61 and 63 and words that name it are, else the
 *   customer is told that it was refused.
 * - What the list of a transaction's refunds looks like: an array "refunds" of objects with amount,
 *   and perhaps status. Should it look otherwise, the payment is told without them, a refund in
 *   full by the transaction's own status, a question about a refund is UNCLEAR, and none is sent.
 * - Whether the amount paid stands under payments.amountPaid: without it, it is the amount. */
#include "provider/tpay.h"

#include "base/signing_certificate.h"
#include "provider/reading.h"
#include "provider/tpay_notice.h"
#include "provider/writing.h"

#include <stdio.h>
#include <strings.h>

enum {
    TOKEN_SECONDS_MAX = 24 * 3600,
    TEXT_MAX = 128, /* bytes of description; Tpay counts letters */
    ADDRESS_MAX = 255,
    BLIK_GROUP = 150,
};

/* Rounds of a START with a BLIK code, of questions, and of a REFUND. */
enum { ROUND_CREATE = 0, ROUND_PAY = 1 };
enum { ROUND_TRANSACTION = 0, ROUND_REFUNDS = 1 };
enum { ROUND_LIST = 0, ROUND_GIVE_BACK = 1 };

static void say(struct provider_result *result, const char *note)
{
    snprintf(result->note, sizeof(result->note), "%s", note);
}

static void say_status(struct provider_result *result, int status)
{
    snprintf(result->note, sizeof(result->note), "it answered with status %d", status);
}

/* ---- Signing in ---- */

static void make_token_request(const struct provider_account *account,
                               struct provider_request *request)
{
    buf_add(&request->url, account->api_url);
    buf_add_str(&request->url, "/oauth/auth");
    buf_add_str(&request->headers, "Content-Type: application/json\n");
    buf_add_char(&request->body, '{');
    writing_member(&request->body, "client_id", account->client_id);
    writing_member(&request->body, "client_secret", account->api_key);
    buf_add_char(&request->body, '}');
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

static void write_amount(struct buf *json, int64_t minor)
{
    writing_name(json, "amount");
    buf_printf(json, "%lld.%02lld", (long long)(minor / 100), (long long)(minor % 100));
}

static struct span cut(struct span text, size_t max)
{
    if (text.len <= max)
        return text;
    text.len = max;
    return span_of(text.base, span_whole_len(text));
}

static void write_language(struct buf *json, struct span language)
{
    static const char *const known[] = {"pl", "en", "de", "fr", "ru", "it", "es"};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); ++i)
        if (span_is_str(language, known[i]))
            writing_member(json, "lang", language);
}

static void write_transaction(const struct provider_task *task, struct buf *json)
{
    buf_add_char(json, '{');
    write_amount(json, task->amount_minor);
    writing_member(json, "currency", task->currency);
    writing_member(json, "description", cut(task->title, TEXT_MAX));
    writing_member(json, "hiddenDescription", task->reference);
    write_language(json, task->language);
    writing_name(json, "payer");
    buf_add_char(json, '{');
    writing_member(json, "email", task->payer_email);
    writing_member(json, "name", cut(task->payer_name, ADDRESS_MAX));
    if (task->payer_ip.len > 0)
        writing_member(json, "ip", task->payer_ip);
    if (task->user_agent.len > 0)
        writing_member(json, "userAgent", cut(task->user_agent, ADDRESS_MAX));
    buf_add_str(json, "},\"callbacks\":{\"payerUrls\":{");
    writing_member(json, "success", task->return_url);
    writing_member(json, "error", task->return_url);
    buf_add_str(json, "},\"notification\":{");
    writing_member(json, "url", task->callback_url);
    buf_add_str(json, "}}}");
}

static void write_blik(const struct provider_task *task, struct buf *json)
{
    buf_add_char(json, '{');
    writing_member_int(json, "groupId", BLIK_GROUP);
    writing_name(json, "blikPaymentData");
    buf_add_char(json, '{');
    writing_member(json, "blikToken", task->blik_code);
    writing_member_int(json, "type", 0);
    buf_add_str(json, "}}");
}

/* What the API knows it by: the title that notifications name is no use there. */
static bool is_transaction_id(struct span id)
{
    return id.len > 0 && !span_starts(id, SPAN_LIT("TR-"));
}

static struct span id_of(const struct provider_task *task, const struct provider_result *result)
{
    struct span id = task->kind == PROVIDER_START ? span_str(result->provider_reference)
                                                  : task->provider_reference;
    return is_transaction_id(id) ? id : SPAN_LIT("");
}

static const char *path_behind_id(const struct provider_task *task, int round)
{
    if (task->kind == PROVIDER_START)
        return "/pay";
    return task->kind == PROVIDER_REFUND || round == ROUND_REFUNDS ? "/refunds" : "";
}

static void write_body(const struct provider_task *task, int round, struct buf *json)
{
    if (task->kind == PROVIDER_REFUND) {
        buf_add_char(json, '{');
        write_amount(json, task->amount_minor);
        buf_add_char(json, '}');
    } else if (round == ROUND_PAY) {
        write_blik(task, json);
    } else {
        write_transaction(task, json);
    }
}

static void make_request(const struct provider_account *account, const struct provider_task *task,
                         int round, struct span token, const struct provider_result *result,
                         struct provider_request *request)
{
    bool is_new =
        task->kind == PROVIDER_CHECK || (task->kind == PROVIDER_START && round == ROUND_CREATE);
    struct span id = id_of(task, result);
    if (!is_new && id.len == 0)
        return;
    buf_add(&request->url, account->api_url);
    buf_add_str(&request->url, "/transactions");
    if (task->kind == PROVIDER_CHECK) {
        buf_add_str(&request->url, "/channels");
    } else if (!is_new) {
        buf_add_char(&request->url, '/');
        writing_percent(&request->url, id);
        buf_add_str(&request->url, path_behind_id(task, round));
    }
    buf_add_str(&request->headers, "Content-Type: application/json\nAuthorization: Bearer ");
    buf_add(&request->headers, token);
    buf_add_char(&request->headers, '\n');
    bool is_list = task->kind == PROVIDER_REFUND && round == ROUND_LIST;
    if (task->kind == PROVIDER_START || (task->kind == PROVIDER_REFUND && !is_list))
        write_body(task, round, &request->body);
    else
        request->method = "GET";
}

/* ---- What it answers; numbers are texts here ---- */

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

static bool has_result(const json_t *root, const char *word)
{
    return strcmp(text_of(root, "result"), word) == 0;
}

static bool names(const char *text, const char *part)
{
    return strcasestr(text, part) != NULL;
}

/* The word of domain/payment.h's list for what Tpay says in one text. */
static const char *reason_of(const char *text)
{
    static const struct {
        const char *part, *reason;
    } rows[] = {
        {"expired", "blik_code_expired"},
        {"already used", "blik_code_used"},
        {"insufficient", "insufficient_funds"},
        {"limit", "limit_exceeded"},
        {"rejected by user", "refused_by_customer"},
        {"declined by user", "refused_by_customer"},
        {"not confirmed", "blik_not_confirmed"},
        {"timeout", "blik_not_confirmed"},
        {"bliktoken", "blik_code_wrong"},
        {"blik code", "blik_code_wrong"},
        {"blik_code", "blik_code_wrong"},
    };
    if (strcmp(text, "61") == 0 || strcmp(text, "63") == 0)
        return "blik_code_wrong";
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i)
        if (names(text, rows[i].part))
            return rows[i].reason;
    return "refused";
}

/* The first telling word in a list of errors or attempts. */
static const char *reason_in(const json_t *list)
{
    static const char *const members[] = {"errorCode", "paymentErrorCode", "fieldName",
                                          "errorMessage", "paymentErrorDescription"};
    const json_t *one;
    size_t i;
    json_array_foreach(list, i, one)
    {
        for (size_t m = 0; m < sizeof(members) / sizeof(members[0]); ++m) {
            const char *reason = reason_of(text_of(one, members[m]));
            if (strcmp(reason, "refused") != 0)
                return reason;
        }
    }
    return "refused";
}

static void set_reason(const json_t *root, char reason[32])
{
    const json_t *payments = json_object_get(root, "payments");
    const json_t *const lists[] = {json_object_get(root, "errors"),
                                   json_object_get(payments, "errors"),
                                   json_object_get(payments, "attempts")};
    snprintf(reason, 32, "refused");
    for (size_t i = 0; i < 3 && strcmp(reason, "refused") == 0; ++i)
        snprintf(reason, 32, "%s", reason_in(lists[i]));
}

/* Neither yes nor done: NO, or UNCLEAR with a note. Credentials, rights, unknown ids and haste are
 * no refusal of the payment. */
static void read_failure(int status, const json_t *root, struct provider_result *result)
{
    bool is_no = has_result(root, "failed") &&
                 (status == 200 || status == 400 || status == 409 || status == 422);
    result->verdict = is_no ? PROVIDER_NO : PROVIDER_UNCLEAR;
    if (is_no)
        set_reason(root, result->reason);
    else if (status == 403)
        say(result, "our credentials lack a right that is needed (status 403)");
    else if (status == 200)
        say(result, "its answer cannot be read");
    else
        say_status(result, status);
}

static bool is_done(int status, const json_t *root)
{
    return (status == 200 || status == 201) && has_result(root, "success");
}

static void read_created(const struct provider_account *account, const struct provider_task *task,
                         const json_t *root, struct provider_result *result)
{
    if (!reading_word(root, "transactionId", result->provider_reference,
                      sizeof(result->provider_reference)) ||
        result->provider_reference[0] == 0) {
        say(result, "its answer does not name the transaction");
    } else if (task->blik_code.len > 0) {
        result->verdict = PROVIDER_HALFWAY;
        result->next_round = ROUND_PAY;
    } else if (!reading_redirect(account, root, "transactionPaymentUrl", result->redirect_url)) {
        result->redirect_url[0] = 0;
        say(result, "it sends the browser to another place than start_origin");
    } else {
        result->verdict = PROVIDER_YES;
    }
}

static void read_start(const struct provider_account *account, const struct provider_task *task,
                       int round, int status, const json_t *root, struct provider_result *result)
{
    if (!is_done(status, root))
        read_failure(status, root, result);
    else if (round == ROUND_PAY)
        result->verdict = PROVIDER_YES;
    else
        read_created(account, task, root, result);
}

/* ---- Facts ---- */

static bool read_amount(const json_t *object, const char *name, int64_t *minor)
{
    return reading_amount_number(span_str(text_of(object, name)), minor);
}

/* What was paid, of a transaction that is. */
static bool read_money(const json_t *root, struct callback_facts *facts)
{
    const json_t *payments = json_object_get(root, "payments");
    const json_t *currency = json_object_get(root, "currency");
    bool has_paid = read_amount(payments, "amountPaid", &facts->amount_minor);
    return (has_paid || read_amount(root, "amount", &facts->amount_minor)) &&
           reading_currency(currency == NULL ? SPAN_LIT("PLN")
                                             : span_str(json_string_value(currency)),
                            false, facts->currency);
}

static enum callback_kind kind_of(const char *status)
{
    static const struct {
        const char *status;
        enum callback_kind kind;
    } rows[] = {
        {"pending", CALLBACK_PENDING}, {"correct", CALLBACK_PAID}, {"paid", CALLBACK_PAID},
        {"refund", CALLBACK_PAID},     {"error", CALLBACK_FAILED}, {"declined", CALLBACK_FAILED},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i)
        if (strcmp(status, rows[i].status) == 0)
            return rows[i].kind;
    return CALLBACK_NONE;
}

/* A code that was refused is the end of a transaction whose code came from our page, though Tpay
 * would take another one; should another one pay it, that is booked. */
static void look_at_attempts(const json_t *root, struct callback_facts *facts)
{
    char reason[32];
    set_reason(root, reason);
    if (facts->kind == CALLBACK_PENDING && span_starts(span_str(reason), SPAN_LIT("blik_")))
        facts->kind = CALLBACK_FAILED;
    if (facts->kind == CALLBACK_FAILED)
        memcpy(facts->reason, reason, sizeof(facts->reason));
}

static bool is_ours(const struct provider_task *task, const json_t *root)
{
    const char *ours = text_of(root, "hiddenDescription");
    return span_is_str(task->provider_reference, text_of(root, "transactionId")) &&
           (task->reference.len == 0 || ours[0] == 0 || span_is_str(task->reference, ours));
}

static bool read_transaction(const struct provider_task *task, const json_t *root,
                             struct callback_facts *facts)
{
    const char *status = text_of(root, "status");
    *facts = (struct callback_facts){.kind = kind_of(status)};
    if (!reading_word(root, "title", facts->provider_reference,
                      sizeof(facts->provider_reference)) ||
        !reading_word_of(task->reference, facts->reference, sizeof(facts->reference)) ||
        facts->provider_reference[0] == 0 || facts->kind == CALLBACK_NONE)
        return false;
    snprintf(facts->dedup_key, sizeof(facts->dedup_key), "%s/%s", facts->provider_reference,
             facts->kind == CALLBACK_PAID ? "correct" : status);
    look_at_attempts(root, facts);
    if (facts->kind != CALLBACK_PAID)
        return true;
    memcpy(facts->movement, facts->provider_reference, sizeof(facts->movement));
    return read_money(root, facts);
}

static enum provider_step read_asked(const struct provider_task *task, int status,
                                     const json_t *root, struct provider_result *result)
{
    struct callback_facts *paid = &result->facts[0];
    if (status != 200) {
        say_status(result, status);
        return PROVIDER_DONE;
    }
    if (!is_ours(task, root) || !read_transaction(task, root, paid)) {
        say(result, "what it says of the payment cannot be read, or is of another one");
        return PROVIDER_DONE;
    }
    result->verdict = PROVIDER_YES;
    result->fact_count = 1;
    snprintf(result->carried, sizeof(result->carried), "%s", text_of(root, "status"));
    return paid->kind == CALLBACK_PAID ? PROVIDER_NEXT : PROVIDER_DONE;
}

static enum callback_kind kind_of_refund(const char *status)
{
    static const struct {
        const char *status;
        enum callback_kind kind;
    } rows[] = {
        {"", CALLBACK_REFUNDED},
        {"correct", CALLBACK_REFUNDED},
        {"success", CALLBACK_REFUNDED},
        {"refund", CALLBACK_REFUNDED},
        {"done", CALLBACK_REFUNDED},
        {"completed", CALLBACK_REFUNDED},
        {"error", CALLBACK_REFUND_FAILED},
        {"declined", CALLBACK_REFUND_FAILED},
        {"failed", CALLBACK_REFUND_FAILED},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i)
        if (strcmp(status, rows[i].status) == 0)
            return rows[i].kind;
    return CALLBACK_NONE;
}

/* How many of the first `end` refunds are of this amount, whatever became of them; -1 when the list
 * cannot be read. */
static int count_like(const json_t *root, size_t end, int64_t minor)
{
    const json_t *list = json_object_get(root, "refunds"), *refund;
    int count = 0;
    size_t i;
    if (!json_is_array(list))
        return -1;
    json_array_foreach(list, i, refund)
    {
        int64_t other;
        if (!read_amount(refund, "amount", &other))
            return -1;
        count += i < end && other == minor;
    }
    return count;
}

/* Another one that failed says nothing about the one that is asked about. */
static bool is_of_another(const struct provider_task *task, const struct callback_facts *fact)
{
    return task->kind == PROVIDER_REFUND_QUERY && fact->kind == CALLBACK_REFUND_FAILED &&
           !span_is_str(task->refund_id, fact->movement);
}

static bool add_refund(const struct provider_task *task, const char *status, int64_t minor, int nth,
                       struct provider_result *result)
{
    if (result->fact_count == PROVIDER_FACTS_MAX)
        return false;
    struct callback_facts *fact = &result->facts[result->fact_count];
    *fact = result->facts[0]; /* ids and currency of the payment */
    fact->amount_minor = minor;
    fact->kind = kind_of_refund(status);
    tpay_refund_movement(span_str(fact->provider_reference), minor, nth, fact->movement);
    if (fact->kind == CALLBACK_NONE || is_of_another(task, fact))
        return true;
    char key[sizeof(fact->dedup_key)];
    snprintf(key, sizeof(key), "%s/%s",
             fact->kind == CALLBACK_REFUNDED ? "refunded" : "refund_failed", fact->movement);
    memcpy(fact->dedup_key, key, sizeof(key));
    ++result->fact_count;
    return true;
}

static bool add_refunds(const struct provider_task *task, const json_t *root,
                        struct provider_result *result)
{
    const json_t *list = json_object_get(root, "refunds"), *refund;
    size_t i;
    json_array_foreach(list, i, refund)
    {
        int64_t minor = 0;
        int nth = read_amount(refund, "amount", &minor) ? count_like(root, i, minor) : -1;
        if (nth < 0 || !add_refund(task, text_of(refund, "status"), minor, nth, result))
            return false;
    }
    return json_is_array(list);
}

/* Without its list a refund in full is still told by the payment's status. */
static void read_refunds(const struct provider_task *task, int status, const json_t *root,
                         struct provider_result *result)
{
    bool is_full = strcmp(result->carried, "refund") == 0;
    bool is_read = status == 200 && add_refunds(task, root, result);
    if (!is_read)
        result->fact_count = 1;
    if (is_full && result->fact_count == 1)
        is_read = add_refund(task, "refund", result->facts[0].amount_minor, 0, result);
    result->verdict = PROVIDER_YES;
    if (!is_read && (status >= 500 || task->kind == PROVIDER_REFUND_QUERY)) {
        result->verdict = PROVIDER_UNCLEAR;
        say(result, "its list of refunds cannot be read");
    }
}

/* ---- Refunds ---- */

/* Before anything is given back: the name that it will have is kept first, and one that is in the
 * list already is what an earlier try has done. */
static enum provider_step name_refund(const struct provider_task *task, int status,
                                      const json_t *root, struct provider_result *result)
{
    int count = status == 200 ? count_like(root, SIZE_MAX, task->amount_minor) : -1;
    char name[PROVIDER_REFERENCE_MAX];
    if (count < 0) {
        say(result, "its list of refunds cannot be read, so nothing is given back");
        return PROVIDER_DONE;
    }
    tpay_refund_movement(task->movement, task->amount_minor, count, name);
    if (task->refund_id.len == 0) {
        memcpy(result->refund_id, name, sizeof(name));
        result->verdict = PROVIDER_HALFWAY;
        return PROVIDER_DONE;
    }
    if (span_is_str(task->refund_id, name))
        return PROVIDER_NEXT;
    while (count-- > 0) {
        tpay_refund_movement(task->movement, task->amount_minor, count, name);
        if (span_is_str(task->refund_id, name))
            result->verdict = PROVIDER_YES;
    }
    if (result->verdict != PROVIDER_YES)
        say(result, "its list of refunds has become shorter");
    return PROVIDER_DONE;
}

static void read_refund_asked(int status, const json_t *root, struct provider_result *result)
{
    if (is_done(status, root))
        result->verdict = PROVIDER_YES;
    else
        read_failure(status, root, result);
}

static enum provider_step read_refund(const struct provider_task *task, int round, int status,
                                      const json_t *root, struct provider_result *result)
{
    if (round == ROUND_LIST)
        return name_refund(task, status, root, result);
    read_refund_asked(status, root, result);
    return PROVIDER_DONE;
}

/* What is asked proves the credentials; the root is only looked at. */
static void read_check(const struct provider_account *account, int status,
                       struct provider_result *result)
{
    bool is_root_ok = signing_root_is_ok(account->root_pem);
    if (status == 200) {
        result->verdict = is_root_ok ? PROVIDER_YES : PROVIDER_NO;
        if (!is_root_ok)
            say(result, "root_file is not one certificate in PEM");
    } else if (status == 403) {
        result->verdict = PROVIDER_NO;
        say(result, "it signs us in, but lets us ask nothing (status 403)");
    } else {
        say_status(result, status);
    }
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
    json_t *root = reading_object_of_texts(answer->body);
    switch (task->kind) {
    case PROVIDER_START:
        read_start(account, task, round, answer->status, root, result);
        break;
    case PROVIDER_QUERY:
    case PROVIDER_REFUND_QUERY:
        if (round == ROUND_TRANSACTION)
            step = read_asked(task, answer->status, root, result);
        else
            read_refunds(task, answer->status, root, result);
        break;
    case PROVIDER_REFUND:
        step = read_refund(task, round, answer->status, root, result);
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

static const char *const needs[] = {"merchant",     "client_id", "api_key_file",
                                    "secret_files", "root_file", NULL};
static const char *const scrub[] = {"tr_email", "tr_desc",   "card_token", "payer",
                                    "email",    "name",      "phone",      "address",
                                    "ip",       "userAgent", NULL};

const struct provider tpay_provider = {
    .name = "tpay",
    .takes_blik_code = true,
    .query_needs_id = true,
    .can_ask_by = is_transaction_id,
    .tasks = PROVIDER_TASK(PROVIDER_START) | PROVIDER_TASK(PROVIDER_QUERY) |
             PROVIDER_TASK(PROVIDER_REFUND) | PROVIDER_TASK(PROVIDER_REFUND_QUERY) |
             PROVIDER_TASK(PROVIDER_CHECK),
    .live_api_url = "https://api.tpay.com",
    .test_api_url = "https://openapi.sandbox.tpay.com",
    .live_start_origin = "https://secure.tpay.com",
    .test_start_origin = "https://secure.sandbox.tpay.com",
    .live_certificate_url = "https://secure.tpay.com/x509/notifications-jws.pem",
    .test_certificate_url = "https://secure.sandbox.tpay.com/x509/notifications-jws.pem",
    .needs = needs,
    .make_token_request = make_token_request,
    .read_token = read_token,
    .make_request = make_request,
    .read_answer = read_answer,
    .read_callback = tpay_notice_read,
    .reread_callback = tpay_notice_reread,
    .keep_headers = tpay_notice_keep,
    .answer = "TRUE",
    .answer_type = "text/plain",
    .scrub = scrub,
};
