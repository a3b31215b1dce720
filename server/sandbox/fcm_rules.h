/* What Google's token endpoint and FCM's HTTP v1 check, in their order and words (their pages on
 * OAuth 2.0 for service accounts, projects.messages and ErrorCode). No socket, no clock. */
#ifndef DUNLIN_SANDBOX_FCM_RULES_H
#define DUNLIN_SANDBOX_FCM_RULES_H

#include "base/crypto.h"
#include "sandbox/fcm_message.h"
#include "sandbox/h2_server.h"
#include "sandbox/shown_push.h"

enum { FCM_ACCESS_MAX = 32, FCM_ACCESS_LIFE_S = 3599, FCM_ACCESS_TEXT_MAX = 64 };

struct fcm_rules {          /* the one account it knows; borrowed */
    struct span public_key; /* PEM, RSA */
    struct span key_id, email, project, audience;
    struct fcm_access { /* given out; the oldest makes room */
        uint8_t hash[SHA256_LEN];
        int64_t ends_s;
    } access_[FCM_ACCESS_MAX];
    size_t access_next_;
};

/* The token endpoint: an application/x-www-form-urlencoded body for a JSON answer and its status.
 */
int fcm_rules_exchange(struct fcm_rules *, struct span form, int64_t now_s, struct buf *answer);

struct fcm_refusal {
    const char *code; /* a row of the table of errors: "UNREGISTERED"; null: none */
    bool has_violation;
    struct fcm_violation violation;
};

/* True: the message is good; fill and release *push. It goes to its device unless is_dry_run. */
bool fcm_rules_judge(struct fcm_rules *, const struct h2_request *, int64_t now_s,
                     struct shown_push *push, bool *is_dry_run, struct fcm_refusal *);
/* The JSON of a refusal; returns its HTTP status. */
int fcm_rules_print(const struct fcm_refusal *, struct buf *answer);

#endif
