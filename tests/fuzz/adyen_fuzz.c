/* What comes from Adyen, or from somebody who says so: a webhook's body, tried as it is and again
 * as one that was found signed and kept, and as the answer to everything that Adyen is asked. */
#include "domain/payment.h"
#include "provider/adyen.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define ORIGIN "https://test.adyen.link"

static struct span no_header(void *owner, const char *name, int *count)
{
    (void)owner, (void)name;
    *count = 0;
    return (struct span){NULL, 0};
}

static void assert_word(const char *word, size_t room)
{
    assert(memchr(word, 0, room) != NULL);
    for (; *word != 0; ++word)
        assert(*word > ' ' && *word <= '~');
}

/* What undoes an authorisation may come without amount and currency: nothing books that. */
static void assert_sound(const struct callback_facts *facts)
{
    assert_word(facts->dedup_key, sizeof(facts->dedup_key));
    assert_word(facts->reference, sizeof(facts->reference));
    assert_word(facts->provider_reference, sizeof(facts->provider_reference));
    assert_word(facts->movement, sizeof(facts->movement));
    assert_word(facts->reason, sizeof(facts->reason));
    assert(facts->dedup_key[0] != 0);
    if (facts->kind < CALLBACK_PAID)
        return;
    bool is_bare = facts->kind != CALLBACK_PAID && facts->amount_minor == 0;
    assert(facts->movement[0] != 0 && strlen(facts->currency) == (is_bare ? 0 : 3));
    assert(is_bare || (facts->amount_minor > 0 && facts->amount_minor <= PAYMENT_AMOUNT_MAX_MINOR));
}

static void read_message(const struct provider_account *account, struct span body)
{
    struct callback_headers headers = {no_header, NULL};
    struct callback_facts facts, again;
    enum callback_verdict verdict =
        adyen_provider.read_callback(account, &headers, body, (struct instant){0}, &facts);
    enum callback_verdict kept =
        adyen_provider.reread_callback(account, SPAN_LIT("{}"), body, &again);
    if (kept == CALLBACK_GENUINE)
        assert_sound(&again);
    if (verdict == CALLBACK_GENUINE)
        assert(kept == CALLBACK_GENUINE && memcmp(&facts, &again, sizeof(facts)) == 0);
}

static void read_answers(const struct provider_account *account, struct span body)
{
    static const int statuses[] = {200, 201, 403, 422};
    for (int kind = PROVIDER_START; kind <= PROVIDER_CHECK; ++kind)
        for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); ++i) {
            const struct provider_task task = {.kind = kind,
                                               .reference = SPAN_LIT("ref"),
                                               .provider_reference = SPAN_LIT("PL1"),
                                               .movement = SPAN_LIT("P1")};
            const struct provider_answer answer = {statuses[i], body};
            struct provider_result result = {0};
            enum provider_step step =
                adyen_provider.read_answer(account, &task, 0, &answer, &result);
            assert(step == PROVIDER_DONE);
            for (int f = 0; f < result.fact_count; ++f)
                assert_sound(&result.facts[f]);
            assert(result.redirect_url[0] == 0 ||
                   span_starts(span_str(result.redirect_url), SPAN_LIT(ORIGIN "/")));
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    const struct provider_account account = {
        .provider = &adyen_provider,
        .start_origin = SPAN_LIT(ORIGIN),
        .merchant = SPAN_LIT("ExampleMerchantPL"),
        .secrets = {SPAN_LIT("44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056"),
                    {NULL, 0}},
    };
    struct span body = span_of((const char *)bytes, len);
    read_message(&account, body);
    read_answers(&account, body);
    return 0;
}
