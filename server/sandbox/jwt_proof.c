#include "sandbox/jwt_proof.h"

#include <jwt.h>
#include <openssl/err.h>
#include <stdio.h>

static void copy(char out[JWT_PROOF_TEXT_MAX], const char *text)
{
    snprintf(out, JWT_PROOF_TEXT_MAX, "%s", text == NULL ? "" : text);
}

bool jwt_proof_read(struct span token, enum jwt_proof_alg alg, struct span public_key,
                    struct jwt_proof *proof)
{
    char text[JWT_PROOF_TOKEN_MAX + 1];
    jwt_t *jwt = NULL;
    *proof = (struct jwt_proof){.issued_s = 0};
    if (token.len == 0 || token.len > JWT_PROOF_TOKEN_MAX || memchr(token.base, 0, token.len))
        return false;
    snprintf(text, sizeof(text), "%.*s", SPAN_ARG(token));
    int failed =
        jwt_decode(&jwt, text, (const unsigned char *)public_key.base, (int)public_key.len);
    ERR_clear_error();
    if (failed != 0)
        return false;
    /* The token names the algorithm it was checked by: no other than ours proves anything. */
    bool is_ours = jwt_get_alg(jwt) == (alg == JWT_PROOF_ES256 ? JWT_ALG_ES256 : JWT_ALG_RS256);
    copy(proof->key_id, jwt_get_header(jwt, "kid"));
    copy(proof->issuer, jwt_get_grant(jwt, "iss"));
    copy(proof->audience, jwt_get_grant(jwt, "aud"));
    copy(proof->scope, jwt_get_grant(jwt, "scope"));
    proof->issued_s = jwt_get_grant_int(jwt, "iat");
    proof->expires_s = jwt_get_grant_int(jwt, "exp");
    jwt_free(jwt);
    return is_ours;
}
