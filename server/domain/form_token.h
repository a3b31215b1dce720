/* The hidden field of a form on a page: proof that we printed this form, for this link, lately. Its
 * nonce tells one printed form from another, so submitting one twice is one payment.
 *
 * 33 bytes in base64url: seconds since 1970 5 | key number 1 | nonce 12 | MAC 15. */
#ifndef DUNLIN_DOMAIN_FORM_TOKEN_H
#define DUNLIN_DOMAIN_FORM_TOKEN_H

#include "base/clock.h"
#include "domain/paylink.h"

enum {
    FORM_NONCE_LEN = 12,
    FORM_NONCE_TEXT_LEN = 16,
    FORM_TOKEN_LEN = 44,
};

/* What the form does: a token of one form is no good for another. */
enum form_kind {
    FORM_PAYMENT = 1,
    FORM_SEEN, /* tells that a person uses the page */
    FORM_PLAN,
    FORM_PROMISE,
    FORM_DISPUTE,
    FORM_OFFER,
    FORM_CONTACT,
    FORM_RATING,
    FORM_IDENTITY, /* proves that one is the customer */
    FORM_DEBTS,    /* pays several at once */
    FORM_RESTRUCTURING,
};

enum form_token_verdict {
    FORM_TOKEN_GOOD = 0,
    FORM_TOKEN_FORGED,  /* missing, malformed, of another link or form, or signed by nobody */
    FORM_TOKEN_EXPIRED, /* ours, but too old: show the form again */
};

struct form_token {
    struct instant issued_at;
    char nonce[FORM_NONCE_TEXT_LEN + 1]; /* base64url */
};

/* `nonce` is FORM_NONCE_LEN random bytes. `out` gets FORM_TOKEN_LEN characters and a NUL. */
void form_token_print(const struct keyring *k, enum form_kind kind, struct paylink_id link,
                      struct instant issued_at, const uint8_t nonce[FORM_NONCE_LEN],
                      char out[FORM_TOKEN_LEN + 1]);
/* `now` is the wall clock; a token older than `valid_seconds` has expired. *token is filled when
 * the verdict is not FORM_TOKEN_FORGED. */
enum form_token_verdict form_token_check(const struct keyring *k, enum form_kind kind,
                                         struct paylink_id link, struct span text,
                                         struct instant now, int64_t valid_seconds,
                                         struct form_token *token);

#endif
