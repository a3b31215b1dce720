#include "store/trouble_store.h"

#include "sql.h"
#include "store/store.h"

int trouble_list(struct store *store, struct pg_query *query, const struct trouble_search *search,
                 pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_text(&args, search->state);
    pg_arg_int(&args, search->after.customer_id);
    pg_arg_int(&args, search->after.invoice_id);
    pg_arg_text(&args, span_str(search->after.step));
    pg_arg_int(&args, search->at_most);
    int rc = pg_read(store->reads, query, SQL_TROUBLE_LIST, &args, on_result, owner, err);
    pg_args_release(&args);
    return rc;
}

void trouble_read_page(const PGresult *result, struct trouble_page *page)
{
    *page = (struct trouble_page){.items = pg_get_text(result, 0, 0),
                                  .count = pg_get_int(result, 0, 1),
                                  .last_id = pg_get_text(result, 0, 2)};
}
