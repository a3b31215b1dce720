#include "store/sandbox_bank_store.h"

#include "sql.h"
#include "store/store.h"

#include <assert.h>

int sandbox_bank_open(struct store *store, struct pg_tx *tx, const struct sandbox_payment *payment,
                      struct instant now, pg_result_cb on_row, pg_done_cb on_done, void *owner,
                      struct err *err)
{
    int rc = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (rc != 0)
        return rc;
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_text(&args, span_str(payment->payment_id));
    pg_arg_text(&args, span_str(payment->reference));
    pg_arg_text(&args, span_str(payment->method));
    pg_arg_int(&args, payment->amount_minor);
    pg_arg_text(&args, span_str(payment->currency));
    pg_arg_text(&args, span_str(payment->title));
    pg_arg_text(&args, span_str(payment->return_url));
    pg_arg_text(&args, span_str(payment->callback_url));
    pg_arg_text(&args, span_str(payment->language));
    pg_arg_text(&args, span_str(payment->state));
    pg_arg_instant(&args, now);
    pg_tx_add(tx, SQL_SANDBOX_BANK_OPEN, &args, on_row);
    pg_args_release(&args);
    pg_tx_commit(tx);
    return 0;
}

static void copy_text(struct span from, char *to, size_t room)
{
    size_t len = from.len < room ? from.len : room - 1;
    memset(to, 0, room);
    if (len > 0)
        memcpy(to, from.base, len);
}

void sandbox_bank_read_opened(const PGresult *result, char payment_id[SANDBOX_BANK_ID_MAX],
                              bool *is_new)
{
    assert(PQntuples(result) == 1);
    copy_text(pg_get_text(result, 0, 0), payment_id, SANDBOX_BANK_ID_MAX);
    *is_new = pg_get_bool(result, 0, 2);
}

int sandbox_bank_one(struct store *store, struct pg_query *query, struct span payment_id,
                     struct span state, pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_text(&args, payment_id);
    pg_arg_text(&args, state);
    int rc = pg_read(store->reads, query, SQL_SANDBOX_BANK_ONE, &args, on_result, owner, err);
    pg_args_release(&args);
    return rc;
}

int sandbox_bank_newest(struct store *store, struct pg_query *query, int64_t at_most,
                        pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, at_most);
    int rc = pg_read(store->reads, query, SQL_SANDBOX_BANK_NEWEST, &args, on_result, owner, err);
    pg_args_release(&args);
    return rc;
}

void sandbox_bank_read(const PGresult *result, int row, struct sandbox_payment *payment)
{
    *payment = (struct sandbox_payment){.amount_minor = pg_get_int(result, row, 3),
                                        .paid_minor = pg_get_int(result, row, 11),
                                        .returned_minor = pg_get_int(result, row, 12),
                                        .movement_count = pg_get_int(result, row, 13),
                                        .changed_at = pg_get_instant(result, row, 14)};
    const struct {
        int column;
        char *to;
        size_t room;
    } texts[] = {
        {0, payment->payment_id, sizeof(payment->payment_id)},
        {1, payment->reference, sizeof(payment->reference)},
        {2, payment->method, sizeof(payment->method)},
        {4, payment->currency, sizeof(payment->currency)},
        {5, payment->title, sizeof(payment->title)},
        {6, payment->return_url, sizeof(payment->return_url)},
        {7, payment->callback_url, sizeof(payment->callback_url)},
        {8, payment->language, sizeof(payment->language)},
        {9, payment->state, sizeof(payment->state)},
        {10, payment->reason, sizeof(payment->reason)},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); ++i)
        copy_text(pg_get_text(result, row, texts[i].column), texts[i].to, texts[i].room);
}

void sandbox_bank_read_told(const PGresult *result, int row, struct sandbox_told *told)
{
    *told = (struct sandbox_told){.told_count = pg_get_int(result, row, 15),
                                  .delivered_count = pg_get_int(result, row, 16),
                                  .tries = pg_get_int(result, row, 17),
                                  .last_status = pg_get_int(result, row, 18)};
}

