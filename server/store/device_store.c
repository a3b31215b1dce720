#include "store/device_store.h"

#include "sql.h"

static void add(struct pg_tx *tx, int statement, struct pg_args *args, pg_result_cb on_result)
{
    pg_tx_add(tx, statement, args, on_result);
    pg_args_release(args);
}

static void lock_names(struct pg_tx *tx, const struct device_row *row)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_text(&args, row->token);
    pg_arg_text(&args, row->installation);
    pg_arg_text(&args, row->app);
    pg_arg_text(&args, row->service);
    add(tx, SQL_DEVICE_LOCK_NAMES, &args, NULL);
}

static void add_customer(struct pg_tx *tx, const struct device_row *row)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_text(&args, row->customer);
    pg_arg_text(&args, row->language);
    pg_arg_instant(&args, row->now);
    add(tx, SQL_DEVICE_ADD_CUSTOMER, &args, NULL);
}

/* $1 to $5 of the statements that say which device it is. */
static void arg_names(struct pg_args *args, const struct device_row *row)
{
    pg_args_init(args);
    pg_arg_text(args, row->customer);
    pg_arg_text(args, row->token);
    pg_arg_text(args, row->installation);
    pg_arg_text(args, row->app);
    pg_arg_text(args, row->service);
}

static void change_hands(struct pg_tx *tx, const struct device_row *row)
{
    struct pg_args args;
    arg_names(&args, row);
    add(tx, SQL_DEVICE_LOCK_CUSTOMERS, &args, NULL);
    arg_names(&args, row);
    pg_arg_instant(&args, row->now);
    pg_arg_int(&args, row->kept_max);
    add(tx, SQL_DEVICE_END_OTHERS, &args, NULL);
}

static void save(struct pg_tx *tx, const struct device_row *row, pg_result_cb on_saved)
{
    struct pg_args args;
    arg_names(&args, row);
    pg_arg_instant(&args, row->now);
    pg_arg_int(&args, row->kept_max);
    pg_arg_text(&args, row->environment);
    pg_arg_text(&args, row->target_kind);
    pg_arg_text(&args, row->language);
    add(tx, SQL_DEVICE_SAVE, &args, on_saved);
}

static void name(struct pg_tx *tx, const struct device_row *row)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_text(&args, row->customer);
    pg_arg_text(&args, row->installation);
    add(tx, SQL_DEVICE_NAME, &args, NULL);
}

static void end_surplus(struct pg_tx *tx, const struct device_row *row)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_text(&args, row->customer);
    pg_arg_text(&args, row->installation);
    pg_arg_instant(&args, row->now);
    pg_arg_int(&args, row->live_max);
    add(tx, SQL_DEVICE_END_SURPLUS, &args, NULL);
}

void device_add_register(struct pg_tx *tx, const struct device_row *row, pg_result_cb on_saved)
{
    lock_names(tx, row);
    add_customer(tx, row);
    change_hands(tx, row);
    save(tx, row, on_saved);
    name(tx, row);
    end_surplus(tx, row);
}

bool device_read_saved(const PGresult *result, struct device_saved *saved)
{
    *saved = (struct device_saved){.is_new = false};
    if (PQntuples(result) == 0)
        return false;
    saved->registered_at = pg_get_instant(result, 0, 0);
    saved->seen_at = pg_get_instant(result, 0, 1);
    saved->is_new = pg_get_bool(result, 0, 2);
    return true;
}

int device_remove(struct store *store, struct pg_tx *tx, const struct device_ending *ending,
                  pg_result_cb on_removed, pg_done_cb on_done, void *owner, struct err *err)
{
    struct pg_args args;
    int rc = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (rc != 0)
        return rc;
    pg_args_init(&args);
    pg_arg_text(&args, ending->customer);
    add(tx, SQL_DEVICE_LOCK_CUSTOMER, &args, NULL);
    pg_args_init(&args);
    pg_arg_text(&args, ending->customer);
    pg_arg_text(&args, ending->installation);
    pg_arg_text(&args, ending->reason);
    pg_arg_instant(&args, ending->now);
    add(tx, SQL_DEVICE_REMOVE, &args, on_removed);
    pg_tx_commit(tx);
    return 0;
}

