/* Reminders that somebody should look at: those of unknown outcome, and those that failed. Each
 * operation follows the promise of io/pg.h. */
#ifndef DUNLIN_STORE_TROUBLE_STORE_H
#define DUNLIN_STORE_TROUBLE_STORE_H

#include "base/span.h"
#include "store/reminder_store.h"

struct store;

struct trouble_search {
    struct span state;         /* "uncertain", "failed" */
    struct reminder_key after; /* zeroes: from the newest */
    int64_t at_most;
};

/* Spans live as long as the result. */
struct trouble_page {
    struct span items; /* a JSON array */
    int64_t count;
    struct span last_id; /* "17-23-late_3", what `after` is for the next page; empty: no items */
};

/* One row for trouble_read_page. */
MUST_CHECK int trouble_list(struct store *, struct pg_query *, const struct trouble_search *,
                            pg_result_cb, void *owner, struct err *);
void trouble_read_page(const PGresult *, struct trouble_page *);

#endif
