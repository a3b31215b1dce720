/* The few primitives of OpenSSL that the rest of the house uses: digests, MAC, constant-time
 * comparison, randomness, and the two text forms of bytes. */
#ifndef DUNLIN_BASE_CRYPTO_H
#define DUNLIN_BASE_CRYPTO_H

#include "base/span.h"

enum { SHA1_LEN = 20, SHA256_LEN = 32, ED25519_KEY_LEN = 32, ED25519_SIGNATURE_LEN = 64 };

void sha256(struct span message, uint8_t out[SHA256_LEN]);
/* Of the parts one behind the other. */
void sha256_spans(const struct span *parts, size_t count, uint8_t out[SHA256_LEN]);
/* For protocols that want it; it protects against accidents alone. */
void sha1(struct span message, uint8_t out[SHA1_LEN]);
/* Digests that the protocols of others name; MD5 proves something only beside a secret. */
enum digest { DIGEST_MD5 = 1, DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512 };
enum { DIGEST_LEN_MAX = 64 };
/* Of the parts one behind the other; returns the length of the digest in bytes. */
size_t digest_spans(enum digest kind, const struct span *parts, size_t count,
                    uint8_t out[DIGEST_LEN_MAX]);
/* HMAC-SHA-256 (RFC 2104). */
void hmac_sha256(struct span key, struct span message, uint8_t out[SHA256_LEN]);
/* A key made ready for many MACs: about ten times quicker than hmac_sha256() for short messages.
 * Wipe it with secret_wipe(). */
struct hmac_key {
    uint64_t inner_[14], outer_[14];
};
void hmac_key_init(struct hmac_key *k, struct span key);
void hmac_key_sign(const struct hmac_key *k, struct span message, uint8_t out[SHA256_LEN]);
/* Whether the owner of the public key signed the message (RFC 8032, Ed25519). */
bool ed25519_verify(const uint8_t key[ED25519_KEY_LEN], struct span message,
                    const uint8_t signature[ED25519_SIGNATURE_LEN]);
/* Takes the same time wherever the difference lies. */
bool bytes_equal(const void *a, const void *b, size_t len);
/* For secrets and names alike; aborts when there is none to be had. From one thread only. */
void random_bytes(void *out, size_t len);
/* Overwrites a secret in a way the compiler may not remove. */
void secret_wipe(void *secret, size_t len);

/* Lower-case hex; `out` holds 2 * len + 1 bytes. */
void hex_print(const void *bytes, size_t len, char *out);
/* True when `text` is exactly 2 * len hex digits (either case). */
bool hex_parse(struct span text, void *out, size_t len);

/* Standard base64 with padding; `out` holds 4 * ((len + 2) / 3) + 1 bytes. Returns its length. */
size_t base64_print(struct span bytes, char *out);
/* Strict: padding needed, no blanks. Returns the length written, or -1. `out` needs 3 * len / 4. */
long base64_parse(struct span text, uint8_t *out, size_t room);
/* base64url without padding, same rooms. */
size_t base64url_print(struct span bytes, char *out);
long base64url_parse(struct span text, uint8_t *out, size_t room);

#endif
