/* What comes from PayU, or from somebody who says so: a signature header on the first line, then
 * the body. The body is tried as a notification as it is, again as if PayU had signed it, and as
 * the answer to everything that PayU is asked. */
#include "base/crypto.h"
#include "domain/payment.h"
#include "provider/payu.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define KEY "b6ca15b0d1020e8094d9b5f8d163db54"
#define ORIGIN "https://merch-prod.snd.payu.com"

static struct span get(void *owner, const char *name, int *count)
{
    *count = strcmp(name, "openpayu-signature") == 0;
    return *count == 1 ? *(const struct span *)owner : (struct span){NULL, 0};
}

static void assert_word(const char *word, size_t room)
{
    assert(memchr(word, 0, room) != NULL);
    for (; *word != 0; ++word)
        assert(*word > ' ' && *word <= '~');
}

/* A refund may come without amount and currency: nothing books that. */
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
    bool is_bare = facts->kind == CALLBACK_REFUNDED && facts->amount_minor == 0;
    assert(facts->movement[0] != 0 && strlen(facts->currency) == (is_bare ? 0 : 3));
    assert(is_bare || (facts->amount_minor > 0 && facts->amount_minor <= PAYMENT_AMOUNT_MAX_MINOR));
}

static void read_notice(const struct provider_account *account, struct span header,
                        struct span body)
{
    struct callback_headers headers = {get, &header};
    struct callback_facts facts, again;
    if (payu_provider.read_callback(account, &headers, body, (struct instant){0}, &facts) !=
        CALLBACK_GENUINE)
        return;
    assert_sound(&facts);
    struct buf kept;
    buf_init(&kept, PROVIDER_HEADERS_KEPT_MAX);
    payu_provider.keep_headers(&headers, &kept);
    assert(!buf_is_overflowed(&kept));
    enum callback_verdict verdict =
        payu_provider.reread_callback(account, buf_span(&kept), body, &again);
    assert(verdict == CALLBACK_GENUINE && memcmp(&facts, &again, sizeof(facts)) == 0);
    buf_release(&kept);
}

static void read_signed(const struct provider_account *account, struct span body)
{
    uint8_t digest[DIGEST_LEN_MAX];
    char header[96] = "algorithm=MD5;signature=";
    const struct span parts[] = {body, SPAN_LIT(KEY)};
    hex_print(digest, digest_spans(DIGEST_MD5, parts, 2, digest), header + strlen(header));
    read_notice(account, span_str(header), body);
}

static void read_answers(const struct provider_account *account, struct span body)
{
    static const int statuses[] = {200, 302, 400, 404};
    for (int kind = PROVIDER_START; kind <= PROVIDER_CHECK; ++kind)
        for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); ++i) {
            const struct provider_task task = {.kind = kind,
                                               .reference = SPAN_LIT("ref"),
                                               .provider_reference = SPAN_LIT("O1"),
                                               .refund_reference = SPAN_LIT("rf-1")};
            const struct provider_answer answer = {statuses[i], body};
            struct provider_result result = {0};
            int round = 0;
            while (payu_provider.read_answer(account, &task, round, &answer, &result) ==
                   PROVIDER_NEXT)
                assert(++round < PROVIDER_ROUNDS_MAX);
            for (int f = 0; f < result.fact_count; ++f)
                assert_sound(&result.facts[f]);
            assert(result.redirect_url[0] == 0 ||
                   span_starts(span_str(result.redirect_url), SPAN_LIT(ORIGIN "/")));
        }
    char token[PROVIDER_TOKEN_MAX + 1];
    const struct provider_answer answer = {200, body};
    if (payu_provider.read_token(account, &answer, token) > 0)
        assert_word(token, sizeof(token));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    const struct provider_account account = {
        .provider = &payu_provider,
        .start_origin = SPAN_LIT(ORIGIN),
        .merchant = SPAN_LIT("300746"),
        .secrets = {SPAN_LIT(KEY), {NULL, 0}},
    };
    struct span body = span_of((const char *)bytes, len);
    const char *end = len == 0 ? NULL : memchr(body.base, '\n', len);
    struct span header = span_of(body.base, end == NULL ? len : (size_t)(end - body.base));
    body = span_from(body, header.len + 1);
    read_notice(&account, header, body);
    read_signed(&account, body);
    read_answers(&account, body);
    return 0;
}
