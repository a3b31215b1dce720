/* The report on a day's payouts: what the provider settled, what the ledger has of it and what
 * arrived at the bank, and all that does not agree. docs/payouts.md says what each word means. */
#ifndef DUNLIN_FLOW_PAYOUT_REPORT_H
#define DUNLIN_FLOW_PAYOUT_REPORT_H

#include "base/buf.h"
#include "store/payout_store.h"

#include <jansson.h>

enum { PAYOUT_WAIT_DAYS = 7 };

/* "2028-01-31", and "10" or nothing for PAYOUT_WAIT_DAYS. Null and the question, or why not. */
const char *payout_read_question(struct span day, struct span wait_days, struct payout_question *);

/* `answer` is null on failure, and borrowed: an object with date, wait_days, is_complete, and the
 * arrays payouts and disagreements. */
typedef void (*payout_report_cb)(void *owner, json_t *answer, const struct err *err);

/* Embedded in whoever waits; starts as zeroes. */
struct payout_report {
    struct pg *pg_;
    struct payout_question question_;
    struct pg_query query_;
    json_t *answer_, *payouts_by_name_;
    payout_report_cb on_done_;
    void *owner_;
};

/* On `pg` (store_reports). Returns an error and never calls back, or calls back once, later. */
MUST_CHECK int payout_report_begin(struct payout_report *, struct pg *pg,
                                   const struct payout_question *, payout_report_cb, void *owner,
                                   struct err *);
/* It does not call back any more. Harmless when it has. */
void payout_report_cancel(struct payout_report *);

/* RFC 4180: the payouts, then what does not agree, told apart by the first column. */
void payout_report_csv(const json_t *answer, struct buf *out);
void payout_report_words(const json_t *answer, struct buf *out);

#endif
