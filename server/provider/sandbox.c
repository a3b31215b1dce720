/* Reads strictly: duplicate keys, deep nesting, floats where integers belong, ids with odd bytes
 * and amounts outside of what a payment can be are refused, so that what is stored as genuine can
 * always be read again. */
#include "provider/sandbox.h"

#include "domain/payment.h"
#include "provider/standard_webhooks.h"

#include <jansson.h>
#include <stdlib.h>

enum { DEPTH_MAX = 16 };

/* jansson's own bound is 2,048 levels of recursion; nothing here needs more than three. */
static bool depth_is_ok(struct span json)
{
    int depth = 0;
    bool is_in_string = false;
    for (size_t i = 0; i < json.len; ++i) {
        char c = json.base[i];
        if (is_in_string) {
            if (c == '\\')
                ++i;
            else if (c == '"')
                is_in_string = false;
        } else if (c == '"') {
            is_in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > DEPTH_MAX)
                return false;
        } else if (c == '}' || c == ']') {
            --depth;
        }
    }
    return true;
}

static json_t *parse(struct span body)
{
    if (!depth_is_ok(body))
        return NULL;
    json_t *root = json_loadb(body.base, body.len, JSON_REJECT_DUPLICATES, NULL);
    if (root != NULL && !json_is_object(root)) {
        json_decref(root);
        return NULL;
    }
    return root;
}

/* A short word of printable ASCII without blanks; absent and null are the empty word. */
static bool read_word(const json_t *object, const char *name, char *out, size_t room)
{
    const json_t *value = json_object_get(object, name);
    memset(out, 0, room);
    if (value == NULL || json_is_null(value))
        return true;
    if (!json_is_string(value) || json_string_length(value) >= room)
        return false;
    const char *text = json_string_value(value);
    for (const char *c = text; *c != 0; ++c)
        if (*c <= ' ' || *c > '~')
            return false;
    memcpy(out, text, json_string_length(value));
    return true;
}

static bool currency_is_ok(const char *currency)
{
    for (int i = 0; i < 3; ++i)
        if (currency[i] < 'A' || currency[i] > 'Z')
            return false;
    return currency[3] == 0;
}

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

static bool read_money(const json_t *data, struct callback_facts *facts)
{
    const json_t *amount = json_object_get(data, "amount_minor");
    if (!json_is_integer(amount))
        return false;
    facts->amount_minor = json_integer_value(amount);
    return facts->amount_minor > 0 && facts->amount_minor <= PAYMENT_AMOUNT_MAX_MINOR &&
           facts->movement[0] != 0 && currency_is_ok(facts->currency);
}

static bool read_data(const json_t *data, struct callback_facts *facts)
{
    if (!json_is_object(data) ||
        !read_word(data, "id", facts->provider_reference, sizeof(facts->provider_reference)) ||
        !read_word(data, "reference", facts->reference, sizeof(facts->reference)) ||
        !read_word(data, "movement", facts->movement, sizeof(facts->movement)) ||
        !read_word(data, "reason", facts->reason, sizeof(facts->reason)) ||
        !read_word(data, "currency", facts->currency, sizeof(facts->currency)))
        return false;
    if (facts->reference[0] == 0 && facts->provider_reference[0] == 0)
        return false;
    bool is_money = facts->kind >= CALLBACK_PAID;
    return !is_money || read_money(data, facts);
}

static enum callback_verdict read_body(struct span body, struct callback_facts *facts)
{
    json_t *root = parse(body);
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

static void make_start(const struct provider_account *account, const struct provider_start *start,
                       struct provider_request *request)
{
    request->method = "POST";
    buf_add(&request->url, account->api_url);
    buf_add_str(&request->url, "/payments");
    buf_add_str(&request->headers, "Content-Type: application/json\nAuthorization: Bearer ");
    buf_add(&request->headers, account->api_key);
    buf_add_str(&request->headers, "\nIdempotency-Key: ");
    buf_add(&request->headers, start->reference);
    buf_add_char(&request->headers, '\n');
    json_t *body = json_object();
    json_object_set_new(body, "reference", text_of(start->reference));
    json_object_set_new(body, "amount_minor", json_integer(start->amount_minor));
    json_object_set_new(body, "currency", text_of(start->currency));
    json_object_set_new(body, "title", text_of(start->title));
    json_object_set_new(body, "return_url", text_of(start->return_url));
    json_object_set_new(body, "callback_url", text_of(start->callback_url));
    json_object_set_new(body, "language", text_of(start->language));
    char *text = json_dumps(body, JSON_COMPACT);
    if (text == NULL)
        abort();
    /* The code stays out of what others allocate and do not wipe. */
    buf_add(&request->body, span_of(text, strlen(text) - 1));
    if (start->blik_code.len > 0) {
        buf_add_str(&request->body, ",\"blik_code\":\"");
        buf_add(&request->body, start->blik_code); /* digits alone */
        buf_add_char(&request->body, '"');
    }
    buf_add_char(&request->body, '}');
    free(text);
    json_decref(body);
}

/* The browser goes to the bank's start origin and nowhere else, whatever the answer says. */
static bool redirect_is_ok(const struct provider_account *account, struct span url)
{
    return span_starts(url, account->start_origin) && url.len > account->start_origin.len &&
           url.base[account->start_origin.len] == '/';
}

static bool read_yes(const struct provider_account *account, const json_t *root,
                     struct provider_started *started)
{
    return read_word(root, "id", started->provider_reference,
                     sizeof(started->provider_reference)) &&
           started->provider_reference[0] != 0 &&
           read_word(root, "redirect_url", started->redirect_url, sizeof(started->redirect_url)) &&
           (started->redirect_url[0] == 0 ||
            redirect_is_ok(account, span_str(started->redirect_url)));
}

static int read_started(const struct provider_account *account, int status, struct span body,
                        struct provider_started *started, struct err *err)
{
    *started = (struct provider_started){0};
    if (status != 200 && status != 201 && status != 422)
        return err_set(err, ERR_PROVIDER, "the sandbox bank answered with status %d", status);
    json_t *root = parse(body);
    started->is_refused = status == 422;
    bool is_ok = root != NULL && (started->is_refused ? read_word(root, "reason", started->reason,
                                                                  sizeof(started->reason))
                                                      : read_yes(account, root, started));
    json_decref(root);
    if (!is_ok)
        return err_set(err, ERR_PROVIDER, "the sandbox bank's answer (%d) is not readable", status);
    return 0;
}

const struct provider sandbox_provider = {
    .name = "sandbox",
    .takes_blik_code = true,
    .make_start = make_start,
    .read_started = read_started,
    .read_callback = read_callback,
    .reread_callback = reread_callback,
    .keep_headers = standard_webhooks_keep,
    .answer = "{\"received\":true}",
};
