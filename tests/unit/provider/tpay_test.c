#include "provider/tpay.h"

#include "base/crypto.h"
#include "base/signing_certificate.h"
#include "provider/provider_session.h"
#include "support/issuer.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define CODE "ref-security-code"
#define X5U "https://secure.sandbox.tpay.com/x509/notifications-jws.pem"
#define ORIGIN "https://secure.sandbox.tpay.com"
#define NOW ((struct instant){INT64_C(1760000000) * 1000000})
#define SPAN_OF(text)                                                                              \
    {                                                                                              \
        (text), sizeof(text) - 1                                                                   \
    }

static struct issued root, leaf, other_leaf;
static struct provider_session session;
static const struct provider_account usual_account = {
    .provider = &tpay_provider,
    .api_url = SPAN_OF("https://openapi.sandbox.tpay.com"),
    .start_origin = SPAN_OF(ORIGIN),
    .merchant = SPAN_OF("123912"),
    .client_id = SPAN_OF("client-1"),
    .api_key = SPAN_OF("api-secret"),
    .secrets = {SPAN_OF(CODE), {NULL, 0}},
    .certificate_url = SPAN_OF(X5U),
    .session = &session,
};
static struct provider_account account;
static struct signing_certificate *certificate;

static int make_all(void **state)
{
    (void)state;
    struct err err;
    int64_t now = instant_seconds(NOW);
    issuer_make(&root, (struct issue){.name = "root",
                                      .from = now - 1000,
                                      .until = now + 1000,
                                      .constraints = "critical,CA:TRUE"});
    struct issue what = {.name = "leaf", .by = &root, .from = now - 100, .until = now + 100};
    issuer_make(&leaf, what);
    issuer_make(&other_leaf, what);
    certificate = signing_certificate_new(span_str(leaf.pem), span_str(root.pem), &err);
    assert_non_null(certificate);
    return 0;
}

/* What a test changes, and leaves when it fails, is its own. */
static int reset(void **state)
{
    (void)state;
    account = usual_account;
    session = (struct provider_session){.certificate = certificate};
    return 0;
}

static int release_all(void **state)
{
    (void)state;
    signing_certificate_free(certificate);
    issuer_release(&root);
    issuer_release(&leaf);
    issuer_release(&other_leaf);
    return 0;
}

/* ---- Tpay's side ---- */

#define JOSE                                                                                       \
    "{\"alg\":\"RS256\",\"x5u\":\"https:\\/\\/secure.sandbox.tpay.com\\/x509\\/"                   \
    "notifications-jws.pem\"}"

struct sent {
    char jws[4096];
    int count;
};

static struct span get(void *owner, const char *name, int *count)
{
    const struct sent *sent = owner;
    assert_string_equal(name, "x-jws-signature");
    *count = sent->count;
    return sent->count == 0 ? (struct span){NULL, 0} : span_str(sent->jws);
}

/* `dots` stands between the two parts. */
static struct sent sign(const struct issued *by, const char *jose, const char *dots,
                        struct span body)
{
    struct sent sent = {.count = 1};
    uint8_t signature[1024];
    char text[8192];
    size_t len = base64url_print(span_str(jose), text);
    snprintf(sent.jws, sizeof(sent.jws), "%.*s%s", (int)len, text, dots);
    size_t jose_len = len;
    text[len++] = '.';
    len += base64url_print(body, text + len);
    size_t signature_len = issuer_sign(by, span_of(text, len), signature);
    base64url_print(span_of((const char *)signature, signature_len),
                    sent.jws + jose_len + strlen(dots));
    return sent;
}

static enum callback_verdict read_sent(const struct sent *sent, struct span body,
                                       struct callback_facts *facts)
{
    struct callback_headers headers = {get, (void *)sent};
    return tpay_provider.read_callback(&account, &headers, body, NOW, facts);
}

static enum callback_verdict read_signed(struct span body, struct callback_facts *facts)
{
    struct sent sent = sign(&leaf, JOSE, "..", body);
    return read_sent(&sent, body, facts);
}

static const char *md5_of(const char *text)
{
    static char hex[33];
    uint8_t digest[DIGEST_LEN_MAX];
    const struct span part = span_str(text);
    digest_spans(DIGEST_MD5, &part, 1, digest);
    hex_print(digest, 16, hex);
    return hex;
}

/* A notification with these words; `more` stands at its end. */
static struct span notice(char out[1024], const char *amount, const char *paid, const char *status,
                          const char *more)
{
    char plain[256];
    snprintf(plain, sizeof(plain), "123912TR-1ABC-2DEF3GX%sINV-2026-0001" CODE, amount);
    snprintf(out, 1024,
             "id=123912&tr_id=TR-1ABC-2DEF3GX&tr_date=2026-01-01+10%%3A00%%3A00&tr_crc=INV-2026-"
             "0001&tr_amount=%s&tr_paid=%s&tr_desc=Rata+1&tr_status=%s&tr_error=none&tr_email="
             "a%%40example.com&md5sum=%s%s",
             amount, paid, status, md5_of(plain), more);
    return span_str(out);
}

/* ---- notifications ---- */

static void md5sum_vectors_hold(void **state)
{
    (void)state;
    static const struct {
        const char *merchant, *code, *body;
        const char *dedup_key;
    } rows[] = {
        {"123912", "ref-security-code",
         "id=123912&tr_id=TR-1ABC-2DEF3GX&tr_crc=INV-2026-0001&tr_amount=123.45&tr_paid=123.45"
         "&tr_status=TRUE&md5sum=ed9128763678d6e89f70ea6e774f92a7",
         "TR-1ABC-2DEF3GX/TRUE"},
        {"1010", "1010",
         "id=1010&tr_id=666&tr_crc=order-500&tr_amount=5.00&tr_paid=5.00&tr_status=TRUE"
         "&md5sum=9428dbdd5b2c03341a4f4c3b71c0e5a2",
         "666/TRUE"},
    };
    for (size_t i = 0; i < 2; ++i) {
        struct callback_facts facts;
        account.merchant = span_str(rows[i].merchant);
        account.secrets[0] = span_str(rows[i].code);
        assert_int_equal(read_signed(span_str(rows[i].body), &facts), CALLBACK_GENUINE);
        assert_string_equal(facts.dedup_key, rows[i].dedup_key);
        assert_int_equal(facts.kind, CALLBACK_PAID);
    }
}

