#include "provider/webhooks.h"

#include "provider/reading.h"
#include "provider/standard_webhooks.h"

enum { PATH_MAX_LEN = 128, SEGMENTS_MAX = 8, WORD_MAX = 64 };

#define WORD(text)                                                                                 \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }
const struct provider_mapping webhooks_usual = {
    .types =
        {
            {WORD("payment.pending"), CALLBACK_PENDING},
            {WORD("payment.failed"), CALLBACK_FAILED},
            {WORD("payment.paid"), CALLBACK_PAID},
            {WORD("payment.refunded"), CALLBACK_REFUNDED},
            {WORD("payment.refund_failed"), CALLBACK_REFUND_FAILED},
            {WORD("payment.refund_reversed"), CALLBACK_REFUND_REVERSED},
            {WORD("payment.disputed"), CALLBACK_DISPUTED},
            {WORD("payment.charged_back"), CALLBACK_CHARGED_BACK},
            {WORD("payment.chargeback_reversed"), CALLBACK_CHARGEBACK_REVERSED},
        },
    .type_count = 9,
    .paths = {[WEBHOOKS_TYPE] = "type",
              [WEBHOOKS_ID] = "data.id",
              [WEBHOOKS_REFERENCE] = "data.reference",
              [WEBHOOKS_MOVEMENT] = "data.movement",
              [WEBHOOKS_AMOUNT] = "data.amount_minor",
              [WEBHOOKS_CURRENCY] = "data.currency",
              [WEBHOOKS_REASON] = "data.reason",
              [WEBHOOKS_LIVE] = "live",
              [WEBHOOKS_MERCHANT] = "merchant"},
};

/* ---- the mapping's text ---- */

static const struct {
    const char *word;
    enum callback_kind kind;
} kind_words[] = {
    {"pending", CALLBACK_PENDING},
    {"failed", CALLBACK_FAILED},
    {"paid", CALLBACK_PAID},
    {"refunded", CALLBACK_REFUNDED},
    {"refund_failed", CALLBACK_REFUND_FAILED},
    {"refund_reversed", CALLBACK_REFUND_REVERSED},
    {"disputed", CALLBACK_DISPUTED},
    {"charged_back", CALLBACK_CHARGED_BACK},
    {"chargeback_reversed", CALLBACK_CHARGEBACK_REVERSED},
};

static const char *const field_words[WEBHOOKS_FIELD_COUNT] = {
    [WEBHOOKS_TYPE] = "type",           [WEBHOOKS_ID] = "id",
    [WEBHOOKS_REFERENCE] = "reference", [WEBHOOKS_MOVEMENT] = "movement",
    [WEBHOOKS_AMOUNT] = "amount",       [WEBHOOKS_CURRENCY] = "currency",
    [WEBHOOKS_REASON] = "reason",       [WEBHOOKS_LIVE] = "live",
    [WEBHOOKS_MERCHANT] = "merchant",
};

bool webhooks_add_type(struct provider_mapping *mapping, const char *text)
{
    const char *equals = strrchr(text, '=');
    char plain[WORD_MAX];
    if (equals == NULL || equals == text || mapping->type_count == WEBHOOKS_TYPES_MAX)
        return false;
    struct span word = span_of(text, (size_t)(equals - text));
    if (!reading_word_of(word, plain, sizeof(plain)))
        return false;
    for (int i = 0; i < mapping->type_count; ++i)
        if (span_is(mapping->types[i].word, word))
            return false;
    for (size_t i = 0; i < sizeof(kind_words) / sizeof(kind_words[0]); ++i)
        if (strcmp(equals + 1, kind_words[i].word) == 0) {
            mapping->types[mapping->type_count++] =
                (struct webhooks_type){word, kind_words[i].kind};
            return true;
        }
    return false;
}

static bool path_is_ok(const char *path)
{
    size_t segment_len = 0;
    int segments = 1;
    char plain[PATH_MAX_LEN];
    if (!reading_word_of(span_str(path), plain, sizeof(plain)))
        return false;
    for (; *path != 0; ++path) {
        if (*path != '.') {
            ++segment_len;
            continue;
        }
        if (segment_len == 0 || ++segments > SEGMENTS_MAX)
            return false;
        segment_len = 0;
    }
    return segment_len > 0;
}

bool webhooks_set_path(struct provider_mapping *mapping, const char *text)
{
    const char *equals = strchr(text, '=');
    if (equals == NULL || !path_is_ok(equals + 1))
        return false;
    for (int i = 0; i < WEBHOOKS_FIELD_COUNT; ++i)
        if (span_is_str(span_of(text, (size_t)(equals - text)), field_words[i])) {
            mapping->paths[i] = equals + 1;
            return true;
        }
    return false;
}

/* ---- reading ---- */

struct place {
    const json_t *parent; /* null when there is none on the way */
    const char *name;
};

static struct place place_of(const struct provider_mapping *mapping, const json_t *message,
                             enum webhooks_field field)
{
    struct place place = {message, mapping->paths[field]};
    const char *dot;
    while ((dot = strchr(place.name, '.')) != NULL) {
        place.parent = json_object_getn(place.parent, place.name, (size_t)(dot - place.name));
        place.name = dot + 1;
    }
    return place;
}

