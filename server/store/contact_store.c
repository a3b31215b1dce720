#include "store/contact_store.h"

#include "sql.h"

#include <stdio.h>

/* The arguments that all statements begin with are added on the way. */
static void add_locks(struct pg_tx *tx, struct pg_args *args, struct paylink_id link,
                      struct span reference)
{
    pg_arg_int(args, link.customer_id);
    pg_arg_text(args, reference.base == NULL ? SPAN_LIT("") : reference);
    pg_tx_add(tx, SQL_CONTACT_LOCK_CUSTOMER, args, NULL);
    pg_arg_int(args, link.link_no);
    pg_tx_add(tx, SQL_CONTACT_LOCK_INVOICES, args, NULL);
}

int contact_change(struct store *store, struct pg_tx *tx, const struct contact_change *change,
                   pg_result_cb on_changed, pg_done_cb on_done, void *owner, struct err *err)
{
    struct pg_args args;
    int rc = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (rc != 0)
        return rc;
    pg_args_init(&args);
    add_locks(tx, &args, change->link, change->reference);
    pg_arg_texts(&args, change->opted_out, change->opted_out_count);
    pg_arg_texts(&args, change->opted_in, change->opted_in_count);
    pg_arg_texts(&args, change->consented, change->consented_count);
    pg_arg_texts(&args, change->notices_only, change->notices_only_count);
    pg_arg_bool(&args, change->has_preferred);
    pg_arg_text(&args, change->preferred);
    pg_arg_text(&args, change->by);
    pg_arg_instant(&args, change->now);
    pg_tx_add(tx, SQL_CONTACT_CHANGE, &args, on_changed);
    pg_args_release(&args);
    pg_tx_commit(tx);
    return 0;
}

void contact_read_changed(const PGresult *result, struct contact_changed *changed)
{
    *changed = (struct contact_changed){.is_known = pg_get_bool(result, 0, 0),
                                        .is_new = pg_get_bool(result, 0, 1)};
    snprintf(changed->language, sizeof(changed->language), "%.*s",
             SPAN_ARG(pg_get_text(result, 0, 2)));
}

int contact_read(struct store *store, struct pg_query *query, struct span reference,
                 pg_result_cb on_read, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_text(&args, reference);
    int rc = pg_read(store->reads, query, SQL_CONTACT_READ, &args, on_read, owner, err);
    pg_args_release(&args);
    return rc;
}

int contact_seen(struct store *store, struct pg_tx *tx, struct paylink_id link,
                 const struct page_shown *page, struct instant now, pg_result_cb on_seen,
                 pg_done_cb on_done, void *owner, struct err *err)
{
    struct pg_args args;
    int rc = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (rc != 0)
        return rc;
    pg_args_init(&args);
    add_locks(tx, &args, link, span_of(NULL, 0));
    page_version_keep(tx, page, now);
    pg_arg_instant(&args, now);
    pg_arg_text(&args, page->name);
    pg_tx_add(tx, SQL_CONTACT_SEEN, &args, on_seen);
    pg_args_release(&args);
    pg_tx_commit(tx);
    return 0;
}
