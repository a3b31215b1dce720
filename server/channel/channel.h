/* A way to reach a person. One file per implementation, one line in registry.c. */
#ifndef DUNLIN_CHANNEL_CHANNEL_H
#define DUNLIN_CHANNEL_CHANNEL_H

#include "base/clock.h"
#include "base/err.h"
#include "base/span.h"

struct store;

struct channel_message {
    int64_t customer_id, invoice_id;
    struct span step;    /* with the ids: the identity of this message */
    struct span channel; /* "push", "sms", "email" */
    struct span address;
    struct span title; /* push title or mail subject */
    struct span body;
    struct instant at;
};

enum channel_outcome {
    CHANNEL_SENT = 1,
    CHANNEL_REFUSED,   /* will never work for this address */
    CHANNEL_RETRY,     /* certainly not sent; later */
    CHANNEL_UNCERTAIN, /* perhaps sent */
};

/* `reason` is a fixed word. Exactly once per accepted send, later, never before send returned. */
typedef void (*channel_cb)(void *owner, enum channel_outcome outcome, const char *reason);

struct channel {
    const char *name;
    /* The same message again cannot hurt: after an unknown outcome it is sent once more, where
     * others end uncertain. */
    bool is_repeat_harmless;
    bool (*takes)(struct span channel);
    MUST_CHECK int (*send)(struct store *, const struct channel_message *, channel_cb on_sent,
                           void *owner, struct err *);
};

#endif
