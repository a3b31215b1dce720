/* The signature is in the body: an HMAC over eight named values with a colon between them, none of
 * them escaped. So the body is read first, as text alone, and read for good once it is known who
 * sent it. A colon inside of a value could move the border between two of them; where one could
 * stand that is ours to believe, it is refused.
 *
 * A JSON webhook carries one item. More than one is refused, though all of them be signed: what is
 * stored, deduplicated and answered here is one fact, and a message that was taken for its first
 * item would lose the others without a word. Adyen repeats what is refused, and shows it.
 *
 * `live` is not signed: that a test message does not reach a live account is the work of its key,
 * which is another one, and `live` only tells the mistake of having written the wrong one down.
 * There is no signed time either: one that was caught can be sent again, and is the same fact then.
 *
 * A payment is booked when it is authorised: the account must capture by itself. What becomes of an
 * authorisation that is not captured after all takes that back.
 *
 * Unsure, and built so that either is right:
 *   - what makes two messages one: eventCode, pspReference and success do here, and each movement
 *     is booked once by its own id besides;
 *   - whether REFUND_FAILED has the pspReference of the refund or one of its own, and whether a
 *     refund's merchantReference is its own ("…-1") or its payment's: store/callback.sql
 *     (callback_fail_refund) finds the refund that we asked for in each case;
 *   - whether a cancelled or lapsed authorisation comes with its amount: without, it is kept where
 *     people see it;
 *   - whether a lost pre-arbitration and a second charge-back can both come for one dispute: they
 *     are one movement. */
#include "provider/adyen_notice.h"

#include "base/crypto.h"
#include "provider/reading.h"

#include <stdio.h>
#include <strings.h>

enum { ITEMS_MAX = 16, MAC_TEXT_LEN = 4 * ((SHA256_LEN + 2) / 3) };

/* ---- Who sent it ---- */

static bool read_key(struct span secret, uint8_t key[ADYEN_KEY_LEN])
{
    return hex_parse(secret, key, ADYEN_KEY_LEN);
}

bool adyen_key_is_ok(struct span secret)
{
    uint8_t key[ADYEN_KEY_LEN];
    bool is_ok = read_key(secret, key);
    secret_wipe(key, sizeof(key));
    return is_ok;
}

/* Missing and null are empty. */
static bool add_value(const json_t *object, const char *name, struct buf *text)
{
    const json_t *value = json_object_get(object, name);
    if (value != NULL && !json_is_null(value) && !json_is_string(value))
        return false;
    if (json_is_string(value))
        buf_add(text, span_of(json_string_value(value), json_string_length(value)));
    return true;
}

static bool write_signed_text(const json_t *item, struct buf *text)
{
    const json_t *amount = json_object_get(item, "amount");
    static const struct {
        const char *name;
        bool is_of_amount;
    } values[] = {
        {"pspReference", false},
        {"originalReference", false},
        {"merchantAccountCode", false},
        {"merchantReference", false},
        {"value", true},
        {"currency", true},
        {"eventCode", false},
        {"success", false},
    };
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); ++i) {
        if (i > 0)
            buf_add_char(text, ':');
        if (!add_value(values[i].is_of_amount ? amount : item, values[i].name, text))
            return false;
    }
    return true;
}

static bool is_signed_with(struct span secret, struct span text, struct span signature)
{
    uint8_t key[ADYEN_KEY_LEN], mac[SHA256_LEN];
    char expected[MAC_TEXT_LEN + 1];
    if (!read_key(secret, key))
        return false;
    hmac_sha256(span_of((const char *)key, sizeof(key)), text, mac);
    base64_print(span_of((const char *)mac, sizeof(mac)), expected);
    bool is_same =
        signature.len == MAC_TEXT_LEN && bytes_equal(signature.base, expected, MAC_TEXT_LEN);
    secret_wipe(key, sizeof(key));
    secret_wipe(mac, sizeof(mac));
    secret_wipe(expected, sizeof(expected));
    return is_same;
}

static const json_t *item_at(const json_t *root, size_t i)
{
    return json_object_get(json_array_get(json_object_get(root, "notificationItems"), i),
                           "NotificationRequestItem");
}

/* `item` has its numbers as texts. */
static bool is_item_signed(const struct provider_account *account, const json_t *item,
                           size_t body_len)
{
    const json_t *signature =
        json_object_get(json_object_get(item, "additionalData"), "hmacSignature");
    struct buf text;
    bool is_found = false;
    buf_init(&text, body_len + 8);
    bool is_read = json_is_string(signature) && write_signed_text(item, &text);
    for (int i = 0; is_read && i < 2; ++i)
        is_found |=
            is_signed_with(account->secrets[i], buf_span(&text),
                           span_of(json_string_value(signature), json_string_length(signature)));
    buf_release(&text);
    return is_found;
}