static const json_t *value_of(const struct provider_mapping *mapping, const json_t *message,
                              enum webhooks_field field)
{
    struct place place = place_of(mapping, message, field);
    return json_object_get(place.parent, place.name);
}

static bool read_word(const struct provider_mapping *mapping, const json_t *message,
                      enum webhooks_field field, char *out, size_t room)
{
    struct place place = place_of(mapping, message, field);
    return reading_word(place.parent, place.name, out, room);
}

static enum callback_kind kind_of(const struct provider_mapping *mapping, struct span type)
{
    for (int i = 0; i < mapping->type_count; ++i)
        if (span_is(mapping->types[i].word, type))
            return mapping->types[i].kind;
    return CALLBACK_NONE;
}

static bool read_currency(const json_t *currency, struct callback_facts *facts)
{
    bool is_money = facts->kind >= CALLBACK_PAID;
    return (currency == NULL && !is_money) ||
           reading_currency(span_str(json_string_value(currency)), false, facts->currency);
}

static bool read_facts(const struct provider_mapping *m, const json_t *message,
                       struct callback_facts *facts)
{
    if (!read_word(m, message, WEBHOOKS_ID, facts->provider_reference,
                   sizeof(facts->provider_reference)) ||
        !read_word(m, message, WEBHOOKS_REFERENCE, facts->reference, sizeof(facts->reference)) ||
        !read_word(m, message, WEBHOOKS_MOVEMENT, facts->movement, sizeof(facts->movement)) ||
        !read_word(m, message, WEBHOOKS_REASON, facts->reason, sizeof(facts->reason)) ||
        !read_currency(value_of(m, message, WEBHOOKS_CURRENCY), facts))
        return false;
    if (facts->reference[0] == 0 && facts->provider_reference[0] == 0)
        return false;
    bool is_money = facts->kind >= CALLBACK_PAID;
    return !is_money ||
           (facts->movement[0] != 0 && facts->currency[0] != 0 &&
            reading_amount(value_of(m, message, WEBHOOKS_AMOUNT), &facts->amount_minor));
}

/* What says for whom it is may be missing; where it stands, it must be right. */
static enum callback_verdict judge_addressee(const struct provider_account *account,
                                             const struct provider_mapping *mapping,
                                             const json_t *message)
{
    const json_t *is_live = value_of(mapping, message, WEBHOOKS_LIVE);
    char merchant[WORD_MAX];
    if ((is_live != NULL && !json_is_boolean(is_live)) ||
        !read_word(mapping, message, WEBHOOKS_MERCHANT, merchant, sizeof(merchant)))
        return CALLBACK_MALFORMED;
    bool is_other_mode = is_live != NULL && json_is_true(is_live) != account->is_live;
    bool is_other_merchant =
        merchant[0] != 0 && account->merchant.len > 0 && !span_is_str(account->merchant, merchant);
    return is_other_mode || is_other_merchant ? CALLBACK_FOREIGN : CALLBACK_GENUINE;
}

enum callback_verdict webhooks_read(const struct provider_account *account, const json_t *message,
                                    struct callback_facts *facts)
{
    const struct provider_mapping *mapping =
        account->mapping != NULL ? account->mapping : &webhooks_usual;
    const json_t *type = value_of(mapping, message, WEBHOOKS_TYPE);
    if (!json_is_string(type))
        return CALLBACK_MALFORMED;
    enum callback_verdict verdict = judge_addressee(account, mapping, message);
    if (verdict != CALLBACK_GENUINE)
        return verdict;
    facts->kind = kind_of(mapping, span_of(json_string_value(type), json_string_length(type)));
    return facts->kind == CALLBACK_NONE || read_facts(mapping, message, facts) ? CALLBACK_GENUINE
                                                                               : CALLBACK_MALFORMED;
}

static enum callback_verdict read_body(const struct provider_account *account, struct span body,
                                       struct callback_facts *facts)
{
    json_t *root = reading_object(body);
    if (root == NULL)
        return CALLBACK_MALFORMED;
    enum callback_verdict verdict = webhooks_read(account, root, facts);
    json_decref(root);
    return verdict;
}

enum callback_verdict webhooks_read_callback(const struct provider_account *account,
                                             const struct callback_headers *headers,
                                             struct span body, struct instant now,
                                             struct callback_facts *facts)
{
    *facts = (struct callback_facts){0};
    struct span id;
    enum callback_verdict verdict = standard_webhooks_verify(account, headers, body, now, &id);
    if (verdict != CALLBACK_GENUINE)
        return verdict;
    memcpy(facts->dedup_key, id.base, id.len);
    return read_body(account, body, facts);
}

enum callback_verdict webhooks_reread_callback(const struct provider_account *account,
                                               struct span headers, struct span body,
                                               struct callback_facts *facts)
{
    *facts = (struct callback_facts){0};
    if (!standard_webhooks_kept_id(headers, facts->dedup_key))
        return CALLBACK_MALFORMED;
    return read_body(account, body, facts);
}
