#include "store/segment_store.h"

#include "sql.h"

int segment_state(struct store *store, struct pg_query *query, pg_result_cb on_result, void *owner,
                  struct err *err)
{
    return pg_read(store->reads, query, SQL_SEGMENT_STATE, NULL, on_result, owner, err);
}

void segment_read_state(const PGresult *result, struct segment_state *state)
{
    *state = (struct segment_state){.has_run = !pg_is_null(result, 0, 0),
                                    .day = pg_get_date(result, 0, 0),
                                    .through_customer = pg_get_int(result, 0, 1),
                                    .is_done = pg_get_bool(result, 0, 2),
                                    .position = pg_get_int(result, 0, 3),
                                    .newest_position = pg_get_int(result, 0, 4)};
}

static int read_behind(struct store *store, struct pg_query *query, int statement,
                       const int64_t bounds[2], pg_result_cb on_result, void *owner,
                       struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, bounds[0]);
    pg_arg_int(&args, bounds[1]);
    int rc = pg_read(store->reads, query, statement, &args, on_result, owner, err);
    pg_args_release(&args);
    return rc;
}

int segment_moved(struct store *store, struct pg_query *query, int64_t behind_position,
                  pg_result_cb on_result, void *owner, struct err *err)
{
    return read_behind(store, query, SQL_SEGMENT_MOVED,
                       (int64_t[]){behind_position, SEGMENT_EVENTS_MAX}, on_result, owner, err);
}

int64_t segment_read_position(const PGresult *result, int64_t behind_position)
{
    return pg_is_null(result, 0, 0) ? behind_position : pg_get_int(result, 0, 0);
}

size_t segment_read_moved(const PGresult *result, int64_t *customers)
{
    size_t count = (size_t)PQntuples(result) - 1; /* the first row is the position's */
    for (size_t i = 0; i < count; ++i)
        customers[i] = pg_get_int(result, (int)i + 1, 1);
    return count;
}

int segment_next(struct store *store, struct pg_query *query, int64_t behind_customer,
                 pg_result_cb on_result, void *owner, struct err *err)
{
    return read_behind(store, query, SQL_SEGMENT_NEXT,
                       (int64_t[]){behind_customer, SEGMENT_BATCH_MAX}, on_result, owner, err);
}

size_t segment_read_next(const PGresult *result, int64_t *customers)
{
    size_t count = (size_t)PQntuples(result);
    for (size_t i = 0; i < count; ++i)
        customers[i] = pg_get_int(result, (int)i, 0);
    return count;
}

static void add_recompute(struct pg_tx *tx, const struct segment_round *round,
                          pg_result_cb on_counted)
{
    const struct segment_rules *rules = round->rules;
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_ints(&args, round->customers, round->customer_count);
    pg_arg_instant(&args, round->now);
    pg_arg_int(&args, rules->months);
    pg_arg_int(&args, rules->grace_days);
    pg_arg_int(&args, rules->debts_min);
    pg_arg_int(&args, rules->sometimes_late_percent);
    pg_arg_int(&args, rules->chronically_late_percent);
    pg_arg_int(&args, round->rules->broken_promises_min);
    pg_tx_add(tx, SQL_SEGMENT_RECOMPUTE, &args, on_counted);
    pg_args_release(&args);
}

static void add_note(struct pg_tx *tx, const struct segment_round *round)
{
    struct pg_args args;
    pg_args_init(&args);
    if (round->is_pass) {
        pg_arg_date(&args, round->day);
        pg_arg_int(&args, round->through_customer);
        pg_arg_bool(&args, round->is_done);
        pg_arg_int(&args, round->first_position);
        pg_tx_add(tx, SQL_SEGMENT_PASS, &args, NULL);
    } else if (round->is_settled) {
        pg_arg_int(&args, round->position);
        pg_tx_add(tx, SQL_SEGMENT_SETTLE, &args, NULL);
    }
    pg_args_release(&args);
}

int segment_recompute(struct store *store, struct pg_tx *tx, const struct segment_round *round,
                      pg_result_cb on_counted, pg_done_cb on_done, void *owner, struct err *err)
{
    int rc = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (rc != 0)
        return rc;
    add_recompute(tx, round, on_counted);
    add_note(tx, round);
    pg_tx_commit(tx);
    return 0;
}

int64_t segment_read_changed(const PGresult *result)
{
    return pg_get_int(result, 0, 0);
}