static struct span read_file(const char *name, char *out, size_t room)
{
    char path[512];
    snprintf(path, sizeof(path), SOURCE_DIR "/tests/vectors/tpay/%s", name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t len = fread(out, 1, room, file);
    fclose(file);
    return span_of(out, len);
}

/* The body is signed by Tpay, of another merchant's panel: without the code of that one it stops
 * at md5sum, which a signature that is refused does not come to. */
static void published_notification_verifies_at_its_time_only(void **state)
{
    (void)state;
    static char leaf_pem[4096], root_pem[4096], body[512], jws[512];
    struct span leaf_text = read_file("leaf.crt", leaf_pem, sizeof(leaf_pem));
    struct span root_text = read_file("root.crt", root_pem, sizeof(root_pem));
    struct span good = read_file("notice.body", body, sizeof(body));
    read_file("notice.jws", jws, sizeof(jws));
    struct err err;
    struct provider_session theirs = {.certificate =
                                          signing_certificate_new(leaf_text, root_text, &err)};
    assert_non_null(theirs.certificate);
    account.session = &theirs;
    account.certificate_url = SPAN_LIT("https://secure.tpay.com/x509/notifications-jws.pem");
    struct sent sent = {.count = 1};
    memcpy(sent.jws, jws, sizeof(jws));
    struct callback_headers headers = {get, &sent};
    static const struct {
        const char *from, *to;
        int64_t now;
        enum callback_verdict verdict;
        bool is_doubted;
    } rows[] = {
        {"", "", 1708675110, CALLBACK_FORGED, false},
        {"+", "%20", 1708675110, CALLBACK_FORGED, true},
        {"%3A", "%3a", 1708675110, CALLBACK_FORGED, true},
        {"", "\n", 1708675110, CALLBACK_FORGED, true},
        {"", "", 1722578002 + 86400, CALLBACK_NOT_READY, true},
        {"", "", 1659507000, CALLBACK_NOT_READY, true},
        {"", "", 1760000000, CALLBACK_NOT_READY, true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct callback_facts facts;
        char changed[1024];
        size_t from_len = strlen(rows[i].from);
        const char *at = from_len == 0 ? good.base + good.len : strstr(good.base, rows[i].from);
        snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - good.base), good.base, rows[i].to,
                 at + from_len);
        struct instant now = {rows[i].now * 1000000};
        theirs.is_certificate_doubted = false;
        assert_int_equal(
            tpay_provider.read_callback(&account, &headers, span_str(changed), now, &facts),
            rows[i].verdict);
        assert_int_equal(theirs.is_certificate_doubted, rows[i].is_doubted);
    }
    struct callback_facts facts;
    assert_int_equal(tpay_provider.reread_callback(&account, SPAN_LIT("{}"), good, &facts),
                     CALLBACK_GENUINE);
    assert_int_equal(facts.kind, CALLBACK_NONE);
    assert_string_equal(facts.dedup_key, "TR-3HFD-TST24X/TRUE");
    account.is_live = true;
    assert_int_equal(tpay_provider.reread_callback(&account, SPAN_LIT("{}"), good, &facts),
                     CALLBACK_FOREIGN);
    signing_certificate_free(theirs.certificate);
}

#define WITH_X5U(x5u) "{\"alg\":\"RS256\",\"x5u\":\"" x5u "\"}"

static void signatures_get_their_verdict(void **state)
{
    (void)state;
    static const struct {
        const char *says, *jose, *dots;
        const struct issued *by;
        enum callback_verdict verdict;
    } rows[] = {
        {"as it is sent", JOSE, "..", &leaf, CALLBACK_GENUINE},
        {"slashes as they are", WITH_X5U(X5U), "..", &leaf, CALLBACK_GENUINE},
        {"more in the header", "{\"typ\":\"JWT\",\"alg\":\"RS256\",\"x5u\":\"" X5U "\"}", "..",
         &leaf, CALLBACK_GENUINE},
        {"another certificate of the root", JOSE, "..", &other_leaf, CALLBACK_FORGED},
        {"the root", JOSE, "..", &root, CALLBACK_FORGED},
        {"body in the middle", JOSE, ".aWQ9MQ.", &leaf, CALLBACK_FORGED},
        {"one dot", JOSE, ".", &leaf, CALLBACK_FORGED},
        {"a letter for a dot", JOSE, ".A", &leaf, CALLBACK_FORGED},
        {"three dots", JOSE, "...", &leaf, CALLBACK_FORGED},
        {"x5u on another host", WITH_X5U("https://secure.sandbox.tpay.com.evil.example/x.pem"),
         "..", &leaf, CALLBACK_FORGED},
        {"x5u beside it", WITH_X5U("https://secure.sandbox.tpay.com/x509/other.pem"), "..", &leaf,
         CALLBACK_FORGED},
        {"x5u of the other environment",
         WITH_X5U("https://secure.tpay.com/x509/notifications-jws.pem"), "..", &leaf,
         CALLBACK_FORGED},
        {"x5u longer", WITH_X5U(X5U "?"), "..", &leaf, CALLBACK_FORGED},
        {"x5u shorter", WITH_X5U("https://secure.sandbox.tpay.com"), "..", &leaf, CALLBACK_FORGED},
        {"x5u with NUL", WITH_X5U(X5U "\\u0000"), "..", &leaf, CALLBACK_FORGED},
        {"x5u twice", "{\"alg\":\"RS256\",\"x5u\":\"" X5U "\",\"x5u\":\"" X5U "\"}", "..", &leaf,
         CALLBACK_FORGED},
        {"no x5u", "{\"alg\":\"RS256\"}", "..", &leaf, CALLBACK_FORGED},
        {"no alg", "{\"x5u\":\"" X5U "\"}", "..", &leaf, CALLBACK_FORGED},
        {"alg none", "{\"alg\":\"none\",\"x5u\":\"" X5U "\"}", "..", &leaf, CALLBACK_FORGED},
        {"alg HS256", "{\"alg\":\"HS256\",\"x5u\":\"" X5U "\"}", "..", &leaf, CALLBACK_FORGED},
        {"alg PS256", "{\"alg\":\"PS256\",\"x5u\":\"" X5U "\"}", "..", &leaf, CALLBACK_FORGED},
        {"small alg", "{\"alg\":\"rs256\",\"x5u\":\"" X5U "\"}", "..", &leaf, CALLBACK_FORGED},
        {"body not encoded", "{\"alg\":\"RS256\",\"b64\":false,\"x5u\":\"" X5U "\"}", "..", &leaf,
         CALLBACK_FORGED},
        {"critical", "{\"alg\":\"RS256\",\"crit\":[\"a\"],\"x5u\":\"" X5U "\"}", "..", &leaf,
         CALLBACK_FORGED},
        {"no JSON", "RS256", "..", &leaf, CALLBACK_FORGED},
        {"an array", "[\"RS256\"]", "..", &leaf, CALLBACK_FORGED},
        {"nothing", "", "..", &leaf, CALLBACK_FORGED},
    };
    char text[1024];
    struct span body = notice(text, "123.45", "123.45", "TRUE", "");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct callback_facts facts;
        struct sent sent = sign(rows[i].by, rows[i].jose, rows[i].dots, body);
        enum callback_verdict verdict = read_sent(&sent, body, &facts);
        if (verdict != rows[i].verdict)
            fail_msg("%s: verdict %d", rows[i].says, verdict);
    }
}

