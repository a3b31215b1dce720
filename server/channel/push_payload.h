/* What a push carries, as the services take it: docs/push.md is what the app's makers read of it.
 * Pure: words in, JSON out. */
#ifndef DUNLIN_CHANNEL_PUSH_PAYLOAD_H
#define DUNLIN_CHANNEL_PUSH_PAYLOAD_H

#include "base/buf.h"
#include "base/span.h"

#include <stdbool.h>

enum { PUSH_PAYLOAD_MAX = 4096 }; /* octets, at both services */

/* All UTF-8. */
struct push_words {
    struct span title, body; /* what is shown; with an empty body the app localises `step` */
    struct span step;        /* "due", "after_9", "thanks_1" */
    struct span creditor;    /* for the app's own words: the argument of the title */
    struct span number;      /* and of the body */
    struct span link;        /* may be empty */
    struct span push_id;
    struct span collapse_id;
    struct span channel_id; /* Android's */
    bool is_urgent;         /* FCM; APNs' priority is a header */
};

/* Appends the JSON, at most PUSH_PAYLOAD_MAX octets: a body that does not fit is cut between two
 * characters and ends with an ellipsis. All else is short by its own bounds (title 256 octets,
 * link 512, number and creditor 200 of each are taken). */
void push_payload_apns(struct buf *out, const struct push_words *);
/* The message without its target. */
void push_payload_fcm(struct buf *out, const struct push_words *);

#endif
