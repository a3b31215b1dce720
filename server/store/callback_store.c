#include "store/callback_store.h"

#include "base/crash_point.h"
#include "sql.h"
#include "store/store.h"

#include <assert.h>
#include <stdlib.h>

/* Gathers one field of each record into an array parameter. `used` tells which records count. */
#define ADD_COLUMN(args, add, type, records, count, is_used, value)                                \
    do {                                                                                           \
        type column[CALLBACK_SHARES_MAX];                                                          \
        size_t used = 0;                                                                           \
        for (size_t i = 0; i < (count); ++i) {                                                     \
            if (is_used)                                                                           \
                column[used++] = (value);                                                          \
        }                                                                                          \
        add((args), column, used);                                                                 \
    } while (0)
#define WANTED_TEXT(value) ADD_COLUMN(&args, pg_arg_texts, struct span, wanted, count, true, value)
#define WANTED_INT(value) ADD_COLUMN(&args, pg_arg_ints, int64_t, wanted, count, true, value)

int callback_load(struct store *store, struct pg_query *query, const struct callback_wanted *wanted,
                  size_t count, pg_result_cb on_result, void *owner, struct err *err)
{
    assert(count > 0 && count <= CALLBACK_BATCH_MAX);
    struct pg_args args;
    pg_args_init(&args);
    WANTED_TEXT(wanted[i].provider);
    WANTED_TEXT(wanted[i].account);
    WANTED_TEXT(wanted[i].dedup_key);
    WANTED_INT(wanted[i].customer_id);
    WANTED_INT(wanted[i].payment_no);
    WANTED_TEXT(wanted[i].provider_reference);
    WANTED_TEXT(wanted[i].failed_refund);
    int code = pg_read(store->reads, query, SQL_CALLBACK_LOAD, &args, on_result, owner, err);
    pg_args_release(&args);
    return code;
}

static void copy_word(struct span from, char *to, size_t room)
{
    assert(from.len < room);
    memset(to, 0, room);
    memcpy(to, from.len == 0 ? "" : from.base, from.len);
}

void callback_read_known(const PGresult *result, int row, struct callback_known *known,
                         struct payment *payment)
{
    *known = (struct callback_known){
        .position = pg_get_int(result, row, 0) - 1,
        .is_decided = !pg_is_null(result, row, 1),
        .is_parked = span_is_str(pg_get_text(result, row, 1), "parked"),
        .attempts = pg_get_int(result, row, 2),
        .has_payment = !pg_is_null(result, row, 3) && !pg_is_null(result, row, 10),
        .customer_id = pg_get_int(result, row, 3),
        .payment_no = pg_get_int(result, row, 4),
        .money_version = pg_get_int(result, row, 5),
        .invoice_id = pg_get_int(result, row, 10),
        .has_parked = pg_get_bool(result, row, 11),
        .is_reference_known = pg_get_bool(result, row, 13),
        .is_failure_known = pg_get_bool(result, row, 14),
        .is_for_several = !pg_is_null(result, row, 15) && pg_get_bool(result, row, 15),
        .next_try_at = {pg_is_null(result, row, 12) ? PG_NULL_INT
                                                    : pg_get_instant(result, row, 12).us},
    };
    if (!known->has_payment)
        return;
    payment->state = payment_state_of(pg_get_text(result, row, 6));
    copy_word(pg_get_text(result, row, 7), payment->reason, sizeof(payment->reason));
    payment->amount_minor = pg_get_int(result, row, 8);
    copy_word(pg_get_text(result, row, 9), payment->currency, sizeof(payment->currency));
    payment->movement_count = 0;
}

int callback_load_movements(struct store *store, struct pg_query *query,
                            const int64_t *customer_ids, const int64_t *payment_nos, size_t count,
                            pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_ints(&args, customer_ids, count);
    pg_arg_ints(&args, payment_nos, count);
    int code = pg_read(store->reads, query, SQL_CALLBACK_MOVEMENTS, &args, on_result, owner, err);
    pg_args_release(&args);
    return code;
}

int callback_load_allocations(struct store *store, struct pg_query *query,
                              const int64_t *customer_ids, const int64_t *payment_nos, size_t count,
                              pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_ints(&args, customer_ids, count);
    pg_arg_ints(&args, payment_nos, count);
    int code = pg_read(store->reads, query, SQL_CALLBACK_ALLOCATIONS, &args, on_result, owner, err);
    pg_args_release(&args);
    return code;
}

