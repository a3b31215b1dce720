/* Reads all that the page of a link shows. The reads of one turn of the loop are one statement;
 * what is asked while one is under way goes with the next. */
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
    bool is_asked_why;     /* it failed, and its provider is being asked for a better reason */
    struct span reference; /* the provider's; may be empty */
    int64_t amount_minor;  /* of it for this debt */
    int64_t whole_minor;   /* for all its debts */
    struct instant created_at, changed_at;
};

enum page_plan_state {
    PAGE_PLAN_NONE = 0, /* none, or one that says nothing any more */
    PAGE_PLAN_ASKED,
    PAGE_PLAN_ACTIVE,
    PAGE_PLAN_COMPLETED,
    PAGE_PLAN_BROKEN,
};

/* A plan of the debt in parts; of one in force with where it stands. */
struct page_plan {
    enum page_plan_state state;
    int32_t answer_by; /* of one that is asked for: the last day for an answer; 0: not said */
    int64_t part_count, paid_count;
    int64_t part_no;        /* the first one that is not paid, counted from 1; 0: none */
    int64_t part_minor;     /* what is left of it */
    int64_t late_minor;     /* what is left of those whose day is over */
    int32_t part_due;       /* of the first one, days since 1970-01-01 */
    int32_t part_days_left; /* to that; below zero: late */
};

/* Spans point into the result and die with it. */
struct page_row {
    bool is_revoked;
    struct span language;
    struct span name; /* of the customer, as imported: to be masked; empty after erasure */
    struct span number, kind, product, currency;
    struct span account; /* IBAN; may be empty */
    int64_t due_minor;
    int64_t paid_minor;       /* came in and stayed */
    int32_t due_date;         /* days since 1970-01-01 */
    int32_t days_left;        /* to the due date where the customer lives; below zero: late */
    int32_t paid_on;          /* 0 while something is left to pay */
    unsigned holds;           /* enum page_hold, those in force */
    bool is_dispute_answered; /* the newest one, lately */
    int32_t offer_until;      /* the last day of an open offer; 0: there is none */
    int32_t demand_until;     /* … and for a request for restructuring; 0: none can be made */
    struct page_payment payment;
    int64_t invoice_id; /* 0 of a fresh debt */
    struct page_plan plan;
};

/* `row` is null when there is no such link, and when `err` is set (null when all is well). */
typedef void (*page_read_cb)(void *owner, const struct page_row *row, const struct err *err);

struct page_reads;

struct page_reads *page_reads_new(h2o_loop_t *, struct pg *reads);
/* After the connection is gone, and everything under way with it. What still waits ends with
 * ERR_CLOSED inside this call. */
void page_reads_free(struct page_reads *);

/* Embedded, zeroed, in the operation that waits. */
struct page_read {
    struct page_reads *reads_;
    h2o_linklist_t waiting_link_;
    struct page_read **place_; /* in the batch that is under way */
    struct paylink_id paylink_;
    struct instant now_;
    page_read_cb on_read_;
    void *owner_;
};

/* The promise is pg_read's: an error and no callback, or 0 and exactly one, later. */
MUST_CHECK int page_store_read(struct store *, struct page_read *, struct paylink_id,
                               struct instant now, page_read_cb on_read, void *owner, struct err *);
/* The callback will not run any more. Harmless when it has run. */
void page_read_cancel(struct page_read *);

#endif
