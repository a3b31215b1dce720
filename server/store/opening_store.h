/* What an app tells of a push that opened it: kept once, as an event of the invoice's chain. */
#ifndef DUNLIN_STORE_OPENING_STORE_H
#define DUNLIN_STORE_OPENING_STORE_H

#include "store/store.h"

struct opening_new {
    struct span customer; /* the creditor's reference */
    struct span push_id;  /* a UUID as text */
    struct instant now;
};

/* In a transaction of its own. on_marked's result: opening_read. */
MUST_CHECK int opening_mark(struct store *, struct pg_tx *, const struct opening_new *,
                            pg_result_cb on_marked, pg_done_cb on_done, void *owner, struct err *);

struct opening {
    bool is_known; /* the customer has such a push */
    bool is_first; /* nobody had opened its reminder before */
};
void opening_read(const PGresult *, struct opening *);

#endif
