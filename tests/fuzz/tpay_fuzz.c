/* What comes from Tpay, or from somebody who says so: the JWS header on the first line, then the
 * body. The body is tried as a notification as it is, again as one that was found signed and kept,
 * and as the answer to everything that Tpay is asked. */
#include "base/signing_certificate.h"
#include "domain/payment.h"
#include "provider/provider_session.h"
#include "provider/tpay.h"
#include "support/issuer.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define ORIGIN "https://secure.sandbox.tpay.com"
#define NOW ((struct instant){INT64_C(1760000000) * 1000000})

static struct span get(void *owner, const char *name, int *count)
{
    *count = strcmp(name, "x-jws-signature") == 0;
    return *count == 1 ? *(const struct span *)owner : (struct span){NULL, 0};
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
    if (facts->kind < CALLBACK_PAID)
        return;
    assert(facts->movement[0] != 0 && strlen(facts->currency) == 3);
    assert(facts->amount_minor > 0 && facts->amount_minor <= PAYMENT_AMOUNT_MAX_MINOR);
}

/* Made once: a key takes longer than a thousand inputs. */
static struct signing_certificate *certificate(void)
{
    static struct signing_certificate *made;
    if (made != NULL)
        return made;
    struct issued root, leaf;
    struct err err;
    int64_t now = instant_seconds(NOW);
    issuer_make(&root, (struct issue){.name = "root",
                                      .from = now - 1,
                                      .until = now + 1,
                                      .constraints = "critical,CA:TRUE"});
    issuer_make(&leaf, (struct issue){.name = "leaf", .by = &root, .from = now, .until = now + 1});
    made = signing_certificate_new(span_str(leaf.pem), span_str(root.pem), &err);
    assert(made != NULL);
    issuer_release(&root);
    issuer_release(&leaf);
    return made;
}

static void read_notice(const struct provider_account *account, struct span header,
                        struct span body)
{
    struct callback_headers headers = {get, &header};
    struct callback_facts facts;
    if (account->provider->read_callback(account, &headers, body, NOW, &facts) == CALLBACK_GENUINE)
        assert(!"nobody has the key");
    if (account->provider->reread_callback(account, SPAN_LIT("{}"), body, &facts) ==
        CALLBACK_GENUINE)
        assert_sound(&facts);
    struct buf kept;
    buf_init(&kept, PROVIDER_HEADERS_KEPT_MAX);
    account->provider->keep_headers(&headers, &kept);
    buf_release(&kept);
}

static void read_answers(const struct provider_account *account, struct span body)
{
    static const int statuses[] = {200, 201, 400, 404};
    for (int kind = PROVIDER_START; kind <= PROVIDER_CHECK; ++kind)
        for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); ++i) {
            const struct provider_task task = {.kind = kind,
                                               .reference = SPAN_LIT("ref"),
                                               .provider_reference = SPAN_LIT("T1"),
                                               .blik_code = SPAN_LIT("")};
            const struct provider_answer answer = {statuses[i], body};
            struct provider_result result = {0};
            int round = 0;
            while (tpay_provider.read_answer(account, &task, round, &answer, &result) ==
                   PROVIDER_NEXT)
                assert(++round < PROVIDER_ROUNDS_MAX);
            for (int f = 0; f < result.fact_count; ++f)
                assert_sound(&result.facts[f]);
            assert(result.redirect_url[0] == 0 ||
                   span_starts(span_str(result.redirect_url), SPAN_LIT(ORIGIN "/")));
        }
    char token[PROVIDER_TOKEN_MAX + 1];
    const struct provider_answer answer = {200, body};
    if (tpay_provider.read_token(account, &answer, token) > 0)
        assert_word(token, sizeof(token));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static struct provider_session session;
    session.certificate = certificate();
    const struct provider_account account = {
        .provider = &tpay_provider,
        .start_origin = SPAN_LIT(ORIGIN),
        .merchant = SPAN_LIT("123912"),
        .secrets = {SPAN_LIT("ref-security-code"), {NULL, 0}},
        .certificate_url = SPAN_LIT("https://secure.tpay.com/x509/notifications-jws.pem"),
        .session = &session,
    };
    struct span body = span_of((const char *)bytes, len);
    const char *end = len == 0 ? NULL : memchr(body.base, '\n', len);
    struct span header = span_of(body.base, end == NULL ? len : (size_t)(end - body.base));
    body = span_from(body, header.len + 1);
    read_notice(&account, header, body);
    read_answers(&account, body);
    return 0;
}
