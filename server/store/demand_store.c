#include "store/demand_store.h"

#include "base/crypto.h"
#include "domain/event.h"
#include "sql.h"

/* ---- of one debt ---- */

static int read_of(struct store *store, struct pg_query *query, int statement,
                   const struct debt *debt, pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, debt->customer_id);
    pg_arg_int(&args, debt->invoice_id);
    int code = pg_read(store->reads, query, statement, &args, on_result, owner, err);
    pg_args_release(&args);
    return code;
}

int demand_read_of(struct store *store, struct pg_query *query, const struct debt *debt,
                   struct instant now, pg_result_cb on_result, void *owner, struct err *err)
{
    (void)now;
    return read_of(store, query, SQL_DEMAND_READ, debt, on_result, owner, err);
}

static struct date day(const PGresult *result, int row, int column)
{
    return date_from_days(pg_get_date(result, row, column));
}

void demand_take(const PGresult *result, struct demand_kept *demand, struct request_kept *request)
{
    *demand = (struct demand_kept){
        .demand_no = (int32_t)pg_get_int(result, 0, 0),
        .sent_on = day(result, 0, 1),
        .dates = {.received_on = day(result, 0, 2),
                  .pay_by = day(result, 0, 4),
                  .request_by = day(result, 0, 5)},
        .is_assumed = pg_get_bool(result, 0, 3),
        .due_minor = pg_get_int(result, 0, 6),
        .document_no = (int32_t)pg_get_int(result, 0, 7),
    };
    *request = (struct request_kept){
        .request_no = (int32_t)pg_get_int(result, 0, 8),
        .state = pg_get_text(result, 0, 9),
        .form_nonce = pg_get_text(result, 0, 10),
        .of_demand = (int32_t)pg_get_int(result, 0, 11),
        .requested_on = day(result, 0, 12),
        .decide_by = day(result, 0, 13),
        .decided_on = day(result, 0, 14),
        .written = pg_get_text(result, 0, 15),
        .reasons = pg_get_text(result, 0, 16),
        .document_no = (int32_t)pg_get_int(result, 0, 17),
        .decision_no = (int32_t)pg_get_int(result, 0, 18),
    };
}

static void add_personal(struct pg_args *args, struct span json)
{
    char salt[EVENT_SALT_LEN];
    random_bytes(salt, sizeof(salt));
    pg_arg_bytes(args, span_of(salt, sizeof(salt)));
    pg_arg_text(args, json);
}

void demand_add_request(struct pg_tx *tx, const struct debt *debt, const struct request_new *new)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, debt->customer_id);
    pg_arg_int(&args, debt->invoice_id);
    pg_arg_int(&args, new->demand_no);
    pg_arg_int(&args, new->request_no);
    pg_arg_text(&args, new->form_nonce);
    pg_arg_text(&args, new->language);
    pg_arg_text(&args, debt->page);
    pg_arg_date(&args, date_to_days(new->decide_by));
    add_personal(&args, new->written);
    pg_arg_instant(&args, new->now);
    pg_tx_add(tx, SQL_DEMAND_ASK, &args, NULL);
    pg_args_release(&args);
}

/* ---- documents ---- */

int demand_read_documents(struct store *store, struct pg_query *query, const struct debt *debt,
                          struct instant now, pg_result_cb on_result, void *owner, struct err *err)
{
    (void)now;
    return read_of(store, query, SQL_DEMAND_DOCUMENT, debt, on_result, owner, err);
}

bool demand_take_document(const PGresult *result, int row, struct document_kept *document)
{
    *document = (struct document_kept){.document_no = 0};
    if (row >= PQntuples(result))
        return false;
    *document = (struct document_kept){
        .document_no = (int32_t)pg_get_int(result, row, 0),
        .kind = pg_get_text(result, row, 1),
        .made_on = day(result, row, 2),
        .due_minor = pg_get_int(result, row, 3),
        .dates = {.received_on = day(result, row, 4),
                  .pay_by = day(result, row, 6),
                  .request_by = day(result, row, 7)},
        .is_assumed = pg_get_bool(result, row, 5),
        .words = pg_get_text(result, row, 8),
        .decide_by = day(result, row, 9),
        .state = pg_get_text(result, row, 10),
    };
    return true;
}

/* ---- for the API ---- */

