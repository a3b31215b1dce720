#include "store/reminder_store.h"

#include "base/crypto.h"
#include "domain/event.h"
#include "sql.h"
#include "store/campaign_store.h"
#include "store/store.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

void reminder_manners_init(struct reminder_manners *manners, const struct reminder_rules *rules,
                           struct instant now)
{
    manners->rules = rules;
    manners->days_off_count =
        reminder_days_off(rules, (int32_t)(instant_seconds(now) / 86400), manners->days_off);
}

/* As candidates and put-off number them. */
static void put_window(struct pg_args *args, const struct reminder_manners *manners)
{
    pg_arg_int(args, manners->rules->feed_age_max_s);
    pg_arg_int(args, manners->rules->window_from_second);
    pg_arg_int(args, manners->rules->window_to_second);
    pg_arg_int(args, manners->rules->window_weekdays);
    pg_arg_dates(args, manners->days_off, manners->days_off_count);
}

static void put_budget(struct pg_args *args, const struct reminder_manners *manners)
{
    pg_arg_int(args, manners->rules->budget_day);
    pg_arg_int(args, manners->rules->budget_week);
    pg_arg_int(args, manners->rules->budget_30_days);
}

int reminder_candidates(struct store *store, struct pg_query *query, struct instant now,
                        struct instant hold_since, const struct reminder_place *place,
                        const struct reminder_ways *ways, const struct reminder_manners *manners,
                        pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_instant(&args, now);
    pg_arg_instant(&args, hold_since);
    pg_arg_instant(&args, place->try_at);
    pg_arg_int(&args, place->key.customer_id);
    pg_arg_int(&args, place->key.invoice_id);
    pg_arg_text(&args, span_str(place->key.step));
    pg_arg_texts(&args, ways->apps, ways->app_count);
    pg_arg_texts(&args, ways->kinds, ways->kind_count);
    pg_arg_texts(&args, manners->rules->consents, manners->rules->consent_count);
    put_window(&args, manners);
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

bool reminder_batch_has(const struct reminder_batch *batch, const struct reminder_key *key)
{
    for (size_t i = 0; i < batch->count; ++i)
        if (batch->items[i].key.customer_id == key->customer_id &&
            batch->items[i].key.invoice_id == key->invoice_id)
            return true;
    return false;
}

bool reminder_batch_has_customer(const struct reminder_batch *batch, int64_t customer_id)
{
    for (size_t i = 0; i < batch->count; ++i)
        if (batch->items[i].key.customer_id == customer_id)
            return true;
    return false;
}

static void read_candidate(const PGresult *result, int row, struct reminder_candidate *candidate)
{
    struct span devices = pg_get_text(result, row, 6), channel = pg_get_text(result, row, 9);
    read_key(result, row, &candidate->key);
    candidate->due_at = pg_get_instant(result, row, 3);
    candidate->next_at = (struct instant){0};
    if (!pg_is_null(result, row, 5))
        candidate->next_at = pg_get_instant(result, row, 5);
    snprintf(candidate->devices, sizeof(candidate->devices), "%.*s", SPAN_ARG(devices));
    snprintf(candidate->channel, sizeof(candidate->channel), "%.*s", SPAN_ARG(channel));
}

/* Where the rows of the window's last customer begin: they go with those that may follow in the
 * next one. All of them, when no other customer is there. */
static int without_last_customer(const PGresult *result, int count)
{
    int end = count;
    int64_t last = pg_get_int(result, count - 1, 0);
    while (end > 0 && pg_get_int(result, end - 1, 0) == last)
        --end;
    return end == 0 ? count : end;
}

bool reminder_read_candidates(const PGresult *result, struct reminder_window *window,
                              struct reminder_place *place)
{
    int count = PQntuples(result);
    bool is_last = count < REMINDER_WINDOW;
    window->count = 0;
    assert(count <= REMINDER_WINDOW);
    if (!is_last)
        count = without_last_customer(result, count);
    for (int row = 0; row < count; ++row)
        if (pg_get_bool(result, row, 4))
            read_candidate(result, row, &window->items[window->count++]);
    if (is_last)
        return false;
    read_key(result, count - 1, &place->key);
    place->try_at = pg_get_instant(result, count - 1, 7);
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

static void add_expire_statement(struct pg_tx *tx, const struct key_arrays *arrays,
                                 struct instant now)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_ints(&args, arrays->customers, arrays->count);
    pg_arg_ints(&args, arrays->invoices, arrays->count);
    pg_arg_texts(&args, arrays->steps, arrays->count);
    pg_arg_instant(&args, now);
    pg_tx_add(tx, SQL_REMINDER_EXPIRE_PUSHES, &args, NULL);
    pg_args_release(&args);
}

static void add_put_off_statement(struct pg_tx *tx, const struct key_arrays *arrays,
                                  const struct reminder_claim_order *order, pg_result_cb on_put_off)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_ints(&args, arrays->customers, arrays->count);
    pg_arg_ints(&args, arrays->invoices, arrays->count);
    pg_arg_texts(&args, arrays->steps, arrays->count);
    pg_arg_instant(&args, order->now);
    put_window(&args, order->manners);
    put_budget(&args, order->manners);
    pg_tx_add(tx, SQL_REMINDER_PUT_OFF, &args, on_put_off);
    pg_args_release(&args);
}