bool device_read_removed(const PGresult *result)
{
    return pg_get_int(result, 0, 0) != 0;
}

int device_list(struct store *store, struct pg_query *query, struct span customer, int64_t at_most,
                pg_result_cb on_listed, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_text(&args, customer);
    pg_arg_int(&args, at_most);
    int rc = pg_read(store->reads, query, SQL_DEVICE_LIST, &args, on_listed, owner, err);
    pg_args_release(&args);
    return rc;
}

void device_read_listed(const PGresult *result, int row, struct device_listed *listed)
{
    *listed = (struct device_listed){.installation = pg_get_text(result, row, 0),
                                     .app = pg_get_text(result, row, 1),
                                     .service = pg_get_text(result, row, 2),
                                     .environment = pg_get_text(result, row, 3),
                                     .target_kind = pg_get_text(result, row, 4),
                                     .token_end = pg_get_text(result, row, 5),
                                     .language = pg_get_text(result, row, 6),
                                     .state = pg_get_text(result, row, 7),
                                     .reason = pg_get_text(result, row, 8),
                                     .registered_at = pg_get_instant(result, row, 9),
                                     .seen_at = pg_get_instant(result, row, 10),
                                     .is_ended = !pg_is_null(result, row, 11),
                                     .ended_at = pg_get_instant(result, row, 11)};
}

int device_find(struct store *store, struct pg_query *query, struct span installation,
                struct span app, pg_result_cb on_found, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_text(&args, installation);
    pg_arg_text(&args, app);
    int rc = pg_read(store->reads, query, SQL_DEVICE_FIND, &args, on_found, owner, err);
    pg_args_release(&args);
    return rc;
}

void device_read_found(const PGresult *result, int row, struct device_found *found)
{
    *found = (struct device_found){.app = pg_get_text(result, row, 0),
                                   .service = pg_get_text(result, row, 1),
                                   .environment = pg_get_text(result, row, 2),
                                   .target_kind = pg_get_text(result, row, 3),
                                   .token = pg_get_text(result, row, 4),
                                   .state = pg_get_text(result, row, 5),
                                   .reason = pg_get_text(result, row, 6)};
}

int device_find_stale(struct store *store, struct pg_query *query, struct instant before,
                      pg_result_cb on_found, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_instant(&args, before);
    pg_arg_int(&args, DEVICE_STALE_MAX);
    int rc = pg_read(store->reads, query, SQL_DEVICE_STALE, &args, on_found, owner, err);
    pg_args_release(&args);
    return rc;
}

int device_end_stale(struct store *store, struct pg_tx *tx, const PGresult *stale,
                     struct instant before, struct instant now, pg_done_cb on_done, void *owner,
                     struct err *err)
{
    int64_t customers[DEVICE_STALE_MAX];
    struct span installations[DEVICE_STALE_MAX];
    struct pg_args args;
    int count = PQntuples(stale), rc = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (rc != 0)
        return rc;
    for (int row = 0; row < count; ++row) {
        customers[row] = pg_get_int(stale, row, 0);
        installations[row] = pg_get_text(stale, row, 1);
    }
    pg_args_init(&args);
    pg_arg_ints(&args, customers, (size_t)count);
    pg_tx_add(tx, SQL_DEVICE_LOCK_OWNERS, &args, NULL);
    pg_arg_texts(&args, installations, (size_t)count);
    pg_arg_instant(&args, before);
    pg_arg_instant(&args, now);
    add(tx, SQL_DEVICE_END_STALE, &args, NULL);
    pg_tx_commit(tx);
    return 0;
}
