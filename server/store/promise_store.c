#include "store/promise_store.h"

#include "sql.h"

enum { YEAR_SECONDS = 365 * 86400 };

/* ---- on the page ---- */

int promise_look_begin(struct store *store, struct pg_query *query, const struct debt *debt,
                       struct instant now, pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, debt->customer_id);
    pg_arg_int(&args, debt->invoice_id);
    pg_arg_instant(&args, instant_plus_seconds(now, -YEAR_SECONDS));
    int code = pg_read(store->reads, query, SQL_PROMISE_LOOK, &args, on_result, owner, err);
    pg_args_release(&args);
    return code;
}

void promise_look_read(const PGresult *result, struct promise_look *look)
{
    *look = (struct promise_look){
        .given_for_debt = (int32_t)pg_get_int(result, 0, 0),
        .given_in_year = (int32_t)pg_get_int(result, 0, 1),
        .is_there = !pg_is_null(result, 0, 4),
    };
    if (!look->is_there)
        return;
    look->day = date_from_days(pg_get_date(result, 0, 2));
    look->is_open = span_is_str(pg_get_text(result, 0, 4), promise_state_name(PROMISE_STATE_OPEN));
    look->form_nonce = pg_get_text(result, 0, 5);
}

struct promise_case promise_case_of(const struct debt *debt, const struct promise_look *look)
{
    return (struct promise_case){
        .debt = {.product = debt->product,
                 .kind = debt->kind,
                 .currency = debt->currency,
                 .segment = debt->segment,
                 .is_segment_known = true,
                 .due_minor = debt->due_minor,
                 .days_late = debt_days_late(debt)},
        .due = debt->due,
        .today = debt->today,
        .is_in_plan = (debt->holds & PAGE_HOLD_PLAN) != 0,
        .is_disputed = (debt->holds & PAGE_HOLD_DISPUTE) != 0,
        .is_promised = look->is_open,
        .given_for_debt = look->given_for_debt,
        .given_in_year = look->given_in_year,
    };
}

void promise_add(struct pg_tx *tx, const struct debt *debt, const struct promise_new *new)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, debt->customer_id);
    pg_arg_int(&args, debt->invoice_id);
    pg_arg_instant(&args, new->now);
    pg_arg_date(&args, date_to_days(new->day));
    pg_arg_date(&args, date_to_days(new->over));
    pg_arg_text(&args, new->form_nonce);
    pg_arg_text(&args, debt->page);
    pg_tx_add(tx, SQL_PROMISE_GIVE, &args, NULL);
    pg_args_release(&args);
}

/* ---- when they are over ---- */

int promise_find_over(struct store *store, struct pg_query *query, struct instant now,
                      struct instant in_flight_from, pg_result_cb on_result, void *owner,
                      struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_instant(&args, now);
    pg_arg_instant(&args, in_flight_from);
    pg_arg_int(&args, PROMISE_CLOSE_MAX);
    int code = pg_read(store->reads, query, SQL_PROMISE_OVER, &args, on_result, owner, err);
    pg_args_release(&args);
    return code;
}

int promise_close(struct store *store, struct pg_tx *tx, const PGresult *found, struct instant now,
                  struct instant in_flight_from, pg_result_cb on_closed, pg_done_cb on_done,
                  void *owner, struct err *err)
{
    int code = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (code != 0)
        return code;
    int64_t customers[PROMISE_CLOSE_MAX], invoices[PROMISE_CLOSE_MAX];
    size_t count = 0;
    for (int row = 0; row < PQntuples(found) && count < PROMISE_CLOSE_MAX; ++row, ++count) {
        customers[count] = pg_get_int(found, row, 0);
        invoices[count] = pg_get_int(found, row, 1);
    }
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_ints(&args, customers, count);
    pg_tx_add(tx, SQL_REMINDER_LOCK_CUSTOMERS, &args, NULL);
    pg_arg_ints(&args, invoices, count);
    pg_arg_instant(&args, now);
    pg_arg_instant(&args, in_flight_from);
    pg_tx_add(tx, SQL_PROMISE_CLOSE, &args, on_closed);
    pg_args_release(&args);
    pg_tx_commit(tx);
    return 0;
}

struct promise_closed promise_read_closed(const PGresult *result)
{
    return (struct promise_closed){.kept = pg_get_int(result, 0, 0),
                                   .broken = pg_get_int(result, 0, 1)};
}

/* ---- listed ---- */

int promise_list(struct store *store, struct pg_query *query, const struct promise_search *search,
                 pg_result_cb on_result, void *owner, struct err *err)
{
    struct span states[PROMISE_STATE_COUNT];
    size_t count = 0;
    for (; count < PROMISE_STATE_COUNT && search->states[count] != NULL; ++count)
        states[count] = span_str(search->states[count]);
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_texts(&args, states, count);
    pg_arg_date(&args, search->after_day);
    pg_arg_int(&args, search->after.customer_id);
    pg_arg_int(&args, search->after.invoice_id);
    pg_arg_int(&args, search->after.promise_no);
    pg_arg_int(&args, search->at_most);
    int code = pg_read(store->reads, query, SQL_PROMISE_LIST, &args, on_result, owner, err);
    pg_args_release(&args);
    return code;
}

void promise_read_listed(const PGresult *result, int row, struct promise_listed *p)
{
    *p = (struct promise_listed){
        .key = {pg_get_int(result, row, 0), pg_get_int(result, row, 1), pg_get_int(result, row, 2)},
        .day = pg_get_date(result, row, 3),
        .until = pg_get_instant(result, row, 4),
        .state = pg_get_text(result, row, 5),
        .given_by = pg_get_text(result, row, 6),
        .given_at = pg_get_instant(result, row, 7),
        .is_decided = !pg_is_null(result, row, 8),
        .decided_at = pg_get_instant(result, row, 8),
        .amount_minor = pg_get_int(result, row, 9),
        .currency = pg_get_text(result, row, 10),
        .due_minor = pg_get_int(result, row, 11),
        .number = pg_get_text(result, row, 12),
        .customer = pg_get_text(result, row, 13),
    };
}