static void add_claim_statement(struct pg_tx *tx, const struct key_arrays *arrays,
                                const struct reminder_claim_order *order, pg_result_cb on_claimed)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_ints(&args, arrays->customers, arrays->count);
    pg_arg_ints(&args, arrays->invoices, arrays->count);
    pg_arg_texts(&args, arrays->steps, arrays->count);
    pg_arg_instant(&args, order->now);
    pg_arg_instant(&args, order->hold_since);
    pg_arg_texts(&args, order->ways->kinds, order->ways->kind_count);
    pg_arg_texts(&args, order->ways->apps, order->ways->app_count);
    pg_arg_texts(&args, order->apps_up, order->app_up_count);
    pg_arg_instants(&args, order->push_expires_at, arrays->count);
    pg_arg_texts(&args, order->manners->rules->consents, order->manners->rules->consent_count);
    pg_arg_bool(&args, order->manners->rules->merges);
    put_budget(&args, order->manners);
    pg_tx_add(tx, SQL_REMINDER_CLAIM, &args, on_claimed);
    pg_args_release(&args);
}

static void add_campaign_statement(struct pg_tx *tx, const struct reminder_batch *batch,
                                   pg_result_cb on_texts)
{
    int64_t customer_id[REMINDER_BATCH_MAX], invoice_id[REMINDER_BATCH_MAX];
    struct span step[REMINDER_BATCH_MAX];
    size_t count = 0;
    for (size_t i = 0; i < batch->count; ++i) {
        const struct reminder_key *key = &batch->items[i].key;
        if (strncmp(key->step, "campaign_", 9) != 0)
            continue;
        customer_id[count] = key->customer_id;
        invoice_id[count] = key->invoice_id;
        step[count++] = span_str(key->step);
    }
    if (count > 0)
        campaign_add_texts(tx, customer_id, invoice_id, step, count, on_texts);
}

int reminder_claim(struct store *store, struct pg_tx *tx, const struct reminder_claim_order *order,
                   pg_result_cb on_clock, pg_result_cb on_put_off, pg_result_cb on_claimed,
                   pg_done_cb on_done, void *owner, struct err *err)
{
    struct key_arrays arrays = {.count = 0};
    for (size_t i = 0; i < order->batch->count; ++i)
        put_key(&arrays, &order->batch->items[i].key);
    int rc = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (rc != 0)
        return rc;
    pg_tx_add(tx, SQL_REMINDER_CLOCK, NULL, on_clock);
    add_lock_statements(tx, &arrays);
    add_skip_statement(tx, &arrays, order->now);
    if (order->ways->app_count > 0)
        add_expire_statement(tx, &arrays, order->now);
    add_put_off_statement(tx, &arrays, order, on_put_off);
    add_campaign_statement(tx, order->batch, order->on_campaign_texts);
    add_claim_statement(tx, &arrays, order, on_claimed);
    pg_tx_add(tx, SQL_REMINDER_CLOCK, NULL, on_clock);
    pg_tx_commit(tx);
    return 0;
}

