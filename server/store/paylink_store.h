/* The links of invoices: which there are, and the statements that issue and revoke them. */
#ifndef DUNLIN_STORE_PAYLINK_STORE_H
#define DUNLIN_STORE_PAYLINK_STORE_H

#include "store/store.h"

enum { PAYLINK_NUMBER_MAX = 128 }; /* bytes of an invoice's number that are kept here */

struct paylink_row {
    bool is_there; /* the invoice */
    int64_t customer_id, invoice_id, money_version;
    int64_t active_no, newest_no; /* 0: none */
    char number[PAYLINK_NUMBER_MAX + 1];
};

MUST_CHECK int paylink_find_by_number(struct store *, struct pg_query *, struct span number,
                                      pg_result_cb on_found, void *owner, struct err *);
void paylink_read(const PGresult *, struct paylink_row *);

/* The number of the invoice behind a link: paylink_read_number is false when there is none. */
MUST_CHECK int paylink_find_number(struct store *, struct pg_query *, int64_t customer_id,
                                   int64_t link_no, pg_result_cb on_found, void *owner,
                                   struct err *);
bool paylink_read_number(const PGresult *, char out[PAYLINK_NUMBER_MAX + 1]);

/* Statements of one transaction, in this order. The guard fails it with SQLSTATE DL001 when the
 * customer has moved since the row was read. */
void paylink_add_guard(struct pg_tx *, const struct paylink_row *);
void paylink_add_revoke(struct pg_tx *, const struct paylink_row *, struct instant now,
                        bool is_replaced);
void paylink_add_issue(struct pg_tx *, const struct paylink_row *, struct instant now,
                       pg_result_cb on_issued);
int64_t paylink_read_issued(const PGresult *);

#endif
