#include "store/instalment_store.h"

#include "sql.h"
#include "store/store.h"

#include <assert.h>

int plan_part_list(struct store *store, struct pg_query *query, const struct debt *debt,
                   struct instant now, pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    (void)now;
    pg_args_init(&args);
    pg_arg_int(&args, debt->customer_id);
    pg_arg_int(&args, debt->invoice_id);
    int rc = pg_read(store->reads, query, SQL_INSTALMENT_LIST, &args, on_result, owner, err);
    pg_args_release(&args);
    return rc;
}

size_t plan_part_read(const PGresult *result, struct plan_part parts[INSTALMENTS_MAX])
{
    size_t count = (size_t)PQntuples(result);
    if (count > INSTALMENTS_MAX)
        count = INSTALMENTS_MAX;
    for (size_t i = 0; i < count; ++i)
        parts[i] = (struct plan_part){.place = (int32_t)pg_get_int(result, (int)i, 0),
                                      .due = date_from_days(pg_get_date(result, (int)i, 1)),
                                      .amount_minor = pg_get_int(result, (int)i, 2),
                                      .left_minor = pg_get_int(result, (int)i, 3),
                                      .is_open = pg_get_bool(result, (int)i, 4),
                                      .is_paid = pg_get_bool(result, (int)i, 5),
                                      .is_missed = pg_get_bool(result, (int)i, 6)};
    return count;
}

int instalment_late(struct store *store, struct pg_query *query,
                    const struct instalment_rules *rules, pg_result_cb on_result, void *owner,
                    struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_instant(&args, rules->now);
    pg_arg_instant(&args, rules->in_flight_from);
    pg_arg_int(&args, rules->feed_age_max_s);
    pg_arg_int(&args, INSTALMENT_LATE_MAX);
    int rc = pg_read(store->reads, query, SQL_INSTALMENT_LATE, &args, on_result, owner, err);
    pg_args_release(&args);
    return rc;
}

int instalment_miss(struct store *store, struct pg_tx *tx, const PGresult *late,
                    const struct instalment_rules *rules, pg_result_cb on_result,
                    pg_done_cb on_done, void *owner, struct err *err)
{
    int64_t customers[INSTALMENT_LATE_MAX], invoices[INSTALMENT_LATE_MAX];
    struct pg_args args;
    int count = PQntuples(late), rc = pg_tx_begin(store->writes, tx, on_done, owner, err);
    assert(count <= INSTALMENT_LATE_MAX);
    if (rc != 0)
        return rc;
    for (int row = 0; row < count; ++row) {
        customers[row] = pg_get_int(late, row, 0);
        invoices[row] = pg_get_int(late, row, 1);
    }
    pg_args_init(&args);
    pg_arg_ints(&args, customers, (size_t)count);
    pg_arg_ints(&args, invoices, (size_t)count);
    pg_arg_instant(&args, rules->now);
    pg_arg_instant(&args, rules->in_flight_from);
    pg_tx_add(tx, SQL_INSTALMENT_MISS, &args, on_result);
    pg_args_release(&args);
    pg_tx_commit(tx);
    return 0;
}

void instalment_read_missed(const PGresult *result, int64_t *missed_count, int64_t *broken_count)
{
    *missed_count = pg_get_int(result, 0, 0);
    *broken_count = pg_get_int(result, 0, 1);
}
