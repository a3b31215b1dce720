#include "http/bank_token.h"

#include "base/crypto.h"
#include "base/json.h"

#include <strings.h>

enum { HEADER_MAX = 2048, CLAIMS_MAX = 6144, SIGNATURE_MAX = 1024, DEPTH_MAX = 8 };
enum { AUDIENCES_MAX = 32 };

/* The text, taken apart. Both documents are ours to give back. */
struct bank_token {
    json_t *header, *claims;
    struct span signed_text; /* header and claims as they came */
    uint8_t signature[SIGNATURE_MAX];
    size_t signature_len;
};

static bool take_part(struct span *rest, struct span *part)
{
    const char *dot = rest->len == 0 ? NULL : memchr(rest->base, '.', rest->len);
    if (dot == NULL)
        return false;
    *part = span_of(rest->base, (size_t)(dot - rest->base));
    *rest = span_from(*rest, part->len + 1);
    return true;
}

static json_t *read_object(struct span part, size_t len_max)
{
    uint8_t bytes[CLAIMS_MAX];
    struct err err = {0};
    const struct json_limits limits = {.bytes_max = len_max, .depth_max = DEPTH_MAX};
    long len = base64url_parse(part, bytes, len_max);
    json_t *object =
        len < 0 ? NULL : json_load(span_of((const char *)bytes, (size_t)len), limits, &err);
    if (object != NULL && !json_is_object(object)) {
        json_decref(object);
        object = NULL;
    }
    return object;
}

static bool read_token(struct bank_token *t, struct span text)
{
    struct span rest = text, header, claims;
    if (text.len > BANK_TOKEN_MAX || !take_part(&rest, &header) || !take_part(&rest, &claims) ||
        rest.len == 0)
        return false;
    long len = base64url_parse(rest, t->signature, sizeof(t->signature));
    if (len < 0)
        return false;
    t->signature_len = (size_t)len;
    t->signed_text = span_of(text.base, text.len - rest.len - 1);
    t->header = read_object(header, HEADER_MAX);
    t->claims = read_object(claims, CLAIMS_MAX);
    return t->header != NULL && t->claims != NULL;
}

static struct span text_of(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_string(value) ? span_of(json_string_value(value), json_string_length(value))
                                 : span_of(NULL, 0);
}

/* A token of another purpose (a logout, a proof) is no token of access, whoever signed it. */
static bool type_fits(const json_t *header)
{
    static const char *const types[] = {"JWT", "at+jwt", "application/at+jwt"};
    const json_t *type = json_object_get(header, "typ");
    if (type == NULL)
        return true;
    for (size_t i = 0; json_is_string(type) && i < sizeof(types) / sizeof(types[0]); ++i)
        if (strcasecmp(json_string_value(type), types[i]) == 0)
            return true;
    return false;
}

static bool header_fits(const json_t *header, const struct bank_token_rules *rules)
{
    const json_t *key_id = json_object_get(header, "kid");
    return span_is_str(text_of(header, "alg"), signature_algorithm_name(rules->algorithm)) &&
           json_object_get(header, "crit") == NULL && type_fits(header) &&
           (key_id == NULL || json_is_string(key_id));
}

static bool audience_fits(const json_t *claims, struct span audience)
{
    const json_t *all = json_object_get(claims, "aud"), *one;
    size_t at;
    if (json_is_string(all))
        return span_is(text_of(claims, "aud"), audience);
    if (!json_is_array(all) || json_array_size(all) > AUDIENCES_MAX)
        return false;
    json_array_foreach(all, at,
                       one) if (json_is_string(one) &&
                                span_is(span_of(json_string_value(one), json_string_length(one)),
                                        audience)) return true;
    return false;
}

/* A NumericDate may have a fraction. Absent: *is_there is false; false: no number. */
static bool read_date(const json_t *claims, const char *name, double *seconds, bool *is_there)
{
    const json_t *value = json_object_get(claims, name);
    *is_there = value != NULL;
    *seconds = json_number_value(value);
    return value == NULL || json_is_number(value);
}

static enum bank_token_verdict check_dates(const json_t *claims, int64_t leeway_s,
                                           struct instant now)
{
    double at = (double)now.us / 1e6, leeway = (double)leeway_s, end, begin, issue;
    bool has_end, has_begin, has_issue;
    if (!read_date(claims, "exp", &end, &has_end) || !has_end || at >= end + leeway)
        return BANK_TOKEN_EXPIRED;
    if (!read_date(claims, "nbf", &begin, &has_begin) ||
        !read_date(claims, "iat", &issue, &has_issue) || (has_begin && at < begin - leeway) ||
        (has_issue && at < issue - leeway))
        return BANK_TOKEN_NOT_YET;
    return BANK_TOKEN_GOOD;
}

static bool take_customer(const json_t *claims, struct span claim, struct bank_customer *customer)
{
    char name[256];
    if (claim.len >= sizeof(name))
        return false;
    memcpy(name, claim.base, claim.len);
    name[claim.len] = '\0';
    struct span reference = text_of(claims, name);
    if (!device_customer_is_fine(reference))
        return false;
    memcpy(customer->reference, reference.base, reference.len);
    customer->len = reference.len;
    return true;
}

static enum bank_token_verdict check_claims(const json_t *claims,
                                            const struct bank_token_rules *rules,
                                            struct instant now, struct bank_customer *customer)
{
    if (!span_is(text_of(claims, "iss"), rules->issuer))
        return BANK_TOKEN_ISSUER;
    if (!audience_fits(claims, rules->audience))
        return BANK_TOKEN_AUDIENCE;
    enum bank_token_verdict verdict = check_dates(claims, rules->leeway_s, now);
    if (verdict != BANK_TOKEN_GOOD)
        return verdict;
    return take_customer(claims, rules->customer_claim, customer) ? BANK_TOKEN_GOOD
                                                                  : BANK_TOKEN_CUSTOMER;
}

/* The signature comes last, so that what costs most is done for few, and keys are asked for anew
 * only for a token that would be good. */
static enum bank_token_verdict judge(const struct bank_token *t,
                                     const struct bank_token_rules *rules,
                                     const struct key_set *keys, struct instant now,
                                     struct bank_customer *customer)
{
    if (!header_fits(t->header, rules))
        return BANK_TOKEN_ALGORITHM;
    enum bank_token_verdict verdict = check_claims(t->claims, rules, now, customer);
    if (verdict != BANK_TOKEN_GOOD)
        return verdict;
    struct span signature = span_of((const char *)t->signature, t->signature_len);
    switch (key_set_verify(keys, text_of(t->header, "kid"), t->signed_text, signature)) {
    case KEY_SIGNED:
        return BANK_TOKEN_GOOD;
    case KEY_UNKNOWN:
        return BANK_TOKEN_KEY_UNKNOWN;
    case KEY_NOT_SIGNED:
        break;
    }
    return BANK_TOKEN_FORGED;
}

enum bank_token_verdict bank_token_check(const struct bank_token_rules *rules,
                                         const struct key_set *keys, struct span token,
                                         struct instant now, struct bank_customer *customer)
{
    struct bank_token t = {.header = NULL};
    enum bank_token_verdict verdict =
        read_token(&t, token) ? judge(&t, rules, keys, now, customer) : BANK_TOKEN_MALFORMED;
    json_decref(t.header);
    json_decref(t.claims);
    return verdict;
}

const char *bank_token_verdict_word(enum bank_token_verdict verdict)
{
    static const char *const words[] = {"good",        "malformed", "algorithm", "issuer",
                                        "audience",    "expired",   "not_yet",   "customer",
                                        "unknown_key", "forged"};
    return words[verdict];
}
