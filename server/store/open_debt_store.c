#include "store/open_debt_store.h"

#include "domain/allocation.h"
#include "sql.h"

int open_debt_list(struct store *store, struct pg_query *query, const struct debt *debt,
                   struct instant now, pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, debt->customer_id);
    pg_arg_instant(&args, now);
    pg_arg_int(&args, ALLOCATIONS_MAX + 1);
    int code = pg_read(store->reads, query, SQL_OPEN_DEBT_LIST, &args, on_result, owner, err);
    pg_args_release(&args);
    return code;
}

void open_debt_take(const PGresult *result, int row, struct open_debt *debt)
{
    *debt = (struct open_debt){
        .invoice_id = pg_get_int(result, row, 0),
        .number = pg_get_text(result, row, 1),
        .kind = pg_get_text(result, row, 2),
        .product = pg_get_text(result, row, 3),
        .currency = pg_get_text(result, row, 4),
        .due_minor = pg_get_int(result, row, 5),
        .due = date_from_days(pg_get_date(result, row, 6)),
        .days_left = (int32_t)pg_get_int(result, row, 7),
        .holds = (unsigned)pg_get_int(result, row, 8),
        .is_in_hand = pg_get_bool(result, row, 9),
    };
}
