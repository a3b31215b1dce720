#include "store/anchor_store.h"

#include "sql.h"
#include "store/store.h"

int anchor_last(struct store *store, struct pg_query *query, pg_result_cb on_result, void *owner,
                struct err *err)
{
    return pg_read(store->reads, query, SQL_ANCHOR_LAST, NULL, on_result, owner, err);
}

void anchor_read_last(const PGresult *result, struct anchor_last *last)
{
    *last = (struct anchor_last){.has_anchor = !pg_is_null(result, 0, 0),
                                 .at = pg_get_instant(result, 0, 0),
                                 .anchored_position = pg_get_int(result, 0, 1),
                                 .newest_position = pg_get_int(result, 0, 2)};
}

int anchor_write(struct store *store, struct pg_tx *tx, int64_t position, int64_t block_events,
                 struct instant now, pg_done_cb on_done, void *owner, struct err *err)
{
    int rc = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (rc != 0)
        return rc;
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, position);
    pg_arg_instant(&args, now);
    pg_arg_int(&args, block_events);
    pg_tx_add(tx, SQL_ANCHOR_WRITE, &args, NULL);
    pg_args_release(&args);
    pg_tx_commit(tx);
    return 0;
}
