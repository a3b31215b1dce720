/* All that is kept of one debt, read in one statement. */
#ifndef DUNLIN_STORE_EVIDENCE_STORE_H
#define DUNLIN_STORE_EVIDENCE_STORE_H

#include "store/store.h"

struct evidence_wish {
    int64_t customer_id, invoice_id; /* or both 0: by number */
    struct span number;
    struct instant now;
};

/* On `pg` (store_reports): under a busy hour's anchor lie many events. `on_collected` gets no row
 * when there is no such invoice, else one whose columns are JSON, each a part of the export that is
 * called as the column is (PQfname). */
MUST_CHECK int evidence_collect(struct pg *, struct pg_query *, const struct evidence_wish *,
                                pg_result_cb on_collected, void *owner, struct err *);

#endif
