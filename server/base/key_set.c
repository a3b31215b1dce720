#include "base/key_set.h"

#include "base/crypto.h"
#include "base/json.h"

#include <assert.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>

enum { RSA_BITS_MIN = 2048, RSA_BITS_MAX = 8192, EXPONENT_MAX = 8, COORDINATE = 32 };
enum { DEPTH_MAX = 8 };

struct key {
    EVP_PKEY *key;
    char id[KEY_ID_MAX];
    size_t id_len;
    bool has_id;
};

struct key_set {
    enum signature_algorithm algorithm;
    size_t count;
    struct key keys[KEY_SET_MAX];
};

static const char *const names[] = {"", "ES256", "RS256", "PS256"};

bool signature_algorithm_find(struct span name, enum signature_algorithm *algorithm)
{
    for (int i = SIGNATURE_ES256; i <= SIGNATURE_PS256; ++i)
        if (span_is_str(name, names[i])) {
            *algorithm = (enum signature_algorithm)i;
            return true;
        }
    return false;
}

const char *signature_algorithm_name(enum signature_algorithm algorithm)
{
    return names[algorithm];
}

struct key_set *key_set_new(enum signature_algorithm algorithm)
{
    struct key_set *set = calloc(1, sizeof(*set));
    if (set == NULL)
        abort();
    set->algorithm = algorithm;
    return set;
}

static void drop_from(struct key_set *set, size_t count)
{
    while (set->count > count)
        EVP_PKEY_free(set->keys[--set->count].key);
}

void key_set_free(struct key_set *set)
{
    if (set == NULL)
        return;
    drop_from(set, 0);
    free(set);
}

size_t key_set_count(const struct key_set *set)
{
    return set->count;
}

/* Takes the key; false, and it is freed, when there is no room. */
static bool take(struct key_set *set, EVP_PKEY *key, struct span id)
{
    if (set->count == KEY_SET_MAX) {
        EVP_PKEY_free(key);
        return false;
    }
    struct key *k = &set->keys[set->count++];
    *k = (struct key){.key = key, .id_len = id.len, .has_id = id.base != NULL};
    if (id.len != 0)
        memcpy(k->id, id.base, id.len);
    return true;
}

void key_set_add_all(struct key_set *set, const struct key_set *other)
{
    assert(set->algorithm == other->algorithm);
    for (size_t i = 0; i < other->count; ++i) {
        const struct key *k = &other->keys[i];
        EVP_PKEY_up_ref(k->key);
        take(set, k->key, k->has_id ? span_of(k->id, k->id_len) : span_of(NULL, 0));
    }
}

/* ---- whether a key fits ---- */

static bool is_p256(const EVP_PKEY *key)
{
    char group[64] = "";
    return EVP_PKEY_is_a(key, "EC") &&
           EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof(group),
                                          NULL) == 1 &&
           strcmp(group, "prime256v1") == 0;
}

/* A long exponent would make each check as dear as a signature. */
static bool is_rsa(const EVP_PKEY *key)
{
    BIGNUM *e = NULL;
    int bits = EVP_PKEY_get_bits(key);
    if (!EVP_PKEY_is_a(key, "RSA") || bits < RSA_BITS_MIN || bits > RSA_BITS_MAX ||
        EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) != 1)
        return false;
    bool is_fine = BN_is_odd(e) && !BN_is_one(e) && BN_num_bytes(e) <= EXPONENT_MAX;
    BN_free(e);
    return is_fine;
}

static bool fits(const struct key_set *set, const EVP_PKEY *key)
{
    return set->algorithm == SIGNATURE_ES256 ? is_p256(key) : is_rsa(key);
}

/* ---- JWK sets ---- */

static struct span text_of(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_string(value) ? span_of(json_string_value(value), json_string_length(value))
                                 : span_of(NULL, 0);
}

static bool is_for_verifying(const json_t *jwk, const char *algorithm)
{
    const json_t *use = json_object_get(jwk, "use"), *alg = json_object_get(jwk, "alg");
    const json_t *operations = json_object_get(jwk, "key_ops"), *operation;
    size_t at;
    if ((use != NULL && !span_is_str(text_of(jwk, "use"), "sig")) ||
        (alg != NULL && !span_is_str(text_of(jwk, "alg"), algorithm)))
        return false;
    if (operations == NULL)
        return true;
    json_array_foreach(operations, at, operation) if (json_is_string(operation) &&
                                                      strcmp(json_string_value(operation),
                                                             "verify") == 0) return true;
    return false;
}