size_t reminder_read_put_off(const PGresult *result)
{
    return (size_t)pg_get_int(result, 0, 0);
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
    claimed->is_claimed = pg_get_bool(result, row, 12);
    claimed->message_no = (int32_t)pg_get_int(result, row, 26);
    claimed->is_lead = pg_get_bool(result, row, 27);
    claimed->account = pg_get_text(result, row, 28);
    claimed->name = pg_get_text(result, row, 29);
    claimed->text_name = pg_get_text(result, row, 30);
    claimed->tone = pg_get_text(result, row, 31);
    claimed->time_zone = pg_get_text(result, row, 32);
    claimed->today = pg_get_date(result, row, 33);
    claimed->campaign_id = pg_get_int(result, row, 34);
    claimed->campaign_fields = pg_get_text(result, row, 35);
    claimed->plan = pg_get_text(result, row, 36);
    claimed->offer_until = pg_is_null(result, row, 37) ? 0 : pg_get_date(result, row, 37);
    claimed->offer_first_minor = pg_get_int(result, row, 38);
    claimed->offer_first_date = pg_get_date(result, row, 39);
    claimed->offer_total_minor = pg_get_int(result, row, 40);
    claimed->installation = pg_get_text(result, row, 13);
    if (claimed->installation.base == NULL)
        return;
    claimed->app = pg_get_text(result, row, 14);
    claimed->service = pg_get_text(result, row, 15);
    claimed->environment = pg_get_text(result, row, 16);
    claimed->target_kind = pg_get_text(result, row, 17);
    claimed->token = pg_get_text(result, row, 18);
    claimed->device_language = pg_get_text(result, row, 19);
    claimed->registered_at = pg_get_instant(result, row, 20);
    claimed->has_changed_environment = pg_get_bool(result, row, 21);
    claimed->push_id = pg_get_text(result, row, 22);
    claimed->attempts = (int)pg_get_int(result, row, 23);
    claimed->expires_at = pg_get_instant(result, row, 24);
    claimed->is_accepted = pg_get_bool(result, row, 25);
}

struct reminder_outcome *reminder_outcome_new(const struct reminder_key *key,
                                              struct instant claimed_at, size_t push_count)
{
    struct reminder_outcome *outcome =
        calloc(1, sizeof(*outcome) + push_count * sizeof(outcome->pushes[0]));
    if (outcome == NULL)
        abort();
    outcome->key = *key;
    outcome->claimed_at = claimed_at;
    outcome->push_count = push_count;
    outcome->is_lead = true;
    return outcome;
}

void reminder_outcome_free(struct reminder_outcome *outcome)
{
    if (outcome == NULL)
        return;
    free(outcome->kept);
    free(outcome);
}

void reminder_outcome_set(struct reminder_outcome *outcome, const char *state, struct span reason)
{
    outcome->state = state;
    snprintf(outcome->reason, sizeof(outcome->reason), "%.*s", SPAN_ARG(reason));
}

void reminder_push_set(struct reminder_push *push, const char *state, struct span reason)
{
    push->state = state;
    snprintf(push->reason, sizeof(push->reason), "%.*s", SPAN_ARG(reason));
}

/* What is said of the keys, beside them. */
struct outcome_arrays {
    struct key_arrays keys;
    struct span states[REMINDER_BATCH_MAX], reasons[REMINDER_BATCH_MAX];
    struct instant claimed[REMINDER_BATCH_MAX], again[REMINDER_BATCH_MAX];
    struct instant sent[REMINDER_BATCH_MAX];
    bool leads[REMINDER_BATCH_MAX], perhaps[REMINDER_BATCH_MAX];
    int64_t parts[REMINDER_BATCH_MAX], prices[REMINDER_BATCH_MAX];
    struct span gateway_ids[REMINDER_BATCH_MAX], texts[REMINDER_BATCH_MAX];
    struct span kept[REMINDER_BATCH_MAX], salts[REMINDER_BATCH_MAX]; /* null: none */
    uint8_t salt_bytes[REMINDER_BATCH_MAX][EVENT_SALT_LEN];
};

static void put_outcome(struct outcome_arrays *arrays, const struct reminder_outcome *outcome)
{
    size_t i = arrays->keys.count;
    put_key(&arrays->keys, &outcome->key);
    arrays->states[i] = span_str(outcome->state);
    arrays->reasons[i] = span_str(outcome->reason);
    arrays->claimed[i] = outcome->claimed_at;
    arrays->again[i] = outcome->again_at;
    arrays->sent[i] = outcome->sent_at;
    arrays->leads[i] = outcome->is_lead;
    arrays->parts[i] = outcome->parts;
    arrays->prices[i] = outcome->price_micro;
    arrays->gateway_ids[i] = span_str(outcome->gateway_id);
    arrays->texts[i] = span_str(outcome->text);
    arrays->perhaps[i] = outcome->is_perhaps_sent;
    arrays->kept[i] = arrays->salts[i] = span_of(NULL, 0);
    if (outcome->kept == NULL)
        return;
    arrays->kept[i] = span_str(outcome->kept);
    random_bytes(arrays->salt_bytes[i], EVENT_SALT_LEN);
    arrays->salts[i] = span_of((const char *)arrays->salt_bytes[i], EVENT_SALT_LEN);
}

