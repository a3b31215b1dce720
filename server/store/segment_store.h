/* Segments of customers: applied to sets of them, and how far. The rule: domain/segment.h. */
#ifndef DUNLIN_STORE_SEGMENT_STORE_H
#define DUNLIN_STORE_SEGMENT_STORE_H

#include "domain/segment.h"
#include "store/store.h"

enum {
    SEGMENT_BATCH_MAX = 2000,  /* customers in one transaction */
    SEGMENT_EVENTS_MAX = 1000, /* looked through at once: no more customers come out of them */
};

struct segment_state {
    bool has_run;
    int32_t day;              /* of the last pass over all, days since 1970-01-01, in UTC */
    int64_t through_customer; /* how far it came */
    bool is_done;
    int64_t position;        /* events up to here were looked at */
    int64_t newest_position; /* of any event */
};

MUST_CHECK int segment_state(struct store *, struct pg_query *, pg_result_cb, void *owner,
                             struct err *);
void segment_read_state(const PGresult *, struct segment_state *);

/* Customers whose money moved by the SEGMENT_EVENTS_MAX events behind a position. */
MUST_CHECK int segment_moved(struct store *, struct pg_query *, int64_t behind_position,
                             pg_result_cb, void *owner, struct err *);
/* The position of the last of those events; `behind_position` again when there is none. */
int64_t segment_read_position(const PGresult *, int64_t behind_position);
/* At most SEGMENT_EVENTS_MAX. */
size_t segment_read_moved(const PGresult *, int64_t *customers);

/* The next SEGMENT_BATCH_MAX customers, in the order of their ids. */
MUST_CHECK int segment_next(struct store *, struct pg_query *, int64_t behind_customer,
                            pg_result_cb, void *owner, struct err *);
size_t segment_read_next(const PGresult *, int64_t *customers);

struct segment_round {
    const int64_t *customers; /* may be none */
    size_t customer_count;
    const struct segment_rules *rules;
    struct instant now;
    /* What is noted with it, if anything: how far the pass has come … */
    bool is_pass;
    int32_t day;
    int64_t through_customer;
    bool is_done;
    int64_t first_position; /* with the very first pass: nothing before it needs a look */
    /* … or that events up to here were looked at. */
    bool is_settled;
    int64_t position;
};

/* One transaction. on_counted's result: segment_read_changed. */
MUST_CHECK int segment_recompute(struct store *, struct pg_tx *, const struct segment_round *,
                                 pg_result_cb on_counted, pg_done_cb on_done, void *owner,
                                 struct err *);
int64_t segment_read_changed(const PGresult *);

#endif
