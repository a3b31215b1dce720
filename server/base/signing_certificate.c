#include "base/signing_certificate.h"

#include "base/crypto.h"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <time.h>

enum { RSA_BITS_MIN = 2048, RSA_BITS_MAX = 8192 };

struct signing_certificate {
    EVP_PKEY_CTX *verifier; /* of its key; made once: making it costs a tenth of a verification */
    int64_t from, until;    /* Unix seconds, of the whole chain; `until` is the last good one */
};

/* All certificates of the text, null when it has none, too many, or something broken. */
static STACK_OF(X509) * read_all(struct span pem)
{
    STACK_OF(X509) *all = sk_X509_new_null();
    BIO *bio = pem.len == 0 || pem.len > SIGNING_CERTIFICATE_PEM_MAX
                   ? NULL
                   : BIO_new_mem_buf(pem.base, (int)pem.len);
    X509 *one;
    while (bio != NULL && (one = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL)
        if (sk_X509_push(all, one) == 0)
            abort();
    bool is_at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    BIO_free(bio);
    if (bio != NULL && is_at_end && sk_X509_num(all) > 0 &&
        sk_X509_num(all) <= SIGNING_CERTIFICATE_CHAIN_MAX)
        return all;
    sk_X509_pop_free(all, X509_free);
    return NULL;
}

static bool seconds_of(const ASN1_TIME *time, int64_t *seconds)
{
    struct tm parts;
    if (ASN1_TIME_to_tm(time, &parts) != 1)
        return false;
    *seconds = timegm(&parts);
    return true;
}

static bool take_dates(struct signing_certificate *c, const STACK_OF(X509) * chain)
{
    c->from = INT64_MIN;
    c->until = INT64_MAX;
    for (int i = 0; i < sk_X509_num(chain); ++i) {
        const X509 *one = sk_X509_value(chain, i);
        int64_t from, until;
        if (!seconds_of(X509_get0_notBefore(one), &from) ||
            !seconds_of(X509_get0_notAfter(one), &until))
            return false;
        c->from = from > c->from ? from : c->from;
        c->until = until < c->until ? until : c->until;
    }
    return true;
}

/* A root that signs messages itself is a chain of one, and no certificate of a signer. */
static bool is_vouched_for(struct signing_certificate *c, STACK_OF(X509) * given, X509 *root)
{
    X509_STORE *roots = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    if (roots == NULL || context == NULL || X509_STORE_add_cert(roots, root) != 1 ||
        X509_STORE_CTX_init(context, roots, sk_X509_value(given, 0), given) != 1)
        abort();
    X509_STORE_CTX_set_flags(context, X509_V_FLAG_NO_CHECK_TIME);
    bool is_good = X509_verify_cert(context) == 1 &&
                   sk_X509_num(X509_STORE_CTX_get0_chain(context)) > 1 &&
                   take_dates(c, X509_STORE_CTX_get0_chain(context));
    X509_STORE_CTX_free(context);
    X509_STORE_free(roots);
    return is_good;
}

/* Where the use of the key is not said at all, X509_get_key_usage says that it has all. */
static bool may_sign(X509 *leaf)
{
    EVP_PKEY *key = X509_get0_pubkey(leaf);
    return key != NULL && EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) >= RSA_BITS_MIN &&
           EVP_PKEY_get_bits(key) <= RSA_BITS_MAX &&
           (X509_get_key_usage(leaf) & KU_DIGITAL_SIGNATURE) != 0;
}

/* Of an RSA key the padding is PKCS1 unless another one is asked for. */
static EVP_PKEY_CTX *verifier_of(EVP_PKEY *key)
{
    EVP_PKEY_CTX *verifier = EVP_PKEY_CTX_new(key, NULL);
    if (verifier == NULL || EVP_PKEY_verify_init(verifier) != 1 ||
        EVP_PKEY_CTX_set_signature_md(verifier, EVP_sha256()) != 1)
        abort();
    return verifier;
}

static int fill(struct signing_certificate *c, STACK_OF(X509) * given, STACK_OF(X509) * roots,
                struct err *err)
{
    if (given == NULL)
        return err_set(err, ERR_INPUT, "this is no certificate in PEM");
    if (roots == NULL || sk_X509_num(roots) != 1)
        return err_set(err, ERR_INPUT, "the root is not one certificate in PEM");
    X509 *leaf = sk_X509_value(given, 0);
    if (!may_sign(leaf))
        return err_set(err, ERR_INPUT, "its key is none that signs by RS256");
    if (!is_vouched_for(c, given, sk_X509_value(roots, 0)))
        return err_set(err, ERR_INPUT, "it does not come from our root");
    c->verifier = verifier_of(X509_get0_pubkey(leaf));
    return 0;
}

bool signing_root_is_ok(struct span root_pem)
{
    STACK_OF(X509) *roots = read_all(root_pem);
    bool is_ok = roots != NULL && sk_X509_num(roots) == 1;
    sk_X509_pop_free(roots, X509_free);
    return is_ok;
}

struct signing_certificate *signing_certificate_new(struct span pem, struct span root_pem,
                                                    struct err *err)
{
    struct signing_certificate *c = calloc(1, sizeof(*c));
    if (c == NULL)
        abort();
    STACK_OF(X509) *given = read_all(pem), *roots = read_all(root_pem);
    int code = fill(c, given, roots, err);
    sk_X509_pop_free(given, X509_free);
    sk_X509_pop_free(roots, X509_free);
    ERR_clear_error();
    if (code == 0)
        return c;
    signing_certificate_free(c);
    return NULL;
}

void signing_certificate_free(struct signing_certificate *c)
{
    if (c == NULL)
        return;
    EVP_PKEY_CTX_free(c->verifier);
    free(c);
}

bool signing_certificate_is_in_date(const struct signing_certificate *c, struct instant now)
{
    int64_t seconds = instant_seconds(now);
    return seconds >= c->from && seconds <= c->until;
}

bool signing_certificate_signed(const struct signing_certificate *c, struct span message,
                                struct span signature)
{
    uint8_t digest[SHA256_LEN];
    sha256(message, digest);
    bool is_good = EVP_PKEY_verify(c->verifier, (const uint8_t *)signature.base, signature.len,
                                   digest, sizeof(digest)) == 1;
    ERR_clear_error();
    return is_good;
}
