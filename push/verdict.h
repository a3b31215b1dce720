/* What an answer of a push service means and asks for: the rows of the services' tables. */
#ifndef DUNLIN_PUSH_VERDICT_H
#define DUNLIN_PUSH_VERDICT_H

#include "push/push.h"

enum verdict_kind {
    VERDICT_ACCEPTED = 1,
    VERDICT_FINAL,     /* refused for good */
    VERDICT_LATER,     /* refused for now: again after a delay */
    VERDICT_ELSEWHERE, /* at once, on another connection */
    VERDICT_TOKEN,     /* the service's token: see to it, then once more */
    VERDICT_STOP,      /* the credential is refused: the pool stops, the push waits */
};

enum verdict_flags {
    VERDICT_LEAVES = 1,  /* this connection takes no more pushes */
    VERDICT_SLOWS = 2,   /* the whole pool goes slower */
    VERDICT_RESTS = 4,   /* the whole pool waits for the delay */
    VERDICT_HOLDS = 8,   /* only this target waits for the delay */
    VERDICT_FAILS = 16,  /* counts against the service (circuit breaker) */
    VERDICT_DOUBTS = 32, /* it may have been accepted all the same */
};

struct verdict {
    enum verdict_kind kind;
    enum push_advice advice;
    enum push_alarm alarm; /* 0: none */
    unsigned flags;
    char reason[64];       /* the service's word, bounded; "" */
    char message_id[160];  /* FCM: the message's name */
    int64_t dead_since_ms; /* APNs 410 */
};

struct verdict_row {
    int status;
    const char *reason;
    enum verdict_kind kind;
    enum push_advice advice;
    enum push_alarm alarm;
    unsigned flags;
};

/* Copies a word from outside, without control characters and quotes. */
void verdict_set_reason(struct verdict *, struct span reason);
void verdict_set_row(struct verdict *, const struct verdict_row *);

/* Retry-After (RFC 9110 10.2.3), seconds or date, in milliseconds from `now_s`; 0 when it is
 * absent, past or no such thing; at most a day. */
uint32_t retry_after_parse(struct span value, int64_t now_s);
/* An HTTP date (IMF-fixdate) as UNIX seconds; -1 when it is none. */
int64_t http_date_parse(struct span value);

#endif
