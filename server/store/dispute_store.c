#include "store/dispute_store.h"

#include "sql.h"

#include <assert.h>

/* ---- on the page ---- */

int dispute_look_begin(struct store *store, struct pg_query *query, const struct debt *debt,
                       struct instant now, pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    (void)now;
    pg_args_init(&args);
    pg_arg_int(&args, debt->customer_id);
    pg_arg_int(&args, debt->invoice_id);
    int code = pg_read(store->reads, query, SQL_DISPUTE_LOOK, &args, on_result, owner, err);
    pg_args_release(&args);
    return code;
}

static enum dispute_state state_of_name(struct span name)
{
    for (int s = DISPUTE_STATE_OPEN; s < DISPUTE_STATE_COUNT; ++s)
        if (span_is_str(name, dispute_state_name((enum dispute_state)s)))
            return (enum dispute_state)s;
    assert(!"a state that the table's check allows");
    return DISPUTE_STATE_ENDED;
}

void dispute_look_read(const PGresult *result, struct dispute_look *look)
{
    *look = (struct dispute_look){
        .given_for_debt = (int32_t)pg_get_int(result, 0, 0),
        .is_there = !pg_is_null(result, 0, 1),
    };
    if (!look->is_there)
        return;
    bool is_known = dispute_reason_find(pg_get_text(result, 0, 2), &look->reason);
    assert(is_known); /* the table's check */
    look->dispute_no = (int32_t)pg_get_int(result, 0, 1);
    look->state = state_of_name(pg_get_text(result, 0, 3));
    look->form_nonce = pg_get_text(result, 0, 4);
    look->opened = date_from_days(pg_get_date(result, 0, 5));
    look->answer_by = date_from_days(pg_get_date(result, 0, 6));
    look->answered = date_from_days(pg_get_date(result, 0, 7));
    look->written = pg_get_text(result, 0, 8);
    look->answer = pg_get_text(result, 0, 9);
    look->proof_count = pg_get_int(result, 0, 10);
}

struct dispute_case dispute_case_of(const struct debt *debt, const struct dispute_look *look)
{
    return (struct dispute_case){
        .due_minor = debt->due_minor,
        .is_given = look->is_there && dispute_holds(look->state),
        .given_for_debt = look->given_for_debt,
    };
}

void dispute_add(struct pg_tx *tx, const struct debt *debt, const struct dispute_new *new)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, debt->customer_id);
    pg_arg_int(&args, debt->invoice_id);
    pg_arg_instant(&args, new->now);
    pg_arg_text(&args, span_str(dispute_reason_name(new->reason)));
    pg_arg_date(&args, date_to_days(new->answer_by));
    pg_arg_text(&args, new->form_nonce);
    pg_arg_bytes(&args, new->salt);
    pg_arg_text(&args, new->written);
    pg_arg_text(&args, debt->page);
    pg_tx_add(tx, SQL_DISPUTE_OPEN, &args, NULL);
    pg_args_release(&args);
}

void dispute_add_withdrawal(struct pg_tx *tx, const struct debt *debt, int32_t dispute_no,
                            struct instant now)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, debt->customer_id);
    pg_arg_int(&args, debt->invoice_id);
    pg_arg_int(&args, dispute_no);
    pg_arg_instant(&args, now);
    pg_arg_text(&args, debt->page);
    pg_tx_add(tx, SQL_DISPUTE_WITHDRAW, &args, NULL);
    pg_args_release(&args);
}

/* ---- for the creditor ---- */

int dispute_list(struct store *store, struct pg_query *query, const struct dispute_search *search,
                 pg_result_cb on_result, void *owner, struct err *err)
{
    struct span states[DISPUTE_STATE_COUNT];
    size_t count = 0;
    for (; count < DISPUTE_STATE_COUNT && search->states[count] != NULL; ++count)
        states[count] = span_str(search->states[count]);
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_texts(&args, states, count);
    pg_arg_date(&args, search->after_day);
    pg_arg_int(&args, search->after.customer_id);
    pg_arg_int(&args, search->after.invoice_id);
    pg_arg_int(&args, search->after.dispute_no);
    pg_arg_int(&args, search->at_most);
    pg_arg_instant(&args, search->now);
    int code = pg_read(store->reads, query, SQL_DISPUTE_LIST, &args, on_result, owner, err);
    pg_args_release(&args);
    return code;
}

