/* A push as the device that gets it sees it, whichever service brought it. */
#ifndef DUNLIN_SANDBOX_SHOWN_PUSH_H
#define DUNLIN_SANDBOX_SHOWN_PUSH_H

#include "base/span.h"

#include <jansson.h>

struct shown_push {       /* spans borrow from the request and from `json_` */
    struct span service;  /* "apns", "fcm" */
    struct span token;    /* the device's */
    struct span app;      /* apns-topic; FCM does not say: empty */
    struct span id;       /* apns-id or FCM's message name */
    struct span collapse; /* apns-collapse-id or the notification's tag; may be empty */
    /* What the lock screen shows; for keys that the app would localise, the keys. */
    struct span title, body;
    struct span link, push; /* the sender's own keys "link" and "push"; may be empty */
    json_t *json_;
};

void shown_push_release(struct shown_push *);

/* Fill title and body (and link and push) from the parsed payload of either service. */
void shown_push_read_apns(struct shown_push *, const json_t *payload);
void shown_push_read_fcm(struct shown_push *, const json_t *message);

#endif