int demand_read_today(struct store *store, struct pg_query *query, int64_t customer_id,
                      struct instant now, pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, customer_id);
    pg_arg_instant(&args, now);
    int code = pg_read(store->reads, query, SQL_DEMAND_TODAY, &args, on_result, owner, err);
    pg_args_release(&args);
    return code;
}

bool demand_take_today(const PGresult *result, struct date *today)
{
    if (PQntuples(result) == 0)
        return false;
    *today = day(result, 0, 0);
    return true;
}

static void add_day(struct pg_args *args, bool is_there, struct date date)
{
    if (is_there)
        pg_arg_date(args, date_to_days(date));
    else
        pg_arg_null(args);
}

int demand_order(struct store *store, struct pg_tx *tx, const struct demand_order *order,
                 pg_result_cb on_ordered, pg_done_cb on_done, void *owner, struct err *err)
{
    int code = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (code != 0)
        return code;
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, order->customer_id);
    pg_arg_int(&args, order->invoice_id);
    pg_arg_text(&args, order->by);
    add_day(&args, order->is_sent, order->sent_on);
    add_day(&args, order->is_sent, order->dates.received_on);
    pg_arg_bool(&args, order->is_assumed);
    add_day(&args, order->is_sent, order->dates.pay_by);
    add_day(&args, order->is_sent, order->dates.request_by);
    pg_arg_instant(&args, order->now);
    pg_tx_add(tx, SQL_DEMAND_ORDER, &args, on_ordered);
    pg_args_release(&args);
    pg_tx_commit(tx);
    return 0;
}

void demand_read_ordered(const PGresult *result, struct span *verdict, int64_t *demand_no)
{
    *verdict = pg_get_text(result, 0, 0);
    *demand_no = pg_get_int(result, 0, 1);
}

int demand_decide(struct store *store, struct pg_tx *tx, const struct request_decision *decision,
                  pg_result_cb on_decided, pg_done_cb on_done, void *owner, struct err *err)
{
    int code = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (code != 0)
        return code;
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, decision->customer_id);
    pg_arg_int(&args, decision->invoice_id);
    pg_arg_int(&args, decision->request_no);
    pg_arg_text(&args, decision->is_granted ? SPAN_LIT("granted") : SPAN_LIT("refused"));
    pg_arg_text(&args, decision->by);
    add_personal(&args, decision->reasons);
    pg_arg_instant(&args, decision->now);
    pg_tx_add(tx, SQL_DEMAND_DECIDE, &args, on_decided);
    pg_args_release(&args);
    pg_tx_commit(tx);
    return 0;
}

void demand_read_decided(const PGresult *result, struct span *verdict, struct span *state)
{
    *verdict = pg_get_text(result, 0, 0);
    *state = pg_get_text(result, 0, 1);
}

int demand_list_requests(struct store *store, struct pg_query *query,
                         const struct request_search *search, pg_result_cb on_result, void *owner,
                         struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_text(&args, search->state);
    pg_arg_int(&args, search->after_customer_id);
    pg_arg_int(&args, search->after_invoice_id);
    pg_arg_int(&args, search->after_no);
    pg_arg_int(&args, search->at_most);
    pg_arg_instant(&args, search->now);
    int code = pg_read(store->reads, query, SQL_DEMAND_LIST_REQUESTS, &args, on_result, owner, err);
    pg_args_release(&args);
    return code;
}

void demand_read_listed(const PGresult *result, int row, struct request_listed *listed)
{
    *listed = (struct request_listed){
        .customer_id = pg_get_int(result, row, 0),
        .invoice_id = pg_get_int(result, row, 1),
        .request_no = pg_get_int(result, row, 2),
        .state = pg_get_text(result, row, 3),
        .demand_no = pg_get_int(result, row, 4),
        .requested_at = pg_get_instant(result, row, 5),
        .decide_by = day(result, row, 6),
        .is_overdue = pg_get_bool(result, row, 7),
        .is_decided = !pg_is_null(result, row, 8),
        .decided_at = pg_get_instant(result, row, 8),
        .decided_by = pg_get_text(result, row, 9),
        .written = pg_get_text(result, row, 10),
        .reasons = pg_get_text(result, row, 11),
        .document_no = pg_get_int(result, row, 12),
        .decision_no = pg_get_int(result, row, 13),
        .number = pg_get_text(result, row, 14),
        .customer = pg_get_text(result, row, 15),
        .currency = pg_get_text(result, row, 16),
        .due_minor = pg_get_int(result, row, 17),
    };
}
