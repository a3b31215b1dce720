#include "store/payment_store.h"

#include "sql.h"
#include "store/store.h"

#include <assert.h>

static void add_lock(struct pg_tx *tx, int64_t customer_id)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, customer_id);
    pg_tx_add(tx, SQL_PAYMENT_LOCK, &args, NULL);
    pg_args_release(&args);
}

static void add_instant(struct pg_args *args, struct instant at)
{
    if (at.us == PG_NULL_INT)
        pg_arg_null(args);
    else
        pg_arg_instant(args, at);
}

static void add_parts(struct pg_args *args, const struct payment_order *order)
{
    int64_t invoice_ids[ALLOCATIONS_MAX], amounts[ALLOCATIONS_MAX], dues[ALLOCATIONS_MAX];
    assert(order->part_count <= ALLOCATIONS_MAX);
    for (size_t i = 0; i < order->part_count; ++i) {
        invoice_ids[i] = order->parts[i].invoice_id;
        amounts[i] = order->parts[i].amount_minor;
        dues[i] = order->parts[i].due_minor;
    }
    pg_arg_ints(args, invoice_ids, order->part_count);
    pg_arg_ints(args, amounts, order->part_count);
    pg_arg_ints(args, dues, order->part_count);
}

static void add_order(struct pg_args *args, const struct payment_order *order)
{
    struct span providers[PAYMENT_CHOICES_MAX], accounts[PAYMENT_CHOICES_MAX],
        currencies[PAYMENT_CHOICES_MAX];
    int64_t least[PAYMENT_CHOICES_MAX], most[PAYMENT_CHOICES_MAX];
    bool repeatable[PAYMENT_CHOICES_MAX], asked[PAYMENT_CHOICES_MAX];
    assert(order->choice_count <= PAYMENT_CHOICES_MAX);
    for (size_t i = 0; i < order->choice_count; ++i) {
        const struct payment_choice *choice = &order->choices[i];
        providers[i] = choice->provider;
        accounts[i] = choice->account;
        currencies[i] = choice->currencies.len == 0 ? SPAN_LIT("") : choice->currencies;
        least[i] = choice->amount_min_minor;
        most[i] = choice->amount_max_minor;
        repeatable[i] = choice->is_repeatable;
        asked[i] = choice->is_asked;
    }
    pg_arg_int(args, order->customer_id);
    pg_arg_int(args, order->link_no);
    pg_arg_text(args, order->form_nonce);
    pg_arg_texts(args, providers, order->choice_count);
    pg_arg_texts(args, accounts, order->choice_count);
    pg_arg_text(args, order->method);
    pg_arg_int(args, order->amount_minor);
    pg_arg_int(args, order->starts_max);
    pg_arg_int(args, order->calls_max);
    pg_arg_instant(args, order->counted_from);
    pg_arg_instant(args, order->wall);
    pg_arg_instant(args, order->now);
    pg_arg_int(args, order->key_no);
    pg_arg_bool(args, order->pays_again);
    pg_arg_instant(args, order->ask_at);
    pg_arg_texts(args, currencies, order->choice_count);
    pg_arg_ints(args, least, order->choice_count);
    pg_arg_ints(args, most, order->choice_count);
    pg_arg_bools(args, repeatable, order->choice_count);
    pg_arg_bools(args, asked, order->choice_count);
    pg_arg_instant(args, order->codes_from);
    add_parts(args, order);
    pg_arg_text(args, order->page.name);
}

int payment_make(struct store *store, struct pg_tx *tx, const struct payment_order *order,
                 pg_result_cb on_made, pg_done_cb on_done, void *owner, struct err *err)
{
    int code = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (code != 0)
        return code;
    add_lock(tx, order->customer_id);
    page_version_keep(tx, &order->page, order->now);
    struct pg_args args;
    pg_args_init(&args);
    add_order(&args, order);
    pg_tx_add(tx, SQL_PAYMENT_MAKE, &args, on_made);
    pg_args_release(&args);
    pg_tx_commit(tx);
    return 0;
}

void payment_read_made(const PGresult *result, struct payment_made *made)
{
    *made = (struct payment_made){0};
    if (PQntuples(result) == 0)
        return;
    *made = (struct payment_made){
        .has_link = true,
        .is_link_active = span_is_str(pg_get_text(result, 0, 0), "active"),
        .due_minor = pg_get_int(result, 0, 1),
        .currency = pg_get_text(result, 0, 2),
        .title = pg_get_text(result, 0, 3),
        .language = pg_get_text(result, 0, 4),
        .payment_no = pg_get_int(result, 0, 5),
        .is_new = pg_get_bool(result, 0, 6),
        .state = pg_get_text(result, 0, 7),
        .method = pg_get_text(result, 0, 8),
        .amount_minor = pg_get_int(result, 0, 9),
        .redirect_url = pg_get_text(result, 0, 10),
        .is_called_again = pg_get_bool(result, 0, 11),
        .provider = pg_get_text(result, 0, 12),
        .account = pg_get_text(result, 0, 13),
        .key_no = pg_get_int(result, 0, 14),
        .is_other_in_hand = pg_get_bool(result, 0, 15),
        .payer_name = pg_get_text(result, 0, 16),
        .payer_email = pg_get_text(result, 0, 17),
        .is_elsewhere = pg_get_bool(result, 0, 18),
        .is_payable = !pg_is_null(result, 0, 19) && pg_get_bool(result, 0, 19),
        .is_for_the_same = pg_get_bool(result, 0, 20),
    };
}

