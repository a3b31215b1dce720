/* Customers, as the creditor's systems ask for them: by the creditor's own reference. */
#ifndef DUNLIN_STORE_CUSTOMER_STORE_H
#define DUNLIN_STORE_CUSTOMER_STORE_H

#include "store/store.h"

/* Spans live as long as the result; null bases for what is not known. */
struct customer_shown {
    struct span reference, name, language, time_zone;
    bool has_phone, has_email;
    struct span preferred_channel;
    struct span segment; /* null base: not computed yet */
    struct span segment_facts;
    struct instant segment_at;
    struct span opted_out, notices_only, consented, faults, debts; /* JSON arrays */
};

/* One row, or none for an unknown reference. */
MUST_CHECK int customer_show(struct store *, struct pg_query *, struct span reference,
                             pg_result_cb on_shown, void *owner, struct err *);
void customer_read_shown(const PGresult *, struct customer_shown *);

#endif
