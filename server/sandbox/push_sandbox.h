/* A push service of the demo's own: Apple's or Google's as a sender sees it, over TLS and HTTP/2 on
 * a loopback port, with switches that make it misbehave. What it takes it hands to its owner, who
 * plays the devices, and answers as the owner says. Bounded: connections, streams, bytes a request,
 * answers owed. */
#ifndef DUNLIN_SANDBOX_PUSH_SANDBOX_H
#define DUNLIN_SANDBOX_PUSH_SANDBOX_H

#include "base/clock.h"
#include "base/err.h"
#include "sandbox/shown_push.h"

#include <h2o.h>

struct push_sandbox;
struct push_receipt; /* a push that waits for its device */

enum push_sandbox_kind { PUSH_SANDBOX_APNS = 1, PUSH_SANDBOX_FCM = 2 };

/* What is wrong with the service at the moment. */
struct push_trouble {
    bool goes_away;       /* GOAWAY after a few pushes on each connection */
    bool is_overrun;      /* 429 to each push */
    bool is_down;         /* 503 to each push */
    bool is_unregistered; /* the app is gone from each device */
    bool is_silent;       /* takes pushes and does not answer before this is over */
};

enum push_taken {
    PUSH_TAKEN = 1,
    PUSH_TAKEN_UNKNOWN,   /* there is no such device */
    PUSH_TAKEN_OTHER_APP, /* it is another app's */
    PUSH_TAKEN_BROKEN,    /* nobody knows: 503 */
};

struct push_sandbox_settings {
    enum push_sandbox_kind kind;
    h2o_loop_t *loop;
    int listen_fd;                 /* bound and listening; taken over */
    const char *certificate, *key; /* PEM files */
    struct span public_key;        /* PEM: what the sender signs with. Copied, as all texts */
    struct span key_id;
    struct span team_id, topic;            /* APNs */
    struct span email, project, token_uri; /* FCM */
    /* Business time: what a service says of a device that is gone. Credentials are judged by the
     * wall clock, as the sender makes them by it. */
    struct instant (*now)(void);
    void *owner;
    /* A good push. The receipt is answered once, now or later; *push is borrowed until this
     * returns.
     */
    void (*on_push)(void *owner, const struct shown_push *push, struct push_receipt *);
};

/* Null and ERR_SETTINGS. */
struct push_sandbox *push_sandbox_new(const struct push_sandbox_settings *, struct err *);
/* No new connections; those open are told to go, and end with the process. */
void push_sandbox_stop(struct push_sandbox *);
void push_receipt_answer(struct push_receipt *, enum push_taken);

/* To be changed by its owner, who then calls push_sandbox_changed. */
struct push_trouble *push_sandbox_trouble(struct push_sandbox *);
void push_sandbox_changed(struct push_sandbox *);

#endif