static void add_finish_statement(struct pg_tx *tx, const struct outcome_arrays *arrays,
                                 struct instant now, pg_result_cb on_crossed)
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
    pg_arg_instants(&args, arrays->sent, count);
    pg_arg_bools(&args, arrays->leads, count);
    pg_arg_ints(&args, arrays->parts, count);
    pg_arg_ints(&args, arrays->prices, count);
    pg_arg_texts(&args, arrays->gateway_ids, count);
    pg_arg_texts(&args, arrays->texts, count);
    pg_arg_bools(&args, arrays->perhaps, count);
    pg_arg_texts(&args, arrays->kept, count);
    pg_arg_bytes_array(&args, arrays->salts, count);
    pg_tx_add(tx, SQL_REMINDER_FINISH, &args, on_crossed);
    pg_args_release(&args);
}

/* Columns for the statements about pushes: of all pushes of a flush, or some of them. */
struct push_arrays {
    int64_t *customers, *invoices;
    struct span *steps, *installations, *states, *reasons;
    struct instant *claimed, *registered;
    size_t count, room;
};

static void *column_of(size_t count, size_t size)
{
    void *column = malloc(count * size);
    if (column == NULL)
        abort();
    return column;
}

static void init_push_arrays(struct push_arrays *arrays, size_t room)
{
    *arrays = (struct push_arrays){
        .customers = column_of(room, sizeof(int64_t)),
        .invoices = column_of(room, sizeof(int64_t)),
        .steps = column_of(room, sizeof(struct span)),
        .installations = column_of(room, sizeof(struct span)),
        .states = column_of(room, sizeof(struct span)),
        .reasons = column_of(room, sizeof(struct span)),
        .claimed = column_of(room, sizeof(struct instant)),
        .registered = column_of(room, sizeof(struct instant)),
        .room = room,
    };
}

static void release_push_arrays(struct push_arrays *arrays)
{
    free(arrays->customers);
    free(arrays->invoices);
    free(arrays->steps);
    free(arrays->installations);
    free(arrays->states);
    free(arrays->reasons);
    free(arrays->claimed);
    free(arrays->registered);
}

static void put_push(struct push_arrays *arrays, const struct reminder_outcome *outcome,
                     const struct reminder_push *push)
{
    size_t i = arrays->count++;
    assert(i < arrays->room);
    arrays->customers[i] = outcome->key.customer_id;
    arrays->invoices[i] = outcome->key.invoice_id;
    arrays->steps[i] = span_str(outcome->key.step);
    arrays->claimed[i] = outcome->claimed_at;
    if (push == NULL)
        return;
    arrays->installations[i] = span_str(push->installation);
    arrays->states[i] = span_str(push->state);
    arrays->reasons[i] = span_str(push->reason);
    arrays->registered[i] = push->registered_at;
}

/* Those whose device is to be so; all of them for -1. */
static void put_pushes(struct push_arrays *arrays, struct reminder_outcome *const *outcomes,
                       size_t count, int device)
{
    arrays->count = 0;
    for (size_t i = 0; i < count; ++i)
        for (size_t p = 0; p < outcomes[i]->push_count; ++p)
            if (device == -1 || (int)outcomes[i]->pushes[p].device == device)
                put_push(arrays, outcomes[i], &outcomes[i]->pushes[p]);
}

static void add_push_statement(struct pg_tx *tx, const struct push_arrays *arrays,
                               struct instant now)
{
    struct pg_args args;
    if (arrays->count == 0)
        return;
    pg_args_init(&args);
    pg_arg_ints(&args, arrays->customers, arrays->count);
    pg_arg_ints(&args, arrays->invoices, arrays->count);
    pg_arg_texts(&args, arrays->steps, arrays->count);
    pg_arg_texts(&args, arrays->installations, arrays->count);
    pg_arg_texts(&args, arrays->states, arrays->count);
    pg_arg_texts(&args, arrays->reasons, arrays->count);
    pg_arg_instants(&args, arrays->claimed, arrays->count);
    pg_arg_instant(&args, now);
    pg_tx_add(tx, SQL_REMINDER_FINISH_PUSHES, &args, NULL);
    pg_args_release(&args);
}

static void add_device_statement(struct pg_tx *tx, const struct push_arrays *arrays,
                                 struct instant now, int statement)
{
    struct pg_args args;
    if (arrays->count == 0)
        return;
    pg_args_init(&args);
    pg_arg_ints(&args, arrays->customers, arrays->count);
    pg_arg_texts(&args, arrays->installations, arrays->count);
    pg_arg_instants(&args, arrays->registered, arrays->count);
    if (statement == SQL_REMINDER_END_DEVICES) {
        pg_arg_texts(&args, arrays->reasons, arrays->count);
        pg_arg_instant(&args, now);
    }
    pg_tx_add(tx, statement, &args, NULL);
    pg_args_release(&args);
}

