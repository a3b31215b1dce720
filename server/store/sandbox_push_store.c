#include "store/sandbox_push_store.h"

#include "sql.h"

/* An empty text where the base is null. */
static void add_text(struct pg_args *args, struct span text)
{
    pg_arg_text(args, text.base == NULL ? SPAN_LIT("") : text);
}

int sandbox_push_show(struct store *store, struct pg_tx *tx, const struct sandbox_push *push,
                      pg_result_cb on_shown, pg_done_cb on_done, void *owner, struct err *err)
{
    struct pg_args args;
    int rc = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (rc != 0)
        return rc;
    pg_args_init(&args);
    add_text(&args, push->service);
    add_text(&args, push->token);
    add_text(&args, push->app);
    add_text(&args, push->push);
    add_text(&args, push->collapse);
    add_text(&args, push->title);
    add_text(&args, push->body);
    add_text(&args, push->link);
    pg_arg_instant(&args, push->at);
    pg_tx_add(tx, SQL_SANDBOX_PUSH_SHOW, &args, on_shown);
    pg_args_release(&args);
    pg_tx_commit(tx);
    return 0;
}

void sandbox_push_read_shown(const PGresult *result, bool *is_known, bool *is_of_app)
{
    *is_known = pg_get_bool(result, 0, 0);
    *is_of_app = pg_get_bool(result, 0, 1);
}

int sandbox_push_one(struct store *store, struct pg_query *query, int64_t message_id,
                     pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, message_id);
    int rc = pg_read(store->reads, query, SQL_SANDBOX_PUSH_ONE, &args, on_result, owner, err);
    pg_args_release(&args);
    return rc;
}

void sandbox_push_read_one(const PGresult *result, struct sandbox_device *device)
{
    *device = (struct sandbox_device){.customer = pg_get_text(result, 0, 0),
                                      .installation = pg_get_text(result, 0, 1),
                                      .app = pg_get_text(result, 0, 2),
                                      .push_id = pg_get_text(result, 0, 3)};
}

int sandbox_push_open(struct store *store, struct pg_tx *tx, int64_t message_id, struct instant at,
                      pg_done_cb on_done, void *owner, struct err *err)
{
    struct pg_args args;
    int rc = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (rc != 0)
        return rc;
    pg_args_init(&args);
    pg_arg_int(&args, message_id);
    pg_arg_instant(&args, at);
    pg_tx_add(tx, SQL_SANDBOX_PUSH_OPEN, &args, NULL);
    pg_args_release(&args);
    pg_tx_commit(tx);
    return 0;
}

void sandbox_push_give_phones(struct pg_tx *tx, struct span app, struct instant now)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_text(&args, app);
    pg_arg_instant(&args, now);
    pg_tx_add(tx, SQL_SANDBOX_PUSH_GIVE_PHONES, &args, NULL);
    pg_args_release(&args);
}

int sandbox_push_without_app(struct store *store, struct pg_query *query, int64_t at_most,
                             pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, at_most);
    int rc =
        pg_read(store->reads, query, SQL_SANDBOX_PUSH_WITHOUT_APP, &args, on_result, owner, err);
    pg_args_release(&args);
    return rc;
}

void sandbox_push_read_without_app(const PGresult *result, int row, struct sandbox_device *device)
{
    *device = (struct sandbox_device){.customer = pg_get_text(result, row, 0),
                                      .installation = pg_get_text(result, row, 1),
                                      .app = pg_get_text(result, row, 2),
                                      .service = pg_get_text(result, row, 3)};
}
