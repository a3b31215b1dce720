#include "store/work_item_store.h"

#include "sql.h"

#include <stdio.h>
#include <stdlib.h>

void work_item_print_id(const struct work_item_key *key, char out[WORK_ITEM_ID_MAX])
{
    snprintf(out, WORK_ITEM_ID_MAX, "%lld-%lld-%s", (long long)key->customer_id,
             (long long)key->invoice_id, key->step);
}

static bool take_number(struct span *text, int64_t *value)
{
    size_t i = 0;
    *value = 0;
    for (; i < text->len && i < 18 && text->base[i] >= '0' && text->base[i] <= '9'; ++i)
        *value = *value * 10 + (text->base[i] - '0');
    if (i == 0 || i == text->len || text->base[i] != '-')
        return false;
    *text = span_from(*text, i + 1);
    return true;
}

bool work_item_read_id(struct span text, struct work_item_key *key)
{
    if (text.len == 0 || !take_number(&text, &key->customer_id) ||
        !take_number(&text, &key->invoice_id) || text.len == 0 || text.len >= sizeof(key->step))
        return false;
    for (size_t i = 0; i < text.len; ++i)
        if (text.base[i] <= ' ' || text.base[i] > '~')
            return false;
    snprintf(key->step, sizeof(key->step), "%.*s", SPAN_ARG(text));
    return true;
}

static void lock(struct pg_tx *tx, int64_t customer_id)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, customer_id);
    pg_tx_add(tx, SQL_WORK_ITEM_LOCK, &args, NULL);
    pg_args_release(&args);
}

int work_item_add(struct store *store, struct pg_tx *tx, const struct work_item_new *item,
                  pg_done_cb on_done, void *owner, struct err *err)
{
    struct pg_args args;
    int rc = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (rc != 0)
        return rc;
    lock(tx, item->customer_id);
    pg_args_init(&args);
    pg_arg_int(&args, item->customer_id);
    pg_arg_int(&args, item->invoice_id);
    pg_arg_text(&args, item->step);
    pg_arg_text(&args, item->list);
    pg_arg_text(&args, item->text.base == NULL ? SPAN_LIT("") : item->text);
    pg_arg_instant(&args, item->now);
    pg_tx_add(tx, SQL_WORK_ITEM_ADD, &args, NULL);
    pg_args_release(&args);
    pg_tx_commit(tx);
    return 0;
}

int work_item_list(struct store *store, struct pg_query *query,
                   const struct work_item_search *search, pg_result_cb on_result, void *owner,
                   struct err *err)
{
    struct span states[3];
    size_t count = 0;
    for (; count < 3 && search->states[count] != NULL; ++count)
        states[count] = span_str(search->states[count]);
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_text(&args, span_str(search->list));
    pg_arg_text(&args, search->queue);
    pg_arg_texts(&args, states, count);
    pg_arg_instant(&args, search->after_at);
    pg_arg_int(&args, search->after.customer_id);
    pg_arg_int(&args, search->after.invoice_id);
    pg_arg_text(&args, span_str(search->after.step));
    pg_arg_int(&args, search->at_most);
    pg_arg_instant(&args, search->now);
    pg_arg_instant(&args, search->in_flight_since);
    int rc = pg_read(store->reads, query, SQL_WORK_ITEM_LIST, &args, on_result, owner, err);
    pg_args_release(&args);
    return rc;
}

void work_item_read(const PGresult *result, int row, struct work_item *item)
{
    struct span step = pg_get_text(result, row, 2);
    *item = (struct work_item){.key = {.customer_id = pg_get_int(result, row, 0),
                                       .invoice_id = pg_get_int(result, row, 1)},
                               .queue = pg_get_text(result, row, 3),
                               .state = pg_get_text(result, row, 4),
                               .reason = pg_get_text(result, row, 5),
                               .text = pg_get_text(result, row, 6),
                               .taken_by = pg_get_text(result, row, 7),
                               .outcome = pg_get_text(result, row, 8),
                               .note = pg_get_text(result, row, 9),
                               .created_at = pg_get_instant(result, row, 10),
                               .customer = pg_get_text(result, row, 11),
                               .name = pg_get_text(result, row, 12),
                               .phone = pg_get_text(result, row, 13),
                               .email = pg_get_text(result, row, 14),
                               .language = pg_get_text(result, row, 15),
                               .number = pg_get_text(result, row, 16),
                               .kind = pg_get_text(result, row, 17),
                               .product = pg_get_text(result, row, 18),
                               .currency = pg_get_text(result, row, 19),
                               .amount_minor = pg_get_int(result, row, 20),
                               .due_minor = pg_get_int(result, row, 21),
                               .issue_date = pg_get_date(result, row, 22),
                               .due_date = pg_get_date(result, row, 23),
                               .account = pg_get_text(result, row, 24),
                               .debts = pg_get_text(result, row, 25),
                               .sums = pg_get_text(result, row, 26),
                               .history = pg_get_text(result, row, 27)};
    snprintf(item->key.step, sizeof(item->key.step), "%.*s", SPAN_ARG(step));
}

