/* A message carries a checksum of some of its fields: SHA-384 over compact JSON of them, in an
 * order that each kind of message has for itself, with the CRC key as the last member. It is built
 * anew here, byte for byte as PHP prints it, with each value of the type that it came in: an
 * orderId that came as text has another checksum than one that came as a number.
 *
 * Three kinds: a payment was made (only good ones are told; it is an advance until we confirm it,
 * so never paid by itself), a refund is through or refused (status 0 and 1, the reverse of what the
 * query says), and the result of a BLIK code, if the account is set up to send it: that one is
 * information, which can end a payment unpaid and never pays one.
 *
 * There is no time in them: a captured one can be replayed, and is the same fact each time. */
#include "provider/przelewy24_notice.h"

#include "base/crypto.h"
#include "provider/reading.h"
#include "provider/writing.h"

#include <stdio.h>

enum { SIGNED_TEXT_MAX = 8192 };

/* ---- Checksums ---- */

void przelewy24_sign(struct buf *json, struct span crc, char sign[PRZELEWY24_SIGN_LEN + 1])
{
    uint8_t digest[DIGEST_LEN_MAX];
    writing_member(json, "crc", crc);
    buf_add_char(json, '}');
    struct span text = buf_span(json);
    hex_print(digest, digest_spans(DIGEST_SHA384, &text, 1, digest), sign);
}

enum notice { NOTICE_PAYMENT = 1, NOTICE_REFUND, NOTICE_BLIK };

static const char *const *signed_names(enum notice kind)
{
    static const char *const payment[] = {"merchantId",   "posId",    "sessionId", "amount",
                                          "originAmount", "currency", "orderId",   "methodId",
                                          "statement",    NULL};
    static const char *const refund[] = {"orderId", "sessionId", "refundsUuid", "merchantId",
                                         "amount",  "currency",  "status",      NULL};
    static const char *const blik[] = {"orderId", "sessionId", "method", "result", NULL};
    return kind == NOTICE_PAYMENT ? payment : kind == NOTICE_REFUND ? refund : blik;
}

static enum notice kind_of(const json_t *root)
{
    if (json_object_get(root, "refundsUuid") != NULL)
        return NOTICE_REFUND;
    return json_object_get(root, "result") != NULL ? NOTICE_BLIK : NOTICE_PAYMENT;
}

/* Text, whole number, or nothing; false for what nobody prints the same way twice. */
static bool add_value(struct buf *json, const json_t *value)
{
    if (json_is_string(value))
        writing_text(json, span_of(json_string_value(value), json_string_length(value)));
    else if (json_is_integer(value))
        buf_add_int(json, json_integer_value(value));
    else if (json_is_null(value))
        buf_add_str(json, "null");
    else
        return false;
    return true;
}

static bool add_member(struct buf *json, const char *name, const json_t *value)
{
    bool is_object = json_is_object(value);
    const char *inner_name;
    json_t *inner;
    writing_name(json, name);
    if (!is_object)
        return add_value(json, value);
    buf_add_char(json, '{');
    json_object_foreach((json_t *)value, inner_name, inner)
    {
        writing_name(json, inner_name);
        if (!add_value(json, inner))
            return false;
    }
    buf_add_char(json, '}');
    return true;
}

static bool has_sign(const json_t *root, enum notice kind, struct span crc)
{
    const json_t *sent = json_object_get(root, "sign");
    char sign[PRZELEWY24_SIGN_LEN + 1];
    struct buf json;
    bool is_same = false, is_whole = true;
    buf_init_secret(&json, SIGNED_TEXT_MAX);
    buf_add_char(&json, '{');
    for (const char *const *name = signed_names(kind); *name != NULL && is_whole; ++name)
        is_whole = add_member(&json, *name, json_object_get(root, *name));
    if (is_whole)
        przelewy24_sign(&json, crc, sign);
    if (is_whole && !buf_is_overflowed(&json) && json_string_length(sent) == PRZELEWY24_SIGN_LEN)
        is_same = bytes_equal(json_string_value(sent), sign, PRZELEWY24_SIGN_LEN);
    buf_release(&json);
    secret_wipe(sign, sizeof(sign));
    return is_same;
}

static bool is_signed(const struct provider_account *account, const json_t *root)
{
    bool is_found = false;
    for (int i = 0; i < 2; ++i)
        if (account->secrets[i].len > 0)
            is_found |= has_sign(root, kind_of(root), account->secrets[i]);
    return is_found;
}

/* ---- What it says ---- */

static int64_t number_of(struct span text)
{
    int64_t number;
    return reading_amount_digits(text, &number) ? number : 0;
}

int64_t przelewy24_merchant_id(const struct provider_account *account)
{
    return number_of(account->merchant);
}

int64_t przelewy24_pos_id(const struct provider_account *account)
{
    return number_of(account->client_id.len > 0 ? account->client_id : account->merchant);
}

