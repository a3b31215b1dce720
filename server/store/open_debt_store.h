/* All that one customer owes, as their pages show it. The statement stands in open_debt.sql. */
#ifndef DUNLIN_STORE_OPEN_DEBT_STORE_H
#define DUNLIN_STORE_OPEN_DEBT_STORE_H

#include "domain/calendar.h"
#include "store/debt_store.h"

/* Spans die with the result. */
struct open_debt {
    int64_t invoice_id, due_minor;
    struct span number, kind, product, currency; /* the product may be empty */
    struct date due;
    int32_t days_left; /* below zero: late */
    unsigned holds;    /* enum page_hold, those in force */
    bool is_in_hand;   /* the bank is confirming a payment for it */
};

/* A read of the debts of the customer who has this one, with live links, what is late first: the
 * most pressing ALLOCATIONS_MAX and one more, which tells that there are more. A row each for
 * open_debt_take. */
MUST_CHECK int open_debt_list(struct store *, struct pg_query *, const struct debt *,
                              struct instant now, pg_result_cb, void *owner, struct err *);
void open_debt_take(const PGresult *, int row, struct open_debt *);

#endif