static void add_promise(struct pg_tx *tx, const struct work_item_outcome *outcome)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, outcome->key.customer_id);
    pg_arg_int(&args, outcome->key.invoice_id);
    pg_arg_text(&args, span_str(outcome->key.step));
    pg_arg_instant(&args, outcome->now);
    pg_arg_date(&args, outcome->promised_on);
    pg_arg_date(&args, outcome->promise_over_on);
    pg_tx_add(tx, SQL_PROMISE_GIVE_IN_CALL, &args, NULL);
    pg_args_release(&args);
}

int work_item_settle(struct store *store, struct pg_tx *tx, const struct work_item_outcome *outcome,
                     pg_result_cb on_row, pg_done_cb on_done, void *owner, struct err *err)
{
    struct pg_args args;
    int rc = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (rc != 0)
        return rc;
    lock(tx, outcome->key.customer_id);
    pg_args_init(&args);
    pg_arg_int(&args, outcome->key.customer_id);
    pg_arg_int(&args, outcome->key.invoice_id);
    pg_arg_text(&args, span_str(outcome->key.step));
    pg_arg_text(&args, outcome->state);
    pg_arg_text(&args, outcome->taken_by);
    pg_arg_text(&args, outcome->outcome);
    pg_arg_text(&args, outcome->note);
    pg_arg_instant(&args, outcome->now);
    pg_arg_text(&args, outcome->hold_kind);
    pg_arg_text(&args, outcome->hold_reason);
    if (outcome->hold_kind.base == NULL)
        pg_arg_null(&args);
    else
        pg_arg_instant(&args, outcome->hold_until);
    if (outcome->promised_on == 0)
        pg_arg_null(&args);
    else
        pg_arg_date(&args, outcome->promised_on);
    pg_tx_add(tx, SQL_WORK_ITEM_SETTLE, &args, on_row);
    pg_args_release(&args);
    if (outcome->promised_on != 0)
        add_promise(tx, outcome);
    pg_tx_commit(tx);
    return 0;
}

int work_item_export(struct store *store, struct pg_tx *tx, const struct work_item_key *keys,
                     size_t count, struct instant now, pg_result_cb on_row, pg_done_cb on_done,
                     void *owner, struct err *err)
{
    int rc = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (rc != 0)
        return rc;
    int64_t *customers = calloc(count + 1, sizeof(int64_t)),
            *invoices = calloc(count + 1, sizeof(int64_t));
    struct span *steps = calloc(count + 1, sizeof(struct span));
    if (customers == NULL || invoices == NULL || steps == NULL)
        abort();
    for (size_t i = 0; i < count; ++i) {
        customers[i] = keys[i].customer_id;
        invoices[i] = keys[i].invoice_id;
        steps[i] = span_str(keys[i].step);
    }
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_ints(&args, customers, count);
    pg_tx_add(tx, SQL_REMINDER_LOCK_CUSTOMERS, &args, NULL);
    pg_arg_ints(&args, invoices, count);
    pg_tx_add(tx, SQL_REMINDER_LOCK_INVOICES, &args, NULL);
    pg_arg_texts(&args, steps, count);
    pg_arg_instant(&args, now);
    pg_tx_add(tx, SQL_WORK_ITEM_EXPORT, &args, on_row);
    pg_args_release(&args);
    pg_tx_commit(tx);
    free(customers);
    free(invoices);
    free(steps);
    return 0;
}
