/* Promises to pay, as they are given, judged and listed. The rules: domain/promise.h. */
#ifndef DUNLIN_STORE_PROMISE_STORE_H
#define DUNLIN_STORE_PROMISE_STORE_H

#include "domain/promise.h"
#include "store/debt_store.h"

/* ---- on the page ---- */

/* What is known of the promises of a debt. Spans point into the result. */
struct promise_look {
    int32_t given_for_debt, given_in_year;
    bool is_there; /* the newest */
    bool is_open;
    struct date day;
    struct span form_nonce; /* empty: it did not come by a form */
};

/* A debt_more_fn. */
MUST_CHECK int promise_look_begin(struct store *, struct pg_query *, const struct debt *,
                                  struct instant now, pg_result_cb, void *owner, struct err *);
void promise_look_read(const PGresult *, struct promise_look *);
/* The rule's view of it. */
struct promise_case promise_case_of(const struct debt *, const struct promise_look *);

/* Behind debt_add_guard. `over`: promise_over. */
struct promise_new {
    struct date day, over;
    struct span form_nonce;
    struct instant now;
};
void promise_add(struct pg_tx *, const struct debt *, const struct promise_new *);

/* ---- when they are over ---- */

enum { PROMISE_CLOSE_MAX = 200 }; /* in one transaction */

/* At most so many that are open and over, and no payment on its way may keep; a row each. */
MUST_CHECK int promise_find_over(struct store *, struct pg_query *, struct instant now,
                                 struct instant in_flight_from, pg_result_cb, void *owner,
                                 struct err *);
/* Those that `found` names, if they still are. on_closed: promise_read_closed. */
MUST_CHECK int promise_close(struct store *, struct pg_tx *, const PGresult *found,
                             struct instant now, struct instant in_flight_from,
                             pg_result_cb on_closed, pg_done_cb on_done, void *owner, struct err *);
struct promise_closed {
    int64_t kept, broken;
};
struct promise_closed promise_read_closed(const PGresult *);

/* ---- listed ---- */

struct promise_key {
    int64_t customer_id, invoice_id, promise_no;
};

struct promise_search {
    const char *states[PROMISE_STATE_COUNT]; /* ended by null */
    int32_t after_day;                       /* days since 1970-01-01 */
    struct promise_key after;
    int64_t at_most;
};

/* Spans live as long as the result. */
struct promise_listed {
    struct promise_key key;
    int32_t day;
    struct instant until, given_at, decided_at;
    bool is_decided;
    struct span state, given_by, currency, number, customer;
    int64_t amount_minor, due_minor;
};

MUST_CHECK int promise_list(struct store *, struct pg_query *, const struct promise_search *,
                            pg_result_cb, void *owner, struct err *);
void promise_read_listed(const PGresult *, int row, struct promise_listed *);

#endif
