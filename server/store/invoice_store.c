#include "store/invoice_store.h"

#include "sql.h"
#include "store/event_store.h"
#include "store/store.h"

#include <stdio.h>

int invoice_list(struct store *store, struct pg_query *query, const struct invoice_search *search,
                 pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_text(&args, search->number);
    pg_arg_text(&args, search->customer);
    pg_arg_int(&args, search->after.customer_id);
    pg_arg_int(&args, search->after.invoice_id);
    pg_arg_int(&args, search->at_most);
    int rc = pg_read(store->reads, query, SQL_INVOICE_LIST, &args, on_result, owner, err);
    pg_args_release(&args);
    return rc;
}

int invoice_list_open(struct store *store, struct pg_query *query, struct span customer,
                      int64_t at_most, struct instant now, pg_result_cb on_result, void *owner,
                      struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_text(&args, customer);
    pg_arg_int(&args, at_most);
    pg_arg_instant(&args, now);
    int rc = pg_read(store->reads, query, SQL_INVOICE_LIST_OPEN, &args, on_result, owner, err);
    pg_args_release(&args);
    return rc;
}

void invoice_read_listed(const PGresult *result, int row, struct invoice_listed *listed)
{
    *listed =
        (struct invoice_listed){.key = {pg_get_int(result, row, 0), pg_get_int(result, row, 1)},
                                .number = pg_get_text(result, row, 2),
                                .customer = pg_get_text(result, row, 3),
                                .kind = pg_get_text(result, row, 4),
                                .product = pg_get_text(result, row, 5),
                                .currency = pg_get_text(result, row, 6),
                                .amount_minor = pg_get_int(result, row, 7),
                                .due_minor = pg_get_int(result, row, 8),
                                .issue_date = pg_get_date(result, row, 9),
                                .due_date = pg_get_date(result, row, 10),
                                .is_paid = !pg_is_null(result, row, 11),
                                .paid_at = pg_get_instant(result, row, 11),
                                .link_no = (int32_t)pg_get_int(result, row, 12)};
}

struct span invoice_read_plan(const PGresult *result, int row)
{
    return pg_get_text(result, row, 13);
}

int invoice_show(struct store *store, struct pg_query *query, struct invoice_key key,
                 struct instant now, pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, key.customer_id);
    pg_arg_int(&args, key.invoice_id);
    pg_arg_instant(&args, now);
    int rc = pg_read(store->reads, query, SQL_INVOICE_SHOW, &args, on_result, owner, err);
    pg_args_release(&args);
    return rc;
}

void invoice_read_shown(const PGresult *result, struct invoice_shown *shown)
{
    invoice_read_listed(result, 0, &shown->listed);
    shown->name = pg_get_text(result, 0, 13);
    shown->language = pg_get_text(result, 0, 14);
    shown->account = pg_get_text(result, 0, 15);
    shown->ledger = pg_get_text(result, 0, 16);
    shown->payments = pg_get_text(result, 0, 17);
    shown->reminders = pg_get_text(result, 0, 18);
    shown->holds = pg_get_text(result, 0, 19);
    shown->timeline = pg_get_text(result, 0, 20);
    shown->plan = pg_get_text(result, 0, 21);
}

/* Whoever chains an event holds the customer's lock. */
static void add_lock(struct pg_tx *tx, struct invoice_key key)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_ints(&args, &key.customer_id, 1);
    pg_tx_add(tx, SQL_REMINDER_LOCK_CUSTOMERS, &args, NULL);
    pg_args_release(&args);
}

static void add_hold_event(struct pg_tx *tx, const struct invoice_hold_new *hold)
{
    char facts[128], until[21] = "";
    if (hold->has_until)
        instant_print(hold->until, until);
    /* The reason is a person's own words and may name people: it stays with the hold. */
    snprintf(facts, sizeof(facts), "{\"kind\":\"%.*s\",\"until\":\"%s\"}", SPAN_ARG(hold->kind),
             until);
    const struct event_new event = {.customer_id = hold->key.customer_id,
                                    .invoice_id = hold->key.invoice_id,
                                    .at = hold->now,
                                    .kind = SPAN_LIT("hold.created"),
                                    .facts = span_str(facts)};
    event_append(tx, &event, 1, NULL);
}

static void add_hold(struct pg_tx *tx, const struct invoice_hold_new *hold, pg_result_cb on_row)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, hold->key.customer_id);
    pg_arg_int(&args, hold->key.invoice_id);
    pg_arg_text(&args, hold->kind);
    pg_arg_text(&args, hold->reason);
    if (hold->has_until)
        pg_arg_instant(&args, hold->until);
    else
        pg_arg_null(&args);
    pg_arg_instant(&args, hold->now);
    pg_tx_add(tx, SQL_INVOICE_HOLD, &args, on_row);
    pg_args_release(&args);
}

static void add_promise(struct pg_tx *tx, const struct invoice_hold_new *hold, pg_result_cb on_row)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, hold->key.customer_id);
    pg_arg_int(&args, hold->key.invoice_id);
    pg_arg_instant(&args, hold->now);
    pg_arg_instant(&args, hold->until);
    pg_arg_date(&args, hold->promised_on);
    pg_arg_date(&args, hold->promise_over_on);
    pg_arg_text(&args, hold->reason);
    pg_tx_add(tx, SQL_PROMISE_GIVE_IN_HOLD, &args, on_row);
    pg_args_release(&args);
}

int invoice_hold(struct store *store, struct pg_tx *tx, const struct invoice_hold_new *hold,
                 pg_result_cb on_row, pg_done_cb on_done, void *owner, struct err *err)
{
    int rc = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (rc != 0)
        return rc;
    add_lock(tx, hold->key);
    if (hold->promised_on != 0)
        add_promise(tx, hold, on_row);
    else
        add_hold(tx, hold, on_row);
    add_hold_event(tx, hold);
    pg_tx_commit(tx);
    return 0;
}

int invoice_hold_release(struct store *store, struct pg_tx *tx, struct invoice_key key,
                         int64_t hold_no, struct instant now, pg_result_cb on_row,
                         pg_done_cb on_done, void *owner, struct err *err)
{
    int rc = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (rc != 0)
        return rc;
    add_lock(tx, key);
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, key.customer_id);
    pg_arg_int(&args, key.invoice_id);
    pg_arg_int(&args, hold_no);
    pg_arg_instant(&args, now);
    pg_tx_add(tx, SQL_INVOICE_HOLD_RELEASE, &args, on_row);
    pg_args_release(&args);
    pg_tx_commit(tx);
    return 0;
}
