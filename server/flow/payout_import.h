/* Takes a provider's file of payouts into the database: all of its lines or none.
 *
 *   payout_file_read → every line beside what is known → saved, in one transaction
 *
 * The same file again changes nothing. A line of which other amounts are known, or another day or
 * currency of its payout, refuses the file and joins its bad lines. */
#ifndef DUNLIN_FLOW_PAYOUT_IMPORT_H
#define DUNLIN_FLOW_PAYOUT_IMPORT_H

#include "flow/payout_file.h"
#include "store/payout_store.h"

struct world;

/* err is never null; `new_count` counts where it has no error and the file no bad lines. */
typedef void (*payout_import_cb)(void *owner, int64_t new_count, const struct err *err);

/* Embedded in whoever waits; starts as zeroes. */
struct payout_import {
    struct payout_file *file_;
    struct pg_tx tx_;
    int64_t new_count_;
    payout_import_cb on_done_;
    void *owner_;
};

/* `file` has no bad lines, and lives until the callback. Returns an error and never calls back, or
 * calls back once, later. */
MUST_CHECK int payout_import_begin(struct payout_import *, const struct world *,
                                   const struct payout_account *, struct payout_file *,
                                   payout_import_cb, void *owner, struct err *);
/* It does not call back any more; whether it is in is not known. Harmless when it has. */
void payout_import_cancel(struct payout_import *);

#endif
