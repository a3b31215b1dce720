#include "store/message_store.h"

#include "sql.h"

static void note_early(struct pg_tx *tx, const struct message_report *report, pg_result_cb on_early)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_text(&args, report->channel);
    pg_arg_text(&args, report->gateway_id);
    pg_arg_instant(&args, report->now);
    pg_tx_add(tx, SQL_MESSAGE_NOTE_EARLY, &args, on_early);
    pg_args_release(&args);
}

int message_take(struct store *store, struct pg_tx *tx, const struct message_report *report,
                 pg_result_cb on_early, pg_result_cb on_taken, pg_done_cb on_done, void *owner,
                 struct err *err)
{
    struct pg_args args;
    int rc = pg_tx_begin(store->writes, tx, on_done, owner, err);
    if (rc != 0)
        return rc;
    if (report->customer_id == 0 && report->gateway_id.len > 0)
        note_early(tx, report, on_early);
    pg_args_init(&args);
    pg_arg_int(&args, report->customer_id);
    pg_arg_text(&args, report->channel.base == NULL ? SPAN_LIT("") : report->channel);
    pg_arg_text(&args, report->gateway_id.base == NULL ? SPAN_LIT("") : report->gateway_id);
    pg_tx_add(tx, SQL_MESSAGE_LOCK_CUSTOMER, &args, NULL);
    pg_arg_int(&args, report->message_no);
    pg_tx_add(tx, SQL_MESSAGE_LOCK_INVOICES, &args, NULL);
    pg_arg_text(&args, span_str(report->delivery));
    pg_arg_bool(&args, report->is_opened);
    pg_arg_text(&args, report->reason.base == NULL ? SPAN_LIT("") : report->reason);
    pg_arg_text(&args, span_str(report->address));
    pg_arg_instant(&args, report->at);
    pg_arg_instant(&args, report->now);
    pg_tx_add(tx, SQL_MESSAGE_TAKE, &args, on_taken);
    pg_args_release(&args);
    pg_tx_commit(tx);
    return 0;
}

struct message_reported message_read_reported(const PGresult *result)
{
    return (struct message_reported){.known_count = pg_get_int(result, 0, 0),
                                     .new_count = pg_get_int(result, 0, 1)};
}
