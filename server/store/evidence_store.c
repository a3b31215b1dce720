#include "store/evidence_store.h"

#include "sql.h"

int evidence_collect(struct pg *pg, struct pg_query *query, const struct evidence_wish *wish,
                     pg_result_cb on_collected, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, wish->customer_id);
    pg_arg_int(&args, wish->invoice_id);
    pg_arg_text(&args, wish->number.base == NULL ? SPAN_LIT("") : wish->number);
    pg_arg_instant(&args, wish->now);
    int rc = pg_read(pg, query, SQL_EVIDENCE_COLLECT, &args, on_collected, owner, err);
    pg_args_release(&args);
    return rc;
}