static void add_lose_statement(struct pg_tx *tx, struct push_arrays *arrays,
                               struct reminder_outcome *const *outcomes, size_t count)
{
    struct pg_args args;
    arrays->count = 0;
    for (size_t i = 0; i < count; ++i)
        if (outcomes[i]->is_lost)
            put_push(arrays, outcomes[i], NULL);
    if (arrays->count == 0)
        return;
    pg_args_init(&args);
    pg_arg_ints(&args, arrays->customers, arrays->count);
    pg_arg_ints(&args, arrays->invoices, arrays->count);
    pg_arg_texts(&args, arrays->steps, arrays->count);
    pg_arg_instants(&args, arrays->claimed, arrays->count);
    pg_tx_add(tx, SQL_REMINDER_LOSE_PUSHES, &args, NULL);
    pg_args_release(&args);
}

static void add_all_push_statements(struct pg_tx *tx, struct reminder_outcome *const *outcomes,
                                    size_t count, struct instant now)
{
    size_t room = count;
    for (size_t i = 0; i < count; ++i)
        room += outcomes[i]->push_count;
    struct push_arrays arrays;
    init_push_arrays(&arrays, room);
    put_pushes(&arrays, outcomes, count, -1);
    add_push_statement(tx, &arrays, now);
    put_pushes(&arrays, outcomes, count, REMINDER_DEVICE_DEAD);
    add_device_statement(tx, &arrays, now, SQL_REMINDER_END_DEVICES);
    put_pushes(&arrays, outcomes, count, REMINDER_DEVICE_MOVED);
    add_device_statement(tx, &arrays, now, SQL_REMINDER_MOVE_DEVICES);
    add_lose_statement(tx, &arrays, outcomes, count);
    release_push_arrays(&arrays);
}

/* Beside the outcomes that made them demands: their clock begins with the same commit. */
static void add_demand_statement(struct pg_tx *tx, struct reminder_outcome *const *outcomes,
                                 size_t count, struct instant now)
{
    int64_t customers[REMINDER_BATCH_MAX], invoices[REMINDER_BATCH_MAX];
    struct span steps[REMINDER_BATCH_MAX];
    int32_t received[REMINDER_BATCH_MAX], pay[REMINDER_BATCH_MAX], request[REMINDER_BATCH_MAX];
    size_t demands = 0;
    for (size_t i = 0; i < count; ++i) {
        const struct reminder_outcome *o = outcomes[i];
        if (!o->is_demand || strcmp(o->state, "failed") == 0 || strcmp(o->state, "scheduled") == 0)
            continue;
        customers[demands] = o->key.customer_id;
        invoices[demands] = o->key.invoice_id;
        steps[demands] = span_str(o->key.step);
        received[demands] = date_to_days(o->demand.received_on);
        pay[demands] = date_to_days(o->demand.pay_by);
        request[demands++] = date_to_days(o->demand.request_by);
    }
    if (demands == 0)
        return;
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_ints(&args, customers, demands);
    pg_arg_ints(&args, invoices, demands);
    pg_arg_texts(&args, steps, demands);
    pg_arg_dates(&args, received, demands);
    pg_arg_dates(&args, pay, demands);
    pg_arg_dates(&args, request, demands);
    pg_arg_instant(&args, now);
    pg_tx_add(tx, SQL_DEMAND_NOTE, &args, NULL);
    pg_args_release(&args);
}

struct reminder_crossed reminder_read_crossed(const PGresult *result)
{
    return (struct reminder_crossed){.count = pg_get_int(result, 0, 0),
                                     .all_ms = pg_get_int(result, 0, 1)};
}

int reminder_finish(struct store *store, struct pg_tx *tx, struct reminder_outcome *const *outcomes,
                    size_t count, struct instant now, pg_result_cb on_crossed, pg_done_cb on_done,
                    void *owner, struct err *err)
{
    struct outcome_arrays arrays;
    arrays.keys.count = 0;
    for (size_t i = 0; i < count; ++i)
        put_outcome(&arrays, outcomes[i]);
    int rc = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (rc != 0)
        return rc;
    add_lock_statements(tx, &arrays.keys);
    add_all_push_statements(tx, outcomes, count, now);
    add_finish_statement(tx, &arrays, now, on_crossed);
    add_demand_statement(tx, outcomes, count, now);
    pg_tx_commit(tx);
    return 0;
}
