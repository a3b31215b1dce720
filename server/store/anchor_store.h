/* The global chain over all events. */
#ifndef DUNLIN_STORE_ANCHOR_STORE_H
#define DUNLIN_STORE_ANCHOR_STORE_H

#include "io/pg.h"

struct store;

struct anchor_last {
    bool has_anchor;
    struct instant at;
    int64_t anchored_position, newest_position; /* of events */
};

MUST_CHECK int anchor_last(struct store *, struct pg_query *, pg_result_cb, void *owner,
                           struct err *);
void anchor_read_last(const PGresult *, struct anchor_last *);
/* Anchors the events up to `position`. */
MUST_CHECK int anchor_write(struct store *, struct pg_tx *, int64_t position, struct instant now,
                            pg_done_cb on_done, void *owner, struct err *);

#endif
