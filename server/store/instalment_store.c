#include "store/instalment_store.h"

#include "sql.h"
#include "store/store.h"

#include <assert.h>

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
