/* The public keys of somebody who signs tokens (RFC 7515 to 7518), and whether one of them signed a
 * message. One set is of one algorithm, which is ours to say: keys that do not fit it are not
 * taken.
 *
 * libjwt, which signs for the push services, is not used here: it believes the algorithm that a
 * token names, takes names that stand twice, and knows no key sets. */
#ifndef DUNLIN_BASE_KEY_SET_H
#define DUNLIN_BASE_KEY_SET_H

#include "base/err.h"
#include "base/span.h"

enum signature_algorithm {
    SIGNATURE_ES256 = 1, /* ECDSA, P-256, SHA-256 */
    SIGNATURE_RS256,     /* RSASSA-PKCS1-v1_5, SHA-256 */
    SIGNATURE_PS256,     /* RSASSA-PSS, SHA-256, salt of 32 octets */
};

enum { KEY_SET_BYTES_MAX = 256 * 1024, KEY_SET_MAX = 64, KEY_ID_MAX = 256 };

/* "ES256", …; false for every other word. */
bool signature_algorithm_find(struct span name, enum signature_algorithm *);
const char *signature_algorithm_name(enum signature_algorithm);

struct key_set;

struct key_set *key_set_new(enum signature_algorithm);
void key_set_free(struct key_set *); /* null is fine */
size_t key_set_count(const struct key_set *);

/* Adds what a text holds: a JWK set (it begins with a brace) or public keys as PEM. In a JWK set,
 * keys of other kinds, uses, algorithms and sizes (RSA: 2048 to 8192 bits) and broken ones are
 * passed over, as RFC 7517 wants it. ERR_INPUT, and nothing is added, when no key is left, when a
 * PEM key does not fit, when a PEM text holds a private key, or when there are more than
 * KEY_SET_MAX. The words quote nothing of the text. */
MUST_CHECK int key_set_add(struct key_set *, struct span text, struct err *);
/* Adds all keys of another set of the same algorithm; those beyond KEY_SET_MAX are left out. */
void key_set_add_all(struct key_set *, const struct key_set *other);

enum key_verdict {
    KEY_SIGNED = 1,
    KEY_NOT_SIGNED,
    KEY_UNKNOWN, /* the set has no key of that id, and none without an id signed it: newer keys
                    may hold it */
};

/* With a key id: whether one of the keys of that id signed, or, where there are none, one of those
 * without an id. Without (null base): whether any of the set did. */
enum key_verdict key_set_verify(const struct key_set *, struct span key_id, struct span message,
                                struct span signature);

#endif