static void changed_header_is_forged(void **state)
{
    (void)state;
    char text[1024];
    struct callback_facts facts;
    struct span body = notice(text, "123.45", "123.45", "TRUE", "");
    struct sent good = sign(&leaf, JOSE, "..", body);
    size_t len = strlen(good.jws);
    for (int i = 0; i < 6; ++i) {
        struct sent sent = good;
        if (i == 0)
            sent.count = 0;
        else if (i == 1)
            sent.count = 2;
        else if (i == 2)
            sent.jws[0] = 0;
        else if (i == 3)
            sent.jws[len - 1] = 0; /* shorter */
        else if (i == 4)
            memcpy(sent.jws + len, "==", 3); /* padded */
        else
            sent.jws[len - 10] = sent.jws[len - 10] == 'A' ? 'B' : 'A';
        assert_int_equal(read_sent(&sent, body, &facts), CALLBACK_FORGED);
    }
    text[0] = 'I';
    assert_int_equal(read_sent(&good, body, &facts), CALLBACK_FORGED);
}

static void without_a_certificate_tpay_is_asked_to_come_again(void **state)
{
    (void)state;
    char text[1024];
    struct callback_facts facts;
    struct span body = notice(text, "123.45", "123.45", "TRUE", "");
    session.certificate = NULL;
    assert_int_equal(read_signed(body, &facts), CALLBACK_NOT_READY);
    assert_true(session.is_certificate_doubted);
    /* Whoever names another address is told nothing of that. */
    struct sent sent = sign(&leaf, WITH_X5U("https://evil.example/"), "..", body);
    session.is_certificate_doubted = false;
    assert_int_equal(read_sent(&sent, body, &facts), CALLBACK_FORGED);
    assert_false(session.is_certificate_doubted);
}

static void each_status_has_its_kind(void **state)
{
    (void)state;
    static const struct {
        const char *paid, *status, *more;
        enum callback_kind kind;
        int64_t amount_minor;
        const char *currency, *movement;
    } rows[] = {
        {"123.45", "TRUE", "", CALLBACK_PAID, 12345, "PLN", "TR-1ABC-2DEF3GX"},
        {"200.00", "TRUE", "", CALLBACK_PAID, 20000, "PLN", "TR-1ABC-2DEF3GX"},
        {"0.01", "TRUE", "", CALLBACK_PAID, 1, "PLN", "TR-1ABC-2DEF3GX"},
        {"9.99", "TRUE", "&tr_currency=EUR", CALLBACK_PAID, 999, "EUR", "TR-1ABC-2DEF3GX"},
        {"123.45", "TRUE", "&test_mode=1", CALLBACK_PAID, 12345, "PLN", "TR-1ABC-2DEF3GX"},
        {"123.45", "CHARGEBACK", "", CALLBACK_REFUNDED, 12345, "PLN", "TR-1ABC-2DEF3GX:12345"},
        {"123.45", "FALSE", "", CALLBACK_PENDING, 0, "", ""},
        {"123.45", "PAID", "", CALLBACK_PENDING, 0, "", ""},
        {"123.45", "true", "", CALLBACK_NONE, 0, "", ""},
        {"123.45", "OTHER", "", CALLBACK_NONE, 0, "", ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        char text[1024], key[64];
        struct callback_facts facts;
        struct span body = notice(text, "123.45", rows[i].paid, rows[i].status, rows[i].more);
        assert_int_equal(read_signed(body, &facts), CALLBACK_GENUINE);
        assert_int_equal(facts.kind, rows[i].kind);
        assert_int_equal(facts.amount_minor, rows[i].amount_minor);
        assert_string_equal(facts.currency, rows[i].currency);
        assert_string_equal(facts.movement, rows[i].movement);
        assert_string_equal(facts.reference, "INV-2026-0001");
        assert_string_equal(facts.provider_reference, "TR-1ABC-2DEF3GX");
        snprintf(key, sizeof(key), "TR-1ABC-2DEF3GX/%s", rows[i].status);
        assert_string_equal(facts.dedup_key, key);
    }
}

static void fields_get_their_verdict(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
        enum callback_verdict verdict;
        bool is_live;
    } rows[] = {
        {"", "", CALLBACK_GENUINE, false},
        {"", "", CALLBACK_GENUINE, true},
        {"id=123912", "id=123913", CALLBACK_FOREIGN, false},
        {"id=123912&", "", CALLBACK_FOREIGN, false},
        {"tr_amount=123.45", "tr_amount=123.46", CALLBACK_FORGED, false},
        {"tr_crc=INV-2026-0001", "tr_crc=INV-2026-0002", CALLBACK_FORGED, false},
        {"tr_id=TR-1ABC", "tr_id=TR-1ABD", CALLBACK_FORGED, false},
        {"&md5sum=", "&md5=", CALLBACK_FORGED, false},
        {"&md5sum=ed91", "&md5sum=ED91", CALLBACK_FORGED, false},
        {"&md5sum=", "&md5sum=0", CALLBACK_FORGED, false},
        {"&tr_paid=123.45", "&tr_paid=123.4", CALLBACK_MALFORMED, false},
        {"&tr_paid=123.45", "&tr_paid=123", CALLBACK_MALFORMED, false},
        {"&tr_paid=123.45", "&tr_paid=123%2C45", CALLBACK_MALFORMED, false},
        {"&tr_paid=123.45", "&tr_paid=1e5", CALLBACK_MALFORMED, false},
        {"&tr_paid=123.45", "&tr_paid=-123.45", CALLBACK_MALFORMED, false},
        {"&tr_paid=123.45", "&tr_paid=0.00", CALLBACK_MALFORMED, false},
        {"&tr_paid=123.45", "&tr_paid=00123.45", CALLBACK_MALFORMED, false},
        {"&tr_paid=123.45", "&tr_paid=+123.45", CALLBACK_MALFORMED, false},
        {"&tr_paid=123.45", "&tr_paid=", CALLBACK_MALFORMED, false},
        {"&tr_paid=123.45", "", CALLBACK_MALFORMED, false},
        {"&tr_paid=123.45", "&tr_paid=99999999999999999999.00", CALLBACK_MALFORMED, false},
        {"&tr_paid=123.45", "&tr_paid=123.45&tr_paid=123.45", CALLBACK_MALFORMED, false},
        {"&tr_paid=123.45", "&tr_paid=123.45&tr_currency=pln", CALLBACK_MALFORMED, false},
        {"&tr_paid=123.45", "&tr_paid=123.45&tr_currency=", CALLBACK_MALFORMED, false},
        {"&tr_status=TRUE", "&tr_status=", CALLBACK_MALFORMED, false},
        {"&tr_status=TRUE", "", CALLBACK_MALFORMED, false},
        {"&tr_status=TRUE", "&tr_status=TRUE&tr_status=FALSE", CALLBACK_MALFORMED, false},
        {"&tr_status=TRUE", "&tr_status=TRUE&%74r_status=TRUE", CALLBACK_MALFORMED, false},
        {"&tr_error", "&test_mode=1&tr_error", CALLBACK_FOREIGN, true},
        {"&tr_error", "&test_mode=0&tr_error", CALLBACK_GENUINE, true},
        {"tr_desc=Rata+1", "tr_desc=%", CALLBACK_MALFORMED, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        char text[1024], changed[2048];
        struct callback_facts facts;
        notice(text, "123.45", "123.45", "TRUE", "");
        const char *at = strstr(text, rows[i].from);
        assert_non_null(at);
        snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - text), text, rows[i].to,
                 at + strlen(rows[i].from));
        account.is_live = rows[i].is_live;
        enum callback_verdict verdict = read_signed(span_str(changed), &facts);
        account.is_live = false;
        if (verdict != rows[i].verdict)
            fail_msg("%s -> %s: verdict %d", rows[i].from, rows[i].to, verdict);
    }
}

