#include "store/installation_store.h"

#include "sql.h"
#include "store/store.h"

int installation_look(struct store *store, struct pg_query *query, pg_result_cb on_result,
                      void *owner, struct err *err)
{
    return pg_read(store->reads, query, SQL_INSTALLATION_LOOK, NULL, on_result, owner, err);
}

struct installation installation_read(const PGresult *result)
{
    struct span kind = pg_get_text(result, 0, 0);
    struct installation found = {.has_customers = pg_get_bool(result, 0, 1)};
    if (span_is_str(kind, "live"))
        found.kind = INSTALLATION_LIVE;
    else if (span_is_str(kind, "demo"))
        found.kind = INSTALLATION_DEMO;
    else
        found.kind = found.has_customers ? INSTALLATION_UNSAID : INSTALLATION_NEW;
    return found;
}

void installation_mark(struct pg_tx *tx, const char *kind)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_text(&args, span_str(kind));
    pg_tx_add(tx, SQL_INSTALLATION_MARK, &args, NULL);
    pg_args_release(&args);
}

void demo_spread_channels(struct pg_tx *tx)
{
    pg_tx_add(tx, SQL_DEMO_SPREAD_CHANNELS, NULL, NULL);
}

int demo_links(struct store *store, struct pg_query *query, int32_t today, int64_t at_most,
               pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_date(&args, today);
    pg_arg_int(&args, at_most);
    int rc = pg_read(store->reads, query, SQL_DEMO_LINKS, &args, on_result, owner, err);
    pg_args_release(&args);
    return rc;
}
