/* A callback as it comes from anybody: id, time and signature on a line each, then the body. What
 * the bytes say they are is tried as they are, and again as if the provider had signed them; at the
 * sandbox bank, and at a bank of one's own that may sign by its own key and calls things otherwise.
 */
#include "base/crypto.h"
#include "domain/payment.h"
#include "provider/sandbox.h"
#include "provider/standard.h"
#include "provider/standard_webhooks.h"
#include "provider/webhooks.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define NOW ((struct instant){INT64_C(1614265330) * 1000000})

struct sender {
    struct span values[3];
};

static struct span get(void *owner, const char *name, int *count)
{
    const struct sender *sender = owner;
    *count = 1;
    return sender->values[strcmp(name, "webhook-id") == 0          ? 0
                          : strcmp(name, "webhook-timestamp") == 0 ? 1
                                                                   : 2];
}

static struct span take_line(struct span *rest)
{
    const char *end = rest->len == 0 ? NULL : memchr(rest->base, '\n', rest->len);
    size_t len = end == NULL ? rest->len : (size_t)(end - rest->base);
    struct span line = span_of(rest->base, len);
    *rest = span_from(*rest, len + 1);
    return line;
}

static void assert_word(const char *word, size_t room)
{
    assert(memchr(word, 0, room) != NULL);
    for (; *word != 0; ++word)
        assert(*word > ' ' && *word <= '~');
}

static void assert_sound(const struct callback_facts *facts)
{
    assert_word(facts->dedup_key, sizeof(facts->dedup_key));
    assert_word(facts->reference, sizeof(facts->reference));
    assert_word(facts->provider_reference, sizeof(facts->provider_reference));
    assert_word(facts->movement, sizeof(facts->movement));
    assert_word(facts->reason, sizeof(facts->reason));
    if (facts->kind >= CALLBACK_PAID)
        assert(facts->amount_minor > 0 && facts->amount_minor <= PAYMENT_AMOUNT_MAX_MINOR &&
               facts->movement[0] != 0 && strlen(facts->currency) == 3);
}

static void read_signed(const struct provider_account *account, struct span id, struct span body)
{
    uint8_t key[24], mac[SHA256_LEN];
    char signature[64] = "v1,";
    struct buf text;
    base64_parse(SPAN_LIT("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), key, sizeof(key));
    buf_init(&text, 1 << 20);
    buf_add(&text, id);
    buf_add_str(&text, ".1614265330.");
    buf_add(&text, body);
    hmac_sha256(span_of((const char *)key, sizeof(key)), buf_span(&text), mac);
    base64_print(span_of((const char *)mac, sizeof(mac)), signature + 3);
    buf_release(&text);
    struct sender sender = {{id, SPAN_LIT("1614265330"), span_str(signature)}};
    struct callback_headers headers = {get, &sender};
    struct callback_facts facts, again;
    const struct provider *provider = account->provider;
    if (provider->read_callback(account, &headers, body, NOW, &facts) != CALLBACK_GENUINE)
        return;
    assert_sound(&facts);
    struct buf kept;
    buf_init(&kept, 4096);
    provider->keep_headers(&headers, &kept);
    enum callback_verdict verdict =
        provider->reread_callback(account, buf_span(&kept), body, &again);
    assert(verdict == CALLBACK_GENUINE && memcmp(&facts, &again, sizeof(facts)) == 0);
    buf_release(&kept);
}

static void read_answers(const struct provider_account *account, struct span body)
{
    const enum provider_task_kind kinds[] = {PROVIDER_START, PROVIDER_QUERY, PROVIDER_REFUND,
                                             PROVIDER_REFUND_QUERY, PROVIDER_CHECK};
    for (size_t i = 0; i < 2 * sizeof(kinds) / sizeof(kinds[0]); ++i) {
        const struct provider_task task = {.kind = kinds[i / 2], .reference = SPAN_LIT("ref")};
        const struct provider_answer answer = {i % 2 == 0 ? 200 : 422, body};
        struct provider_result result = {0};
        account->provider->read_answer(account, &task, 0, &answer, &result);
        if (result.redirect_url[0] != 0 && result.verdict == PROVIDER_YES)
            assert(span_starts(span_str(result.redirect_url), SPAN_LIT("http://127.0.0.1:1/")));
        for (int fact = 0; fact < result.fact_count; ++fact)
            assert_sound(&result.facts[fact]);
    }
}

static void read_mapping(struct span text)
{
    struct provider_mapping mapping = webhooks_usual;
    char line[256] = "";
    memcpy(line, text.base, text.len < sizeof(line) ? text.len : sizeof(line) - 1);
    (void)webhooks_add_type(&mapping, line);
    if (!webhooks_set_path(&mapping, line))
        return;
    const struct provider_account account = {.mapping = &mapping};
    struct callback_facts facts = {0};
    json_t *message = json_pack("{s:{s:s}}", "data", "id", "b_1");
    (void)webhooks_read(&account, message, &facts);
    json_decref(message);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct provider_mapping mapping = webhooks_usual;
    bool is_ok = webhooks_add_type(&mapping, "charge.captured=paid") &&
                 webhooks_set_path(&mapping, "amount=data.money.minor");
    assert(is_ok);
    const struct provider_account sandbox = {
        .provider = &sandbox_provider,
        .start_origin = SPAN_LIT("http://127.0.0.1:1"),
        .secrets = {SPAN_LIT(SECRET), {NULL, 0}},
    };
    struct provider_account standard = sandbox;
    standard.provider = &standard_provider;
    standard.mapping = &mapping;
    standard.public_keys[0] = SPAN_LIT("whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
    struct span rest = span_of((const char *)bytes, len);
    struct sender sender;
    for (int i = 0; i < 3; ++i)
        sender.values[i] = take_line(&rest);
    struct callback_headers headers = {get, &sender};
    const struct provider_account *accounts[] = {&sandbox, &standard};
    for (int i = 0; i < 2; ++i) {
        struct callback_facts facts;
        if (accounts[i]->provider->read_callback(accounts[i], &headers, rest, NOW, &facts) ==
            CALLBACK_GENUINE)
            assert_sound(&facts);
        read_signed(accounts[i], sender.values[0], rest);
        read_answers(accounts[i], rest);
    }
    read_mapping(sender.values[0]);
    standard_webhooks_secret_is_ok(sender.values[2]);
    standard_webhooks_public_key_is_ok(sender.values[2]);
    return 0;
}