static void both_codes_of_a_change_are_tried(void **state)
{
    (void)state;
    char text[1024];
    struct callback_facts facts;
    struct span body = notice(text, "123.45", "123.45", "TRUE", "");
    account.secrets[0] = SPAN_LIT("the-newer-code");
    assert_int_equal(read_signed(body, &facts), CALLBACK_FORGED);
    account.secrets[1] = SPAN_LIT(CODE);
    assert_int_equal(read_signed(body, &facts), CALLBACK_GENUINE);
}

static void other_notices_concern_no_payment(void **state)
{
    (void)state;
    static const char *const bodies[] = {"type=tokenization&data=1",
                                         "id=1010&event=ALIAS_REGISTER&msg_value=1&md5sum=0"};
    for (size_t i = 0; i < 2; ++i) {
        struct callback_facts facts;
        assert_int_equal(read_signed(span_str(bodies[i]), &facts), CALLBACK_GENUINE);
        assert_int_equal(facts.kind, CALLBACK_NONE);
        assert_int_equal(strncmp(facts.dedup_key, "other/", 6), 0);
        assert_int_equal(strlen(facts.dedup_key), 6 + 64);
    }
}

static void kept_notice_gives_the_same_facts_after_a_change_of_code(void **state)
{
    (void)state;
    char text[1024];
    struct callback_facts facts, again;
    struct span body = notice(text, "123.45", "123.45", "TRUE", "");
    struct sent sent = sign(&leaf, JOSE, "..", body);
    struct callback_headers headers = {get, &sent};
    struct buf kept;
    buf_init(&kept, PROVIDER_HEADERS_KEPT_MAX);
    assert_int_equal(read_sent(&sent, body, &facts), CALLBACK_GENUINE);
    tpay_provider.keep_headers(&headers, &kept);
    assert_true(span_starts(buf_span(&kept), SPAN_LIT("{\"x-jws-signature\":\"ey")));
    account.secrets[0] = SPAN_LIT("another");
    assert_int_equal(tpay_provider.reread_callback(&account, buf_span(&kept), body, &again),
                     CALLBACK_GENUINE);
    assert_memory_equal(&facts, &again, sizeof(facts));
    buf_release(&kept);
}

/* ---- tasks ---- */

struct asked {
    struct provider_request request;
};

static void ask(struct asked *asked, const struct provider_task *task, int round,
                const struct provider_result *result)
{
    asked->request.method = "POST";
    buf_init(&asked->request.url, 2048);
    buf_init(&asked->request.headers, 8192);
    buf_init(&asked->request.body, 16384);
    tpay_provider.make_request(&account, task, round, SPAN_LIT("token-1"), result, &asked->request);
}

static void asked_release(struct asked *asked)
{
    buf_release(&asked->request.url);
    buf_release(&asked->request.headers);
    buf_release(&asked->request.body);
}

static void assert_asked(const struct provider_task *task, int round,
                         const struct provider_result *result, const char *method, const char *url,
                         const char *body)
{
    struct asked asked;
    ask(&asked, task, round, result);
    assert_string_equal(asked.request.method, method);
    assert_string_equal(buf_span(&asked.request.url).base, url);
    assert_string_equal(buf_span(&asked.request.body).base, body);
    if (url[0] != 0)
        assert_string_equal(buf_span(&asked.request.headers).base,
                            "Content-Type: application/json\nAuthorization: Bearer token-1\n");
    asked_release(&asked);
}

#define API "https://openapi.sandbox.tpay.com"
#define ID "01K5BK4HEPB0WBCGT51FMTYSYJ"
#define CREATED                                                                                    \
    "{\"amount\":123.05,\"currency\":\"PLN\",\"description\":\"FV/1\",\"hiddenDescription\":"      \
    "\"aaaaaaaaaaaaaaaaaa\",\"lang\":\"pl\",\"payer\":{\"email\":\"a@example.com\",\"name\":"      \
    "\"Jan \xc5\xbb\xc3\xb3\xc5\x82w\",\"ip\":\"10.0.0.1\",\"userAgent\":\"Firefox\"},"            \
    "\"callbacks\":{\"payerUrls\":{\"success\":\"https://p.example/back/x\",\"error\":"            \
    "\"https://p.example/back/x\"},\"notification\":{\"url\":\"https://p.example/callbacks/tpay\"" \
    "}}}"

static const struct provider_task start = {
    .kind = PROVIDER_START,
    .reference = SPAN_OF("aaaaaaaaaaaaaaaaaa"),
    .amount_minor = 12305,
    .currency = SPAN_OF("PLN"),
    .title = SPAN_OF("FV/1"),
    .return_url = SPAN_OF("https://p.example/back/x"),
    .callback_url = SPAN_OF("https://p.example/callbacks/tpay"),
    .language = SPAN_OF("pl"),
    .payer_email = SPAN_OF("a@example.com"),
    .payer_name = SPAN_OF("Jan \xc5\xbb\xc3\xb3\xc5\x82w"),
    .payer_ip = SPAN_OF("10.0.0.1"),
    .user_agent = SPAN_OF("Firefox"),
    .valid_seconds = 3600,
};

