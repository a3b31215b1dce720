#include "store/paylink_store.h"

#include "sql.h"

#include <stdio.h>

int paylink_find_by_number(struct store *store, struct pg_query *query, struct span number,
                           pg_result_cb on_found, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_text(&args, number);
    int code =
        pg_read(store->reads, query, SQL_PAYLINK_FIND_BY_NUMBER, &args, on_found, owner, err);
    pg_args_release(&args);
    return code;
}

static void copy_number(const PGresult *result, int column, char out[PAYLINK_NUMBER_MAX + 1])
{
    struct span number = pg_get_text(result, 0, column);
    snprintf(out, PAYLINK_NUMBER_MAX + 1, "%.*s", SPAN_ARG(number));
}

void paylink_read(const PGresult *result, struct paylink_row *row)
{
    *row = (struct paylink_row){.is_there = PQntuples(result) == 1};
    if (!row->is_there)
        return;
    row->customer_id = pg_get_int(result, 0, 0);
    row->invoice_id = pg_get_int(result, 0, 1);
    row->money_version = pg_get_int(result, 0, 2);
    copy_number(result, 3, row->number);
    row->active_no = pg_get_int(result, 0, 4);
    row->newest_no = pg_get_int(result, 0, 5);
}

int paylink_find_number(struct store *store, struct pg_query *query, int64_t customer_id,
                        int64_t link_no, pg_result_cb on_found, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, customer_id);
    pg_arg_int(&args, link_no);
    int code = pg_read(store->reads, query, SQL_PAYLINK_FIND_NUMBER, &args, on_found, owner, err);
    pg_args_release(&args);
    return code;
}

bool paylink_read_number(const PGresult *result, char out[PAYLINK_NUMBER_MAX + 1])
{
    if (PQntuples(result) == 0)
        return false;
    copy_number(result, 0, out);
    return true;
}

void paylink_add_guard(struct pg_tx *tx, const struct paylink_row *row)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, row->customer_id);
    pg_arg_int(&args, row->money_version);
    pg_tx_add(tx, SQL_PAYLINK_GUARD, &args, NULL);
    pg_args_release(&args);
}

void paylink_add_revoke(struct pg_tx *tx, const struct paylink_row *row, struct instant now,
                        bool is_replaced)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, row->customer_id);
    pg_arg_int(&args, row->active_no);
    pg_arg_instant(&args, now);
    pg_arg_bool(&args, is_replaced);
    pg_tx_add(tx, SQL_PAYLINK_REVOKE, &args, NULL);
    pg_args_release(&args);
}

void paylink_add_issue(struct pg_tx *tx, const struct paylink_row *row, struct instant now,
                       pg_result_cb on_issued)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, row->customer_id);
    pg_arg_int(&args, row->invoice_id);
    pg_arg_instant(&args, now);
    pg_tx_add(tx, SQL_PAYLINK_ISSUE, &args, on_issued);
    pg_args_release(&args);
}

int64_t paylink_read_issued(const PGresult *result)
{
    return PQntuples(result) == 0 ? 0 : pg_get_int(result, 0, 0);
}
