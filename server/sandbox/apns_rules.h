/* What Apple's push service checks, in its order and words (its documentation, "Sending
 * notification requests to APNs" and "Handling notification responses from APNs"). No socket, no
 * clock. */
#ifndef DUNLIN_SANDBOX_APNS_RULES_H
#define DUNLIN_SANDBOX_APNS_RULES_H

#include "base/crypto.h"
#include "sandbox/h2_server.h"
#include "sandbox/shown_push.h"

struct apns_rules {         /* the one key and app it knows; borrowed */
    struct span public_key; /* PEM, P-256 */
    struct span key_id, team_id, topic;
    uint8_t proved_[SHA256_LEN]; /* the last good token, as proving one takes longest */
    int64_t proved_issued_s_;
};

/* What the service remembers of a connection. Zero at first. */
struct apns_peer {
    uint8_t token_[SHA256_LEN];
    int64_t token_since_s_;
    bool has_token_, had_expired_;
};

/* Null: the push may go to its device; fill and release *push. Else the reason to refuse it for,
 * and *push holds nothing. `now_s`: UNIX seconds. */
const char *apns_rules_judge(struct apns_rules *, struct apns_peer *, const struct h2_request *,
                             int64_t now_s, struct shown_push *push);
/* The HTTP status a reason goes with; 500 for one that is none of Apple's. */
int apns_rules_status(const char *reason);

#endif
