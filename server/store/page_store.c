#include "store/page_store.h"

#include "sql.h"

#include <assert.h>

/* In the order of the select list. */
enum column {
    IS_REVOKED,
    LANGUAGE,
    NAME,
    NUMBER,
    KIND,
    PRODUCT,
    CURRENCY,
    ACCOUNT,
    DUE_MINOR,
    PAID_MINOR,
    DUE_DATE,
    DAYS_LEFT,
    PAID_ON,
    HOLDS,
    PAYMENT_STATE,
    IS_BLIK,
    REASON,
    PROVIDER_REFERENCE,
    PAYMENT_MINOR,
    CREATED_AT,
    CHANGED_AT,
    COLUMN_COUNT,
};

int page_store_read(struct store *store, struct pg_query *query, struct paylink_id link,
                    struct instant now, pg_result_cb on_result, void *owner, struct err *err)
{
    struct pg_args args;
    pg_args_init(&args);
    pg_arg_int(&args, link.customer_id);
    pg_arg_int(&args, link.link_no);
    pg_arg_instant(&args, now);
    int rc = pg_read(store->reads, query, SQL_PAGE_READ, &args, on_result, owner, err);
    pg_args_release(&args);
    return rc;
}

static struct page_payment read_payment(const PGresult *r)
{
    if (pg_is_null(r, 0, PAYMENT_STATE))
        return (struct page_payment){.is_there = false};
    return (struct page_payment){
        .is_there = true,
        .state = payment_state_of(pg_get_text(r, 0, PAYMENT_STATE)),
        .is_blik = pg_get_bool(r, 0, IS_BLIK),
        .reason = pg_get_text(r, 0, REASON),
        .reference = pg_get_text(r, 0, PROVIDER_REFERENCE),
        .amount_minor = pg_get_int(r, 0, PAYMENT_MINOR),
        .created_at = pg_get_instant(r, 0, CREATED_AT),
        .changed_at = pg_get_instant(r, 0, CHANGED_AT),
    };
}

bool page_store_row(const PGresult *r, struct page_row *row)
{
    assert(PQnfields(r) == COLUMN_COUNT);
    if (PQntuples(r) == 0)
        return false;
    *row = (struct page_row){
        .is_revoked = pg_get_bool(r, 0, IS_REVOKED),
        .language = pg_get_text(r, 0, LANGUAGE),
        .name = pg_get_text(r, 0, NAME),
        .number = pg_get_text(r, 0, NUMBER),
        .kind = pg_get_text(r, 0, KIND),
        .product = pg_get_text(r, 0, PRODUCT),
        .currency = pg_get_text(r, 0, CURRENCY),
        .account = pg_get_text(r, 0, ACCOUNT),
        .due_minor = pg_get_int(r, 0, DUE_MINOR),
        .paid_minor = pg_get_int(r, 0, PAID_MINOR),
        .due_date = pg_get_date(r, 0, DUE_DATE),
        .days_left = (int32_t)pg_get_int(r, 0, DAYS_LEFT),
        .paid_on = pg_is_null(r, 0, PAID_ON) ? 0 : pg_get_date(r, 0, PAID_ON),
        .holds = (unsigned)pg_get_int(r, 0, HOLDS),
        .payment = read_payment(r),
    };
    return true;
}