static void requests_are_as_documented(void **state)
{
    (void)state;
    struct provider_result none = {0}, halfway = {.provider_reference = ID};
    struct provider_task blik = start;
    blik.blik_code = SPAN_LIT("777123");
    assert_asked(&start, 0, &none, "POST", API "/transactions", CREATED);
    assert_asked(&blik, 0, &none, "POST", API "/transactions", CREATED);
    assert_asked(&blik, 1, &halfway, "POST", API "/transactions/" ID "/pay",
                 "{\"groupId\":150,\"blikPaymentData\":{\"blikToken\":\"777123\",\"type\":0}}");
    struct provider_task task = {.kind = PROVIDER_QUERY, .provider_reference = SPAN_LIT(ID)};
    assert_asked(&task, 0, &none, "GET", API "/transactions/" ID, "");
    assert_asked(&task, 1, &none, "GET", API "/transactions/" ID "/refunds", "");
    task.kind = PROVIDER_REFUND_QUERY;
    assert_asked(&task, 1, &none, "GET", API "/transactions/" ID "/refunds", "");
    task.kind = PROVIDER_REFUND;
    task.amount_minor = 1205;
    assert_asked(&task, 0, &none, "GET", API "/transactions/" ID "/refunds", "");
    assert_asked(&task, 1, &none, "POST", API "/transactions/" ID "/refunds", "{\"amount\":12.05}");
    task.amount_minor = 7;
    assert_asked(&task, 1, &none, "POST", API "/transactions/" ID "/refunds", "{\"amount\":0.07}");
    task.provider_reference = SPAN_LIT("a/../b");
    assert_asked(&task, 1, &none, "POST", API "/transactions/a%2F..%2Fb/refunds",
                 "{\"amount\":0.07}");
    task = (struct provider_task){.kind = PROVIDER_CHECK};
    assert_asked(&task, 0, &none, "GET", API "/transactions/channels", "");
}

static void what_has_no_id_is_not_asked_about(void **state)
{
    (void)state;
    struct provider_result none = {0};
    struct provider_task task = {.kind = PROVIDER_QUERY};
    assert_asked(&task, 0, &none, "POST", "", "");
    task.provider_reference = SPAN_LIT("TR-1ABC-2DEF3GX");
    assert_asked(&task, 0, &none, "POST", "", "");
}

static void long_texts_are_cut_between_letters(void **state)
{
    (void)state;
    char title[400], name[400];
    memset(title, 'a', sizeof(title));
    memset(name, 'b', sizeof(name));
    memcpy(title + 127, "\xc5\xbb", 2);
    struct provider_task task = start;
    struct provider_result none = {0};
    struct asked asked;
    task.title = span_of(title, 300);
    task.payer_name = span_of(name, 300);
    task.language = SPAN_LIT("uk");
    ask(&asked, &task, 0, &none);
    json_t *body = json_loads(buf_span(&asked.request.body).base, 0, NULL);
    assert_int_equal(json_string_length(json_object_get(body, "description")), 127);
    assert_int_equal(json_string_length(json_object_get(json_object_get(body, "payer"), "name")),
                     255);
    assert_null(json_object_get(body, "lang"));
    json_decref(body);
    asked_release(&asked);
}

static void token_is_asked_for_and_read(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *body;
        int64_t seconds;
    } rows[] = {
        {200, "{\"issued_at\":1,\"expires_in\":7200,\"access_token\":\"t\"}", 7200},
        {200, "{\"expires_in\":999999999,\"access_token\":\"t\"}", 86400},
        {200, "{\"expires_in\":7200,\"access_token\":\"t t\"}", 0},
        {200, "{\"expires_in\":7200}", 0},
        {200, "{\"expires_in\":\"7200\",\"access_token\":\"t\"}", 0},
        {401, "{\"expires_in\":7200,\"access_token\":\"t\"}", 0},
        {200, "", 0},
    };
    struct asked asked;
    char token[PROVIDER_TOKEN_MAX + 1];
    buf_init(&asked.request.url, 2048);
    buf_init(&asked.request.headers, 8192);
    buf_init(&asked.request.body, 16384);
    tpay_provider.make_token_request(&account, &asked.request);
    assert_string_equal(buf_span(&asked.request.url).base, API "/oauth/auth");
    assert_string_equal(buf_span(&asked.request.body).base,
                        "{\"client_id\":\"client-1\",\"client_secret\":\"api-secret\"}");
    asked_release(&asked);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct provider_answer answer = {rows[i].status, span_str(rows[i].body)};
        assert_int_equal(tpay_provider.read_token(&account, &answer, token), rows[i].seconds);
    }
}

static enum provider_step answered(const struct provider_task *task, int round, int status,
                                   const char *body, struct provider_result *result)
{
    struct provider_answer answer = {status, span_str(body)};
    return tpay_provider.read_answer(&account, task, round, &answer, result);
}

#define STARTED(url)                                                                               \
    "{\"result\":\"success\",\"requestId\":\"r\",\"transactionId\":\"" ID                          \
    "\",\"title\":\"TR-1ABC-2DEF3GX\",\"status\":\"pending\",\"amount\":123.05,"                   \
    "\"transactionPaymentUrl\":\"" url "\"}"
#define FAILED(code, field)                                                                        \
    "{\"result\":\"failed\",\"requestId\":\"r\",\"errors\":[{\"errorCode\":\"" code                \
    "\",\"errorMessage\":\"no\",\"fieldName\":\"" field "\"}]}"

