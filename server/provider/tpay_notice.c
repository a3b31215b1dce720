/* Signed twice: the whole body by a detached JWS (RFC 7515) in a header, and four of its fields by
 * md5sum, a digest with the merchant's security code. Both must be right. The JWS names where its
 * certificate is (x5u): that must be the address of the settings, and is never fetched from here;
 * the certificate is in the account's session (http/callback_certificates.h). There is no signed
 * time: one that was caught can be sent again, and is the same fact then.
 *
 * Unsure, and built so that either is right:
 *   - whether a partial refund is told as CHARGEBACK, and with which amount: see the movement in
 *     the header. What is more than came in waits, where people see it;
 *   - whether anything tells a second partial refund from the first told once more. tr_date may be
 *     the transaction's, and tr_paid may be what was paid, what went back, or all that has: none is
 *     taken for it, as a wrong guess would give back twice. They are one message; the second is
 *     booked with the list of refunds (tpay.c), when a refund of that payment is asked about;
 *   - what FALSE stands for beside an overpayment: it is never paid, and never over;
 *   - tr_currency is left out at times: that is zloty. Should it be another currency after all, it
 *     is not the payment's, and people see it;
 *   - test_mode is left out at times too, so at a test account it is not asked for. A message of
 *     the other environment is signed with a certificate from another address anyway. */
#include "provider/tpay_notice.h"

#include "base/crypto.h"
#include "base/signing_certificate.h"
#include "provider/form_reading.h"
#include "provider/provider_session.h"
#include "provider/reading.h"
#include "provider/writing.h"

#include <assert.h>
#include <stdio.h>

enum { JWS_MAX = 4096, JWS_HEADER_MAX = 1024, MD5_LEN = 16 };

#define JWS_NAME "x-jws-signature"

/* ---- The signature of the body ---- */

/* {"alg":"RS256","x5u":"…"} exactly, whatever else stands beside it; nothing that would have to be
 * understood. */
static bool jose_is_ok(const struct provider_account *account, struct span encoded)
{
    uint8_t text[JWS_HEADER_MAX];
    long len = encoded.len > JWS_HEADER_MAX ? -1 : base64url_parse(encoded, text, sizeof(text));
    json_t *jose = len <= 0 ? NULL : reading_object(span_of((const char *)text, (size_t)len));
    const char *algorithm = json_string_value(json_object_get(jose, "alg"));
    const json_t *x5u = json_object_get(jose, "x5u");
    bool is_ok = algorithm != NULL && strcmp(algorithm, "RS256") == 0 && json_is_string(x5u) &&
                 span_is(account->certificate_url,
                         span_of(json_string_value(x5u), json_string_length(x5u))) &&
                 json_object_get(jose, "crit") == NULL && json_object_get(jose, "b64") == NULL;
    json_decref(jose);
    return is_ok;
}

static bool is_signed(const struct signing_certificate *certificate, struct span jose,
                      struct span body, struct span signature)
{
    struct buf message;
    size_t room = 4 * ((body.len + 2) / 3) + 1;
    buf_init(&message, jose.len + 1 + room);
    buf_add(&message, jose);
    buf_add_char(&message, '.');
    char *at = buf_grow(&message, room);
    size_t len = at == NULL ? 0 : base64url_print(body, at);
    struct span signed_text = span_of(buf_span(&message).base, jose.len + 1 + len);
    bool is_good = at != NULL && signing_certificate_signed(certificate, signed_text, signature);
    buf_release(&message);
    return is_good;
}

/* "header..signature". */
static bool split(struct span jws, struct span *jose, struct span *signature)
{
    const char *dot = jws.len == 0 || jws.len > JWS_MAX ? NULL : memchr(jws.base, '.', jws.len);
    if (dot == NULL)
        return false;
    *jose = span_of(jws.base, (size_t)(dot - jws.base));
    *signature = span_from(jws, jose->len + 2);
    return signature->len > 0 && dot[1] == '.';
}

