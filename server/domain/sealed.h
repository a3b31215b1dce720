/* A sealed reference: customer and number in 18 characters of [0-9A-Za-z] that only we can make and
 * that show nothing. It is checked in memory, without a look-up, and by itself never expires.
 *
 * 107 bits, written as one number in base 62, most significant digit first:
 *
 *     tag 48 | covered payload 55 | key number 4, xor the last four bits of the tag
 *
 *     payload = customer_id 36 | number 19
 *     tag     = first 48 bits of HMAC-SHA-256(mac subkey, key number 1 byte | payload 7 bytes)
 *     covered = payload xor the first 55 bits of HMAC-SHA-256(cover subkey, key number | tag)
 *
 * The tag doubles as the nonce of the cover (as in SIV), so equal payloads give equal codes, and
 * neighbours have nothing in common. Nothing is hidden by the xor of the key number: it only keeps
 * the codes even. A guess passes with 2^-48; it then names one of 2^55 payloads. */
#ifndef DUNLIN_DOMAIN_SEALED_H
#define DUNLIN_DOMAIN_SEALED_H

#include "domain/keyring.h"

enum { SEALED_LEN = 18 };
#define SEALED_CUSTOMER_MAX ((INT64_C(1) << 36) - 1)
#define SEALED_NUMBER_MAX ((INT32_C(1) << 19) - 1)

struct sealed {
    int64_t customer_id; /* 0 to SEALED_CUSTOMER_MAX */
    int32_t number;      /* 0 to SEALED_NUMBER_MAX: of a link or payment of this customer */
};

/* Signs with the newest active key. `out` gets SEALED_LEN characters and a NUL. */
void sealed_print(const struct keyring *k, enum key_purpose purpose, struct sealed s,
                  char out[SEALED_LEN + 1]);
/* Signs with key `key_no`, so that what was printed once comes out the same after a rotation. False
 * with an empty `out` when that is no number of an active key. */
MUST_CHECK bool sealed_print_as(const struct keyring *k, enum key_purpose purpose, int64_t key_no,
                                struct sealed s, char out[SEALED_LEN + 1]);
/* True and *s filled when `code` was made for this purpose by a key that is active. What is
 * malformed, forged or of a retired key costs the same work and leaves *s zero. */
bool sealed_check(const struct keyring *k, enum key_purpose purpose, struct span code,
                  struct sealed *s);
/* The number of the key that a code says it was signed by; 0 to 15, whatever the text. */
int sealed_key_no(struct span code);

#endif
