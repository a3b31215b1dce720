/* A way to reach a person. One file per implementation, one line in registry.c. */
#ifndef DUNLIN_CHANNEL_CHANNEL_H
#define DUNLIN_CHANNEL_CHANNEL_H

#include "base/clock.h"
#include "base/err.h"
#include "base/span.h"

struct store;
struct push_apps;
struct email;
struct http_gateway;
struct transfer;

/* What channels work with. */
struct channel_means {
    struct store *store;
    struct push_apps *push_apps;      /* null without apps */
    struct http_gateway *sms, *voice; /* null without settings */
    struct email *email;              /* null without a mail server */
};

/* Where a push goes. */
struct channel_device {
    struct span app, service, environment; /* of one of the apps */
    struct span target_kind;               /* "token", "fid" */
    struct span token;
    struct span push_id;          /* the same at each attempt */
    struct span collapse_id;      /* of the invoice: a later message replaces the earlier */
    struct instant registered_at; /* this token */
    int64_t expires_at_s;         /* of no use any more; UNIX seconds of the wall clock */
    int attempts;                 /* of this message to this device, this one included */
};

struct channel_message {
    int64_t customer_id, invoice_id;
    struct span step;    /* with the ids and the device: the identity of this message */
    struct span channel; /* "push", "sms", "email" */
    struct span address;
    struct span title;                   /* push title or mail subject */
    struct span body;                    /* of a push that the app localises: empty */
    struct span html;                    /* of an e-mail, beside the body; may be empty */
    struct span code;                    /* of this message, the same at each attempt; see
                                          * domain/message_code.h. Empty: it has none */
    struct span unsubscribe;             /* the whole address that opts out of the channel by one
                                          * click; empty: this may not be refused */
    struct span language;                /* "pl" */
    struct span number;                  /* of the invoice, of the first of several */
    struct span link;                    /* the whole address, or empty; of the first */
    const struct channel_device *device; /* of pushes, where there are apps; else null */
    struct mono wire_by; /* no later than this may it leave: what allowed it may have changed */
    struct instant at;
    const struct transfer *transfer; /* a mail shows it as a code to scan; null: none */
};

enum channel_outcome {
    CHANNEL_SENT = 1,
    CHANNEL_REFUSED,   /* will never work for this address */
    CHANNEL_RETRY,     /* certainly not sent; later */
    CHANNEL_UNCERTAIN, /* perhaps sent */
};

/* What is to become of the address. */
enum channel_address {
    CHANNEL_ADDRESS_KEPT = 0,
    CHANNEL_ADDRESS_DEAD,      /* not to be used again */
    CHANNEL_ADDRESS_ELSEWHERE, /* of a device: in its other environment, or else dead */
};

struct channel_result { /* borrowed: good until the callback returns */
    enum channel_outcome outcome;
    enum channel_address address;
    struct span reason;      /* a few words in ASCII; a service's are its own */
    bool is_asked_for;       /* with CHANNEL_RETRY: the service answered, and asks for it */
    bool stops_channel;      /* with CHANNEL_RETRY: nothing more will work before somebody acts (no
                              * credit, a bad token); `reason` says what. See gate_stop */
    bool is_no_fault;        /* with CHANNEL_RETRY: of the channel's; does not count to its rest */
    bool is_final;           /* with CHANNEL_UNCERTAIN: never again, though repeats are harmless */
    uint32_t retry_after_ms; /* with CHANNEL_RETRY, and CHANNEL_UNCERTAIN where that is tried again:
                              * not sooner; 0: nothing was said */

    /* Of what was sent, or perhaps. */
    struct span gateway_id; /* by which later reports call it; empty: by our code */
    int32_t parts;          /* of an SMS; 0: not said */
    int64_t price_micro;    /* in millionths of the settings' currency */
};

/* Exactly once per accepted send, later, never before send returned. */
typedef void (*channel_cb)(void *owner, const struct channel_result *);

struct channel {
    const char *name;
    /* The same message again cannot hurt: after an unknown outcome it is sent once more, where
     * others end uncertain. */
    bool is_repeat_harmless;
    bool (*takes)(struct span channel);
    /* Copies the message. */
    MUST_CHECK int (*send)(const struct channel_means *, const struct channel_message *,
                           channel_cb on_sent, void *owner, struct err *);
};

#endif