static enum callback_verdict check_jws(const struct provider_account *account,
                                       const struct callback_headers *headers, struct span body,
                                       struct instant now)
{
    int count = 0;
    uint8_t bytes[JWS_MAX];
    struct span jose, text, jws = headers->get(headers->owner, JWS_NAME, &count);
    if (count != 1 || !split(jws, &jose, &text) || !jose_is_ok(account, jose))
        return CALLBACK_FORGED;
    long len = base64url_parse(text, bytes, sizeof(bytes));
    if (len <= 0)
        return CALLBACK_FORGED;
    struct provider_session *session = account->session;
    bool is_ready = session != NULL && session->certificate != NULL &&
                    signing_certificate_is_in_date(session->certificate, now);
    if (is_ready &&
        is_signed(session->certificate, jose, body, span_of((const char *)bytes, (size_t)len)))
        return CALLBACK_GENUINE;
    if (session != NULL)
        session->is_certificate_doubted = true;
    return is_ready ? CALLBACK_FORGED : CALLBACK_NOT_READY;
}

void tpay_notice_keep(const struct callback_headers *headers, struct buf *json)
{
    int count = 0;
    struct span jws = headers->get(headers->owner, JWS_NAME, &count);
    buf_add_char(json, '{');
    writing_member(json, JWS_NAME, jws);
    buf_add_char(json, '}');
}

/* ---- The signature of the fields ---- */

static bool is_md5sum(const struct form_fields *fields, struct span code, struct span md5sum)
{
    uint8_t digest[DIGEST_LEN_MAX];
    char hex[2 * MD5_LEN + 1];
    const struct span parts[] = {
        form_fields_get(fields, "id"),
        form_fields_get(fields, "tr_id"),
        form_fields_get(fields, "tr_amount"),
        form_fields_get(fields, "tr_crc"),
        code,
    };
    digest_spans(DIGEST_MD5, parts, sizeof(parts) / sizeof(parts[0]), digest);
    hex_print(digest, MD5_LEN, hex);
    bool is_same = md5sum.len == 2 * MD5_LEN && bytes_equal(md5sum.base, hex, 2 * MD5_LEN);
    secret_wipe(digest, sizeof(digest));
    secret_wipe(hex, sizeof(hex));
    return is_same;
}

static bool has_md5sum(const struct provider_account *account, const struct form_fields *fields)
{
    struct span md5sum = form_fields_get(fields, "md5sum");
    bool is_found = false;
    for (int i = 0; i < 2; ++i)
        if (account->secrets[i].len > 0)
            is_found |= is_md5sum(fields, account->secrets[i], md5sum);
    return is_found;
}

/* ---- What it says ---- */

/* "TR-…-TST…X", as the panel sends to try the address. */
static bool is_panels_test(const struct form_fields *fields)
{
    struct span title = form_fields_get(fields, "tr_id");
    return title.len > 0 && memmem(title.base, title.len, "-TST", 4) != NULL;
}

static bool is_test(const struct form_fields *fields)
{
    struct span mode = form_fields_get(fields, "test_mode");
    return (mode.len > 0 && !span_is_str(mode, "0")) || is_panels_test(fields);
}

void tpay_refund_movement(struct span title, int64_t amount_minor, int nth,
                          char out[PROVIDER_REFERENCE_MAX])
{
    size_t len = title.len < 48 ? title.len : 48;
    memset(out, 0, PROVIDER_REFERENCE_MAX);
    int end = snprintf(out, PROVIDER_REFERENCE_MAX, "%.*s:%lld", (int)len, title.base,
                       (long long)amount_minor);
    if (nth > 0)
        snprintf(out + end, PROVIDER_REFERENCE_MAX - (size_t)end, "#%d", nth + 1);
}

static bool read_money(const struct form_fields *fields, struct callback_facts *facts)
{
    struct span currency = form_fields_get(fields, "tr_currency");
    return reading_amount_decimal(form_fields_get(fields, "tr_paid"), &facts->amount_minor) &&
           reading_currency(currency.base == NULL ? SPAN_LIT("PLN") : currency, false,
                            facts->currency);
}

