#include "store/sending_store.h"

#include "sql.h"

int sending_volume(struct store *store, struct pg_query *query, struct instant now,
                   pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_instant(&args, now);
    int rc = pg_read(store->reads, query, SQL_SENDING_VOLUME, &args, on_result, owner, err);
    pg_args_release(&args);
    return rc;
}

void sending_read_volume(const PGresult *result, struct sending_volume *volume)
{
    *volume = (struct sending_volume){.message_count = pg_get_int(result, 0, 0),
                                      .usual_max = pg_get_int(result, 0, 1),
                                      .allowance = pg_get_int(result, 0, 2),
                                      .is_stopped = pg_get_bool(result, 0, 3)};
}

bool sending_read_spent(const PGresult *result, int row, struct span *channel, int64_t *spent_micro)
{
    if (pg_is_null(result, row, 4))
        return false;
    *channel = pg_get_text(result, row, 4);
    *spent_micro = pg_get_int(result, row, 5);
    return true;
}

int sending_show(struct store *store, struct pg_query *query, struct instant now,
                 pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_instant(&args, now);
    int rc = pg_read(store->reads, query, SQL_SENDING_SHOW, &args, on_result, owner, err);
    pg_args_release(&args);
    return rc;
}

void sending_read_state(const PGresult *result, struct sending_state *state)
{
    *state = (struct sending_state){
        .stopped_by = pg_get_text(result, 0, 1),
        .stop_reason = pg_get_text(result, 0, 2),
        .volume = {.message_count = pg_get_int(result, 0, 4),
                   .usual_max = pg_get_int(result, 0, 5),
                   .allowance = pg_get_int(result, 0, 6),
                   .is_stopped = !pg_is_null(result, 0, 0)},
        .uncertain_count = pg_get_int(result, 0, 7),
    };
    if (!pg_is_null(result, 0, 0))
        state->stopped_at = pg_get_instant(result, 0, 0);
    if (!pg_is_null(result, 0, 3))
        state->feed_at = pg_get_instant(result, 0, 3);
}

static void add_order(struct pg_tx *tx, const struct sending_order *order)
{
    static const int statements[] = {[SENDING_STOP] = SQL_SENDING_STOP,
                                     [SENDING_GO] = SQL_SENDING_GO,
                                     [SENDING_ALLOW] = SQL_SENDING_ALLOW,
                                     [SENDING_FEED] = SQL_SENDING_FEED};
    struct pg_args args;
    pg_args_init(&args);
    if (order->word != SENDING_FEED)
        pg_arg_instant(&args, order->now);
    if (order->word == SENDING_STOP) {
        pg_arg_text(&args, order->who);
        pg_arg_text(&args, order->why);
    } else if (order->word == SENDING_ALLOW) {
        pg_arg_int(&args, order->message_count);
        pg_arg_text(&args, order->who);
    } else if (order->word == SENDING_FEED) {
        pg_arg_instant(&args, order->feed_at);
    }
    pg_tx_add(tx, statements[order->word], &args, NULL);
    pg_args_release(&args);
}

int sending_say(struct store *store, struct pg_tx *tx, const struct sending_order *order,
                pg_done_cb on_done, void *owner, struct err *err)
{
    int rc = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (rc != 0)
        return rc;
    add_order(tx, order);
    pg_tx_add(tx, SQL_SENDING_WAKE, NULL, NULL);
    pg_tx_commit(tx);
    return 0;
}

int sending_release(struct store *store, struct pg_tx *tx, const struct sending_order *feed,
                    pg_result_cb on_released, pg_done_cb on_done, void *owner, struct err *err)
{
    struct pg_args args;
    int rc = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (rc != 0)
        return rc;
    pg_args_init(&args);
    pg_arg_instant(&args, feed->now);
    pg_arg_instant(&args, feed->feed_at);
    pg_arg_int(&args, SENDING_RELEASED_MAX);
    pg_tx_add(tx, SQL_SENDING_RELEASE, &args, on_released);
    pg_args_release(&args);
    pg_tx_add(tx, SQL_SENDING_WAKE, NULL, NULL);
    pg_tx_commit(tx);
    return 0;
}

int64_t sending_read_released(const PGresult *result)
{
    return pg_get_int(result, 0, 0);
}