bool przelewy24_read_order_id(const json_t *object, char out[PROVIDER_REFERENCE_MAX])
{
    const json_t *value = json_object_get(object, "orderId");
    memset(out, 0, PROVIDER_REFERENCE_MAX);
    if (!json_is_integer(value) || json_integer_value(value) <= 0)
        return false;
    snprintf(out, PROVIDER_REFERENCE_MAX, "%lld", (long long)json_integer_value(value));
    return true;
}

static bool read_ids(const json_t *root, struct callback_facts *facts)
{
    return przelewy24_read_order_id(root, facts->provider_reference) &&
           reading_word(root, "sessionId", facts->reference, sizeof(facts->reference)) &&
           facts->reference[0] != 0;
}

static bool read_money(const json_t *root, struct callback_facts *facts)
{
    return reading_amount(json_object_get(root, "amount"), &facts->amount_minor) &&
           reading_currency(span_str(json_string_value(json_object_get(root, "currency"))), false,
                            facts->currency);
}

static bool is_number(const json_t *root, const char *name, int64_t wanted)
{
    const json_t *value = json_object_get(root, name);
    return json_is_integer(value) && json_integer_value(value) == wanted;
}

static enum callback_verdict read_payment(const struct provider_account *account,
                                          const json_t *root, struct callback_facts *facts)
{
    if (!is_number(root, "merchantId", przelewy24_merchant_id(account)) ||
        !is_number(root, "posId", przelewy24_pos_id(account)))
        return CALLBACK_FOREIGN;
    if (!read_ids(root, facts) || !read_money(root, facts))
        return CALLBACK_MALFORMED;
    facts->kind = CALLBACK_TO_CONFIRM;
    memcpy(facts->movement, facts->provider_reference, sizeof(facts->movement));
    snprintf(facts->dedup_key, sizeof(facts->dedup_key), "order/%s", facts->provider_reference);
    return CALLBACK_GENUINE;
}

static enum callback_verdict read_refund(const struct provider_account *account, const json_t *root,
                                         struct callback_facts *facts)
{
    bool is_done = is_number(root, "status", 0);
    if (!is_number(root, "merchantId", przelewy24_merchant_id(account)))
        return CALLBACK_FOREIGN;
    if (!read_ids(root, facts) || !read_money(root, facts) ||
        !reading_word(root, "refundsUuid", facts->movement, sizeof(facts->movement)) ||
        facts->movement[0] == 0 || strlen(facts->movement) > 64 ||
        (!is_done && !is_number(root, "status", 1)))
        return CALLBACK_MALFORMED;
    facts->kind = is_done ? CALLBACK_REFUNDED : CALLBACK_REFUND_FAILED;
    snprintf(facts->dedup_key, sizeof(facts->dedup_key), "refund/%s/%s/%d",
             facts->provider_reference, facts->movement, !is_done);
    return CALLBACK_GENUINE;
}

/* "0": fine, which only the message of the payment itself makes money of. What the other codes mean
 * is not documented. */
static enum callback_verdict read_blik(const json_t *root, struct callback_facts *facts)
{
    char error[32];
    if (!read_ids(root, facts) ||
        !reading_word(json_object_get(root, "result"), "error", error, sizeof(error)) ||
        error[0] == 0)
        return CALLBACK_MALFORMED;
    facts->kind = strcmp(error, "0") == 0 ? CALLBACK_NONE : CALLBACK_FAILED;
    if (facts->kind == CALLBACK_FAILED)
        memcpy(facts->reason, "refused", sizeof("refused"));
    snprintf(facts->dedup_key, sizeof(facts->dedup_key), "blik/%s/%s", facts->provider_reference,
             error);
    return CALLBACK_GENUINE;
}

static enum callback_verdict read_notice(const struct provider_account *account, const json_t *root,
                                         struct callback_facts *facts)
{
    switch (kind_of(root)) {
    case NOTICE_PAYMENT:
        return read_payment(account, root, facts);
    case NOTICE_REFUND:
        return read_refund(account, root, facts);
    case NOTICE_BLIK:
        return read_blik(root, facts);
    }
    return CALLBACK_MALFORMED;
}

/* The checksum stands in the body: one that cannot be read has none. */
enum callback_verdict przelewy24_notice_read(const struct provider_account *account,
                                             const struct callback_headers *headers,
                                             struct span body, struct instant now,
                                             struct callback_facts *facts)
{
    (void)headers, (void)now;
    *facts = (struct callback_facts){0};
    json_t *root = reading_object(body);
    enum callback_verdict verdict = root != NULL && is_signed(account, root)
                                        ? read_notice(account, root, facts)
                                        : CALLBACK_FORGED;
    json_decref(root);
    return verdict;
}

enum callback_verdict przelewy24_notice_reread(const struct provider_account *account,
                                               struct span headers, struct span body,
                                               struct callback_facts *facts)
{
    (void)headers;
    *facts = (struct callback_facts){0};
    json_t *root = reading_object(body);
    enum callback_verdict verdict =
        root == NULL ? CALLBACK_MALFORMED : read_notice(account, root, facts);
    json_decref(root);
    return verdict;
}

void przelewy24_notice_keep(const struct callback_headers *headers, struct buf *json)
{
    (void)headers;
    buf_add_str(json, "{}");
}
