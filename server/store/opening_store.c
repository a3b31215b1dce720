#include "store/opening_store.h"

#include "sql.h"

int opening_mark(struct store *store, struct pg_tx *tx, const struct opening_new *opening,
                 pg_result_cb on_marked, pg_done_cb on_done, void *owner, struct err *err)
{
    struct pg_args args;
    int rc = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (rc != 0)
        return rc;
    pg_args_init(&args);
    pg_arg_text(&args, opening->customer);
    pg_tx_add(tx, SQL_DEVICE_LOCK_CUSTOMER, &args, NULL);
    pg_arg_text(&args, opening->push_id);
    pg_arg_instant(&args, opening->now);
    pg_tx_add(tx, SQL_OPENING_MARK, &args, on_marked);
    pg_args_release(&args);
    pg_tx_commit(tx);
    return 0;
}

void opening_read(const PGresult *result, struct opening *opening)
{
    *opening = (struct opening){.is_known = pg_get_bool(result, 0, 0),
                                .is_first = pg_get_bool(result, 0, 1)};
}
