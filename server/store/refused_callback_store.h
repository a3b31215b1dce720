/* Callbacks that were refused, in a ring of fixed size: 250 places of each verdict, the
 * oldest overwritten. The statements stand in refused_callback.sql. */
#ifndef DUNLIN_STORE_REFUSED_CALLBACK_STORE_H
#define DUNLIN_STORE_REFUSED_CALLBACK_STORE_H

#include "base/clock.h"
#include "io/pg.h"

struct store;

enum {
    REFUSED_CALLBACK_WRITE_MAX = 32, /* by one statement */
    REFUSED_CALLBACK_HEADERS_MAX = 4096,
    REFUSED_CALLBACK_BODY_MAX = 16 * 1024, /* bytes that are kept of one */
};

struct refused_callback {
    int64_t place;       /* read only: the ring's own */
    struct span verdict; /* "forged", "stale", "malformed", "foreign" */
    struct span provider;
    struct span account; /* null base: signed by nobody's secret */
    struct instant received_at;
    struct span headers; /* the provider's own, as JSON; null base: longer than the bound */
    struct span body;    /* cut at the bound */
    int64_t body_bytes;  /* as it came */
};

/* One statement, a transaction of its own. */
MUST_CHECK int refused_callback_keep(struct store *, struct pg_tx *,
                                     const struct refused_callback *, size_t count,
                                     pg_done_cb on_done, void *owner, struct err *);

/* The newest, or those behind a place of the list; null: from its beginning. The rows are for
 * refused_callback_read, whose spans die with the result. */
MUST_CHECK int refused_callback_list(struct store *, struct pg_query *,
                                     const struct refused_callback *behind, int64_t count_max,
                                     pg_result_cb, void *owner, struct err *);
void refused_callback_read(const PGresult *, int row, struct refused_callback *);

/* Removes those that were received before. */
MUST_CHECK int refused_callback_forget(struct store *, struct pg_tx *, struct instant before,
                                       pg_done_cb on_done, void *owner, struct err *);

#endif