void callback_read_allocation(const PGresult *result, int row, int64_t *customer_id,
                              int64_t *payment_no, struct allocation *allocation)
{
    *customer_id = pg_get_int(result, row, 0);
    *payment_no = pg_get_int(result, row, 1);
    *allocation = (struct allocation){
        .invoice_id = pg_get_int(result, row, 2),
        .amount_minor = pg_get_int(result, row, 3),
    };
}

bool callback_read_movement(const PGresult *result, int row, int64_t *customer_id,
                            int64_t *payment_no, struct payment_movement *movement)
{
    *movement = (struct payment_movement){.kind = payment_entry_kind(pg_get_text(result, row, 2))};
    if (movement->kind == 0)
        return false;
    *customer_id = pg_get_int(result, row, 0);
    *payment_no = pg_get_int(result, row, 1);
    int64_t amount_minor = pg_get_int(result, row, 3);
    movement->amount_minor = amount_minor < 0 ? -amount_minor : amount_minor;
    struct span id = pg_get_text(result, row, 4);
    assert(id.len <= sizeof(movement->id));
    memcpy(movement->id, id.len == 0 ? "" : id.base, id.len);
    movement->id_len = id.len;
    return true;
}

#define EACH(add, type, value) ADD_COLUMN(&args, add, type, decisions, count, true, value)
#define EACH_PAID(add, type, value)                                                                \
    ADD_COLUMN(&args, add, type, decisions, count, decisions[i].has_payment, value)

static void add_guard(struct pg_tx *tx, const struct callback_decision *decisions, size_t count)
{
    struct pg_args args;
    pg_args_init(&args);
    EACH_PAID(pg_arg_ints, int64_t, decisions[i].customer_id);
    EACH_PAID(pg_arg_ints, int64_t, decisions[i].money_version);
    pg_tx_add(tx, SQL_CALLBACK_GUARD, &args, NULL);
    pg_args_release(&args);
}

static void add_keep(struct pg_tx *tx, const struct callback_decision *decisions, size_t count,
                     struct instant now)
{
    struct pg_args args;
    pg_args_init(&args);
    EACH(pg_arg_texts, struct span, decisions[i].wanted.provider);
    EACH(pg_arg_texts, struct span, decisions[i].wanted.account);
    EACH(pg_arg_texts, struct span, decisions[i].wanted.dedup_key);
    EACH(pg_arg_texts, struct span, decisions[i].headers);
    EACH(pg_arg_bytes_array, struct span, decisions[i].body);
    pg_arg_instant(&args, now);
    pg_tx_add(tx, SQL_CALLBACK_KEEP, &args, NULL);
    pg_args_release(&args);
}

static void add_decide(struct pg_tx *tx, const struct callback_decision *decisions, size_t count,
                       struct instant now)
{
    struct pg_args args;
    pg_args_init(&args);
    EACH(pg_arg_texts, struct span, decisions[i].wanted.provider);
    EACH(pg_arg_texts, struct span, decisions[i].wanted.account);
    EACH(pg_arg_texts, struct span, decisions[i].wanted.dedup_key);
    EACH(pg_arg_texts, struct span, span_str(decisions[i].state));
    EACH(pg_arg_texts, struct span, span_str(decisions[i].reason));
    EACH(pg_arg_ints, int64_t, decisions[i].customer_id);
    EACH(pg_arg_ints, int64_t, decisions[i].payment_no);
    EACH(pg_arg_ints, int64_t, decisions[i].attempts);
    EACH(pg_arg_instants, struct instant, decisions[i].next_try_at);
    EACH(pg_arg_texts, struct span, decisions[i].reference);
    EACH(pg_arg_texts, struct span, decisions[i].wanted.provider_reference);
    pg_arg_instant(&args, now);
    pg_tx_add(tx, SQL_CALLBACK_DECIDE, &args, NULL);
    pg_args_release(&args);
}

#define EACH_SHARE(add, type, value) ADD_COLUMN(&args, add, type, shares, count, true, value)

static const char *entry_kind(const struct callback_share *share)
{
    return share->entry_minor == 0 ? NULL : share->decision->entry_kind;
}

