/* What comes from Przelewy24, or from somebody who says so: a body, tried as a message as it is,
 * read as one that was stored, and as the answer to everything that it is asked. */
#include "domain/payment.h"
#include "provider/przelewy24.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define ORIGIN "https://sandbox.przelewy24.pl"

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

static void assert_sound(const struct callback_facts *facts)
{
    assert_word(facts->dedup_key, sizeof(facts->dedup_key));
    assert_word(facts->reference, sizeof(facts->reference));
    assert_word(facts->provider_reference, sizeof(facts->provider_reference));
    assert_word(facts->movement, sizeof(facts->movement));
    assert_word(facts->reason, sizeof(facts->reason));
    assert(facts->dedup_key[0] != 0);
    if (facts->kind >= CALLBACK_PAID || facts->kind == CALLBACK_TO_CONFIRM)
        assert(facts->amount_minor > 0 && facts->amount_minor <= PAYMENT_AMOUNT_MAX_MINOR &&
               facts->movement[0] != 0 && strlen(facts->currency) == 3);
}

/* Nothing that it calls back is money that came in. */
static void read_message(const struct provider_account *account, struct span body)
{
    struct callback_headers headers = {no_header, NULL};
    struct callback_facts facts, stored;
    enum callback_verdict verdict =
        przelewy24_provider.read_callback(account, &headers, body, (struct instant){0}, &facts);
    enum callback_verdict again =
        przelewy24_provider.reread_callback(account, SPAN_LIT("{}"), body, &stored);
    if (again == CALLBACK_GENUINE) {
        assert_sound(&stored);
        assert(stored.kind != CALLBACK_PAID);
    }
    if (verdict != CALLBACK_FORGED)
        assert(again == verdict && memcmp(&facts, &stored, sizeof(facts)) == 0);
}

static void read_answers(const struct provider_account *account, struct span body)
{
    static const int statuses[] = {200, 201, 400, 404};
    for (int kind = PROVIDER_START; kind <= PROVIDER_CHECK; ++kind)
        for (int i = 0; i < 8; ++i) {
            const struct provider_task task = {
                .kind = kind,
                .reference = SPAN_LIT("unique-session-id"),
                .movement = SPAN_LIT("4294967301"),
                .refund_reference = SPAN_LIT("rf-0001"),
                .amount_minor = 1234,
                .currency = SPAN_LIT("PLN"),
                .blik_code = i % 2 == 0 ? SPAN_LIT("") : SPAN_LIT("777123"),
            };
            const struct provider_answer answer = {statuses[i / 2], body};
            struct provider_result result = {0};
            int round = 0;
            while (przelewy24_provider.read_answer(account, &task, round, &answer, &result) ==
                   PROVIDER_NEXT)
                assert(++round < PROVIDER_ROUNDS_MAX);
            for (int f = 0; f < result.fact_count; ++f)
                assert_sound(&result.facts[f]);
            assert(result.redirect_url[0] == 0 ||
                   span_starts(span_str(result.redirect_url), SPAN_LIT(ORIGIN "/trnRequest/")));
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    const struct provider_account account = {
        .provider = &przelewy24_provider,
        .start_origin = SPAN_LIT(ORIGIN),
        .merchant = SPAN_LIT("999999"),
        .secrets = {SPAN_LIT("crc-z-panelu-p24"), {NULL, 0}},
    };
    struct span body = span_of((const char *)bytes, len);
    read_message(&account, body);
    read_answers(&account, body);
    return 0;
}
