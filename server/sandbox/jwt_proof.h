/* Whether a JSON Web Token was signed with the key it should be, and what it says. */
#ifndef DUNLIN_SANDBOX_JWT_PROOF_H
#define DUNLIN_SANDBOX_JWT_PROOF_H

#include "base/span.h"

enum jwt_proof_alg { JWT_PROOF_ES256 = 1, JWT_PROOF_RS256 };

enum { JWT_PROOF_TOKEN_MAX = 4096, JWT_PROOF_TEXT_MAX = 256 };

/* Texts are "" and numbers 0 where the token does not say. */
struct jwt_proof {
    char key_id[JWT_PROOF_TEXT_MAX], issuer[JWT_PROOF_TEXT_MAX], audience[JWT_PROOF_TEXT_MAX],
        scope[JWT_PROOF_TEXT_MAX];
    int64_t issued_s, expires_s;
};

/* `public_key` is PEM. False for what is no token, too long, of another algorithm or key. Looks at
 * no time. */
bool jwt_proof_read(struct span token, enum jwt_proof_alg, struct span public_key,
                    struct jwt_proof *);

#endif