/* All of its items, and there are some. */
static bool is_signed(const struct provider_account *account, struct span body)
{
    json_t *root = reading_object_of_texts(body);
    size_t count = json_array_size(json_object_get(root, "notificationItems"));
    bool is_good = count > 0 && count <= ITEMS_MAX;
    for (size_t i = 0; is_good && i < count; ++i)
        is_good = is_item_signed(account, item_at(root, i), body.len);
    json_decref(root);
    return is_good;
}

void adyen_notice_keep(const struct callback_headers *headers, struct buf *json)
{
    (void)headers; /* all that it says is in the body */
    buf_add_str(json, "{}");
}

/* ---- What it says ---- */

struct event {
    const char *code;
    enum callback_kind kind, failed_kind; /* with success, and without */
    bool may_lack_amount;
    const char *movement_end; /* behind the pspReference, where one has two movements of a kind */
};

/* Others are acknowledged, and change nothing. */
static const struct event *find_event(const char *code)
{
    static const struct event events[] = {
        {"AUTHORISATION", CALLBACK_PAID, CALLBACK_FAILED, false, ""},
        {"CAPTURE_FAILED", CALLBACK_CHARGED_BACK, CALLBACK_NONE, true, ""},
        {"CANCELLATION", CALLBACK_REFUNDED, CALLBACK_NONE, true, ""},
        {"TECHNICAL_CANCEL", CALLBACK_REFUNDED, CALLBACK_NONE, true, ""},
        {"EXPIRE", CALLBACK_REFUNDED, CALLBACK_NONE, true, ""},
        {"REFUND", CALLBACK_REFUNDED, CALLBACK_REFUND_FAILED, false, ""},
        {"REFUND_FAILED", CALLBACK_REFUND_REVERSED, CALLBACK_NONE, false, ""},
        {"REFUNDED_REVERSED", CALLBACK_REFUND_REVERSED, CALLBACK_NONE, false, ""},
        {"REQUEST_FOR_INFORMATION", CALLBACK_DISPUTED, CALLBACK_NONE, false, ""},
        {"NOTIFICATION_OF_CHARGEBACK", CALLBACK_DISPUTED, CALLBACK_NONE, false, ""},
        {"CHARGEBACK", CALLBACK_CHARGED_BACK, CALLBACK_NONE, false, ""},
        {"CHARGEBACK_REVERSED", CALLBACK_CHARGEBACK_REVERSED, CALLBACK_NONE, false, ""},
        {"SECOND_CHARGEBACK", CALLBACK_CHARGED_BACK, CALLBACK_NONE, false, ":second"},
        {"PREARBITRATION_LOST", CALLBACK_CHARGED_BACK, CALLBACK_NONE, false, ":second"},
    };
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); ++i)
        if (strcmp(code, events[i].code) == 0)
            return &events[i];
    return NULL;
}

/* Adyen's words are for people; these are among them. */
static const char *reason_of(const char *text)
{
    static const struct {
        const char *part, *reason;
    } rows[] = {
        {"not enough balance", "insufficient_funds"},
        {"insufficient", "insufficient_funds"},
        {"limit", "limit_exceeded"},
        {"cancelled by shopper", "refused_by_customer"},
        {"shopper cancelled", "refused_by_customer"},
        {"declined by user", "refused_by_customer"},
        {"timeout", "timed_out"},
        {"refused", "refused_by_bank"},
        {"declined", "refused_by_bank"},
    };
    for (size_t i = 0; text != NULL && i < sizeof(rows) / sizeof(rows[0]); ++i)
        if (strcasestr(text, rows[i].part) != NULL)
            return rows[i].reason;
    return "refused";
}

static bool read_money(const json_t *item, struct callback_facts *facts)
{
    const json_t *amount = json_object_get(item, "amount");
    return reading_amount(json_object_get(amount, "value"), &facts->amount_minor) &&
           reading_currency(span_str(json_string_value(json_object_get(amount, "currency"))), false,
                            facts->currency);
}

static bool has_no_amount(const json_t *item)
{
    const json_t *value = json_object_get(json_object_get(item, "amount"), "value");
    return value == NULL || json_is_null(value) ||
           (json_is_integer(value) && json_integer_value(value) == 0);
}

static bool read_movement(const struct event *event, const char *id, const json_t *item,
                          struct callback_facts *facts)
{
    int len = snprintf(facts->movement, sizeof(facts->movement), "%s%s", id, event->movement_end);
    bool is_money = facts->kind >= CALLBACK_PAID;
    return len < (int)sizeof(facts->movement) &&
           (!is_money || (event->may_lack_amount && has_no_amount(item)) ||
            read_money(item, facts));
}

