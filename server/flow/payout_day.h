/* Makes the report on one day's payouts and keeps it as it is now, an account a row.
 *
 *   report → split by account → kept, unless somebody has kept that day already → told
 *
 * Every account of the settings has a row, also one that had no payouts: so it shows that it was
 * looked at. What does not agree is in the log, and counted (payout_disagreements), by whoever kept
 * it. */
#ifndef DUNLIN_FLOW_PAYOUT_DAY_H
#define DUNLIN_FLOW_PAYOUT_DAY_H

#include "flow/payout_report.h"
#include "store/payout_day_store.h"

struct world;

/* err is never null; without an error the day is kept, by this or before. */
typedef void (*payout_day_cb)(void *owner, const struct err *err);

/* Embedded in whoever waits; starts as zeroes. */
struct payout_day {
    const struct world *world_;
    int32_t day_;
    struct payout_report report_;
    struct pg_tx tx_;
    payout_day_cb on_done_;
    void *owner_;
};

/* `day`: since 1970-01-01. Returns an error and never calls back, or calls back once, later. */
MUST_CHECK int payout_day_begin(struct payout_day *, const struct world *, int32_t day,
                                payout_day_cb, void *owner, struct err *);
/* It does not call back any more. Harmless when it has. */
void payout_day_cancel(struct payout_day *);

#endif
