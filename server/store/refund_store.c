#include "store/refund_store.h"

#include "sql.h"
#include "store/store.h"

#include <stdio.h>

void refund_key_print(const struct refund_key *key, char out[REFUND_ID_TEXT_MAX])
{
    snprintf(out, REFUND_ID_TEXT_MAX, "%lld-%lld-%lld", (long long)key->customer_id,
             (long long)key->payment_no, (long long)key->refund_no);
}

bool refund_key_read(struct span text, struct refund_key *key)
{
    int64_t *const parts[] = {&key->customer_id, &key->payment_no, &key->refund_no};
    size_t at = 0;
    for (int part = 0; part < 3; ++part) {
        size_t from = at;
        for (*parts[part] = 0;
             at < text.len && at - from < 12 && text.base[at] >= '0' && text.base[at] <= '9'; ++at)
            *parts[part] = *parts[part] * 10 + (text.base[at] - '0');
        bool is_last = part == 2;
        if (at == from || (is_last ? at != text.len : at == text.len || text.base[at++] != '-'))
            return false;
    }
    return true;
}

/* The statements that follow see all that was done to this customer before. */
static void add_lock(struct pg_tx *tx, int64_t customer_id)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, customer_id);
    pg_tx_add(tx, SQL_PAYMENT_LOCK, &args, NULL);
    pg_args_release(&args);
}

static void add_settle(struct pg_tx *tx, const struct refund_order *order)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, order->customer_id);
    pg_arg_int(&args, order->payment_no);
    pg_arg_instant(&args, order->now);
    pg_tx_add(tx, SQL_REFUND_SETTLE, &args, NULL);
    pg_args_release(&args);
}

int refund_make(struct store *store, struct pg_tx *tx, const struct refund_order *order,
                pg_result_cb on_made, pg_done_cb on_done, void *owner, struct err *err)
{
    int code = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (code != 0)
        return code;
    add_lock(tx, order->customer_id);
    add_settle(tx, order);
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, order->customer_id);
    pg_arg_int(&args, order->invoice_id);
    pg_arg_int(&args, order->payment_no);
    if (order->amount_minor == PG_NULL_INT)
        pg_arg_null(&args);
    else
        pg_arg_int(&args, order->amount_minor);
    pg_arg_text(&args, order->reason);
    pg_arg_text(&args, order->asked_by);
    pg_arg_text(&args, order->idempotency_key);
    pg_arg_int(&args, order->alone_max_minor);
    pg_arg_instant(&args, order->now);
    pg_arg_instant(&args, order->wall);
    pg_arg_texts(&args, order->givers, order->giver_count);
    pg_tx_add(tx, SQL_REFUND_MAKE, &args, on_made);
    pg_args_release(&args);
    pg_tx_commit(tx);
    return 0;
}

void refund_read_made(const PGresult *result, struct refund_made *made)
{
    *made = (struct refund_made){0};
    if (PQntuples(result) == 0)
        return;
    made->has_payment = true;
    made->left_minor = pg_get_int(result, 0, 0);
    made->currency = pg_get_text(result, 0, 1);
    made->gives_back = pg_get_bool(result, 0, 2);
    if (pg_is_null(result, 0, 3))
        return;
    made->refund_no = pg_get_int(result, 0, 3);
    made->amount_minor = pg_get_int(result, 0, 4);
    made->reason = pg_get_text(result, 0, 5);
    made->state = pg_get_text(result, 0, 6);
    made->is_new = pg_get_bool(result, 0, 7);
}

static void add_key(struct pg_args *args, const struct refund_key *key)
{
    pg_arg_int(args, key->customer_id);
    pg_arg_int(args, key->payment_no);
    pg_arg_int(args, key->refund_no);
}

int refund_decide(struct store *store, struct pg_tx *tx, const struct refund_decision *decision,
                  pg_result_cb on_decided, pg_done_cb on_done, void *owner, struct err *err)
{
    int code = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (code != 0)
        return code;
    add_lock(tx, decision->key.customer_id);
    struct pg_args args;
    pg_args_init(&args);
    add_key(&args, &decision->key);
    pg_arg_text(&args, decision->by);
    pg_arg_bool(&args, decision->is_allowed);
    pg_arg_instant(&args, decision->now);
    pg_arg_instant(&args, decision->wall);
    pg_tx_add(tx, SQL_REFUND_DECIDE, &args, on_decided);
    pg_args_release(&args);
    pg_tx_commit(tx);
    return 0;
}

