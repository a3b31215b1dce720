/* The signature is a plain digest of the body and the "second key" behind it, in a header that
 * stands there twice under two names. It has no time: a captured notification can be replayed for
 * ever, and is the same fact each time.
 *
 * PayU sends MD5; its library knows others. Those at least as strong are taken, SHA-1 and all else
 * are not. In the library the last of two equal parts of the header wins; here they are refused.
 *
 * Unsure: whether a notification of a refund has its amount (the published examples do). Without it
 * the refund is kept where people see it; one that we asked for is booked by PROVIDER_REFUND_QUERY,
 * which reads amount and all. */
#include "provider/payu_notice.h"

#include "base/crypto.h"
#include "provider/reading.h"
#include "provider/writing.h"

#include <stdio.h>

enum { SIGNATURE_HEADER_MAX = 512 };

/* The same in both; the first that is there counts. */
static const char *const header_names[] = {"openpayu-signature", "x-openpayu-signature"};
enum { HEADER_COUNT = sizeof(header_names) / sizeof(header_names[0]) };

/* ---- Who sent it ---- */

struct signature {
    struct span hex;
    enum digest kind; /* 0: none that is taken */
};

static enum digest digest_named(struct span name)
{
    static const struct {
        const char *name;
        enum digest kind;
    } rows[] = {
        {"MD5", DIGEST_MD5},        {"SHA", DIGEST_SHA256},     {"SHA-256", DIGEST_SHA256},
        {"SHA-384", DIGEST_SHA384}, {"SHA-512", DIGEST_SHA512},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i)
        if (span_is_str(name, rows[i].name))
            return rows[i].kind;
    return 0;
}

/* "name=value"; false when it has not exactly one sign of equality, or stood there before. */
static bool read_part(struct span part, struct signature *signature)
{
    const char *sign = memchr(part.base, '=', part.len);
    if (sign == NULL)
        return false;
    struct span name = span_of(part.base, (size_t)(sign - part.base));
    struct span value = span_from(part, name.len + 1);
    if (value.len == 0 || memchr(value.base, '=', value.len) != NULL)
        return false;
    if (span_is_str(name, "signature")) {
        bool is_first = signature->hex.len == 0;
        signature->hex = value;
        return is_first;
    }
    if (span_is_str(name, "algorithm")) {
        bool is_first = signature->kind == 0;
        signature->kind = digest_named(value);
        return is_first && signature->kind != 0;
    }
    return true;
}

/* "sender=checkout;signature=…;algorithm=MD5;content=DOCUMENT", in any order, perhaps with a ";" at
 * the end. */
static bool read_signature(struct span header, struct signature *signature)
{
    *signature = (struct signature){0};
    if (header.len > SIGNATURE_HEADER_MAX)
        return false;
    while (header.len > 0) {
        const char *end = memchr(header.base, ';', header.len);
        size_t len = end == NULL ? header.len : (size_t)(end - header.base);
        if (!read_part(span_of(header.base, len), signature))
            return false;
        header = span_from(header, len + 1);
    }
    return signature->hex.len > 0 && signature->kind != 0;
}

/* Which of the headers counts; -1 when there is none, or one of them twice. */
static int find_header(const struct callback_headers *headers, struct span *value)
{
    int found = -1;
    for (int i = HEADER_COUNT - 1; i >= 0; --i) {
        int count = 0;
        struct span header = headers->get(headers->owner, header_names[i], &count);
        if (count > 1)
            return -1;
        if (count == 1) {
            found = i;
            *value = header;
        }
    }
    return found;
}

static bool is_signed_with(struct span secret, const struct signature *signature, struct span body)
{
    uint8_t digest[DIGEST_LEN_MAX];
    char hex[2 * DIGEST_LEN_MAX + 1];
    const struct span parts[] = {body, secret};
    size_t hex_len = 2 * digest_spans(signature->kind, parts, 2, digest);
    hex_print(digest, hex_len / 2, hex);
    bool is_same = signature->hex.len == hex_len && bytes_equal(signature->hex.base, hex, hex_len);
    secret_wipe(digest, sizeof(digest));
    secret_wipe(hex, sizeof(hex));
    return is_same;
}

static bool is_signed(const struct provider_account *account,
                      const struct callback_headers *headers, struct span body)
{
    struct span header;
    struct signature signature;
    bool is_found = false;
    if (find_header(headers, &header) < 0 || !read_signature(header, &signature))
        return false;
    for (int i = 0; i < 2; ++i)
        if (account->secrets[i].len > 0)
            is_found |= is_signed_with(account->secrets[i], &signature, body);
    return is_found;
}

void payu_notice_keep(const struct callback_headers *headers, struct buf *json)
{
    struct span value;
    int found = find_header(headers, &value);
    buf_add_char(json, '{');
    if (found >= 0)
        writing_member(json, header_names[found], value);
    buf_add_char(json, '}');
}

/* ---- What it says ---- */

