#include "provider/asked.h"

#include "base/crypto.h"
#include "provider/reading.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define KEY_PREFIX "asked:"

/* As kept; never changed, only added to. */
static const char *const kind_words[] = {
    [CALLBACK_NONE] = "none",
    [CALLBACK_PENDING] = "pending",
    [CALLBACK_FAILED] = "failed",
    [CALLBACK_TO_CONFIRM] = "to_confirm",
    [CALLBACK_REFUND_FAILED] = "refund_failed",
    [CALLBACK_DISPUTED] = "disputed",
    [CALLBACK_UNDECIDED] = "undecided",
    [CALLBACK_PAID] = "paid",
    [CALLBACK_REFUNDED] = "refunded",
    [CALLBACK_CHARGED_BACK] = "charged_back",
    [CALLBACK_CHARGEBACK_REVERSED] = "chargeback_reversed",
    [CALLBACK_REFUND_REVERSED] = "refund_reversed",
};
enum { KIND_COUNT = sizeof(kind_words) / sizeof(kind_words[0]) };

/* A key with no room for the prefix is shortened to its digest. */
static void set_apart(char key[128])
{
    char plain[128];
    memcpy(plain, key, sizeof(plain));
    if (sizeof(KEY_PREFIX) + strlen(plain) <= sizeof(plain)) {
        snprintf(key, 128, KEY_PREFIX "%s", plain);
        return;
    }
    uint8_t digest[SHA256_LEN];
    char hex[2 * SHA256_LEN + 1];
    sha256(span_str(plain), digest);
    hex_print(digest, sizeof(digest), hex);
    snprintf(key, 128, KEY_PREFIX "%s", hex);
}

static void set_word(json_t *object, const char *name, const char *word)
{
    if (word[0] != 0)
        json_object_set_new(object, name, json_string(word));
}

void asked_keep(struct callback_facts *facts, struct buf *out)
{
    assert((int)facts->kind >= 0 && (int)facts->kind < KIND_COUNT);
    set_apart(facts->dedup_key);
    json_t *object = json_object();
    set_word(object, "kind", kind_words[facts->kind]);
    set_word(object, "key", facts->dedup_key);
    set_word(object, "reference", facts->reference);
    set_word(object, "provider_reference", facts->provider_reference);
    set_word(object, "movement", facts->movement);
    set_word(object, "reason", facts->reason);
    set_word(object, "currency", facts->currency);
    if (facts->amount_minor != 0)
        json_object_set_new(object, "amount_minor", json_integer(facts->amount_minor));
    char *text = json_dumps(object, JSON_COMPACT);
    if (text == NULL)
        abort();
    buf_add_str(out, text);
    free(text);
    json_decref(object);
}

static bool read_facts(const json_t *object, struct callback_facts *facts)
{
    const char *kind = json_string_value(json_object_get(object, "kind"));
    int k = 0;
    while (k < KIND_COUNT && (kind == NULL || strcmp(kind, kind_words[k]) != 0))
        ++k;
    if (k == KIND_COUNT)
        return false;
    facts->kind = (enum callback_kind)k;
    facts->amount_minor = json_integer_value(json_object_get(object, "amount_minor"));
    return reading_word(object, "key", facts->dedup_key, sizeof(facts->dedup_key)) &&
           reading_word(object, "reference", facts->reference, sizeof(facts->reference)) &&
           reading_word(object, "provider_reference", facts->provider_reference,
                        sizeof(facts->provider_reference)) &&
           reading_word(object, "movement", facts->movement, sizeof(facts->movement)) &&
           reading_word(object, "reason", facts->reason, sizeof(facts->reason)) &&
           reading_word(object, "currency", facts->currency, sizeof(facts->currency));
}

enum callback_verdict asked_or_called_reread(const struct provider_account *account,
                                             struct span headers, struct span body,
                                             struct callback_facts *facts)
{
    if (!span_is(headers, ASKED_HEADERS))
        return account->provider->reread_callback(account, headers, body, facts);
    *facts = (struct callback_facts){0};
    json_t *object = reading_object(body);
    bool is_ok = object != NULL && read_facts(object, facts);
    json_decref(object);
    return is_ok ? CALLBACK_GENUINE : CALLBACK_MALFORMED;
}