static void add_book(struct pg_tx *tx, const struct callback_share *shares, size_t count,
                     struct instant now, struct instant wall)
{
    struct pg_args args;
    pg_args_init(&args);
    EACH_SHARE(pg_arg_ints, int64_t, shares[i].decision->customer_id);
    EACH_SHARE(pg_arg_ints, int64_t, shares[i].decision->payment_no);
    EACH_SHARE(pg_arg_ints, int64_t, shares[i].invoice_id);
    EACH_SHARE(pg_arg_texts, struct span,
               span_str(payment_state_word(shares[i].decision->payment_state)));
    EACH_SHARE(pg_arg_texts, struct span, shares[i].decision->payment_reason);
    EACH_SHARE(pg_arg_ints, int64_t, shares[i].decision->sums.paid_minor);
    EACH_SHARE(pg_arg_ints, int64_t,
               shares[i].decision->sums.refunded_minor -
                   shares[i].decision->sums.refund_reversed_minor);
    EACH_SHARE(pg_arg_ints, int64_t,
               shares[i].decision->sums.charged_back_minor -
                   shares[i].decision->sums.reversed_minor);
    EACH_SHARE(pg_arg_texts, struct span, span_str(entry_kind(&shares[i])));
    EACH_SHARE(pg_arg_ints, int64_t, shares[i].entry_minor);
    EACH_SHARE(pg_arg_texts, struct span, shares[i].decision->movement);
    EACH_SHARE(pg_arg_texts, struct span, shares[i].decision->currency);
    EACH_SHARE(pg_arg_texts, struct span, span_str(shares[i].decision->event_kind));
    EACH_SHARE(pg_arg_texts, struct span, shares[i].event_facts);
    pg_arg_instant(&args, now);
    EACH_SHARE(pg_arg_bools, bool, shares[i].decision->is_told_only);
    EACH_SHARE(pg_arg_bools, bool, shares[i].decision->asks_why);
    pg_arg_instant(&args, wall);
    pg_tx_add(tx, SQL_CALLBACK_BOOK, &args, NULL);
    pg_args_release(&args);
}

#define EACH_OF(is_used, add, type, value)                                                         \
    ADD_COLUMN(&args, add, type, decisions, count, is_used, value)

static bool is_parked_again(const struct callback_decision *d)
{
    return d->was_parked && d->next_try_at.us != PG_NULL_INT;
}

static void add_guard_parked(struct pg_tx *tx, const struct callback_decision *decisions,
                             size_t count)
{
    struct pg_args args;
    pg_args_init(&args);
    EACH_OF(is_parked_again(&decisions[i]), pg_arg_texts, struct span,
            decisions[i].wanted.provider);
    EACH_OF(is_parked_again(&decisions[i]), pg_arg_texts, struct span, decisions[i].wanted.account);
    EACH_OF(is_parked_again(&decisions[i]), pg_arg_texts, struct span,
            decisions[i].wanted.dedup_key);
    EACH_OF(is_parked_again(&decisions[i]), pg_arg_instants, struct instant,
            decisions[i].next_try_before);
    pg_tx_add(tx, SQL_CALLBACK_GUARD_PARKED, &args, NULL);
    pg_args_release(&args);
}

static bool is_taken_back(const struct callback_decision *d)
{
    return d->has_payment && d->entry_minor > 0;
}

static void add_resume(struct pg_tx *tx, const struct callback_share *shares, size_t count,
                       struct instant now)
{
    struct pg_args args;
    pg_args_init(&args);
    ADD_COLUMN(&args, pg_arg_ints, int64_t, shares, count, shares[i].entry_minor > 0,
               shares[i].decision->customer_id);
    ADD_COLUMN(&args, pg_arg_ints, int64_t, shares, count, shares[i].entry_minor > 0,
               shares[i].invoice_id);
    pg_arg_instant(&args, now);
    pg_tx_add(tx, SQL_CALLBACK_RESUME, &args, NULL);
    pg_args_release(&args);
}

static bool wakes_parked(const struct callback_decision *d)
{
    return d->has_payment && d->has_parked && d->entry_kind != NULL;
}

