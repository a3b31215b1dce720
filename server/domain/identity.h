/* Confirming who somebody is by one fact that they know: the last digits of an identifier. The fact
 * is kept as a keyed hash, so neither a copy of the database nor of the keys alone gives it away;
 * having confirmed it is remembered by a signed proof for a while, in a cookie.
 *
 * A fact has few values: a guess must cost a try, which is the store's to count. */
#ifndef DUNLIN_DOMAIN_IDENTITY_H
#define DUNLIN_DOMAIN_IDENTITY_H

#include "base/clock.h"
#include "domain/keyring.h"

#include <stddef.h>

/* What it is asked for; bit 1 << purpose of a set. */
enum identity_purpose {
    IDENTITY_DETAILS = 0, /* anything that the page shows of a debt */
    IDENTITY_PLAN,
    IDENTITY_PROMISE,
    IDENTITY_DISPUTE,
    IDENTITY_OFFER,
    IDENTITY_DEBTS, /* all of a person's debts */
    IDENTITY_PURPOSE_COUNT,
};
/* "details", "plan", … */
const char *identity_purpose_name(enum identity_purpose);
bool identity_purpose_find(struct span name, enum identity_purpose *purpose);

enum {
    IDENTITY_DIGITS_MIN = 4,
    IDENTITY_DIGITS_MAX = 8,
    IDENTITY_FACT_LEN = 1 + SHA256_LEN, /* key number, MAC */
    IDENTITY_PROOF_LEN = 32,            /* characters of base64url */
};

struct identity_rules {
    unsigned purposes; /* 0: nothing is asked */
    int digits;
    int tries_max, tries_hours; /* wrong ones, of a customer */
    int valid_seconds;          /* of a proof */
};

/* The last `count` digits of a text of digits and blanks; false when it has fewer, or anything
 * else, or more than sixteen. */
bool identity_digits(struct span text, int count, char out[IDENTITY_DIGITS_MAX + 1]);

/* `digits` as identity_digits gives them. Signs with the newest key. */
void identity_fact_print(const struct keyring *, int64_t customer_id, struct span digits,
                         uint8_t out[IDENTITY_FACT_LEN]);
/* Whether `digits` are what `fact` was made of. The same work whatever is wrong: other digits, no
 * digits, no fact (empty), a fact of a retired key. */
bool identity_fact_check(const struct keyring *, int64_t customer_id, struct span digits,
                         struct span fact);
/* Whether the key that signs made it: others are to be made anew before their key is retired. */
bool identity_fact_is_new(const struct keyring *, struct span fact);

/* `out` gets IDENTITY_PROOF_LEN characters and a NUL. */
void identity_proof_print(const struct keyring *, int64_t customer_id, struct instant now,
                          char out[IDENTITY_PROOF_LEN + 1]);
/* False for what is forged, of another customer, of a retired key, or older than `valid_seconds`.
 */
bool identity_proof_check(const struct keyring *, int64_t customer_id, struct span proof,
                          struct instant now, int valid_seconds);

#endif
