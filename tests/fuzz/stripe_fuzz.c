/* What comes from Stripe, or from anybody who says so: the signature's header on the first line,
 * then a body, which is tried as an event as it is, as an event that was signed, and as the answer
 * to each question. */
#include "domain/payment.h"
#include "provider/stripe.h"
#include "unit/provider/stripe_peer.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define NOW ((struct instant){STRIPE_NOW * 1000000})

static const struct provider_account account = {
    .provider = &stripe_provider,
    .start_origin = {"https://checkout.stripe.com", 27},
    .secrets = {{STRIPE_SECRET, sizeof(STRIPE_SECRET) - 1}, {NULL, 0}},
};

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
    if (facts->kind >= CALLBACK_PAID)
        assert(facts->amount_minor > 0 && facts->amount_minor <= PAYMENT_AMOUNT_MAX_MINOR &&
               facts->movement[0] != 0 && strlen(facts->currency) == 3);
}

static void read_event(struct span header, struct span body)
{
    struct stripe_peer peer = {header, 1};
    struct callback_headers headers = stripe_peer_headers(&peer);
    struct callback_facts facts, again;
    if (stripe_provider.read_callback(&account, &headers, body, NOW, &facts) != CALLBACK_GENUINE)
        return;
    assert_sound(&facts);
    struct buf kept;
    buf_init(&kept, PROVIDER_HEADERS_KEPT_MAX);
    stripe_provider.keep_headers(&headers, &kept);
    assert(!buf_is_overflowed(&kept));
    enum callback_verdict verdict =
        stripe_provider.reread_callback(&account, buf_span(&kept), body, &again);
    assert(verdict == CALLBACK_GENUINE && memcmp(&facts, &again, sizeof(facts)) == 0);
    buf_release(&kept);
}

static void read_answers(struct span body)
{
    static const struct {
        enum provider_task_kind kind;
        const char *provider_reference;
        int round, status;
    } rows[] = {
        {PROVIDER_START, "", 0, 200},        {PROVIDER_START, "", 0, 400},
        {PROVIDER_QUERY, "cs_1", 0, 200},    {PROVIDER_QUERY, "pi_1", 0, 200},
        {PROVIDER_QUERY, "", 0, 200},        {PROVIDER_QUERY, "cs_1", 1, 200},
        {PROVIDER_QUERY, "cs_1", 2, 200},    {PROVIDER_REFUND, "cs_1", 0, 200},
        {PROVIDER_REFUND_QUERY, "", 0, 200}, {PROVIDER_CHECK, "", 0, 200},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        const struct provider_task task = {
            .kind = rows[i].kind,
            .reference = SPAN_LIT("INV-2026-0001"),
            .provider_reference = span_str(rows[i].provider_reference),
            .refund_reference = SPAN_LIT("rf-1"),
            .now = NOW,
        };
        const struct provider_answer answer = {rows[i].status, body};
        struct provider_result result = {0};
        stripe_provider.read_answer(&account, &task, rows[i].round, &answer, &result);
        if (result.redirect_url[0] != 0 && result.verdict == PROVIDER_YES)
            assert(span_starts(span_str(result.redirect_url),
                               SPAN_LIT("https://checkout.stripe.com/")));
        for (int fact = 0; fact < result.fact_count; ++fact)
            assert_sound(&result.facts[fact]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct span rest = span_of((const char *)bytes, len);
    const char *end = len == 0 ? NULL : memchr(bytes, '\n', len);
    struct span header = span_of(rest.base, end == NULL ? len : (size_t)(end - rest.base));
    char signature[128];
    rest = span_from(rest, header.len + 1);
    read_event(header, rest);
    stripe_peer_sign(rest, signature);
    read_event(span_str(signature), rest);
    read_answers(rest);
    return 0;
}
