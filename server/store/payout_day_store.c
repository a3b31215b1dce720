#include "store/payout_day_store.h"

#include "sql.h"

int payout_day_due(struct store *store, struct pg_query *query, struct instant now, int64_t hour,
                   int64_t days_back, pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_instant(&args, now);
    pg_arg_int(&args, hour);
    pg_arg_int(&args, days_back);
    int rc = pg_read(store->reads, query, SQL_PAYOUT_DAY_DUE, &args, on_result, owner, err);
    pg_args_release(&args);
    return rc;
}

bool payout_day_read_due(const PGresult *result, int32_t *day)
{
    if (pg_is_null(result, 0, 0))
        return false;
    *day = pg_get_date(result, 0, 0);
    return true;
}

int payout_day_keep(struct store *store, struct pg_tx *tx, const struct payout_day_rows *rows,
                    struct instant now, pg_result_cb on_kept, pg_done_cb on_done, void *owner,
                    struct err *err)
{
    struct pg_args args;
    int rc = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (rc != 0)
        return rc;
    pg_args_init(&args);
    pg_arg_date(&args, rows->day);
    pg_arg_bool(&args, rows->is_complete);
    pg_arg_instant(&args, now);
    pg_arg_texts(&args, rows->providers, rows->count);
    pg_arg_texts(&args, rows->accounts, rows->count);
    pg_arg_ints(&args, rows->payout_counts, rows->count);
    pg_arg_ints(&args, rows->line_counts, rows->count);
    pg_arg_texts(&args, rows->sums, rows->count);
    pg_arg_ints(&args, rows->disagreement_counts, rows->count);
    pg_arg_texts(&args, rows->disagreements, rows->count);
    pg_tx_add(tx, SQL_PAYOUT_DAY_KEEP, &args, on_kept);
    pg_args_release(&args);
    pg_tx_commit(tx);
    return 0;
}

void payout_day_read_kept(const PGresult *result, int row, struct payout_day_kept *kept)
{
    *kept = (struct payout_day_kept){
        .provider = pg_get_text(result, row, 0),
        .account = pg_get_text(result, row, 1),
        .payout_count = pg_get_int(result, row, 2),
        .disagreement_count = pg_get_int(result, row, 3),
    };
}

int payout_day_list(struct store *store, struct pg_query *query, int64_t before, int64_t days_max,
                    pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    if (before == PG_NULL_INT)
        pg_arg_null(&args);
    else
        pg_arg_date(&args, (int32_t)before);
    pg_arg_int(&args, days_max);
    int rc = pg_read(store->reads, query, SQL_PAYOUT_DAY_LIST, &args, on_result, owner, err);
    pg_args_release(&args);
    return rc;
}

void payout_day_read_listed(const PGresult *result, int row, struct payout_day_listed *listed)
{
    *listed = (struct payout_day_listed){
        .day = pg_get_date(result, row, 0),
        .provider = pg_get_text(result, row, 1),
        .account = pg_get_text(result, row, 2),
        .payout_count = pg_get_int(result, row, 3),
        .line_count = pg_get_int(result, row, 4),
        .sums = pg_get_text(result, row, 5),
        .disagreement_count = pg_get_int(result, row, 6),
        .disagreements = pg_get_text(result, row, 7),
        .is_complete = pg_get_bool(result, row, 8),
        .made_at = pg_get_instant(result, row, 9),
    };
}
