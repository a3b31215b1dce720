#include "store/demo_store.h"

#include "sql.h"

int demo_behind(struct store *store, struct pg_query *query, struct instant now,
                struct instant hold_since, pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_instant(&args, now);
    pg_arg_instant(&args, hold_since);
    int rc = pg_read(store->reads, query, SQL_DEMO_BEHIND, &args, on_result, owner, err);
    pg_args_release(&args);
    return rc;
}

void demo_read_behind(const PGresult *result, struct demo_behind *behind)
{
    *behind = (struct demo_behind){.has_late = !pg_is_null(result, 0, 0),
                                   .is_unplanned = pg_get_bool(result, 0, 1)};
    if (behind->has_late)
        behind->late_since = pg_get_instant(result, 0, 0);
}

int demo_payers(struct store *store, struct pg_query *query,
                const struct demo_payers_search *search, pg_result_cb on_result, void *owner,
                struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_instant(&args, search->now);
    pg_arg_instant(&args, search->hold_since);
    pg_arg_instant(&args, search->since);
    pg_arg_int(&args, search->at_most);
    int rc = pg_read(store->reads, query, SQL_DEMO_PAYERS, &args, on_result, owner, err);
    pg_args_release(&args);
    return rc;
}

void demo_read_payer(const PGresult *result, int row, struct demo_payer *payer)
{
    *payer = (struct demo_payer){.customer_id = pg_get_int(result, row, 0),
                                 .invoice_id = pg_get_int(result, row, 1),
                                 .link_no = (int32_t)pg_get_int(result, row, 2),
                                 .due_minor = pg_get_int(result, row, 3),
                                 .amount_minor = pg_get_int(result, row, 4)};
}

int demo_openers(struct store *store, struct pg_query *query, struct instant now,
                 struct instant since, int64_t at_most, pg_result_cb on_result, void *owner,
                 struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_instant(&args, now);
    pg_arg_instant(&args, since);
    pg_arg_int(&args, at_most);
    int rc = pg_read(store->reads, query, SQL_DEMO_OPENERS, &args, on_result, owner, err);
    pg_args_release(&args);
    return rc;
}

int64_t demo_read_opener(const PGresult *result, int row)
{
    return pg_get_int(result, row, 0);
}

void demo_give_past(struct pg_tx *tx, struct instant now)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_instant(&args, now);
    pg_tx_add(tx, SQL_DEMO_GIVE_PAST, &args, NULL);
    pg_args_release(&args);
}