static void answers_to_a_start_get_their_verdict(void **state)
{
    (void)state;
    static const struct {
        const char *says;
        int round, status;
        const char *body;
        bool is_blik;
        enum provider_verdict verdict;
        const char *reason;
    } rows[] = {
        {"created", 0, 200, STARTED(ORIGIN "/?gtitle=TR-1"), false, PROVIDER_YES, ""},
        {"created as 201", 0, 201, STARTED(ORIGIN "/?gtitle=TR-1"), false, PROVIDER_YES, ""},
        {"leads elsewhere", 0, 200, STARTED("https://evil.example/"), false, PROVIDER_UNCLEAR, ""},
        {"a host behind ours", 0, 200, STARTED(ORIGIN ".evil.example/"), false, PROVIDER_UNCLEAR,
         ""},
        {"no id", 0, 200, "{\"result\":\"success\"}", false, PROVIDER_UNCLEAR, ""},
        {"BLIK created", 0, 200, STARTED(ORIGIN "/?gtitle=TR-1"), true, PROVIDER_HALFWAY, ""},
        {"BLIK taken", 1, 200, STARTED(ORIGIN "/"), true, PROVIDER_YES, ""},
        {"BLIK refused", 1, 200, FAILED("x", "blikPaymentData.blikToken"), true, PROVIDER_NO,
         "blik_code_wrong"},
        {"BLIK refused by number", 1, 400, FAILED("63", ""), true, PROVIDER_NO, "blik_code_wrong"},
        {"BLIK expired", 1, 400, FAILED("blik_code_expired", ""), true, PROVIDER_NO,
         "blik_code_expired"},
        {"BLIK refused in attempts", 1, 200,
         "{\"result\":\"failed\",\"payments\":{\"attempts\":[{\"paymentErrorCode\":\"61\"}]}}",
         true, PROVIDER_NO, "blik_code_wrong"},
        {"BLIK 500", 1, 500, "", true, PROVIDER_UNCLEAR, ""},
        {"refused", 0, 400, FAILED("invalid_amount", "amount"), false, PROVIDER_NO, "refused"},
        {"4xx without words", 0, 400, "{}", false, PROVIDER_UNCLEAR, ""},
        {"no right", 0, 403, FAILED("forbidden", ""), false, PROVIDER_UNCLEAR, ""},
        {"too quick", 0, 429, FAILED("slow", ""), false, PROVIDER_UNCLEAR, ""},
        {"500", 0, 500, FAILED("x", ""), false, PROVIDER_UNCLEAR, ""},
        {"no JSON", 0, 200, "<html>", false, PROVIDER_UNCLEAR, ""},
        {"a key twice", 0, 200, "{\"result\":\"failed\",\"result\":\"success\"}", false,
         PROVIDER_UNCLEAR, ""},
        {"a redirect", 0, 302, "", false, PROVIDER_UNCLEAR, ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct provider_task task = start;
        struct provider_result result = {0};
        if (rows[i].is_blik)
            task.blik_code = SPAN_LIT("777123");
        assert_int_equal(answered(&task, rows[i].round, rows[i].status, rows[i].body, &result),
                         PROVIDER_DONE);
        if (result.verdict != rows[i].verdict || strcmp(result.reason, rows[i].reason) != 0)
            fail_msg("%s: verdict %d, %s", rows[i].says, result.verdict, result.reason);
        bool leads = result.verdict == PROVIDER_YES && !rows[i].is_blik;
        assert_string_equal(result.redirect_url, leads ? ORIGIN "/?gtitle=TR-1" : "");
        if (result.verdict == PROVIDER_HALFWAY) {
            assert_int_equal(result.next_round, 1);
            assert_string_equal(result.provider_reference, ID);
        }
    }
    struct provider_result result = {0};
    assert_int_equal(answered(&start, 0, 401, "{}", &result), PROVIDER_TOKEN_REFUSED);
}

#define TRANSACTION(status, more)                                                                  \
    "{\"result\":\"success\",\"transactionId\":\"" ID "\",\"title\":\"TR-1\",\"status\":\"" status \
    "\",\"hiddenDescription\":\"aaaaaaaaaaaaaaaaaa\",\"currency\":\"PLN\",\"amount\":123.4" more   \
    "}"

static const struct provider_task query = {
    .kind = PROVIDER_QUERY,
    .reference = SPAN_OF("aaaaaaaaaaaaaaaaaa"),
    .provider_reference = SPAN_OF(ID),
};

static void questions_are_answered_with_facts(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        enum provider_verdict verdict;
        enum provider_step step;
        enum callback_kind kind;
        int64_t amount_minor;
        const char *dedup_key, *reason;
    } rows[] = {
        {TRANSACTION("pending", ""), PROVIDER_YES, PROVIDER_DONE, CALLBACK_PENDING, 0,
         "TR-1/pending", ""},
        {TRANSACTION("correct", ""), PROVIDER_YES, PROVIDER_NEXT, CALLBACK_PAID, 12340,
         "TR-1/correct", ""},
        {TRANSACTION("paid", ",\"payments\":{\"amountPaid\":200}"), PROVIDER_YES, PROVIDER_NEXT,
         CALLBACK_PAID, 20000, "TR-1/correct", ""},
        {TRANSACTION("refund", ",\"payments\":{\"amountPaid\":0}"), PROVIDER_YES, PROVIDER_NEXT,
         CALLBACK_PAID, 12340, "TR-1/correct", ""},
        {TRANSACTION("declined", ""), PROVIDER_YES, PROVIDER_DONE, CALLBACK_FAILED, 0,
         "TR-1/declined", "refused"},
        {TRANSACTION("error", ",\"payments\":{\"attempts\":[{\"paymentErrorCode\":61}]}"),
         PROVIDER_YES, PROVIDER_DONE, CALLBACK_FAILED, 0, "TR-1/error", "blik_code_wrong"},
        {TRANSACTION("pending", ",\"payments\":{\"attempts\":[{\"paymentErrorCode\":\"63\"}]}"),
         PROVIDER_YES, PROVIDER_DONE, CALLBACK_FAILED, 0, "TR-1/pending", "blik_code_wrong"},
        {TRANSACTION("pending", ",\"payments\":{\"attempts\":[{\"paymentErrorCode\":\"12\"}]}"),
         PROVIDER_YES, PROVIDER_DONE, CALLBACK_PENDING, 0, "TR-1/pending", ""},
        {TRANSACTION("what", ""), PROVIDER_UNCLEAR, PROVIDER_DONE, CALLBACK_NONE, 0, "", ""},
        {"{\"transactionId\":\"other\",\"title\":\"TR-1\",\"status\":\"correct\",\"amount\":1.00}",
         PROVIDER_UNCLEAR, PROVIDER_DONE, CALLBACK_NONE, 0, "", ""},
        {"{\"transactionId\":\"" ID "\",\"title\":\"TR-1\",\"status\":\"correct\",\"amount\":1.00,"
         "\"hiddenDescription\":\"bbbbbbbbbbbbbbbbbb\"}",
         PROVIDER_UNCLEAR, PROVIDER_DONE, CALLBACK_NONE, 0, "", ""},
        {"{\"transactionId\":\"" ID
         "\",\"title\":\"TR-1\",\"status\":\"correct\",\"amount\":1.005}",
         PROVIDER_UNCLEAR, PROVIDER_DONE, CALLBACK_NONE, 0, "", ""},
        {"{\"transactionId\":\"" ID "\",\"title\":\"TR-1\",\"status\":\"correct\",\"amount\":1e3}",
         PROVIDER_UNCLEAR, PROVIDER_DONE, CALLBACK_NONE, 0, "", ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct provider_result result = {0};
        assert_int_equal(answered(&query, 0, 200, rows[i].body, &result), rows[i].step);
        assert_int_equal(result.verdict, rows[i].verdict);
        assert_int_equal(result.fact_count, rows[i].verdict == PROVIDER_YES);
        if (result.fact_count == 0)
            continue;
        const struct callback_facts *facts = &result.facts[0];
        assert_int_equal(facts->kind, rows[i].kind);
        assert_int_equal(facts->amount_minor, rows[i].amount_minor);
        assert_string_equal(facts->dedup_key, rows[i].dedup_key);
        assert_string_equal(facts->reason, rows[i].reason);
        assert_string_equal(facts->reference, "aaaaaaaaaaaaaaaaaa");
        assert_string_equal(facts->provider_reference, "TR-1");
        assert_string_equal(facts->movement, facts->kind == CALLBACK_PAID ? "TR-1" : "");
    }
    struct provider_result result = {0};
    assert_int_equal(answered(&query, 0, 404, TRANSACTION("correct", ""), &result), PROVIDER_DONE);
    assert_int_equal(result.verdict, PROVIDER_UNCLEAR);
}

static void refunds_are_told_with_the_movements_of_notifications(void **state)
{
    (void)state;
    static const struct {
        const char *status;
        int list_status;
        const char *list;
        enum provider_verdict query, refund_query;
        const char *movements[4];
    } rows[] = {
        {"correct", 200, "{\"refunds\":[]}", PROVIDER_YES, PROVIDER_YES, {NULL}},
        {"correct",
         200,
         "{\"refunds\":[{\"amount\":23.4,\"refundId\":\"r1\"},{\"amount\":1},{\"amount\":23.40}]}",
         PROVIDER_YES,
         PROVIDER_YES,
         {"TR-1:2340", "TR-1:100", "TR-1:2340#2"}},
        {"correct",
         200,
         "{\"refunds\":[{\"amount\":23.4,\"status\":\"pending\"},"
         "{\"amount\":1,\"status\":\"correct\"}]}",
         PROVIDER_YES,
         PROVIDER_YES,
         {"TR-1:100"}},
        {"refund",
         200,
         "{\"refunds\":[{\"amount\":123.4}]}",
         PROVIDER_YES,
         PROVIDER_YES,
         {"TR-1:12340"}},
        {"refund", 404, "", PROVIDER_YES, PROVIDER_YES, {"TR-1:12340"}},
        {"correct", 404, "", PROVIDER_YES, PROVIDER_UNCLEAR, {NULL}},
        {"correct", 200, "{\"list\":[]}", PROVIDER_YES, PROVIDER_UNCLEAR, {NULL}},
        {"correct",
         200,
         "{\"refunds\":[{\"amount\":\"x\"}]}",
         PROVIDER_YES,
         PROVIDER_UNCLEAR,
         {NULL}},
        {"correct", 500, "", PROVIDER_UNCLEAR, PROVIDER_UNCLEAR, {NULL}},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i)
        for (int kind = 0; kind < 2; ++kind) {
            char body[1024];
            struct provider_task task = query;
            struct provider_result result = {0};
            task.kind = kind == 0 ? PROVIDER_QUERY : PROVIDER_REFUND_QUERY;
            snprintf(body, sizeof(body), TRANSACTION("%s", ""), rows[i].status);
            assert_int_equal(answered(&task, 0, 200, body, &result), PROVIDER_NEXT);
            assert_int_equal(answered(&task, 1, rows[i].list_status, rows[i].list, &result),
                             PROVIDER_DONE);
            assert_int_equal(result.verdict, kind == 0 ? rows[i].query : rows[i].refund_query);
            int count = 0;
            for (; count < 4 && rows[i].movements[count] != NULL; ++count) {
                const struct callback_facts *facts = &result.facts[1 + count];
                char key[96];
                snprintf(key, sizeof(key), "refunded/%s", rows[i].movements[count]);
                assert_int_equal(facts->kind, CALLBACK_REFUNDED);
                assert_string_equal(facts->movement, rows[i].movements[count]);
                assert_string_equal(facts->dedup_key, key);
                assert_string_equal(facts->currency, "PLN");
                assert_string_equal(facts->reference, "aaaaaaaaaaaaaaaaaa");
            }
            assert_int_equal(result.fact_count, 1 + count);
        }
}

/* A pending one before it has its place, too: names do not move when it is done. */
static void a_refund_is_named_before_it_is_sent_and_sent_once(void **state)
{
    (void)state;
    static const struct {
        const char *says, *kept;
        int status;
        const char *list;
        enum provider_step step;
        enum provider_verdict verdict;
        const char *name;
    } rows[] = {
        {"the first", "", 200, "{\"refunds\":[]}", PROVIDER_DONE, PROVIDER_HALFWAY, "TR-1:100"},
        {"beside others", "", 200, "{\"refunds\":[{\"amount\":2},{\"amount\":10}]}", PROVIDER_DONE,
         PROVIDER_HALFWAY, "TR-1:100"},
        {"the second of its amount", "", 200, "{\"refunds\":[{\"amount\":1.0}]}", PROVIDER_DONE,
         PROVIDER_HALFWAY, "TR-1:100#2"},
        {"behind one that failed and one that is pending", "", 200,
         "{\"refunds\":[{\"amount\":1,\"status\":\"failed\"},{\"amount\":1,\"status\":"
         "\"pending\"}]}",
         PROVIDER_DONE, PROVIDER_HALFWAY, "TR-1:100#3"},
        {"named, and not there", "TR-1:100", 200, "{\"refunds\":[]}", PROVIDER_NEXT,
         PROVIDER_UNCLEAR, ""},
        {"named, and there", "TR-1:100", 200, "{\"refunds\":[{\"amount\":1}]}", PROVIDER_DONE,
         PROVIDER_YES, ""},
        {"named the second, and not there", "TR-1:100#2", 200, "{\"refunds\":[{\"amount\":1}]}",
         PROVIDER_NEXT, PROVIDER_UNCLEAR, ""},
        {"named the second, and there", "TR-1:100#2", 200,
         "{\"refunds\":[{\"amount\":1},{\"amount\":1}]}", PROVIDER_DONE, PROVIDER_YES, ""},
        {"a list that became shorter", "TR-1:100#2", 200, "{\"refunds\":[]}", PROVIDER_DONE,
         PROVIDER_UNCLEAR, ""},
        {"a list that cannot be read", "TR-1:100", 200, "{\"refunds\":[{}]}", PROVIDER_DONE,
         PROVIDER_UNCLEAR, ""},
        {"no list", "TR-1:100", 200, "{}", PROVIDER_DONE, PROVIDER_UNCLEAR, ""},
        {"500", "TR-1:100", 500, "{\"refunds\":[]}", PROVIDER_DONE, PROVIDER_UNCLEAR, ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct provider_task task = query;
        struct provider_result result = {0};
        task.kind = PROVIDER_REFUND;
        task.amount_minor = 100;
        task.movement = SPAN_LIT("TR-1");
        task.refund_id = span_str(rows[i].kept);
        enum provider_step step = answered(&task, 0, rows[i].status, rows[i].list, &result);
        if (step != rows[i].step || result.verdict != rows[i].verdict)
            fail_msg("%s: step %d, verdict %d", rows[i].says, step, result.verdict);
        assert_string_equal(result.refund_id, rows[i].name);
        assert_int_equal(result.fact_count, 0);
    }
}

static void a_question_about_one_refund_is_not_answered_by_another_that_failed(void **state)
{
    (void)state;
    static const struct {
        const char *asked;
        enum callback_kind kind; /* behind the payment; NONE: nothing */
    } rows[] = {{"TR-1:100", CALLBACK_REFUND_FAILED}, {"TR-1:100#2", CALLBACK_NONE}};
    for (size_t i = 0; i < 2; ++i) {
        struct provider_task task = query;
        struct provider_result result = {0};
        task.kind = PROVIDER_REFUND_QUERY;
        task.refund_id = span_str(rows[i].asked);
        answered(&task, 0, 200, TRANSACTION("correct", ""), &result);
        answered(&task, 1, 200,
                 "{\"refunds\":[{\"amount\":1,\"status\":\"failed\"},"
                 "{\"amount\":1,\"status\":\"pending\"}]}",
                 &result);
        assert_int_equal(result.verdict, PROVIDER_YES);
        assert_int_equal(result.fact_count, 1 + (rows[i].kind != CALLBACK_NONE));
        if (result.fact_count == 2) {
            assert_int_equal(result.facts[1].kind, rows[i].kind);
            assert_string_equal(result.facts[1].movement, rows[i].asked);
        }
    }
}

static void more_refunds_than_there_is_room_for_are_unclear(void **state)
{
    (void)state;
    char list[1024] = "{\"refunds\":[";
    for (int i = 0; i < PROVIDER_FACTS_MAX; ++i)
        strcat(list, i == 0 ? "{\"amount\":1}" : ",{\"amount\":1}");
    strcat(list, "]}");
    struct provider_task task = query;
    struct provider_result result = {0};
    task.kind = PROVIDER_REFUND_QUERY;
    assert_int_equal(answered(&task, 0, 200, TRANSACTION("correct", ""), &result), PROVIDER_NEXT);
    answered(&task, 1, 200, list, &result);
    assert_int_equal(result.verdict, PROVIDER_UNCLEAR);
}

static void refunds_and_checks_get_their_verdict(void **state)
{
    (void)state;
    static const struct {
        enum provider_task_kind kind;
        int status;
        const char *body;
        enum provider_verdict verdict;
    } rows[] = {
        {PROVIDER_REFUND, 200, "{\"result\":\"success\",\"status\":\"refund\"}", PROVIDER_YES},
        {PROVIDER_REFUND, 400, FAILED("not_enough_funds", ""), PROVIDER_NO},
        {PROVIDER_REFUND, 403, FAILED("forbidden", ""), PROVIDER_UNCLEAR},
        {PROVIDER_REFUND, 404, FAILED("unknown", ""), PROVIDER_UNCLEAR},
        {PROVIDER_REFUND, 500, "", PROVIDER_UNCLEAR},
        {PROVIDER_CHECK, 200, "{}", PROVIDER_YES},
        {PROVIDER_CHECK, 403, "{}", PROVIDER_NO},
        {PROVIDER_CHECK, 500, "{}", PROVIDER_UNCLEAR},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        struct provider_task task = query;
        struct provider_result result = {0};
        task.kind = rows[i].kind;
        account.root_pem = span_str(root.pem);
        int round = rows[i].kind == PROVIDER_REFUND;
        assert_int_equal(answered(&task, round, rows[i].status, rows[i].body, &result),
                         PROVIDER_DONE);
        assert_int_equal(result.verdict, rows[i].verdict);
        if (result.verdict != PROVIDER_YES && rows[i].kind == PROVIDER_CHECK)
            assert_true(result.note[0] != 0);
    }
    struct provider_task task = {.kind = PROVIDER_CHECK};
    struct provider_result result = {0};
    account.root_pem = SPAN_LIT("no root");
    answered(&task, 0, 200, "{}", &result);
    assert_int_equal(result.verdict, PROVIDER_NO);
    assert_string_equal(result.note, "root_file is not one certificate in PEM");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(md5sum_vectors_hold, reset),
        cmocka_unit_test_setup(published_notification_verifies_at_its_time_only, reset),
        cmocka_unit_test_setup(signatures_get_their_verdict, reset),
        cmocka_unit_test_setup(changed_header_is_forged, reset),
        cmocka_unit_test_setup(without_a_certificate_tpay_is_asked_to_come_again, reset),
        cmocka_unit_test_setup(each_status_has_its_kind, reset),
        cmocka_unit_test_setup(fields_get_their_verdict, reset),
        cmocka_unit_test_setup(both_codes_of_a_change_are_tried, reset),
        cmocka_unit_test_setup(other_notices_concern_no_payment, reset),
        cmocka_unit_test_setup(kept_notice_gives_the_same_facts_after_a_change_of_code, reset),
        cmocka_unit_test_setup(requests_are_as_documented, reset),
        cmocka_unit_test_setup(what_has_no_id_is_not_asked_about, reset),
        cmocka_unit_test_setup(long_texts_are_cut_between_letters, reset),
        cmocka_unit_test_setup(token_is_asked_for_and_read, reset),
        cmocka_unit_test_setup(answers_to_a_start_get_their_verdict, reset),
        cmocka_unit_test_setup(questions_are_answered_with_facts, reset),
        cmocka_unit_test_setup(refunds_are_told_with_the_movements_of_notifications, reset),
        cmocka_unit_test_setup(a_refund_is_named_before_it_is_sent_and_sent_once, reset),
        cmocka_unit_test_setup(a_question_about_one_refund_is_not_answered_by_another_that_failed,
                               reset),
        cmocka_unit_test_setup(more_refunds_than_there_is_room_for_are_unclear, reset),
        cmocka_unit_test_setup(refunds_and_checks_get_their_verdict, reset),
    };
    return cmocka_run_group_tests(tests, make_all, release_all);
}
