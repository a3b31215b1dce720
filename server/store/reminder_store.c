#include "store/reminder_store.h"

#include "sql.h"
#include "store/store.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

int reminder_candidates(struct store *store, struct pg_query *query, struct instant now,
                        struct instant hold_since, const struct reminder_place *place,
                        pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_instant(&args, now);
    pg_arg_instant(&args, hold_since);
    pg_arg_instant(&args, place->due_at);
    pg_arg_int(&args, place->key.customer_id);
    pg_arg_int(&args, place->key.invoice_id);
    pg_arg_text(&args, span_str(place->key.step));
    int rc = pg_read(store->reads, query, SQL_REMINDER_CANDIDATES, &args, on_result, owner, err);
    pg_args_release(&args);
    return rc;
}

int reminder_lost(struct store *store, struct pg_query *query, struct instant claimed_before,
                  pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_instant(&args, claimed_before);
    pg_arg_int(&args, REMINDER_BATCH_MAX);
    int rc = pg_read(store->reads, query, SQL_REMINDER_LOST, &args, on_result, owner, err);
    pg_args_release(&args);
    return rc;
}

static void read_key(const PGresult *result, int row, struct reminder_key *key)
{
    struct span step = pg_get_text(result, row, 2);
    assert(step.len < sizeof(key->step));
    *key = (struct reminder_key){.customer_id = pg_get_int(result, row, 0),
                                 .invoice_id = pg_get_int(result, row, 1)};
    memcpy(key->step, step.base, step.len);
}

static bool has_invoice(const struct reminder_keys *keys, const struct reminder_key *key)
{
    for (size_t i = 0; i < keys->count; ++i)
        if (keys->keys[i].customer_id == key->customer_id &&
            keys->keys[i].invoice_id == key->invoice_id)
            return true;
    return false;
}

void reminder_keys_add(struct reminder_keys *keys, const struct reminder_key *key)
{
    assert(keys->count < REMINDER_BATCH_MAX);
    if (!has_invoice(keys, key))
        keys->keys[keys->count++] = *key;
}

bool reminder_read_candidates(const PGresult *result, struct reminder_window *window,
                              struct reminder_place *place)
{
    int count = PQntuples(result);
    window->count = 0;
    assert(count <= REMINDER_WINDOW);
    for (int row = 0; row < count; ++row)
        if (pg_get_bool(result, row, 4))
            read_key(result, row, &window->keys[window->count++]);
    if (count < REMINDER_WINDOW)
        return false;
    read_key(result, count - 1, &place->key);
    place->due_at = pg_get_instant(result, count - 1, 3);
    return true;
}

void reminder_read_lost(const PGresult *result, int row, struct reminder_lost_claim *lost)
{
    read_key(result, row, &lost->key);
    lost->channel = pg_get_text(result, row, 3);
    lost->claimed_at = pg_get_instant(result, row, 4);
}

/* The keys as the arrays that statements take. */
struct key_arrays {
    int64_t customers[REMINDER_BATCH_MAX], invoices[REMINDER_BATCH_MAX];
    struct span steps[REMINDER_BATCH_MAX];
    size_t count;
};

static void put_key(struct key_arrays *arrays, const struct reminder_key *key)
{
    size_t i = arrays->count++;
    assert(i < REMINDER_BATCH_MAX);
    arrays->customers[i] = key->customer_id;
    arrays->invoices[i] = key->invoice_id;
    arrays->steps[i] = span_str(key->step);
}

static void add_lock_statements(struct pg_tx *tx, const struct key_arrays *arrays)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_ints(&args, arrays->customers, arrays->count);
    pg_tx_add(tx, SQL_REMINDER_LOCK_CUSTOMERS, &args, NULL);
    pg_arg_ints(&args, arrays->invoices, arrays->count);
    pg_tx_add(tx, SQL_REMINDER_LOCK_INVOICES, &args, NULL);
    pg_args_release(&args);
}

static void add_skip_statement(struct pg_tx *tx, const struct key_arrays *arrays,
                               struct instant now)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_ints(&args, arrays->customers, arrays->count);
    pg_arg_ints(&args, arrays->invoices, arrays->count);
    pg_arg_instant(&args, now);
    pg_tx_add(tx, SQL_REMINDER_SKIP_MISSED, &args, NULL);
    pg_args_release(&args);
}