static EVP_PKEY *key_of(const char *kind, OSSL_PARAM_BLD *builder)
{
    EVP_PKEY *key = NULL;
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
    if (params == NULL || context == NULL || EVP_PKEY_fromdata_init(context) != 1)
        abort();
    if (EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(params);
    return key;
}

/* The point's coordinates; one that is not on the curve is no key. */
static EVP_PKEY *read_ec(const json_t *jwk)
{
    uint8_t point[1 + 2 * COORDINATE] = {POINT_CONVERSION_UNCOMPRESSED};
    if (!span_is_str(text_of(jwk, "crv"), "P-256") ||
        base64url_parse(text_of(jwk, "x"), point + 1, COORDINATE) != COORDINATE ||
        base64url_parse(text_of(jwk, "y"), point + 1 + COORDINATE, COORDINATE) != COORDINATE)
        return NULL;
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    if (builder == NULL ||
        OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) !=
            1 ||
        OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)) !=
            1)
        abort();
    EVP_PKEY *key = key_of("EC", builder);
    OSSL_PARAM_BLD_free(builder);
    return key;
}

static EVP_PKEY *read_rsa(const json_t *jwk)
{
    uint8_t n[RSA_BITS_MAX / 8], e[EXPONENT_MAX];
    long n_len = base64url_parse(text_of(jwk, "n"), n, sizeof(n));
    long e_len = base64url_parse(text_of(jwk, "e"), e, sizeof(e));
    if (n_len < RSA_BITS_MIN / 8 || e_len < 1)
        return NULL;
    BIGNUM *modulus = BN_bin2bn(n, (int)n_len, NULL), *exponent = BN_bin2bn(e, (int)e_len, NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    if (modulus == NULL || exponent == NULL || builder == NULL ||
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus) != 1 ||
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, exponent) != 1)
        abort();
    EVP_PKEY *key = key_of("RSA", builder);
    OSSL_PARAM_BLD_free(builder);
    BN_free(modulus);
    BN_free(exponent);
    return key;
}

/* Null when it is none of ours. */
static EVP_PKEY *read_jwk(const struct key_set *set, const json_t *jwk)
{
    bool is_ec = set->algorithm == SIGNATURE_ES256;
    if (!json_is_object(jwk) || !span_is_str(text_of(jwk, "kty"), is_ec ? "EC" : "RSA") ||
        !is_for_verifying(jwk, names[set->algorithm]) || text_of(jwk, "kid").len > KEY_ID_MAX)
        return NULL;
    EVP_PKEY *key = is_ec ? read_ec(jwk) : read_rsa(jwk);
    if (key != NULL && !fits(set, key)) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    return key;
}

static int add_jwks(struct key_set *set, struct span text, struct err *err)
{
    const struct json_limits limits = {.bytes_max = KEY_SET_BYTES_MAX, .depth_max = DEPTH_MAX};
    json_t *document = json_load(text, limits, err);
    if (document == NULL)
        return err->code;
    const json_t *keys = json_object_get(document, "keys"), *jwk;
    bool is_set = json_is_array(keys), has_room = true;
    size_t at;
    json_array_foreach(keys, at, jwk)
    {
        EVP_PKEY *key = read_jwk(set, jwk);
        if (key != NULL)
            has_room = take(set, key, text_of(jwk, "kid")) && has_room;
    }
    json_decref(document);
    if (!is_set)
        return err_set(err, ERR_INPUT, "this is no JWK set: it has no list \"keys\"");
    if (!has_room)
        return err_set(err, ERR_INPUT, "there are more than %d keys", KEY_SET_MAX);
    return 0;
}

/* ---- PEM ---- */

static int no_passphrase(char *out, int room, int is_writing, void *user)
{
    (void)out, (void)room, (void)is_writing, (void)user;
    return -1; /* and never a prompt on a terminal */
}

static int add_pem(struct key_set *set, struct span text, struct err *err)
{
    static const char secret[] = "PRIVATE KEY-----";
    if (memmem(text.base, text.len, secret, sizeof(secret) - 1) != NULL)
        return err_set(err, ERR_INPUT, "holds a private key: a public one is all we need");
    BIO *bio = BIO_new_mem_buf(text.base, (int)text.len);
    int code = 0;
    for (EVP_PKEY *key;
         code == 0 && (key = PEM_read_bio_PUBKEY(bio, NULL, no_passphrase, NULL)) != NULL;) {
        if (!fits(set, key)) {
            EVP_PKEY_free(key);
            code = err_set(err, ERR_INPUT, "a key does not fit %s, which wants %s",
                           names[set->algorithm],
                           set->algorithm == SIGNATURE_ES256 ? "the curve P-256"
                                                             : "RSA with 2048 to 8192 bits");
        } else if (!take(set, key, span_of(NULL, 0))) {
            code = err_set(err, ERR_INPUT, "there are more than %d keys", KEY_SET_MAX);
        }
    }
    BIO_free(bio);
    return code;
}

