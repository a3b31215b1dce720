#include "store/debtor_store.h"

#include "sql.h"
#include "store/store.h"

int debtor_list(struct store *store, struct pg_query *query, const struct debtor_search *search,
                pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_text(&args, search->words);
    pg_arg_text(&args, search->state);
    pg_arg_instant(&args, search->now);
    pg_arg_instant(&args, search->hold_since);
    pg_arg_int(&args, search->at_most);
    int rc = pg_read(store->reads, query, SQL_DEBTOR_LIST, &args, on_result, owner, err);
    pg_args_release(&args);
    return rc;
}

void debtor_read(const PGresult *result, int row, struct debtor *debtor)
{
    *debtor = (struct debtor){.customer_id = pg_get_int(result, row, 0),
                              .invoice_id = pg_get_int(result, row, 1),
                              .name = pg_get_text(result, row, 2),
                              .reference = pg_get_text(result, row, 3),
                              .number = pg_get_text(result, row, 4),
                              .product = pg_get_text(result, row, 5),
                              .currency = pg_get_text(result, row, 6),
                              .amount_minor = pg_get_int(result, row, 7),
                              .due_minor = pg_get_int(result, row, 8),
                              .due_date = pg_get_date(result, row, 9),
                              .language = pg_get_text(result, row, 10),
                              .link_no = (int32_t)pg_get_int(result, row, 11),
                              .state = pg_get_text(result, row, 12),
                              .last_step = pg_get_text(result, row, 13),
                              .last_at = pg_get_instant(result, row, 14),
                              .next_step = pg_get_text(result, row, 15),
                              .next_at = pg_get_instant(result, row, 16),
                              .segment = pg_get_text(result, row, 17),
                              .segment_facts = pg_get_text(result, row, 18)};
}

int debtor_summary(struct store *store, struct pg_query *query, struct instant now,
                   pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_instant(&args, now);
    int rc = pg_read(store->reads, query, SQL_DEBTOR_SUMMARY, &args, on_result, owner, err);
    pg_args_release(&args);
    return rc;
}

void debtor_read_summary(const PGresult *result, struct debtor_summary *summary)
{
    *summary = (struct debtor_summary){.customer_count = pg_get_int(result, 0, 0),
                                       .invoice_count = pg_get_int(result, 0, 1),
                                       .paid_count = pg_get_int(result, 0, 2),
                                       .due_minor = pg_get_int(result, 0, 3),
                                       .message_count = pg_get_int(result, 0, 4),
                                       .has_next = !pg_is_null(result, 0, 5),
                                       .next_at = pg_get_instant(result, 0, 5),
                                       .is_stopped = !pg_is_null(result, 0, 6),
                                       .stopped_at = pg_get_instant(result, 0, 6),
                                       .stopped_by = pg_get_text(result, 0, 7),
                                       .on_time_count = pg_get_int(result, 0, 8),
                                       .sometimes_count = pg_get_int(result, 0, 9),
                                       .chronically_count = pg_get_int(result, 0, 10),
                                       .call_count = pg_get_int(result, 0, 11),
                                       .handover_count = pg_get_int(result, 0, 12),
                                       .put_off_count = pg_get_int(result, 0, 13),
                                       .waiting_count = pg_get_int(result, 0, 14)};
}

int debtor_ladder(struct store *store, struct pg_query *query, int64_t customer_id,
                  int64_t invoice_id, pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, customer_id);
    pg_arg_int(&args, invoice_id);
    int rc = pg_read(store->reads, query, SQL_DEBTOR_LADDER, &args, on_result, owner, err);
    pg_args_release(&args);
    return rc;
}

void debtor_read_step(const PGresult *result, int row, struct debtor_step *step)
{
    *step = (struct debtor_step){.step = pg_get_text(result, row, 0),
                                 .due_at = pg_get_instant(result, row, 1),
                                 .state = pg_get_text(result, row, 2),
                                 .reason = pg_get_text(result, row, 3),
                                 .channel = pg_get_text(result, row, 4),
                                 .is_finished = !pg_is_null(result, row, 5),
                                 .finished_at = pg_get_instant(result, row, 5),
                                 .is_to_be_tried = !pg_is_null(result, row, 6),
                                 .try_at = pg_get_instant(result, row, 6),
                                 .is_opened = !pg_is_null(result, row, 7),
                                 .opened_at = pg_get_instant(result, row, 7),
                                 .delivery = pg_get_text(result, row, 8),
                                 .other_count = pg_get_int(result, row, 9),
                                 .place_no = pg_get_int(result, row, 10),
                                 .cascade = pg_get_text(result, row, 11),
                                 .tone = pg_get_text(result, row, 12)};
}