static void add_move(struct pg_tx *tx, const struct sandbox_payment *moved,
                     const struct sandbox_callback *callback, struct instant now,
                     pg_result_cb on_row)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_text(&args, span_str(moved->payment_id));
    pg_arg_int(&args, moved->movement_count);
    pg_arg_text(&args, span_str(moved->state));
    pg_arg_text(&args, span_str(moved->reason));
    pg_arg_int(&args, moved->paid_minor);
    pg_arg_int(&args, moved->returned_minor);
    pg_arg_instant(&args, now);
    pg_arg_text(&args, span_str(callback == NULL ? NULL : callback->callback_id));
    pg_arg_text(&args, span_str(callback == NULL ? NULL : callback->kind));
    pg_arg_text(&args, callback == NULL ? (struct span){NULL, 0} : callback->body);
    pg_arg_instant(&args, callback == NULL ? now : callback->tell_at);
    pg_tx_add(tx, SQL_SANDBOX_BANK_MOVE, &args, on_row);
    pg_args_release(&args);
}

int sandbox_bank_move(struct store *store, struct pg_tx *tx, const struct sandbox_payment *moved,
                      const struct sandbox_callback *callback, const struct sandbox_callback *extra,
                      struct instant now, pg_result_cb on_row, pg_done_cb on_done, void *owner,
                      struct err *err)
{
    int rc = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (rc != 0)
        return rc;
    add_move(tx, moved, callback, now, on_row);
    if (extra != NULL) {
        struct pg_args args;
        pg_args_init(&args);
        pg_arg_text(&args, span_str(extra->callback_id));
        pg_arg_text(&args, span_str(moved->payment_id));
        pg_arg_text(&args, span_str(extra->kind));
        pg_arg_text(&args, extra->body);
        pg_arg_instant(&args, now);
        pg_arg_instant(&args, extra->tell_at);
        pg_tx_add(tx, SQL_SANDBOX_BANK_TELL, &args, NULL);
        pg_args_release(&args);
    }
    pg_tx_commit(tx);
    return 0;
}

int sandbox_bank_callbacks_take(struct store *store, struct pg_tx *tx, struct instant now,
                                struct instant lent_until, pg_result_cb on_rows, pg_done_cb on_done,
                                void *owner, struct err *err)
{
    int rc = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (rc != 0)
        return rc;
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_instant(&args, now);
    pg_arg_instant(&args, lent_until);
    pg_arg_int(&args, SANDBOX_BANK_BATCH_MAX);
    pg_tx_add(tx, SQL_SANDBOX_BANK_CALLBACKS_TAKE, &args, on_rows);
    pg_args_release(&args);
    pg_tx_commit(tx);
    return 0;
}

void sandbox_bank_read_lent(const PGresult *result, int row, struct sandbox_lent *lent)
{
    *lent = (struct sandbox_lent){.callback_id = pg_get_text(result, row, 0),
                                  .body = pg_get_text(result, row, 1),
                                  .tries = (int)pg_get_int(result, row, 2),
                                  .callback_url = pg_get_text(result, row, 3)};
}

int sandbox_bank_callback_done(struct store *store, struct pg_tx *tx, struct span callback_id,
                               int status, struct instant now, struct instant again_at,
                               pg_done_cb on_done, void *owner, struct err *err)
{
    int rc = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (rc != 0)
        return rc;
    bool is_over = (status >= 200 && status <= 299) || again_at.us == 0;
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_text(&args, callback_id);
    pg_arg_int(&args, status);
    pg_arg_instant(&args, now);
    if (is_over)
        pg_arg_null(&args);
    else
        pg_arg_instant(&args, again_at);
    pg_tx_add(tx, SQL_SANDBOX_BANK_CALLBACK_DONE, &args, NULL);
    pg_args_release(&args);
    pg_tx_commit(tx);
    return 0;
}

int sandbox_bank_callbacks_hurry(struct store *store, struct pg_tx *tx, struct instant now,
                                 pg_done_cb on_done, void *owner, struct err *err)
{
    int rc = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (rc != 0)
        return rc;
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_instant(&args, now);
    pg_tx_add(tx, SQL_SANDBOX_BANK_CALLBACKS_HURRY, &args, NULL);
    pg_args_release(&args);
    pg_tx_commit(tx);
    return 0;
}

int sandbox_bank_forgotten(struct store *store, struct pg_query *query, pg_result_cb on_result,
                           void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, SANDBOX_BANK_BATCH_MAX);
    int rc = pg_read(store->reads, query, SQL_SANDBOX_BANK_FORGOTTEN, &args, on_result, owner, err);
    pg_args_release(&args);
    return rc;
}
