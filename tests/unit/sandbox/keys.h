/* Key pairs as PEM, and tokens signed with them. */
#ifndef DUNLIN_TESTS_SANDBOX_KEYS_H
#define DUNLIN_TESTS_SANDBOX_KEYS_H

#include "base/span.h"

#include <jwt.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>

struct test_key {
    char private_pem[4096], public_pem[1024];
};

static inline void test_key_make(struct test_key *key, EVP_PKEY *taken)
{
    FILE *file = fmemopen(key->private_pem, sizeof(key->private_pem), "w");
    PEM_write_PrivateKey(file, taken, NULL, NULL, 0, NULL, NULL);
    fclose(file);
    file = fmemopen(key->public_pem, sizeof(key->public_pem), "w");
    PEM_write_PUBKEY(file, taken);
    fclose(file);
    EVP_PKEY_free(taken);
}

struct test_token {
    jwt_alg_t alg;
    const char *key, *key_id, *issuer, *audience, *scope; /* null: does not say */
    long issued_s, expires_s;                             /* 0: does not say */
};

/* malloc'ed. */
static inline char *test_token_sign(const struct test_token *token)
{
    jwt_t *jwt;
    jwt_new(&jwt);
    jwt_set_alg(jwt, token->alg, (const unsigned char *)token->key, (int)strlen(token->key));
    if (token->key_id != NULL)
        jwt_add_header(jwt, "kid", token->key_id);
    const char *const texts[][2] = {
        {"iss", token->issuer}, {"aud", token->audience}, {"scope", token->scope}};
    for (size_t i = 0; i < 3; ++i)
        if (texts[i][1] != NULL)
            jwt_add_grant(jwt, texts[i][0], texts[i][1]);
    if (token->issued_s != 0)
        jwt_add_grant_int(jwt, "iat", token->issued_s);
    if (token->expires_s != 0)
        jwt_add_grant_int(jwt, "exp", token->expires_s);
    char *text = jwt_encode_str(jwt);
    jwt_free(jwt);
    return text;
}

#endif