void dispute_read_listed(const PGresult *result, int row, struct dispute_listed *d)
{
    *d = (struct dispute_listed){
        .key = {pg_get_int(result, row, 0), pg_get_int(result, row, 1), pg_get_int(result, row, 2)},
        .reason = pg_get_text(result, row, 3),
        .state = pg_get_text(result, row, 4),
        .opened_at = pg_get_instant(result, row, 5),
        .answer_by = pg_get_date(result, row, 6),
        .is_answered = !pg_is_null(result, row, 7),
        .answered_at = pg_get_instant(result, row, 7),
        .answered_by = pg_get_text(result, row, 8),
        .is_ended = !pg_is_null(result, row, 9),
        .ended_at = pg_get_instant(result, row, 9),
        .is_overdue = pg_get_bool(result, row, 10),
        .currency = pg_get_text(result, row, 11),
        .due_minor = pg_get_int(result, row, 12),
        .number = pg_get_text(result, row, 13),
        .customer = pg_get_text(result, row, 14),
    };
}

int dispute_show(struct store *store, struct pg_query *query, struct dispute_key key,
                 struct instant now, pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, key.customer_id);
    pg_arg_int(&args, key.invoice_id);
    pg_arg_int(&args, key.dispute_no);
    pg_arg_instant(&args, now);
    int code = pg_read(store->reads, query, SQL_DISPUTE_SHOW, &args, on_result, owner, err);
    pg_args_release(&args);
    return code;
}

struct span dispute_read_written(const PGresult *result)
{
    return pg_get_text(result, 0, 15);
}

struct span dispute_read_answer(const PGresult *result)
{
    return pg_get_text(result, 0, 16);
}

int dispute_answer(struct store *store, struct pg_tx *tx, const struct dispute_answer *answer,
                   pg_result_cb on_row, pg_done_cb on_done, void *owner, struct err *err)
{
    int code = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (code != 0)
        return code;
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, answer->key.customer_id);
    pg_tx_add(tx, SQL_WORK_ITEM_LOCK, &args, NULL);
    pg_arg_int(&args, answer->key.invoice_id);
    pg_arg_int(&args, answer->key.dispute_no);
    pg_arg_text(&args, span_str(dispute_state_name(answer->is_accepted ? DISPUTE_STATE_ACCEPTED
                                                                       : DISPUTE_STATE_REJECTED)));
    pg_arg_text(&args, answer->by);
    pg_arg_instant(&args, answer->now);
    pg_arg_bytes(&args, answer->salt);
    pg_arg_text(&args, answer->text);
    pg_tx_add(tx, SQL_DISPUTE_ANSWER, &args, on_row);
    pg_args_release(&args);
    pg_tx_commit(tx);
    return 0;
}

enum dispute_answer_result dispute_read_answer_result(const PGresult *result)
{
    static const char *const names[] = {[DISPUTE_ANSWERED] = "answered",
                                        [DISPUTE_ANSWERED_SAME] = "same",
                                        [DISPUTE_ANSWERED_OTHER] = "other"};
    for (int r = DISPUTE_ANSWERED; r <= DISPUTE_ANSWERED_OTHER; ++r)
        if (span_is_str(pg_get_text(result, 0, 0), names[r]))
            return (enum dispute_answer_result)r;
    return DISPUTE_UNKNOWN;
}

int dispute_count_overdue(struct store *store, struct pg_query *query, struct instant now,
                          pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_instant(&args, now);
    int code =
        pg_read(store->reads, query, SQL_DISPUTE_COUNT_OVERDUE, &args, on_result, owner, err);
    pg_args_release(&args);
    return code;
}
