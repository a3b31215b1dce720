/* Invoices for the creditor's systems: lists, one with all that happened to it, holds. */
#ifndef DUNLIN_STORE_INVOICE_STORE_H
#define DUNLIN_STORE_INVOICE_STORE_H

#include "base/clock.h"
#include "base/span.h"
#include "io/pg.h"

struct store;

struct invoice_key {
    int64_t customer_id, invoice_id;
};

struct invoice_search {
    struct span number, customer; /* null base: all */
    struct invoice_key after;     /* zeroes: from the first */
    int64_t at_most;
};

/* Spans live as long as the result. */
struct invoice_listed {
    struct invoice_key key;
    struct span number, customer, kind, product, currency;
    int64_t amount_minor, due_minor;
    int32_t issue_date, due_date; /* days since 1970-01-01 */
    bool is_paid;
    struct instant paid_at;
    int32_t link_no; /* 0: no active link */
};

struct invoice_shown {
    struct invoice_listed listed;
    struct span name, language, account;
    struct span ledger, payments, reminders, holds, timeline; /* JSON arrays */
    struct span plan; /* in force, a JSON object; null base: none */
};

MUST_CHECK int invoice_list(struct store *, struct pg_query *, const struct invoice_search *,
                            pg_result_cb, void *owner, struct err *);
MUST_CHECK int invoice_list_open(struct store *, struct pg_query *, struct span customer,
                                 int64_t at_most, struct instant now, pg_result_cb, void *owner,
                                 struct err *);
/* Of a row of invoice_list_open the plan in force, a JSON object; null base: none. */
struct span invoice_read_plan(const PGresult *, int row);
/* A row of either list. */
void invoice_read_listed(const PGresult *, int row, struct invoice_listed *);
/* At most one row. */
MUST_CHECK int invoice_show(struct store *, struct pg_query *, struct invoice_key,
                            struct instant now, pg_result_cb, void *owner, struct err *);
void invoice_read_shown(const PGresult *, struct invoice_shown *);

struct invoice_hold_new {
    struct invoice_key key;
    struct span kind, reason; /* reason: null base for none */
    bool has_until;
    struct instant until, now;
    /* A promise: the day, and promise_over of it; days since 1970-01-01, 0: none was named. */
    int32_t promised_on, promise_over_on;
};

/* on_row: one row with the hold's number, or none when there is no such invoice. */
MUST_CHECK int invoice_hold(struct store *, struct pg_tx *, const struct invoice_hold_new *,
                            pg_result_cb on_row, pg_done_cb on_done, void *owner, struct err *);
/* on_row: one row when it was in force. */
MUST_CHECK int invoice_hold_release(struct store *, struct pg_tx *, struct invoice_key,
                                    int64_t hold_no, struct instant now, pg_result_cb on_row,
                                    pg_done_cb on_done, void *owner, struct err *);

#endif
