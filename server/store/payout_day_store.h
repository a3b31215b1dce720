/* Reports on days' payouts, as they were on the morning after. */
#ifndef DUNLIN_STORE_PAYOUT_DAY_STORE_H
#define DUNLIN_STORE_PAYOUT_DAY_STORE_H

#include "base/clock.h"
#include "store/store.h"

/* The oldest day that wants its report, for payout_day_read_due. `hour`: from when on it is made.
 */
MUST_CHECK int payout_day_due(struct store *, struct pg_query *, struct instant now, int64_t hour,
                              int64_t days_back, pg_result_cb, void *owner, struct err *);
/* False when none does; else the day, since 1970-01-01. */
bool payout_day_read_due(const PGresult *, int32_t *day);

enum { PAYOUT_DAY_ACCOUNTS_MAX = 64 };

/* A day's report, an array a column. */
struct payout_day_rows {
    int32_t day; /* since 1970-01-01 */
    bool is_complete;
    size_t count; /* at most PAYOUT_DAY_ACCOUNTS_MAX */
    struct span providers[PAYOUT_DAY_ACCOUNTS_MAX], accounts[PAYOUT_DAY_ACCOUNTS_MAX];
    int64_t payout_counts[PAYOUT_DAY_ACCOUNTS_MAX], line_counts[PAYOUT_DAY_ACCOUNTS_MAX],
        disagreement_counts[PAYOUT_DAY_ACCOUNTS_MAX];
    struct span sums[PAYOUT_DAY_ACCOUNTS_MAX], disagreements[PAYOUT_DAY_ACCOUNTS_MAX]; /* JSON */
};
/* One transaction. `on_kept` gets the rows that nobody had kept before, for payout_day_read_kept.
 */
MUST_CHECK int payout_day_keep(struct store *, struct pg_tx *, const struct payout_day_rows *,
                               struct instant now, pg_result_cb on_kept, pg_done_cb on_done,
                               void *owner, struct err *);
struct payout_day_kept {
    struct span provider, account;
    int64_t payout_count, disagreement_count;
};
void payout_day_read_kept(const PGresult *, int row, struct payout_day_kept *);

/* Whole days, the newest first; `before` PG_NULL_INT: from the newest on. */
MUST_CHECK int payout_day_list(struct store *, struct pg_query *, int64_t before, int64_t days_max,
                               pg_result_cb, void *owner, struct err *);
struct payout_day_listed {
    int32_t day;
    struct span provider, account, sums, disagreements;
    int64_t payout_count, line_count, disagreement_count;
    bool is_complete;
    struct instant made_at;
};
void payout_day_read_listed(const PGresult *, int row, struct payout_day_listed *);

#endif
