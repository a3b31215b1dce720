/* Demands of art. 75c, requests for restructuring and the documents of both; see demand.sql. */
#ifndef DUNLIN_STORE_DEMAND_STORE_H
#define DUNLIN_STORE_DEMAND_STORE_H

#include "domain/demand.h"
#include "store/debt_store.h"

/* ---- of one debt ---- */

struct demand_kept {
    int32_t demand_no, document_no; /* 0: there was none */
    struct date sent_on;
    struct demand_dates dates;
    bool is_assumed; /* nobody said when it was received */
    int64_t due_minor;
};

struct request_kept { /* spans live as long as the result; null bases where there is nothing */
    int32_t request_no, of_demand, document_no, decision_no; /* request_no 0: there was none */
    struct span state, form_nonce;
    struct span written, reasons; /* JSON: {"text": …}; null base: erased, or not yet */
    struct date requested_on, decide_by, decided_on;
};

/* A debt_more_fn. */
MUST_CHECK int demand_read_of(struct store *, struct pg_query *, const struct debt *,
                              struct instant now, pg_result_cb, void *owner, struct err *);
void demand_take(const PGresult *, struct demand_kept *, struct request_kept *);

/* What a customer asks for. */
struct request_new {
    int32_t demand_no, request_no;
    struct span form_nonce, language;
    struct span written; /* JSON */
    struct date decide_by;
    struct instant now;
};
/* Adds to a transaction that begins with the debt's guard. */
void demand_add_request(struct pg_tx *, const struct debt *, const struct request_new *);

/* ---- documents ---- */

struct document_kept { /* spans live as long as the result; null bases where there is nothing */
    int32_t document_no;
    struct span kind; /* "demand", "request", "decision" */
    struct date made_on;
    struct demand_dates dates; /* of a demand */
    bool is_assumed;
    int64_t due_minor;
    struct span words; /* JSON: {"text": …}; null base: erased */
    struct date decide_by;
    struct span state; /* of a decision */
};

/* A debt_more_fn. */
MUST_CHECK int demand_read_documents(struct store *, struct pg_query *, const struct debt *,
                                     struct instant now, pg_result_cb, void *owner, struct err *);
/* Those of a debt as they were made. False when there is no such row. */
bool demand_take_document(const PGresult *, int row, struct document_kept *);

/* ---- for the API ---- */

MUST_CHECK int demand_read_today(struct store *, struct pg_query *, int64_t customer_id,
                                 struct instant now, pg_result_cb, void *owner, struct err *);
/* False for an unknown customer. */
bool demand_take_today(const PGresult *, struct date *);

struct demand_order {
    int64_t customer_id, invoice_id;
    struct span by;
    bool is_sent; /* else a message is to carry it, and the dates mean nothing */
    struct date sent_on;
    struct demand_dates dates;
    bool is_assumed;
    struct instant now;
};
MUST_CHECK int demand_order(struct store *, struct pg_tx *, const struct demand_order *,
                            pg_result_cb on_ordered, pg_done_cb on_done, void *owner, struct err *);
/* One of demand_order()'s verdicts (migration 0085). Lives as long as the result. */
void demand_read_ordered(const PGresult *, struct span *verdict, int64_t *demand_no);

struct request_decision {
    int64_t customer_id, invoice_id, request_no;
    bool is_granted;
    struct span by, reasons; /* reasons: JSON */
    struct instant now;
};
MUST_CHECK int demand_decide(struct store *, struct pg_tx *, const struct request_decision *,
                             pg_result_cb on_decided, pg_done_cb on_done, void *owner,
                             struct err *);
/* One of restructuring_decide()'s verdicts; the state is null for an unknown request. */
void demand_read_decided(const PGresult *, struct span *verdict, struct span *state);

struct request_search {
    struct span state; /* null base: any */
    int64_t after_customer_id, after_invoice_id, after_no;
    int64_t at_most;
    struct instant now;
};
struct request_listed { /* spans live as long as the result; null bases where there is nothing */
    int64_t customer_id, invoice_id, request_no, demand_no, document_no, decision_no, due_minor;
    struct span state, decided_by, written, reasons, number, customer, currency;
    struct instant requested_at, decided_at;
    struct date decide_by;
    bool is_overdue, is_decided;
};
MUST_CHECK int demand_list_requests(struct store *, struct pg_query *,
                                    const struct request_search *, pg_result_cb, void *owner,
                                    struct err *);
void demand_read_listed(const PGresult *, int row, struct request_listed *);

#endif
