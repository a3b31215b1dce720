/* Looking at one debt, and at what else a page or a rule wants of it: two reads, one behind the
 * other. Changes nothing. */
#ifndef DUNLIN_FLOW_DEBT_LOOK_H
#define DUNLIN_FLOW_DEBT_LOOK_H

#include "flow/world.h"
#include "store/debt_store.h"

/* A store's read about a debt: its plan, its offers, … */
typedef int (*debt_more_fn)(struct store *, struct pg_query *, const struct debt *,
                            struct instant now, pg_result_cb, void *owner, struct err *);
/* `debt` is null when there is no such link or when `err` is set (null when all is well), borrowed
 * otherwise; `more` is null without a debt_more_fn, and for a revoked link. */
typedef void (*debt_look_cb)(void *owner, const struct debt *debt, const PGresult *more,
                             const struct err *err);

/* Embedded, zeroed, in the operation that waits. */
struct debt_look {
    struct world *world_;
    struct paylink_id link_;
    struct instant now_;
    struct pg_query query_;
    struct debt debt_;
    debt_more_fn more_;
    debt_look_cb on_looked_;
    void *owner_;
};

/* `more` may be null. Returns an error and never calls back, or 0 and calls back once, later. The
 * debt lives as long as the callback. */
MUST_CHECK int debt_look_begin(struct debt_look *, struct world *, struct paylink_id,
                               debt_more_fn more, debt_look_cb on_looked, void *owner,
                               struct err *);
/* The callback will not run any more. Harmless when it has run. */
void debt_look_cancel(struct debt_look *);

#endif
