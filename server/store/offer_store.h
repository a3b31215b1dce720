/* Individual offers in the tables; see offer.sql. One is known by its customer, debt and number. */
#ifndef DUNLIN_STORE_OFFER_STORE_H
#define DUNLIN_STORE_OFFER_STORE_H

#include "domain/offer.h"
#include "store/debt_store.h"
#include "store/terms_store.h"

/* ---- of one debt ---- */

struct offer_kept { /* spans live as long as the result; null bases where there is nothing */
    int32_t offer_no, plan_no; /* plan_no: what it became; 0: nothing */
    enum offer_state state;
    enum offer_kind kind;
    struct date valid_until;
    int64_t debt_minor, forgiven_minor, interest_minor, total_minor;
    int32_t interest_hundredths, usual_hundredths; /* usual: below zero: none */
    struct span parts;                             /* JSON: [{due_date, amount_minor}] */
    struct span form_nonce, reason;
    bool is_answered;
    struct date answered_on; /* where the customer is */
    int64_t counter_minor;   /* 0: not said */
    bool has_counter_from;
    struct date counter_from;
};

/* A debt_more_fn. */
MUST_CHECK int offer_read_of(struct store *, struct pg_query *, const struct debt *,
                             struct instant now, pg_result_cb, void *owner, struct err *);
/* Whether the debt is in a plan, or one is asked for. */
bool offer_take_plan(const PGresult *);
/* The newest first. False when there is no such row. */
bool offer_take(const PGresult *, int row, struct offer_kept *);

/* What a customer answers. */
struct offer_answer {
    int32_t offer_no;
    enum offer_deed deed; /* OFFER_ACCEPT, OFFER_DECLINE, OFFER_COUNTER */
    struct span form_nonce, language;
    const struct terms *terms;  /* of OFFER_ACCEPT, word for word */
    struct span decline_reason; /* "too_much", "dates", "not_owed", "other", or empty */
    int64_t counter_minor;      /* 0: not said */
    bool has_counter_from;
    struct date counter_from;
    struct instant now;
};
/* Adds to a transaction that begins with the debt's guard. */
void offer_add_answer(struct pg_tx *, const struct debt *, const struct offer_answer *);

/* ---- making them ---- */

struct offer_new {
    int64_t customer_id, invoice_id;
    int64_t money_version; /* of the customer when it was reckoned; PG_NULL_INT: does not matter */
    const struct offer *offer;
    struct span rule;            /* null base: made by a person */
    struct span made_by;         /* "rule", or an API key's id */
    struct span idempotency_key; /* null base: none */
    bool replaces;               /* one that waits or is open */
    bool is_allowed;             /* else a second person must allow it */
};

enum { OFFER_BATCH_MAX = 200 };

/* One transaction, at most OFFER_BATCH_MAX. on_made gets a row each, for offer_read_made. */
MUST_CHECK int offer_add_all(struct store *, struct pg_tx *, const struct offer_new *, size_t count,
                             struct instant now, pg_result_cb on_made, pg_done_cb on_done,
                             void *owner, struct err *);
/* The verdict is one of offer_add()'s (migration 0084). Lives as long as the result. */
void offer_read_made(const PGresult *, int row, struct span *verdict, int32_t *offer_no);

struct offer_candidate { /* spans live as long as the result */
    int64_t customer_id, invoice_id, money_version;
    struct date due;
    bool may; /* else nothing below is said */
    struct offer_facts facts;
    struct span used; /* names of rules, with blanks between; null base: none */
};

struct offer_window {
    struct instant now, in_flight_from;
    struct date from, to;  /* due dates */
    struct date after_due; /* where to go on; before `from` at first */
    int64_t after_customer_id, after_invoice_id;
};

enum { OFFER_WINDOW_MAX = 500 };

MUST_CHECK int offer_candidates(struct store *, struct pg_query *, const struct offer_window *,
                                pg_result_cb, void *owner, struct err *);
void offer_read_candidate(const PGresult *, int row, struct offer_candidate *);

/* For the API: facts.usual_hundredths is the caller's to fill. False for an unknown debt. */
MUST_CHECK int offer_read_debt(struct store *, struct pg_query *, int64_t customer_id,
                               int64_t invoice_id, struct span idempotency_key, struct instant now,
                               struct instant in_flight_from, pg_result_cb, void *owner,
                               struct err *);
bool offer_take_debt(const PGresult *, struct offer_facts *, int64_t *money_version);
/* The offer that was made with the key of the question; 0: none. The state lives as long as the
 * result. */
int32_t offer_take_same(const PGresult *, struct span *state);

/* ---- for the API ---- */

enum { OFFER_ID_MAX = 64 };

struct offer_key {
    int64_t customer_id, invoice_id, offer_no;
};

/* "12-34-1", and a NUL. */
void offer_key_print(const struct offer_key *, char out[OFFER_ID_MAX]);
bool offer_key_read(struct span text, struct offer_key *);

struct offer_decision {
    struct offer_key key;
    enum offer_deed deed;   /* OFFER_APPROVE, OFFER_WITHDRAW */
    struct span by, reason; /* a null reason: none */
    struct instant now;
};

/* One transaction. on_decided's row is for offer_read_decided. */
MUST_CHECK int offer_decide(struct store *, struct pg_tx *, const struct offer_decision *,
                            pg_result_cb on_decided, pg_done_cb on_done, void *owner, struct err *);
/* The verdict is one of offer_decide()'s; the state is null for an unknown offer. */
void offer_read_decided(const PGresult *, struct span *verdict, struct span *state);

struct offer_search {
    struct span state;      /* null base: any */
    struct offer_key after; /* zeroes: from the first */
    int64_t at_most;
};

struct offer_listed { /* spans live as long as the result; null bases where there is nothing */
    struct offer_key key;
    struct span state, kind, rule, made_by, decided_by, parts, terms, decline_reason, reason;
    struct span number, customer, currency;
    int64_t debt_minor, forgiven_minor, interest_minor, interest_hundredths, total_minor;
    int64_t counter_minor, plan_no; /* 0: none */
    struct instant made_at, decided_at, answered_at, ended_at;
    bool is_decided, is_answered, is_ended, has_counter_from;
    struct date valid_until, counter_from;
};

MUST_CHECK int offer_list(struct store *, struct pg_query *, const struct offer_search *,
                          pg_result_cb, void *owner, struct err *);
void offer_read_listed(const PGresult *, int row, struct offer_listed *);

/* ---- the clock ---- */

enum { OFFER_EXPIRE_MAX = 100 };

/* Ends those whose time is over. One transaction. */
MUST_CHECK int offer_expire(struct store *, struct pg_tx *, struct instant now,
                            pg_result_cb on_ended, pg_done_cb on_done, void *owner, struct err *);
int64_t offer_read_expired(const PGresult *);

#endif
