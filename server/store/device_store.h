/* Devices of customers, who are named by the creditor's reference: an app's token and a bank's back
 * end know no other name. How a registration's statements belong together: device.sql. */
#ifndef DUNLIN_STORE_DEVICE_STORE_H
#define DUNLIN_STORE_DEVICE_STORE_H

#include "store/store.h"

struct device_row {
    struct span customer, installation, app, service, environment, target_kind, token;
    struct span language; /* null base: the customer's */
    struct instant now;
    int64_t live_max, kept_max; /* of one customer; ended ones are kept, too */
};

/* All statements of one registration. on_saved's result: device_read_saved. */
void device_add_register(struct pg_tx *, const struct device_row *, pg_result_cb on_saved);

struct device_saved {
    struct instant registered_at, seen_at;
    bool is_new; /* registered now: a device, or a token, that was not there */
};
/* False when nothing was saved, nor anything else changed: the customer has kept_max. */
bool device_read_saved(const PGresult *, struct device_saved *);

struct device_ending {
    struct span customer, installation;
    struct span reason; /* "removed by the app" */
    struct instant now;
};

/* Ends a device, in a transaction of its own. on_removed's result: device_read_removed. */
MUST_CHECK int device_remove(struct store *, struct pg_tx *, const struct device_ending *,
                             pg_result_cb on_removed, pg_done_cb on_done, void *owner,
                             struct err *);
/* Whether the customer has or had such a device. */
bool device_read_removed(const PGresult *);

/* Spans live as long as the result. */
struct device_listed {
    struct span installation, app, service, environment, target_kind, token_end, language, state,
        reason;
    struct instant registered_at, seen_at, ended_at;
    bool is_ended;
};

/* Live ones first, the last seen first; none for an unknown customer. */
MUST_CHECK int device_list(struct store *, struct pg_query *, struct span customer, int64_t at_most,
                           pg_result_cb on_listed, void *owner, struct err *);
void device_read_listed(const PGresult *, int row, struct device_listed *);

/* A device with its whole token, for `dunlin push`. Spans live as long as the result. */
struct device_found {
    struct span app, service, environment, target_kind, token, state, reason;
};

/* By installation, of `app` if it is not empty: none, one, or two where several apps have it. */
MUST_CHECK int device_find(struct store *, struct pg_query *, struct span installation,
                           struct span app, pg_result_cb on_found, void *owner, struct err *);
void device_read_found(const PGresult *, int row, struct device_found *);

enum { DEVICE_STALE_MAX = 500 }; /* ended at once */

/* Live devices of FCM that were last seen before then, the longest unseen first; on_found's result
 * is for device_end_stale. */
MUST_CHECK int device_find_stale(struct store *, struct pg_query *, struct instant before,
                                 pg_result_cb on_found, void *owner, struct err *);
/* Ends those of them that still were not seen, in a transaction of its own; `stale` may go when
 * this returns. */
MUST_CHECK int device_end_stale(struct store *, struct pg_tx *, const PGresult *stale,
                                struct instant before, struct instant now, pg_done_cb on_done,
                                void *owner, struct err *);

#endif