int key_set_add(struct key_set *set, struct span text, struct err *err)
{
    size_t before = set->count, at = 0;
    if (text.len > KEY_SET_BYTES_MAX)
        return err_set(err, ERR_INPUT, "is longer than %d bytes", KEY_SET_BYTES_MAX);
    while (at < text.len && memchr(" \t\r\n", text.base[at], 4) != NULL)
        ++at;
    bool is_json = at < text.len && text.base[at] == '{';
    int code = is_json ? add_jwks(set, text, err) : add_pem(set, text, err);
    if (code == 0 && set->count == before)
        code = err_set(err, ERR_INPUT, "holds no public key for %s", names[set->algorithm]);
    if (code != 0)
        drop_from(set, before);
    ERR_clear_error();
    return code;
}

/* ---- verifying ---- */

/* JWS has r and s side by side, OpenSSL wants them in DER. Null when there is none to be made. */
static uint8_t *der_of(struct span signature, int *len)
{
    if (signature.len != 2 * COORDINATE)
        return NULL;
    const uint8_t *bytes = (const uint8_t *)signature.base;
    BIGNUM *r = BN_bin2bn(bytes, COORDINATE, NULL);
    BIGNUM *s = BN_bin2bn(bytes + COORDINATE, COORDINATE, NULL);
    ECDSA_SIG *pair = ECDSA_SIG_new();
    uint8_t *der = NULL;
    if (r == NULL || s == NULL || pair == NULL || ECDSA_SIG_set0(pair, r, s) != 1)
        abort();
    *len = i2d_ECDSA_SIG(pair, &der);
    ECDSA_SIG_free(pair);
    return *len > 0 ? der : NULL;
}

static bool is_signed_by(enum signature_algorithm algorithm, EVP_PKEY *key, struct span message,
                         struct span signature)
{
    EVP_PKEY_CTX *details;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL)
        abort();
    bool is_good = EVP_DigestVerifyInit(context, &details, EVP_sha256(), NULL, key) == 1;
    if (algorithm == SIGNATURE_PS256)
        is_good = is_good && EVP_PKEY_CTX_set_rsa_padding(details, RSA_PKCS1_PSS_PADDING) == 1 &&
                  EVP_PKEY_CTX_set_rsa_pss_saltlen(details, RSA_PSS_SALTLEN_DIGEST) == 1;
    is_good = is_good && EVP_DigestVerify(context, (const uint8_t *)signature.base, signature.len,
                                          (const uint8_t *)message.base, message.len) == 1;
    EVP_MD_CTX_free(context);
    ERR_clear_error();
    return is_good;
}

static bool any_signed(const struct key_set *set, const bool *is_chosen, struct span message,
                       struct span signature)
{
    uint8_t *der = NULL;
    bool is_good = false;
    if (set->algorithm == SIGNATURE_ES256) {
        int len = 0;
        der = der_of(signature, &len);
        if (der == NULL)
            return false;
        signature = span_of((const char *)der, (size_t)len);
    }
    for (size_t i = 0; !is_good && i < set->count; ++i)
        is_good =
            is_chosen[i] && is_signed_by(set->algorithm, set->keys[i].key, message, signature);
    OPENSSL_free(der);
    return is_good;
}

enum key_verdict key_set_verify(const struct key_set *set, struct span key_id, struct span message,
                                struct span signature)
{
    bool is_named[KEY_SET_MAX], is_nameless[KEY_SET_MAX], is_any[KEY_SET_MAX];
    bool has_named = false, has_nameless = false;
    for (size_t i = 0; i < set->count; ++i) {
        const struct key *k = &set->keys[i];
        is_any[i] = true;
        is_nameless[i] = !k->has_id;
        is_named[i] = k->has_id && span_is(span_of(k->id, k->id_len), key_id);
        has_named = has_named || is_named[i];
        has_nameless = has_nameless || is_nameless[i];
    }
    const bool *chosen = key_id.base == NULL ? is_any : has_named ? is_named : is_nameless;
    if (key_id.base == NULL ? set->count == 0 : !has_named && !has_nameless)
        return KEY_UNKNOWN;
    if (any_signed(set, chosen, message, signature))
        return KEY_SIGNED;
    return chosen == is_nameless ? KEY_UNKNOWN : KEY_NOT_SIGNED;
}