static bool read_event(const json_t *item, const char *id, const char *code, bool is_success,
                       struct callback_facts *facts)
{
    const struct event *event = find_event(code);
    if (event == NULL)
        return true;
    facts->kind = is_success ? event->kind : event->failed_kind;
    if (facts->kind == CALLBACK_FAILED)
        snprintf(facts->reason, sizeof(facts->reason), "%s",
                 reason_of(json_string_value(json_object_get(item, "reason"))));
    bool has_movement = facts->kind >= CALLBACK_PAID || facts->kind == CALLBACK_REFUND_FAILED ||
                        facts->kind == CALLBACK_DISPUTED;
    return !has_movement || read_movement(event, id, item, facts);
}

static bool has_colon(const char *text)
{
    return strchr(text, ':') != NULL;
}

static bool read_word(const json_t *item, const char *name, char *out, size_t room)
{
    return reading_word(item, name, out, room) && !has_colon(out);
}

/* The payment's own reference, wherever something was done to it. */
static bool read_ids(const json_t *item, char id[PROVIDER_REFERENCE_MAX],
                     struct callback_facts *facts)
{
    if (!read_word(item, "pspReference", id, PROVIDER_REFERENCE_MAX) || id[0] == 0 ||
        !read_word(item, "originalReference", facts->provider_reference,
                   sizeof(facts->provider_reference)))
        return false;
    if (facts->provider_reference[0] == 0)
        memcpy(facts->provider_reference, id, sizeof(facts->provider_reference));
    return true;
}

static bool is_text(const json_t *object, const char *name, const char *text)
{
    const char *value = json_string_value(json_object_get(object, name));
    return value != NULL && strcmp(value, text) == 0;
}

/* A reference that is none of ours, with a blank or a letter of another alphabet, leads nowhere;
 * one with a colon could be two values of another message. */
static bool read_reference(const json_t *item, struct callback_facts *facts)
{
    if (!reading_word(item, "merchantReference", facts->reference, sizeof(facts->reference)))
        memset(facts->reference, 0, sizeof(facts->reference));
    return !has_colon(facts->reference);
}

static enum callback_verdict read_item(const struct provider_account *account, const json_t *item,
                                       struct callback_facts *facts)
{
    char id[PROVIDER_REFERENCE_MAX], code[64], merchant[128], currency[8];
    bool is_success = is_text(item, "success", "true");
    if (!read_word(item, "merchantAccountCode", merchant, sizeof(merchant)) || merchant[0] == 0)
        return CALLBACK_MALFORMED;
    if (!span_is_str(account->merchant, merchant))
        return CALLBACK_FOREIGN;
    if ((!is_success && !is_text(item, "success", "false")) || !read_ids(item, id, facts) ||
        !read_word(item, "eventCode", code, sizeof(code)) || code[0] == 0 ||
        !read_word(json_object_get(item, "amount"), "currency", currency, sizeof(currency)))
        return CALLBACK_MALFORMED;
    int len =
        snprintf(facts->dedup_key, sizeof(facts->dedup_key), "%s/%s/%d", code, id, is_success);
    if (len >= (int)sizeof(facts->dedup_key))
        return CALLBACK_MALFORMED;
    if (!read_reference(item, facts)) {
        memset(facts->reference, 0, sizeof(facts->reference));
        return CALLBACK_GENUINE;
    }
    return read_event(item, id, code, is_success, facts) ? CALLBACK_GENUINE : CALLBACK_MALFORMED;
}

static enum callback_verdict read_root(const struct provider_account *account, const json_t *root,
                                       struct callback_facts *facts)
{
    bool is_live = is_text(root, "live", "true");
    if (json_array_size(json_object_get(root, "notificationItems")) != 1 ||
        (!is_live && !is_text(root, "live", "false")))
        return CALLBACK_MALFORMED;
    return is_live == account->is_live ? read_item(account, item_at(root, 0), facts)
                                       : CALLBACK_FOREIGN;
}

enum callback_verdict adyen_notice_reread(const struct provider_account *account,
                                          struct span headers, struct span body,
                                          struct callback_facts *facts)
{
    (void)headers;
    *facts = (struct callback_facts){0};
    json_t *root = reading_object(body);
    enum callback_verdict verdict =
        root == NULL ? CALLBACK_MALFORMED : read_root(account, root, facts);
    json_decref(root);
    return verdict;
}

enum callback_verdict adyen_notice_read(const struct provider_account *account,
                                        const struct callback_headers *headers, struct span body,
                                        struct instant now, struct callback_facts *facts)
{
    (void)headers, (void)now;
    *facts = (struct callback_facts){0};
    return is_signed(account, body) ? adyen_notice_reread(account, SPAN_LIT("{}"), body, facts)
                                    : CALLBACK_FORGED;
}
