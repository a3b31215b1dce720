/* The tokens by which we prove to a service who we are: signed here, through libjwt. Keys are
 * checked when a service is made, so that a wrong one is said then and in words. */
#ifndef DUNLIN_PUSH_TOKEN_H
#define DUNLIN_PUSH_TOKEN_H

#include "base/err.h"
#include "base/span.h"

#include <stdint.h>

/* ERR_SETTINGS, with a sentence, unless the PEM is a P-256 key in PKCS#8 (Apple's .p8). */
MUST_CHECK int token_check_p256(struct span pem, struct err *);
/* The same for an RSA key in PKCS#8 (a service account's). */
MUST_CHECK int token_check_rsa(struct span pem, struct err *);

/* ---- APNs: one token a key, minted ahead of its end and never by load ---- */

struct apns_token {
    struct span key_pem, key_id, team_id; /* borrowed */
    int64_t age_s, age_min_s;             /* mint anew at; never before */
    char *value_;                         /* "bearer …" */
    size_t value_len_;
    int64_t minted_at_s_; /* its iat */
    uint32_t generation_; /* 0: none yet */
};

void apns_token_init(struct apns_token *, struct span key_pem, struct span key_id,
                     struct span team_id);
void apns_token_release(struct apns_token *);
/* The value of `authorization`; minted if there is none, if the last one is old enough, or if it
 * was made in the future (the clock was set back). Good until the next call. */
struct span apns_token_get(struct apns_token *, int64_t now_s);
/* Numbers the token of the last get, from 1. */
uint32_t apns_token_generation(const struct apns_token *);
/* A push under token `generation` was refused as expired. True: go on with apns_token_get, which
 * mints if that was the last and old enough to be renewed (reference 1.2: 20 minutes). False: our
 * clock must be off, for it was young. */
bool apns_token_expired(struct apns_token *, uint32_t generation, int64_t now_s);

/* ---- FCM: the assertion that is exchanged for an access token ---- */

struct fcm_account {
    char *email, *key_pem, *key_id, *project, *token_uri; /* owned */
};
/* ERR_SETTINGS names the field that is missing or wrong. */
MUST_CHECK int fcm_account_parse(struct fcm_account *, struct span json, struct err *);
void fcm_account_release(struct fcm_account *);
/* RS256, for an hour from `now_s`; malloc'ed. */
char *fcm_assertion_sign(const struct fcm_account *, int64_t now_s);

#endif
