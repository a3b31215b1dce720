#include "store/payout_store.h"

#include "sql.h"

static void add_lock(struct pg_tx *tx, const struct payout_account *of)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_text(&args, of->provider);
    pg_arg_text(&args, of->account);
    pg_tx_add(tx, SQL_PAYOUT_LOCK, &args, NULL);
    pg_args_release(&args);
}

int payout_add(struct store *store, struct pg_tx *tx, const struct payout_account *of,
               const struct payout_lines *l, int64_t named_max, struct instant now,
               pg_result_cb on_added, pg_done_cb on_done, void *owner, struct err *err)
{
    struct pg_args args;
    int rc = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (rc != 0)
        return rc;
    add_lock(tx, of);
    pg_args_init(&args);
    pg_arg_text(&args, of->provider);
    pg_arg_text(&args, of->account);
    pg_arg_texts(&args, l->payout_ids, l->count);
    pg_arg_dates(&args, l->dates, l->count);
    pg_arg_texts(&args, l->currencies, l->count);
    pg_arg_texts(&args, l->movements, l->count);
    pg_arg_texts(&args, l->kinds, l->count);
    pg_arg_ints(&args, l->gross_minor, l->count);
    pg_arg_ints(&args, l->fee_minor, l->count);
    pg_arg_ints(&args, l->net_minor, l->count);
    pg_arg_texts(&args, l->references, l->count);
    pg_arg_ints(&args, l->customer_ids, l->count);
    pg_arg_ints(&args, l->payment_numbers, l->count);
    pg_arg_instant(&args, now);
    pg_arg_int(&args, named_max);
    pg_tx_add(tx, SQL_PAYOUT_ADD, &args, on_added);
    pg_args_release(&args);
    pg_tx_commit(tx);
    return 0;
}

int64_t payout_read_added_count(const PGresult *result)
{
    return pg_get_int(result, 0, 1);
}

size_t payout_read_differing(const PGresult *result, int row)
{
    return (size_t)pg_get_int(result, row, 0) - 1;
}

int payout_arrive(struct store *store, struct pg_tx *tx, const struct payout_arrival *arrival,
                  pg_result_cb on_told, pg_done_cb on_done, void *owner, struct err *err)
{
    struct pg_args args;
    int rc = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (rc != 0)
        return rc;
    add_lock(tx, &arrival->of);
    pg_args_init(&args);
    pg_arg_text(&args, arrival->of.provider);
    pg_arg_text(&args, arrival->of.account);
    pg_arg_text(&args, arrival->payout_id);
    pg_arg_int(&args, arrival->amount_minor);
    pg_arg_text(&args, arrival->currency);
    pg_arg_text(&args, arrival->by);
    pg_arg_instant(&args, arrival->now);
    pg_tx_add(tx, SQL_PAYOUT_ARRIVE, &args, on_told);
    pg_args_release(&args);
    pg_tx_commit(tx);
    return 0;
}

static int ask(struct pg *pg, struct pg_query *query, int statement,
               const struct payout_question *question, pg_result_cb on_result, void *owner,
               struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_date(&args, question->day);
    pg_arg_int(&args, question->wait_days);
    pg_arg_int(&args, question->count_max);
    int rc = pg_read(pg, query, statement, &args, on_result, owner, err);
    pg_args_release(&args);
    return rc;
}

int payout_list(struct pg *pg, struct pg_query *query, const struct payout_question *question,
                pg_result_cb on_result, void *owner, struct err *err)
{
    return ask(pg, query, SQL_PAYOUT_LIST, question, on_result, owner, err);
}

void payout_read_listed(const PGresult *result, int row, struct payout_listed *listed)
{
    *listed = (struct payout_listed){
        .provider = pg_get_text(result, row, 0),
        .account = pg_get_text(result, row, 1),
        .payout_id = pg_get_text(result, row, 2),
        .date = pg_get_date(result, row, 3),
        .currency = pg_get_text(result, row, 4),
        .line_count = pg_get_int(result, row, 5),
        .gross_minor = pg_get_int(result, row, 6),
        .fee_minor = pg_get_int(result, row, 7),
        .net_minor = pg_get_int(result, row, 8),
        .has_arrived = !pg_is_null(result, row, 9),
        .arrived_minor = pg_get_int(result, row, 9),
        .arrived_currency = pg_get_text(result, row, 10),
    };
}

int payout_pairs(struct pg *pg, struct pg_query *query, const struct payout_question *question,
                 pg_result_cb on_result, void *owner, struct err *err)
{
    return ask(pg, query, SQL_PAYOUT_PAIRS, question, on_result, owner, err);
}

void payout_read_paired(const PGresult *result, int row, struct payout_paired *paired)
{
    *paired = (struct payout_paired){
        .provider = pg_get_text(result, row, 0),
        .account = pg_get_text(result, row, 1),
        .payout_id = pg_get_text(result, row, 2),
        .movement = pg_get_text(result, row, 3),
        .pair = {.settled_count = pg_get_int(result, row, 5),
                 .settled_minor = pg_get_int(result, row, 6),
                 .settled_currency = pg_get_text(result, row, 7),
                 .is_booked = !pg_is_null(result, row, 10),
                 .booked_minor = pg_get_int(result, row, 10),
                 .booked_currency = pg_get_text(result, row, 11)},
        .customer_id = pg_get_int(result, row, 8),
        .invoice_id = pg_get_int(result, row, 9),
        .booked_day = pg_get_date(result, row, 12),
    };
    /* The column's check and the list here are the same words. */
    if (!payout_kind_read(pg_get_text(result, row, 4), &paired->pair.kind))
        paired->pair.kind = PAYOUT_OTHER;
}
