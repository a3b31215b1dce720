#include "store/customer_store.h"

#include "sql.h"

int customer_show(struct store *store, struct pg_query *query, struct span reference,
                  pg_result_cb on_shown, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_text(&args, reference);
    int rc = pg_read(store->reads, query, SQL_CUSTOMER_SHOW, &args, on_shown, owner, err);
    pg_args_release(&args);
    return rc;
}

void customer_read_shown(const PGresult *result, struct customer_shown *shown)
{
    *shown = (struct customer_shown){.reference = pg_get_text(result, 0, 0),
                                     .name = pg_get_text(result, 0, 1),
                                     .language = pg_get_text(result, 0, 2),
                                     .time_zone = pg_get_text(result, 0, 3),
                                     .has_phone = pg_get_bool(result, 0, 4),
                                     .has_email = pg_get_bool(result, 0, 5),
                                     .preferred_channel = pg_get_text(result, 0, 6),
                                     .segment = pg_get_text(result, 0, 7),
                                     .segment_facts = pg_get_text(result, 0, 8),
                                     .segment_at = pg_get_instant(result, 0, 9),
                                     .opted_out = pg_get_text(result, 0, 10),
                                     .notices_only = pg_get_text(result, 0, 11),
                                     .consented = pg_get_text(result, 0, 12),
                                     .faults = pg_get_text(result, 0, 13),
                                     .debts = pg_get_text(result, 0, 14)};
}