static void add_started(struct pg_tx *tx, const struct payment_answer *answer)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, answer->customer_id);
    pg_arg_int(&args, answer->payment_no);
    pg_arg_text(&args, answer->provider_reference);
    pg_arg_text(&args,
                answer->redirect_url.len == 0 ? (struct span){NULL, 0} : answer->redirect_url);
    pg_arg_instant(&args, answer->now);
    pg_tx_add(tx, SQL_PAYMENT_STARTED, &args, NULL);
    pg_args_release(&args);
}

static void add_wake(struct pg_tx *tx, const struct payment_answer *answer)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_text(&args, answer->provider);
    pg_arg_text(&args, answer->account);
    pg_arg_text(&args, answer->provider_reference);
    pg_arg_int(&args, answer->customer_id);
    pg_arg_int(&args, answer->payment_no);
    pg_arg_instant(&args, answer->wall);
    pg_tx_add(tx, SQL_CALLBACK_PARKED_WAKE, &args, NULL);
    pg_args_release(&args);
}

int payment_started(struct store *store, struct pg_tx *tx, const struct payment_answer *answer,
                    pg_done_cb on_done, void *owner, struct err *err)
{
    int code = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (code != 0)
        return code;
    add_lock(tx, answer->customer_id);
    add_started(tx, answer);
    add_wake(tx, answer);
    pg_tx_commit(tx);
    return 0;
}

int payment_refused(struct store *store, struct pg_tx *tx, int64_t customer_id, int64_t payment_no,
                    struct span reason, struct instant now, pg_done_cb on_done, void *owner,
                    struct err *err)
{
    int code = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (code != 0)
        return code;
    add_lock(tx, customer_id);
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, customer_id);
    pg_arg_int(&args, payment_no);
    pg_arg_text(&args, reason);
    pg_arg_instant(&args, now);
    pg_tx_add(tx, SQL_PAYMENT_REFUSED, &args, NULL);
    pg_args_release(&args);
    pg_tx_commit(tx);
    return 0;
}

int payment_find(struct store *store, struct pg_query *query, int64_t customer_id,
                 int64_t payment_no, pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, customer_id);
    pg_arg_int(&args, payment_no);
    int code = pg_read(store->reads, query, SQL_PAYMENT_FIND, &args, on_result, owner, err);
    pg_args_release(&args);
    return code;
}

bool payment_read_found(const PGresult *result, struct span *state, int32_t *link_no)
{
    if (PQntuples(result) == 0)
        return false;
    *state = pg_get_text(result, 0, 0);
    *link_no = (int32_t)pg_get_int(result, 0, 1);
    return true;
}

int payment_move(struct store *store, struct pg_tx *tx, const struct payment_move *move,
                 pg_result_cb on_row, pg_done_cb on_done, void *owner, struct err *err)
{
    int code = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (code != 0)
        return code;
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, move->customer_id);
    pg_arg_int(&args, move->payment_no);
    pg_arg_text(&args, move->provider);
    pg_arg_text(&args, move->account);
    pg_arg_text(&args, move->to_provider);
    pg_arg_text(&args, move->to_account);
    add_instant(&args, move->ask_at);
    pg_arg_bool(&args, move->pays_again);
    pg_arg_instant(&args, move->counted_from);
    pg_tx_add(tx, SQL_PAYMENT_MOVE, &args, on_row);
    pg_args_release(&args);
    pg_tx_commit(tx);
    return 0;
}

void payment_read_moved(const PGresult *result, bool *has_moved, bool *is_elsewhere)
{
    *has_moved = pg_get_bool(result, 0, 0);
    *is_elsewhere = pg_get_bool(result, 0, 1);
}

int payment_ask_claim(struct store *store, struct pg_tx *tx, struct span provider,
                      struct span account, struct instant wall, int64_t count_max,
                      pg_result_cb on_result, pg_done_cb on_done, void *owner, struct err *err)
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
    pg_arg_int(&args, PAYMENT_ASKS_MAX);
    pg_tx_add(tx, SQL_PAYMENT_ASK_CLAIM, &args, on_result);
    pg_args_release(&args);
    pg_tx_commit(tx);
    return 0;
}

void payment_read_silent(const PGresult *result, int row, struct payment_silent *silent)
{
    *silent = (struct payment_silent){
        .customer_id = pg_get_int(result, row, 0),
        .payment_no = pg_get_int(result, row, 1),
        .key_no = pg_get_int(result, row, 2),
        .amount_minor = pg_get_int(result, row, 3),
        .currency = pg_get_text(result, row, 4),
        .provider_reference = pg_get_text(result, row, 5),
        .asked_at = pg_get_instant(result, row, 6),
        .has_failed = pg_get_bool(result, row, 7),
    };
}