int reminder_claim(struct store *store, struct pg_tx *tx, const struct reminder_claim_order *order,
                   pg_result_cb on_clock, pg_result_cb on_claimed, pg_done_cb on_done, void *owner,
                   struct err *err)
{
    struct key_arrays arrays = {.count = 0};
    for (size_t i = 0; i < order->keys->count; ++i)
        put_key(&arrays, &order->keys->keys[i]);
    int rc = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (rc != 0)
        return rc;
    pg_tx_add(tx, SQL_REMINDER_CLOCK, NULL, on_clock);
    add_lock_statements(tx, &arrays);
    add_skip_statement(tx, &arrays, order->now);
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_ints(&args, arrays.customers, arrays.count);
    pg_arg_ints(&args, arrays.invoices, arrays.count);
    pg_arg_texts(&args, arrays.steps, arrays.count);
    pg_arg_instant(&args, order->now);
    pg_arg_instant(&args, order->hold_since);
    pg_arg_texts(&args, order->channels, order->channel_count);
    pg_tx_add(tx, SQL_REMINDER_CLAIM, &args, on_claimed);
    pg_tx_add(tx, SQL_REMINDER_CLOCK, NULL, on_clock);
    pg_args_release(&args);
    pg_tx_commit(tx);
    return 0;
}

struct instant reminder_read_clock(const PGresult *result)
{
    return pg_get_instant(result, 0, 0);
}

void reminder_read_claimed(const PGresult *result, int row, struct reminder_claimed *claimed)
{
    read_key(result, row, &claimed->key);
    claimed->channel = pg_get_text(result, row, 3);
    claimed->address = pg_get_text(result, row, 4);
    claimed->language = pg_get_text(result, row, 5);
    claimed->number = pg_get_text(result, row, 6);
    claimed->product = pg_get_text(result, row, 7);
    claimed->currency = pg_get_text(result, row, 8);
    claimed->due_minor = pg_get_int(result, row, 9);
    claimed->due_date = pg_get_date(result, row, 10);
    claimed->link_no = (int32_t)pg_get_int(result, row, 11);
}

struct reminder_outcome *reminder_outcome_new(const struct reminder_key *key,
                                              struct instant claimed_at)
{
    struct reminder_outcome *outcome = calloc(1, sizeof(*outcome));
    if (outcome == NULL)
        abort();
    outcome->key = *key;
    outcome->claimed_at = claimed_at;
    return outcome;
}

void reminder_outcome_set(struct reminder_outcome *outcome, const char *state, const char *reason)
{
    outcome->state = state;
    snprintf(outcome->reason, sizeof(outcome->reason), "%s", reason);
}

/* What is said of the keys, beside them. */
struct outcome_arrays {
    struct key_arrays keys;
    struct span states[REMINDER_BATCH_MAX], reasons[REMINDER_BATCH_MAX];
    struct instant claimed[REMINDER_BATCH_MAX], again[REMINDER_BATCH_MAX];
};

static void add_finish_statement(struct pg_tx *tx, const struct outcome_arrays *arrays,
                                 struct instant now)
{
    size_t count = arrays->keys.count;
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_ints(&args, arrays->keys.customers, count);
    pg_arg_ints(&args, arrays->keys.invoices, count);
    pg_arg_texts(&args, arrays->keys.steps, count);
    pg_arg_texts(&args, arrays->states, count);
    pg_arg_texts(&args, arrays->reasons, count);
    pg_arg_instant(&args, now);
    pg_arg_instants(&args, arrays->claimed, count);
    pg_arg_instants(&args, arrays->again, count);
    pg_tx_add(tx, SQL_REMINDER_FINISH, &args, NULL);
    pg_args_release(&args);
}

int reminder_finish(struct store *store, struct pg_tx *tx, struct reminder_outcome *const *outcomes,
                    size_t count, struct instant now, pg_done_cb on_done, void *owner,
                    struct err *err)
{
    struct outcome_arrays arrays;
    arrays.keys.count = 0;
    for (size_t i = 0; i < count; ++i) {
        put_key(&arrays.keys, &outcomes[i]->key);
        arrays.states[i] = span_str(outcomes[i]->state);
        arrays.reasons[i] = span_str(outcomes[i]->reason);
        arrays.claimed[i] = outcomes[i]->claimed_at;
        arrays.again[i] = outcomes[i]->again_at;
    }
    int rc = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (rc != 0)
        return rc;
    add_lock_statements(tx, &arrays.keys);
    add_finish_statement(tx, &arrays, now);
    pg_tx_commit(tx);
    return 0;
}
