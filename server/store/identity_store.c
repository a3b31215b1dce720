#include "store/identity_store.h"

#include "sql.h"
#include "store/debt_store.h"

void identity_add_try(struct pg_tx *tx, const struct debt *debt, const struct identity_rules *rules,
                      struct instant now, pg_result_cb on_row)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, debt->customer_id);
    pg_arg_int(&args, debt->invoice_id);
    pg_arg_instant(&args, now);
    pg_arg_int(&args, rules->tries_max);
    pg_arg_int(&args, rules->tries_hours);
    pg_tx_add(tx, SQL_IDENTITY_TAKE_TRY, &args, on_row);
    pg_args_release(&args);
}

void identity_read_try(const PGresult *result, struct identity_try *t)
{
    *t = (struct identity_try){.fact = {"", 0}};
    if (PQntuples(result) == 1)
        *t = (struct identity_try){.try_no = pg_get_int(result, 0, 0),
                                   .fact = pg_get_text(result, 0, 1)};
}

int identity_confirm(struct store *store, struct pg_tx *tx, int64_t customer_id, int64_t invoice_id,
                     int64_t try_no, struct instant now, pg_done_cb on_done, void *owner,
                     struct err *err)
{
    struct pg_args args;
    int rc = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (rc != 0)
        return rc;
    pg_args_init(&args);
    pg_arg_int(&args, customer_id);
    pg_arg_int(&args, invoice_id);
    pg_arg_int(&args, try_no);
    pg_arg_instant(&args, now);
    pg_tx_add(tx, SQL_IDENTITY_CONFIRM, &args, NULL);
    pg_args_release(&args);
    pg_tx_commit(tx);
    return 0;
}
