/* One debt, read whole for the rules of what a customer may do about it, and the guard under which
 * it is changed: whoever decides on what was read saves behind debt_add_guard, and is told with
 * ERR_CONFLICT when the customer's money, holds or agreements have moved since. */
#ifndef DUNLIN_STORE_DEBT_STORE_H
#define DUNLIN_STORE_DEBT_STORE_H

#include "domain/calendar.h"
#include "domain/paylink.h"
#include "domain/segment.h"
#include "store/page_store.h"
#include "store/store.h"

/* Spans point into `text_`: a debt outlives the result it was read from. */
struct debt {
    bool is_revoked; /* the link */
    int64_t customer_id, invoice_id, money_version;
    int32_t link_no;
    struct span language, name, time_zone; /* of the customer; the name is to be masked */
    enum segment segment;
    struct span number, kind, product, currency, account; /* product and account may be empty */
    int64_t amount_minor;                                 /* as the creditor last said it */
    int64_t due_minor;                                    /* what is left; below zero: over-paid */
    int64_t paid_minor;                                   /* came in and stayed */
    struct date due;
    struct date today;                           /* where the customer is */
    int32_t entry_count, hold_count, help_count; /* grow with each change */
    int32_t plan_no;                             /* the plan it is followed by, perhaps a completed
                                                    one; 0: none */
    unsigned holds;                              /* enum page_hold, those in force */
    bool is_in_flight;                           /* a payment of it is on its way */
    struct span page; /* its name (page_version_store.h), of the form that changes the debt; empty
                         when that did not tell, or when nothing is changed */
    struct buf text_;
};

/* Days since the due date; below zero before it. */
int32_t debt_days_late(const struct debt *);

/* A read; `in_flight_from` as in the reminders' rules. The result is for debt_take. */
MUST_CHECK int debt_read(struct store *, struct pg_query *, struct paylink_id, struct instant now,
                         struct instant in_flight_from, pg_result_cb, void *owner, struct err *);
/* False, and *debt zero, when the link was never issued. Copies; give back with debt_release. */
bool debt_take(const PGresult *, struct paylink_id, struct debt *);
void debt_release(struct debt *);

/* The first statement of a transaction that changes the debt. */
void debt_add_guard(struct pg_tx *, const struct debt *);

#endif
