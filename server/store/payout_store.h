/* Payouts in the tables; see payout.sql. A payout is known by provider, account and its own id. */
#ifndef DUNLIN_STORE_PAYOUT_STORE_H
#define DUNLIN_STORE_PAYOUT_STORE_H

#include "base/clock.h"
#include "domain/payout.h"
#include "store/store.h"

struct payout_account {
    struct span provider, account;
};

/* The lines of a file, an array a column. */
struct payout_lines {
    size_t count;
    const struct span *payout_ids, *currencies, *movements, *kinds;
    const struct span *references;                 /* null: none */
    const int64_t *customer_ids, *payment_numbers; /* PG_NULL_INT: the reference leads nowhere */
    const int32_t *dates;
    const int64_t *gross_minor, *fee_minor, *net_minor;
};
/* One transaction, all lines or none. `on_added` gets the rows for payout_read_added; they count
 * once on_done has no error. */
MUST_CHECK int payout_add(struct store *, struct pg_tx *, const struct payout_account *,
                          const struct payout_lines *, int64_t named_max, struct instant now,
                          pg_result_cb on_added, pg_done_cb on_done, void *owner, struct err *);
/* Row 0: how many lines are new. Any other row is a line of which something else is known already;
 * its place, from 0. */
int64_t payout_read_added_count(const PGresult *);
size_t payout_read_differing(const PGresult *, int row);

struct payout_arrival {
    struct payout_account of;
    struct span payout_id, currency, by;
    int64_t amount_minor;
    struct instant now;
};
/* `on_told` gets no row when there is no such payout, else whether that is news (a boolean). */
MUST_CHECK int payout_arrive(struct store *, struct pg_tx *, const struct payout_arrival *,
                             pg_result_cb on_told, pg_done_cb on_done, void *owner, struct err *);

struct payout_question {
    int32_t day; /* since 1970-01-01 */
    int64_t wait_days, count_max;
};
struct payout_listed {
    struct span provider, account, payout_id, currency, arrived_currency;
    int32_t date;
    bool has_arrived;
    int64_t line_count, gross_minor, fee_minor, net_minor, arrived_minor;
};
/* Both on `pg` (store_reports), as they go through the ledger. */
MUST_CHECK int payout_list(struct pg *, struct pg_query *, const struct payout_question *,
                           pg_result_cb, void *owner, struct err *);
void payout_read_listed(const PGresult *, int row, struct payout_listed *);

struct payout_paired {
    struct span provider, account, movement;
    struct span payout_id;           /* null base: in none */
    int64_t customer_id, invoice_id; /* of what is booked */
    int32_t booked_day;
    struct payout_pair pair; /* but for booked_days */
};
MUST_CHECK int payout_pairs(struct pg *, struct pg_query *, const struct payout_question *,
                            pg_result_cb, void *owner, struct err *);
void payout_read_paired(const PGresult *, int row, struct payout_paired *);

#endif