static enum callback_verdict read_status(const struct form_fields *fields,
                                         struct callback_facts *facts)
{
    struct span status = form_fields_get(fields, "tr_status");
    if (span_is_str(status, "TRUE"))
        facts->kind = CALLBACK_PAID;
    else if (span_is_str(status, "CHARGEBACK"))
        facts->kind = CALLBACK_REFUNDED;
    else if (span_is_str(status, "FALSE") || span_is_str(status, "PAID"))
        facts->kind = CALLBACK_PENDING;
    if (facts->kind < CALLBACK_PAID)
        return CALLBACK_GENUINE;
    if (!read_money(fields, facts))
        return CALLBACK_MALFORMED;
    if (facts->kind == CALLBACK_PAID)
        memcpy(facts->movement, facts->provider_reference, sizeof(facts->movement));
    else
        tpay_refund_movement(span_str(facts->provider_reference), facts->amount_minor, 0,
                             facts->movement);
    return CALLBACK_GENUINE;
}

/* Of a registered alias, a token of a card: no invoice's. */
static enum callback_verdict read_other(struct span body, struct callback_facts *facts)
{
    uint8_t digest[SHA256_LEN];
    sha256(body, digest);
    memcpy(facts->dedup_key, "other/", 6);
    hex_print(digest, sizeof(digest), facts->dedup_key + 6);
    return CALLBACK_GENUINE;
}

/* Of a transaction that is not ours tr_crc may be anything. */
static bool read_ids(const struct form_fields *fields, struct callback_facts *facts)
{
    char status[16];
    struct span ours = form_fields_get(fields, "tr_crc");
    if (!reading_word_of(ours, facts->reference, sizeof(facts->reference)))
        memset(facts->reference, 0, sizeof(facts->reference));
    bool is_ok = reading_word_of(form_fields_get(fields, "tr_id"), facts->provider_reference,
                                 sizeof(facts->provider_reference)) &&
                 reading_word_of(form_fields_get(fields, "tr_status"), status, sizeof(status)) &&
                 facts->provider_reference[0] != 0 && status[0] != 0;
    if (is_ok)
        snprintf(facts->dedup_key, sizeof(facts->dedup_key), "%s/%s", facts->provider_reference,
                 status);
    return is_ok;
}

/* `is_kept`: it was verified when it was stored, perhaps with a code of then. */
static enum callback_verdict read_fields(const struct provider_account *account,
                                         const struct form_fields *fields, struct span body,
                                         bool is_kept, struct callback_facts *facts)
{
    bool is_other = form_fields_get(fields, "type").base != NULL ||
                    form_fields_get(fields, "event").base != NULL;
    if (form_fields_get(fields, "tr_id").base == NULL && is_other)
        return read_other(body, facts);
    if (!span_is(form_fields_get(fields, "id"), account->merchant))
        return CALLBACK_FOREIGN;
    if (!is_kept && !has_md5sum(account, fields))
        return CALLBACK_FORGED;
    if (account->is_live && is_test(fields))
        return CALLBACK_FOREIGN;
    if (!read_ids(fields, facts))
        return CALLBACK_MALFORMED;
    return is_panels_test(fields) ? CALLBACK_GENUINE : read_status(fields, facts);
}

static enum callback_verdict read_body(const struct provider_account *account, struct span body,
                                       bool is_kept, struct callback_facts *facts)
{
    struct form_fields fields;
    *facts = (struct callback_facts){0};
    enum callback_verdict verdict = form_fields_read(&fields, body)
                                        ? read_fields(account, &fields, body, is_kept, facts)
                                        : CALLBACK_MALFORMED;
    form_fields_release(&fields);
    return verdict;
}

enum callback_verdict tpay_notice_read(const struct provider_account *account,
                                       const struct callback_headers *headers, struct span body,
                                       struct instant now, struct callback_facts *facts)
{
    *facts = (struct callback_facts){0};
    enum callback_verdict verdict = check_jws(account, headers, body, now);
    return verdict == CALLBACK_GENUINE ? read_body(account, body, false, facts) : verdict;
}

enum callback_verdict tpay_notice_reread(const struct provider_account *account,
                                         struct span headers, struct span body,
                                         struct callback_facts *facts)
{
    (void)headers;
    return read_body(account, body, true, facts);
}