static void add_wake(struct pg_tx *tx, const struct callback_decision *decisions, size_t count,
                     struct instant wall)
{
    struct pg_args args;
    pg_args_init(&args);
    EACH_OF(wakes_parked(&decisions[i]), pg_arg_ints, int64_t, decisions[i].customer_id);
    EACH_OF(wakes_parked(&decisions[i]), pg_arg_ints, int64_t, decisions[i].payment_no);
    pg_arg_instant(&args, wall);
    pg_tx_add(tx, SQL_CALLBACK_WAKE, &args, NULL);
    pg_args_release(&args);
}

static bool fails_refund(const struct callback_decision *d)
{
    return d->has_payment && d->fails_refund;
}

static void add_fail_refund(struct pg_tx *tx, const struct callback_decision *decisions,
                            size_t count, struct instant now)
{
    struct pg_args args;
    pg_args_init(&args);
    EACH_OF(fails_refund(&decisions[i]), pg_arg_ints, int64_t, decisions[i].customer_id);
    EACH_OF(fails_refund(&decisions[i]), pg_arg_ints, int64_t, decisions[i].payment_no);
    EACH_OF(fails_refund(&decisions[i]), pg_arg_texts, struct span, decisions[i].movement);
    EACH_OF(fails_refund(&decisions[i]), pg_arg_ints, int64_t, decisions[i].refund_no);
    EACH_OF(fails_refund(&decisions[i]), pg_arg_ints, int64_t, decisions[i].amount_minor);
    EACH_OF(fails_refund(&decisions[i]), pg_arg_bools, bool, decisions[i].has_come_back);
    pg_arg_instant(&args, now);
    pg_tx_add(tx, SQL_CALLBACK_FAIL_REFUND, &args, NULL);
    pg_args_release(&args);
}

static bool has_new_reference(const struct callback_decision *d)
{
    return d->has_new_reference;
}

static void add_register(struct pg_tx *tx, const struct callback_decision *decisions, size_t count,
                         struct instant wall)
{
    struct pg_args args;
    pg_args_init(&args);
    EACH_OF(has_new_reference(&decisions[i]), pg_arg_texts, struct span,
            decisions[i].wanted.provider);
    EACH_OF(has_new_reference(&decisions[i]), pg_arg_texts, struct span,
            decisions[i].wanted.account);
    EACH_OF(has_new_reference(&decisions[i]), pg_arg_texts, struct span,
            decisions[i].wanted.provider_reference);
    EACH_OF(has_new_reference(&decisions[i]), pg_arg_ints, int64_t, decisions[i].customer_id);
    EACH_OF(has_new_reference(&decisions[i]), pg_arg_ints, int64_t, decisions[i].payment_no);
    pg_arg_instant(&args, wall);
    EACH_OF(has_new_reference(&decisions[i]), pg_arg_bools, bool,
            strcmp(decisions[i].state, "parked") != 0);
    pg_tx_add(tx, SQL_CALLBACK_REGISTER, &args, NULL);
    pg_args_release(&args);
}

static bool has_any(const struct callback_decision *decisions, size_t count,
                    bool (*is_one)(const struct callback_decision *))
{
    for (size_t i = 0; i < count; ++i)
        if (is_one(&decisions[i]))
            return true;
    return false;
}

static bool concerns_payment(const struct callback_decision *d)
{
    return d->has_payment;
}

int callback_save(struct store *store, struct pg_tx *tx, const struct callback_decision *decisions,
                  size_t count, const struct callback_share *shares, size_t share_count,
                  struct instant now, struct instant wall, pg_done_cb on_done, void *owner,
                  struct err *err)
{
    assert(count > 0 && count <= CALLBACK_BATCH_MAX && share_count <= CALLBACK_SHARES_MAX);
    bool has_payments = has_any(decisions, count, concerns_payment);
    int code = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (code != 0)
        return code;
    if (has_payments)
        add_guard(tx, decisions, count);
    if (has_any(decisions, count, is_parked_again))
        add_guard_parked(tx, decisions, count);
    add_keep(tx, decisions, count, now);
    add_decide(tx, decisions, count, now);
    if (has_payments)
        add_book(tx, shares, share_count, now, wall);
    if (has_any(decisions, count, is_taken_back))
        add_resume(tx, shares, share_count, now);
    if (has_any(decisions, count, fails_refund))
        add_fail_refund(tx, decisions, count, now);
    if (has_any(decisions, count, wakes_parked))
        add_wake(tx, decisions, count, wall);
    if (has_any(decisions, count, has_new_reference))
        add_register(tx, decisions, count, wall);
    crash_point("callback_before_commit");
    pg_tx_commit(tx);
    return 0;
}

