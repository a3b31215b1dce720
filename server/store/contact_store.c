#include "store/contact_store.h"

#include "sql.h"
#include "store/debt_store.h"

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
    int rc = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (rc != 0)
        return rc;
    contact_add_change(tx, change, on_changed);
    pg_tx_commit(tx);
    return 0;
}

void contact_add_change(struct pg_tx *tx, const struct contact_change *change,
                        pg_result_cb on_changed)
{
    struct pg_args args;
    pg_args_init(&args);
    add_locks(tx, &args, change->link, change->reference);
    page_version_keep(tx, &change->page, change->now);
    pg_arg_texts(&args, change->opted_out, change->opted_out_count);
    pg_arg_texts(&args, change->opted_in, change->opted_in_count);
    pg_arg_texts(&args, change->consented, change->consented_count);
    pg_arg_texts(&args, change->notices_only, change->notices_only_count);
    pg_arg_bool(&args, change->has_preferred);
    pg_arg_text(&args, change->preferred);
    pg_arg_text(&args, change->by);
    pg_arg_instant(&args, change->now);
    pg_arg_text(&args, change->page.name);
    pg_tx_add(tx, SQL_CONTACT_CHANGE, &args, on_changed);
    pg_args_release(&args);
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

int contact_look_begin(struct store *store, struct pg_query *query, const struct debt *debt,
                       struct instant now, pg_result_cb on_looked, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, debt->customer_id);
    pg_arg_int(&args, debt->invoice_id);
    pg_arg_instant(&args, now);
    int rc = pg_read(store->reads, query, SQL_CONTACT_LOOK, &args, on_looked, owner, err);
    pg_args_release(&args);
    return rc;
}

void contact_look_read(const PGresult *result, struct contact_look *look)
{
    *look = (struct contact_look){.preferred = CONTACT_NONE, .asked_call = {"", 0}};
    if (PQntuples(result) == 0)
        return;
    *look = (struct contact_look){
        .second_of_day = (int32_t)pg_get_int(result, 0, 0),
        .preferred = contact_channel_find(pg_get_text(result, 0, 1)),
        .opted_out = contact_set_read(pg_get_text(result, 0, 2)),
        .notices_only = contact_set_read(pg_get_text(result, 0, 3)),
        .has_phone = pg_get_bool(result, 0, 4),
        .asked_call = pg_get_text(result, 0, 5),
    };
}

/* customer, invoice, a text, now. */
static void add_wish(struct pg_tx *tx, int statement, const struct debt *debt, struct span text,
                     struct instant now)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, debt->customer_id);
    pg_arg_int(&args, debt->invoice_id);
    pg_arg_text(&args, text);
    pg_arg_instant(&args, now);
    pg_arg_text(&args, debt->page);
    pg_tx_add(tx, statement, &args, NULL);
    pg_args_release(&args);
}

void contact_add_language(struct pg_tx *tx, const struct debt *debt, struct span language,
                          struct instant now)
{
    add_wish(tx, SQL_CONTACT_KEEP_LANGUAGE, debt, language, now);
}

void contact_add_call(struct pg_tx *tx, const struct debt *debt, struct span when,
                      struct instant now)
{
    add_wish(tx, SQL_CONTACT_ASK_CALL, debt, when, now);
}
