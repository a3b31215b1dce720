#include "store/debt_store.h"

#include "sql.h"

enum { TEXT_MAX = 64 * 1024 }; /* all texts of one debt; the import bounds each far below */

int32_t debt_days_late(const struct debt *debt)
{
    return date_days_between(debt->due, debt->today);
}

int debt_read(struct store *store, struct pg_query *query, struct paylink_id link,
              struct instant now, struct instant in_flight_from, pg_result_cb on_result,
              void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, link.customer_id);
    pg_arg_int(&args, link.link_no);
    pg_arg_instant(&args, now);
    pg_arg_instant(&args, in_flight_from);
    int code = pg_read(store->reads, query, SQL_DEBT_READ, &args, on_result, owner, err);
    pg_args_release(&args);
    return code;
}

static enum segment segment_of_name(struct span name)
{
    for (int s = SEGMENT_ON_TIME; s <= SEGMENT_CHRONICALLY_LATE; ++s)
        if (span_is_str(name, segment_name((enum segment)s)))
            return (enum segment)s;
    return SEGMENT_ON_TIME;
}

/* The texts one behind the other, in one block that does not move any more. */
static void take_texts(const PGresult *result, struct debt *debt)
{
    static const int columns[] = {3, 4, 5, 7, 8, 9, 10, 11};
    struct span *const texts[] = {&debt->language, &debt->name,   &debt->time_zone,
                                  &debt->number,   &debt->kind,   &debt->product,
                                  &debt->currency, &debt->account};
    enum { COUNT = sizeof(columns) / sizeof(columns[0]) };
    for (int i = 0; i < COUNT; ++i)
        buf_add(&debt->text_, pg_get_text(result, 0, columns[i]));
    size_t at = 0;
    for (int i = 0; i < COUNT; ++i) {
        size_t len = pg_get_text(result, 0, columns[i]).len;
        *texts[i] = span_of(buf_span(&debt->text_).base + at, len);
        at += len;
    }
}

bool debt_take(const PGresult *result, struct paylink_id link, struct debt *debt)
{
    *debt = (struct debt){0};
    if (PQntuples(result) == 0)
        return false;
    *debt = (struct debt){
        .is_revoked = pg_get_bool(result, 0, 0),
        .customer_id = link.customer_id,
        .link_no = link.link_no,
        .invoice_id = pg_get_int(result, 0, 1),
        .money_version = pg_get_int(result, 0, 2),
        .segment = segment_of_name(pg_get_text(result, 0, 6)),
        .amount_minor = pg_get_int(result, 0, 12),
        .due_minor = pg_get_int(result, 0, 13),
        .paid_minor = pg_get_int(result, 0, 14),
        .due = date_from_days(pg_get_date(result, 0, 15)),
        .today = date_from_days(pg_get_date(result, 0, 16)),
        .entry_count = (int32_t)pg_get_int(result, 0, 17),
        .hold_count = (int32_t)pg_get_int(result, 0, 18),
        .help_count = (int32_t)pg_get_int(result, 0, 19),
        .plan_no = (int32_t)pg_get_int(result, 0, 20),
        .holds = (unsigned)pg_get_int(result, 0, 21),
        .is_in_flight = pg_get_bool(result, 0, 22),
    };
    buf_init(&debt->text_, TEXT_MAX);
    take_texts(result, debt);
    return true;
}

void debt_release(struct debt *debt)
{
    buf_release(&debt->text_);
}

void debt_add_guard(struct pg_tx *tx, const struct debt *debt)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, debt->customer_id);
    pg_arg_int(&args, debt->money_version);
    pg_tx_add(tx, SQL_DEBT_GUARD, &args, NULL);
    pg_args_release(&args);
}