const char *payu_reason(const char *code)
{
    static const struct {
        const char *part, *reason;
    } rows[] = {
        {"AUTH_CODE_EXPIRED", "blik_code_expired"},
        {"AUTH_CODE_CANCEL", "blik_code_expired"}, /* a new one is needed all the same */
        {"AUTH_CODE_USED", "blik_code_used"},
        {"AUTH_CODE", "blik_code_wrong"},
        {"BLIK_CODE", "blik_code_wrong"},
        {"NO_AUTHORIZATION", "blik_not_confirmed"},
        {"INSUFFICIENT_FUNDS", "insufficient_funds"},
        {"LIMIT_EXCEEDED", "limit_exceeded"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i)
        if (strstr(code, rows[i].part) != NULL)
            return rows[i].reason;
    return "refused";
}

static enum callback_kind kind_of_order(const char *status)
{
    static const struct {
        const char *status;
        enum callback_kind kind;
    } rows[] = {
        {"NEW", CALLBACK_PENDING},
        {"PENDING", CALLBACK_PENDING},
        {"WAITING_FOR_CONFIRMATION", CALLBACK_PENDING}, /* the money is held, not ours */
        {"COMPLETED", CALLBACK_PAID},
        {"CANCELED", CALLBACK_FAILED},
        {"REJECTED", CALLBACK_FAILED},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i)
        if (strcmp(status, rows[i].status) == 0)
            return rows[i].kind;
    return CALLBACK_NONE;
}

static bool read_money(const json_t *object, const char *amount_name, struct callback_facts *facts)
{
    const json_t *amount = json_object_get(object, amount_name);
    const json_t *currency = json_object_get(object, "currencyCode");
    return json_is_string(amount) && json_is_string(currency) &&
           reading_amount_digits(span_of(json_string_value(amount), json_string_length(amount)),
                                 &facts->amount_minor) &&
           reading_currency(span_str(json_string_value(currency)), false, facts->currency);
}

enum callback_verdict payu_order_facts(const struct provider_account *account, const json_t *order,
                                       struct callback_facts *facts)
{
    char status[32], pos[64 + 1];
    *facts = (struct callback_facts){0};
    if (!json_is_object(order) || !reading_word(order, "merchantPosId", pos, sizeof(pos)) ||
        pos[0] == 0)
        return CALLBACK_MALFORMED;
    if (!span_is_str(account->merchant, pos))
        return CALLBACK_FOREIGN;
    if (!reading_word(order, "orderId", facts->provider_reference,
                      sizeof(facts->provider_reference)) ||
        !reading_word(order, "extOrderId", facts->reference, sizeof(facts->reference)) ||
        !reading_word(order, "status", status, sizeof(status)) ||
        facts->provider_reference[0] == 0 || status[0] == 0)
        return CALLBACK_MALFORMED;
    snprintf(facts->dedup_key, sizeof(facts->dedup_key), "order/%s/%s", facts->provider_reference,
             status);
    facts->kind = kind_of_order(status);
    if (facts->kind == CALLBACK_PAID) {
        memcpy(facts->movement, facts->provider_reference, sizeof(facts->movement));
        if (!read_money(order, "totalAmount", facts))
            return CALLBACK_MALFORMED;
    }
    return CALLBACK_GENUINE;
}

static bool has_money(const json_t *refund)
{
    const json_t *amount = json_object_get(refund, "amount");
    const json_t *currency = json_object_get(refund, "currencyCode");
    return amount != NULL && !json_is_null(amount) && currency != NULL && !json_is_null(currency);
}

enum callback_verdict payu_refund_facts(const json_t *refund, struct callback_facts *facts)
{
    char status[32];
    if (!json_is_object(refund) ||
        !reading_word(refund, "refundId", facts->movement, sizeof(facts->movement)) ||
        !reading_word(refund, "status", status, sizeof(status)) || facts->movement[0] == 0 ||
        status[0] == 0)
        return CALLBACK_MALFORMED;
    snprintf(facts->dedup_key, sizeof(facts->dedup_key), "refund/%s/%s", facts->movement, status);
    facts->kind = strcmp(status, "FINALIZED") == 0  ? CALLBACK_REFUNDED
                  : strcmp(status, "CANCELED") == 0 ? CALLBACK_REFUND_FAILED
                                                    : CALLBACK_NONE;
    if (facts->kind != CALLBACK_NONE && has_money(refund) && !read_money(refund, "amount", facts))
        return CALLBACK_MALFORMED;
    return CALLBACK_GENUINE;
}

/* The ids of the order stand beside the refund. */
static enum callback_verdict read_refund(const json_t *root, struct callback_facts *facts)
{
    if (!reading_word(root, "orderId", facts->provider_reference,
                      sizeof(facts->provider_reference)) ||
        !reading_word(root, "extOrderId", facts->reference, sizeof(facts->reference)) ||
        facts->provider_reference[0] == 0)
        return CALLBACK_MALFORMED;
    return payu_refund_facts(json_object_get(root, "refund"), facts);
}

/* Signed, and about neither order nor refund: acknowledged. */
static enum callback_verdict read_other(struct span body, struct callback_facts *facts)
{
    uint8_t digest[SHA256_LEN];
    sha256(body, digest);
    memcpy(facts->dedup_key, "other/", 6);
    hex_print(digest, sizeof(digest), facts->dedup_key + 6);
    return CALLBACK_GENUINE;
}

static enum callback_verdict read_body(const struct provider_account *account, struct span body,
                                       struct callback_facts *facts)
{
    *facts = (struct callback_facts){0};
    json_t *root = reading_object(body);
    if (root == NULL)
        return CALLBACK_MALFORMED;
    const json_t *order = json_object_get(root, "order");
    const json_t *refund = json_object_get(root, "refund");
    enum callback_verdict verdict = order != NULL && refund != NULL ? CALLBACK_MALFORMED
                                    : order != NULL  ? payu_order_facts(account, order, facts)
                                    : refund != NULL ? read_refund(root, facts)
                                                     : read_other(body, facts);
    json_decref(root);
    return verdict;
}

enum callback_verdict payu_notice_read(const struct provider_account *account,
                                       const struct callback_headers *headers, struct span body,
                                       struct instant now, struct callback_facts *facts)
{
    (void)now;
    *facts = (struct callback_facts){0};
    return is_signed(account, headers, body) ? read_body(account, body, facts) : CALLBACK_FORGED;
}

enum callback_verdict payu_notice_reread(const struct provider_account *account,
                                         struct span headers, struct span body,
                                         struct callback_facts *facts)
{
    (void)headers;
    return read_body(account, body, facts);
}