int debtor_agreements(struct store *store, struct pg_query *query, int64_t customer_id,
                      int64_t invoice_id, pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, customer_id);
    pg_arg_int(&args, invoice_id);
    int rc = pg_read(store->reads, query, SQL_DEBTOR_AGREEMENTS, &args, on_result, owner, err);
    pg_args_release(&args);
    return rc;
}

int debtor_list_waiting(struct store *store, struct pg_query *query, int64_t at_most,
                        pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, at_most);
    int rc = pg_read(store->reads, query, SQL_DEBTOR_WAITING, &args, on_result, owner, err);
    pg_args_release(&args);
    return rc;
}

void debtor_read_waiting(const PGresult *result, int row, struct debtor_waiting *waiting)
{
    *waiting = (struct debtor_waiting){.what = pg_get_text(result, row, 0),
                                       .customer_id = pg_get_int(result, row, 1),
                                       .invoice_id = pg_get_int(result, row, 2),
                                       .no = pg_get_int(result, row, 3),
                                       .name = pg_get_text(result, row, 4),
                                       .number = pg_get_text(result, row, 5),
                                       .language = pg_get_text(result, row, 6),
                                       .currency = pg_get_text(result, row, 7),
                                       .due_minor = pg_get_int(result, row, 8),
                                       .asked_at = pg_get_instant(result, row, 9),
                                       .answer_by = pg_get_text(result, row, 10),
                                       .detail = pg_get_text(result, row, 11)};
}

int debtor_wake(struct store *store, struct pg_tx *tx, const char *channel, pg_done_cb on_done,
                void *owner, struct err *err)
{
    int rc = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (rc != 0)
        return rc;
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_text(&args, span_str(channel));
    pg_tx_add(tx, SQL_DEBTOR_WAKE, &args, NULL);
    pg_args_release(&args);
    pg_tx_commit(tx);
    return 0;
}

int sandbox_message_newest(struct store *store, struct pg_query *query,
                           const struct sandbox_message_search *search, pg_result_cb on_result,
                           void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, search->customer_id);
    pg_arg_texts(&args, search->channels, search->channel_count);
    pg_arg_int(&args, search->at_most);
    pg_arg_int(&args, search->before_id);
    int rc = pg_read(store->reads, query, SQL_SANDBOX_MESSAGE_NEWEST, &args, on_result, owner, err);
    pg_args_release(&args);
    return rc;
}

void sandbox_message_read(const PGresult *result, int row, struct sandbox_message *message)
{
    *message = (struct sandbox_message){.message_id = pg_get_int(result, row, 0),
                                        .customer_id = pg_get_int(result, row, 1),
                                        .invoice_id = pg_get_int(result, row, 2),
                                        .step = pg_get_text(result, row, 3),
                                        .channel = pg_get_text(result, row, 4),
                                        .address = pg_get_text(result, row, 5),
                                        .title = pg_get_text(result, row, 6),
                                        .body = pg_get_text(result, row, 7),
                                        .at = pg_get_instant(result, row, 8),
                                        .name = pg_get_text(result, row, 9),
                                        .number = pg_get_text(result, row, 10),
                                        .link_no = (int32_t)pg_get_int(result, row, 11),
                                        .service = pg_get_text(result, row, 12),
                                        .collapse = pg_get_text(result, row, 13),
                                        .link = pg_get_text(result, row, 14),
                                        .is_replaced = !pg_is_null(result, row, 15),
                                        .is_opened = !pg_is_null(result, row, 16),
                                        .replaced_at = pg_get_instant(result, row, 15),
                                        .opened_at = pg_get_instant(result, row, 16)};
}
