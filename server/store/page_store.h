/* One read that fetches all that the page of a link shows. */
#ifndef DUNLIN_STORE_PAGE_STORE_H
#define DUNLIN_STORE_PAGE_STORE_H

#include "domain/paylink.h"
#include "domain/payment.h"
#include "store/store.h"

enum page_hold {
    PAGE_HOLD_PLAN = 1,
    PAGE_HOLD_PROMISE = 2,
    PAGE_HOLD_DISPUTE = 4,
    PAGE_HOLD_ADMIN = 8,
};

/* The payment that says most about now: one the provider has pending, or else the newest. */
struct page_payment {
    bool is_there;
    enum payment_state state;
    bool is_blik;
    struct span reason;    /* why it failed, one of payment_reason_word's */
    struct span reference; /* the provider's; may be empty */
    int64_t amount_minor;
    struct instant created_at, changed_at;
};

/* Spans point into the result and die with it. */
struct page_row {
    bool is_revoked;
    struct span language;
    struct span name; /* of the customer, as imported: to be masked; empty after erasure */
    struct span number, kind, product, currency;
    struct span account; /* IBAN; may be empty */
    int64_t due_minor;
    int64_t paid_minor; /* came in and stayed */
    int32_t due_date;   /* days since 1970-01-01 */
    int32_t days_left;  /* to the due date where the customer lives; below zero: late */
    int32_t paid_on;    /* 0 while something is left to pay */
    unsigned holds;     /* enum page_hold, those in force */
    struct page_payment payment;
};

/* Sends the read; the promise is pg_read's. */
MUST_CHECK int page_store_read(struct store *store, struct pg_query *query, struct paylink_id link,
                               struct instant now, pg_result_cb on_result, void *owner,
                               struct err *err);
/* False when there is no such link. */
bool page_store_row(const PGresult *result, struct page_row *row);

#endif
