/* The demo's phones and what push services brought them. */
#ifndef DUNLIN_STORE_SANDBOX_PUSH_STORE_H
#define DUNLIN_STORE_SANDBOX_PUSH_STORE_H

#include "store/store.h"

struct sandbox_push {
    struct span service, token;              /* "apns", "fcm" */
    struct span app;                         /* empty: the service does not say */
    struct span push;                        /* the sender's id of it, whatever stands there */
    struct span collapse, title, body, link; /* may be empty */
    struct instant at;
};

/* Puts it on its device's screen, in a transaction of its own. on_shown's result:
 * sandbox_push_read_shown. */
MUST_CHECK int sandbox_push_show(struct store *, struct pg_tx *, const struct sandbox_push *,
                                 pg_result_cb on_shown, pg_done_cb on_done, void *owner,
                                 struct err *);
void sandbox_push_read_shown(const PGresult *, bool *is_known, bool *is_of_app);

struct sandbox_device { /* spans live as long as the result */
    struct span customer, installation, app, service;
    struct span push_id; /* of sandbox_push_one */
};
/* The device a message is on and its push; no row for what is no reminder's push. */
MUST_CHECK int sandbox_push_one(struct store *, struct pg_query *, int64_t message_id,
                                pg_result_cb on_result, void *owner, struct err *);
void sandbox_push_read_one(const PGresult *, struct sandbox_device *);
MUST_CHECK int sandbox_push_open(struct store *, struct pg_tx *, int64_t message_id,
                                 struct instant at, pg_done_cb on_done, void *owner, struct err *);

/* Adds to a transaction; those that have one keep theirs. */
void sandbox_push_give_phones(struct pg_tx *, struct span app, struct instant now);
/* Devices of which a service said that the app is gone. */
MUST_CHECK int sandbox_push_without_app(struct store *, struct pg_query *, int64_t at_most,
                                        pg_result_cb on_result, void *owner, struct err *);
void sandbox_push_read_without_app(const PGresult *, int row, struct sandbox_device *);

#endif
