/* Guesses at the fact that a customer is known by: each is on disk before it is judged. */
#ifndef DUNLIN_STORE_IDENTITY_STORE_H
#define DUNLIN_STORE_IDENTITY_STORE_H

#include "domain/identity.h"
#include "store/store.h"

struct debt;

/* Of a transaction behind debt_add_guard. on_row: identity_read_try. */
void identity_add_try(struct pg_tx *, const struct debt *, const struct identity_rules *,
                      struct instant now, pg_result_cb on_row);

struct identity_try {
    int64_t try_no;   /* 0: there were too many wrong ones */
    struct span fact; /* empty: none is known; lives as long as the result */
};
void identity_read_try(const PGresult *, struct identity_try *);

/* The try was right and does not count. A transaction of its own. */
MUST_CHECK int identity_confirm(struct store *, struct pg_tx *, int64_t customer_id,
                                int64_t invoice_id, int64_t try_no, struct instant now,
                                pg_done_cb on_done, void *owner, struct err *);

#endif