void refund_read_decided(const PGresult *result, struct refund_decided *decided)
{
    *decided = (struct refund_decided){0};
    if (PQntuples(result) == 0)
        return;
    decided->has_refund = true;
    decided->state = pg_get_text(result, 0, 0);
    decided->is_own = pg_get_bool(result, 0, 1);
    decided->state_now = pg_get_text(result, 0, 2);
}

int refund_list(struct store *store, struct pg_query *query, struct span state, int64_t count_max,
                pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_text(&args, state);
    pg_arg_int(&args, count_max);
    int code = pg_read(store->reads, query, SQL_REFUND_LIST, &args, on_result, owner, err);
    pg_args_release(&args);
    return code;
}

void refund_read_listed(const PGresult *result, int row, struct refund_listed *listed)
{
    *listed = (struct refund_listed){
        .key = {pg_get_int(result, row, 0), pg_get_int(result, row, 1), pg_get_int(result, row, 2)},
        .invoice_id = pg_get_int(result, row, 3),
        .provider = pg_get_text(result, row, 4),
        .account = pg_get_text(result, row, 5),
        .amount_minor = pg_get_int(result, row, 6),
        .currency = pg_get_text(result, row, 7),
        .reason = pg_get_text(result, row, 8),
        .state = pg_get_text(result, row, 9),
        .state_reason = pg_get_text(result, row, 10),
        .asked_by = pg_get_text(result, row, 11),
        .decided_by = pg_get_text(result, row, 12),
        .refund_id = pg_get_text(result, row, 13),
        .created_at = pg_get_instant(result, row, 14),
        .changed_at = pg_get_instant(result, row, 15),
    };
}

int refund_claim(struct store *store, struct pg_tx *tx, struct span provider, struct span account,
                 struct instant wall, struct instant now, int64_t count_max, pg_result_cb on_row,
                 pg_done_cb on_done, void *owner, struct err *err)
{
    int code = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (code != 0)
        return code;
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_instant(&args, wall);
    pg_arg_int(&args, count_max);
    pg_arg_text(&args, provider);
    pg_arg_text(&args, account);
    pg_arg_instant(&args, now);
    pg_tx_add(tx, SQL_REFUND_CLAIM, &args, on_row);
    pg_args_release(&args);
    pg_tx_commit(tx);
    return 0;
}

void refund_read_due(const PGresult *result, int row, struct refund_due *due)
{
    *due = (struct refund_due){
        .key = {pg_get_int(result, row, 0), pg_get_int(result, row, 1), pg_get_int(result, row, 2)},
        .is_asked = span_is_str(pg_get_text(result, row, 3), "asked"),
        .amount_minor = pg_get_int(result, row, 4),
        .currency = pg_get_text(result, row, 5),
        .movement = pg_get_text(result, row, 6),
        .refund_id = pg_get_text(result, row, 7),
        .key_no = pg_get_int(result, row, 8),
        .provider_reference = pg_get_text(result, row, 9),
    };
}

static int save(struct store *store, struct pg_tx *tx, int statement, const struct refund_key *key,
                struct span word, struct instant now, pg_done_cb on_done, void *owner,
                struct err *err)
{
    int code = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (code != 0)
        return code;
    add_lock(tx, key->customer_id);
    struct pg_args args;
    pg_args_init(&args);
    add_key(&args, key);
    pg_arg_text(&args, word);
    pg_arg_instant(&args, now);
    pg_tx_add(tx, statement, &args, NULL);
    pg_args_release(&args);
    pg_tx_commit(tx);
    return 0;
}

int refund_asked(struct store *store, struct pg_tx *tx, const struct refund_key *key,
                 struct span refund_id, struct instant now, pg_done_cb on_done, void *owner,
                 struct err *err)
{
    struct span id = refund_id.len == 0 ? (struct span){NULL, 0} : refund_id;
    return save(store, tx, SQL_REFUND_ASKED, key, id, now, on_done, owner, err);
}

int refund_name(struct store *store, struct pg_tx *tx, const struct refund_key *key,
                struct span refund_id, struct instant wall, pg_done_cb on_done, void *owner,
                struct err *err)
{
    return save(store, tx, SQL_REFUND_NAME, key, refund_id, wall, on_done, owner, err);
}

int refund_refuse(struct store *store, struct pg_tx *tx, const struct refund_key *key,
                  struct span reason, struct instant now, pg_done_cb on_done, void *owner,
                  struct err *err)
{
    return save(store, tx, SQL_REFUND_REFUSE, key, reason, now, on_done, owner, err);
}