int callback_notify(struct store *store, struct pg_tx *tx, pg_done_cb on_done, void *owner,
                    struct err *err)
{
    int code = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (code != 0)
        return code;
    pg_tx_add(tx, SQL_CALLBACK_NOTIFY, NULL, NULL);
    pg_tx_commit(tx);
    return 0;
}

int callback_parked_due(struct store *store, struct pg_query *query, struct instant wall,
                        int64_t count_max, const struct callback_accounts *accounts,
                        pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_instant(&args, wall);
    pg_arg_int(&args, count_max);
    pg_arg_texts(&args, accounts->providers, accounts->count);
    pg_arg_texts(&args, accounts->accounts, accounts->count);
    int code = pg_read(store->reads, query, SQL_CALLBACK_PARKED_DUE, &args, on_result, owner, err);
    pg_args_release(&args);
    return code;
}

void callback_read_parked(const PGresult *result, int row, struct callback_parked *parked)
{
    *parked = (struct callback_parked){
        .provider = pg_get_text(result, row, 0),
        .account = pg_get_text(result, row, 1),
        .dedup_key = pg_get_text(result, row, 2),
        .headers = pg_get_text(result, row, 3),
        .body = pg_get_text(result, row, 4),
    };
}

int callback_confirm_claim(struct store *store, struct pg_tx *tx, struct span provider,
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
    pg_tx_add(tx, SQL_CALLBACK_CONFIRM_CLAIM, &args, on_result);
    pg_args_release(&args);
    pg_tx_commit(tx);
    return 0;
}

void callback_read_to_confirm(const PGresult *result, int row, struct callback_to_confirm *c)
{
    *c = (struct callback_to_confirm){
        .message = {.dedup_key = pg_get_text(result, row, 0),
                    .headers = pg_get_text(result, row, 1),
                    .body = pg_get_text(result, row, 2)},
        .customer_id = pg_get_int(result, row, 3),
        .payment_no = pg_get_int(result, row, 4),
        .key_no = pg_get_int(result, row, 5),
        .amount_minor = pg_get_int(result, row, 6),
        .currency = pg_get_text(result, row, 7),
        .provider_reference = pg_get_text(result, row, 8),
        .received_at = pg_get_instant(result, row, 9),
    };
}

int callback_confirm_refuse(struct store *store, struct pg_tx *tx, struct span provider,
                            struct span account, struct span dedup_key, pg_done_cb on_done,
                            void *owner, struct err *err)
{
    int code = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (code != 0)
        return code;
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_text(&args, provider);
    pg_arg_text(&args, account);
    pg_arg_text(&args, dedup_key);
    pg_tx_add(tx, SQL_CALLBACK_CONFIRM_REFUSE, &args, NULL);
    pg_args_release(&args);
    pg_tx_commit(tx);
    return 0;
}

int callback_parked_list(struct store *store, struct pg_query *query, struct instant from,
                         struct span behind_key, int64_t count_max, pg_result_cb on_result,
                         void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_instant(&args, from);
    pg_arg_text(&args, behind_key);
    pg_arg_int(&args, count_max);
    int code = pg_read(store->reads, query, SQL_CALLBACK_PARKED_LIST, &args, on_result, owner, err);
    pg_args_release(&args);
    return code;
}

void callback_read_listed(const PGresult *result, int row, struct callback_listed *listed)
{
    *listed = (struct callback_listed){
        .message = {.provider = pg_get_text(result, row, 0),
                    .account = pg_get_text(result, row, 1),
                    .dedup_key = pg_get_text(result, row, 2),
                    .headers = pg_get_text(result, row, 10),
                    .body = pg_get_text(result, row, 11)},
        .reason = pg_get_text(result, row, 3),
        .attempts = pg_get_int(result, row, 4),
        .decided_at = pg_get_instant(result, row, 5),
        .next_try_at = pg_get_instant(result, row, 6),
        .has_next_try = !pg_is_null(result, row, 6),
        .reference = pg_get_text(result, row, 7),
        .provider_reference = pg_get_text(result, row, 8),
        .received_at = pg_get_instant(result, row, 9),
    };
}
