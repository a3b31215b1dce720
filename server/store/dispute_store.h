/* Disputes, as they are opened, answered and listed. The rules: domain/dispute.h. What a customer
 * wrote, and the answer, are JSON texts {"text": …} that lie in the personal part of events. */
#ifndef DUNLIN_STORE_DISPUTE_STORE_H
#define DUNLIN_STORE_DISPUTE_STORE_H

#include "domain/dispute.h"
#include "store/debt_store.h"

/* ---- on the page ---- */

/* Spans point into the result. */
struct dispute_look {
    int32_t given_for_debt;
    bool is_there; /* the newest */
    int32_t dispute_no;
    enum dispute_reason reason;
    enum dispute_state state;
    struct span form_nonce;
    struct date opened, answer_by, answered; /* answered: once it is */
    struct span written, answer;             /* JSON; null base: nothing, or erased */
    int64_t proof_count;                     /* files that came with it */
};

/* A debt_more_fn. */
MUST_CHECK int dispute_look_begin(struct store *, struct pg_query *, const struct debt *,
                                  struct instant now, pg_result_cb, void *owner, struct err *);
void dispute_look_read(const PGresult *, struct dispute_look *);
struct dispute_case dispute_case_of(const struct debt *, const struct dispute_look *);

/* Behind debt_add_guard. */
struct dispute_new {
    enum dispute_reason reason;
    struct date answer_by;
    struct span form_nonce;
    struct span salt, written; /* null bases: nothing was written */
    struct instant now;
};
void dispute_add(struct pg_tx *, const struct debt *, const struct dispute_new *);
/* Behind debt_add_guard; does nothing to one that is not open any more. */
void dispute_add_withdrawal(struct pg_tx *, const struct debt *, int32_t dispute_no,
                            struct instant now);

/* ---- for the creditor ---- */

struct dispute_key {
    int64_t customer_id, invoice_id, dispute_no;
};

struct dispute_search {
    const char *states[DISPUTE_STATE_COUNT]; /* ended by null */
    int32_t after_day;                       /* days since 1970-01-01 */
    struct dispute_key after;
    int64_t at_most;
    struct instant now;
};

/* Spans live as long as the result. */
struct dispute_listed {
    struct dispute_key key;
    struct span reason, state, answered_by, currency, number, customer;
    struct instant opened_at, answered_at, ended_at;
    bool is_answered, is_ended, is_overdue;
    int32_t answer_by;
    int64_t due_minor;
};

MUST_CHECK int dispute_list(struct store *, struct pg_query *, const struct dispute_search *,
                            pg_result_cb, void *owner, struct err *);
/* A row of the list, or what dispute_show found. */
void dispute_read_listed(const PGresult *, int row, struct dispute_listed *);

/* One row, or none. */
MUST_CHECK int dispute_show(struct store *, struct pg_query *, struct dispute_key,
                            struct instant now, pg_result_cb, void *owner, struct err *);
struct span dispute_read_written(const PGresult *); /* JSON; null base: nothing, or erased */
struct span dispute_read_answer(const PGresult *);

struct dispute_answer {
    struct dispute_key key;
    bool is_accepted;
    struct span by, salt, text; /* text: JSON */
    struct instant now;
};

enum dispute_answer_result {
    DISPUTE_ANSWERED = 1,
    DISPUTE_ANSWERED_SAME,  /* this very answer was given before */
    DISPUTE_ANSWERED_OTHER, /* another one was, or the customer has withdrawn it */
    DISPUTE_UNKNOWN,
};

/* on_row: dispute_read_answer_result. */
MUST_CHECK int dispute_answer(struct store *, struct pg_tx *, const struct dispute_answer *,
                              pg_result_cb on_row, pg_done_cb on_done, void *owner, struct err *);
enum dispute_answer_result dispute_read_answer_result(const PGresult *);

/* One row with how many are open past their day. */
MUST_CHECK int dispute_count_overdue(struct store *, struct pg_query *, struct instant now,
                                     pg_result_cb, void *owner, struct err *);

#endif
