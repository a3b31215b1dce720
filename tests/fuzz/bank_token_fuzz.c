/* What a bank publishes and what an app sends: a line of key set, a header and claims on a line
 * each, then a token as it is. Nobody here can sign, so no token is ever good. */
#include "http/bank_token.h"

#include "base/crypto.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* RFC 7515 A.3.1, whose private half is public: none of the corpus is signed with it. */
#define KEYS                                                                                       \
    "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHv" \
    "RVEU\",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}"
#define NOW ((struct instant){INT64_C(1800000000) * 1000000})

static const struct bank_token_rules rules = {.algorithm = SIGNATURE_ES256,
                                              .issuer = SPAN_LIT("b"),
                                              .audience = SPAN_LIT("d"),
                                              .customer_claim = SPAN_LIT("sub"),
                                              .leeway_s = 60};

static struct span take_line(struct span *rest)
{
    const char *end = rest->len == 0 ? NULL : memchr(rest->base, '\n', rest->len);
    size_t len = end == NULL ? rest->len : (size_t)(end - rest->base);
    struct span line = span_of(rest->base, len);
    *rest = span_from(*rest, len + 1);
    return line;
}

static void check(const struct key_set *keys, struct span token)
{
    struct bank_customer customer;
    assert(bank_token_check(&rules, keys, token, NOW, &customer) != BANK_TOKEN_GOOD);
}

static void check_parts(const struct key_set *keys, struct span header, struct span claims,
                        struct span signature)
{
    char *token = malloc(2 * (header.len + claims.len + signature.len) + 32);
    size_t len = base64url_print(header, token);
    token[len++] = '.';
    len += base64url_print(claims, token + len);
    token[len++] = '.';
    len += base64url_print(signature, token + len);
    check(keys, span_of(token, len));
    free(token);
}

static void read_keys(struct span text, struct span signature)
{
    for (int algorithm = SIGNATURE_ES256; algorithm <= SIGNATURE_PS256; ++algorithm) {
        struct err err = {0};
        struct key_set *keys = key_set_new((enum signature_algorithm)algorithm);
        int code = key_set_add(keys, text, &err);
        assert((code == 0) == (key_set_count(keys) != 0) && key_set_count(keys) <= KEY_SET_MAX);
        assert(code == 0 || err.text[0] != '\0');
        key_set_verify(keys, signature, text, signature);
        key_set_free(keys);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static struct key_set *keys;
    struct err err = {0};
    if (keys == NULL) {
        keys = key_set_new(SIGNATURE_ES256);
        int code = key_set_add(keys, SPAN_LIT(KEYS), &err);
        assert(code == 0);
    }
    struct span rest = span_of((const char *)bytes, len);
    struct span set = take_line(&rest), header = take_line(&rest), claims = take_line(&rest);
    read_keys(set, rest);
    check_parts(keys, header, claims, rest);
    check(keys, rest);
    return 0;
}
