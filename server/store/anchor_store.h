/* The global chain over all events. */
#ifndef DUNLIN_STORE_ANCHOR_STORE_H
#define DUNLIN_STORE_ANCHOR_STORE_H

#include "io/pg.h"

struct store;

/* Events hashed together: see migration 0075_prove_events. */
enum { ANCHOR_BLOCK_EVENTS = 1024 };

struct anchor_last {
    bool has_anchor;
    struct instant at;
    int64_t anchored_position, newest_position; /* of events */
};

MUST_CHECK int anchor_last(struct store *, struct pg_query *, pg_result_cb, void *owner,
                           struct err *);
void anchor_read_last(const PGresult *, struct anchor_last *);
/* Anchors the events up to `position`; `block_events` is ANCHOR_BLOCK_EVENTS but in tests. */
MUST_CHECK int anchor_write(struct store *, struct pg_tx *, int64_t position, int64_t block_events,
                            struct instant now, pg_done_cb on_done, void *owner, struct err *);

#endif
