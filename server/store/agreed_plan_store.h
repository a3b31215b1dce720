/* Debts in parts as agreed with their customers: the tables plan and instalment. What happens to
 * one in force is settled in the database (plan_follow_money); the planner of reminders is
 * plan_store.h. */
#ifndef DUNLIN_STORE_AGREED_PLAN_STORE_H
#define DUNLIN_STORE_AGREED_PLAN_STORE_H

#include "domain/plan_policy.h"
#include "store/debt_store.h"
#include "store/terms_store.h"

/* ---- of one debt ---- */

/* What agreed_plan_read says. Spans live as long as the result. */
struct agreed_plans {
    int64_t year_count;                 /* plans the customer agreed within a year, of any debt */
    int32_t next_plan_no, next_part_no; /* for one that is agreed now */
    bool is_in_force, is_asked;         /* the first of the rows is that one */
};

struct agreed_plan {
    int32_t plan_no;
    struct span state, form_nonce; /* a null nonce: by no form */
    struct date answer_by;         /* of one that is asked for */
    struct span parts;             /* JSON: [{due_date, amount_minor, is_paid, is_missed}] */
};

/* A debt_more_fn. */
MUST_CHECK int agreed_plan_read_of(struct store *, struct pg_query *, const struct debt *,
                                   struct instant now, pg_result_cb, void *owner, struct err *);
void agreed_plan_take(const PGresult *, struct agreed_plans *);
/* The one in force or asked for first, then the newest first. False when there is no such row. */
bool agreed_plan_take_one(const PGresult *, int row, struct agreed_plan *);

/* What a customer said yes to. */
struct agreed_plan_new {
    const struct plan_offer *offer;
    const struct agreed_plans *before; /* its numbers */
    const struct terms *terms;         /* word for word */
    struct span language, form_nonce;
    struct instant now;
};

/* Adds to a transaction that begins with the debt's guard: the terms, the plan with its parts, its
 * cost in the ledger, the hold, and the event plan.agreed or plan.asked. */
void agreed_plan_add(struct pg_tx *, const struct debt *, const struct agreed_plan_new *);

/* ---- for the API ---- */

enum { AGREED_PLAN_ID_MAX = 64 };

struct agreed_plan_key {
    int64_t customer_id, invoice_id, plan_no;
};

/* "12-34-1", and a NUL. */
void agreed_plan_key_print(const struct agreed_plan_key *, char out[AGREED_PLAN_ID_MAX]);
bool agreed_plan_key_read(struct span text, struct agreed_plan_key *);

struct agreed_plan_search {
    struct span state;            /* null base: any */
    struct agreed_plan_key after; /* zeroes: from the first */
    int64_t at_most;
    bool is_of_invoice; /* of this one alone */
    int64_t customer_id, invoice_id;
};

struct agreed_plan_listed { /* spans live as long as the result; null bases where there is nothing
                             */
    struct agreed_plan_key key;
    struct span state, policy, number, customer, currency, terms, language, page, decided_by,
        reason;
    struct span parts; /* JSON */
    int64_t debt_minor, fee_minor, interest_minor;
    struct instant asked_at, answer_by, decided_at, ended_at;
    bool has_answer_by, is_decided, is_ended;
};

MUST_CHECK int agreed_plan_list(struct store *, struct pg_query *,
                                const struct agreed_plan_search *, pg_result_cb, void *owner,
                                struct err *);
void agreed_plan_read_listed(const PGresult *, int row, struct agreed_plan_listed *);

struct agreed_plan_decision {
    struct agreed_plan_key key;
    const char *deed;       /* "approve", "refuse", "end" */
    struct span by, reason; /* a null reason: none */
    struct instant now;
};

/* One transaction. on_decided's row is for agreed_plan_read_decided. */
MUST_CHECK int agreed_plan_decide(struct store *, struct pg_tx *,
                                  const struct agreed_plan_decision *, pg_result_cb on_decided,
                                  pg_done_cb on_done, void *owner, struct err *);
/* The verdict is one of plan_decide()'s (migrations/0078); the state is null for an unknown plan.
 * Spans live as long as the result. */
void agreed_plan_read_decided(const PGresult *, struct span *verdict, struct span *state);

/* ---- the clock ---- */

enum { AGREED_PLAN_LAPSE_MAX = 100 };

/* Ends those that were asked for and not answered in time. One transaction. */
MUST_CHECK int agreed_plan_lapse(struct store *, struct pg_tx *, struct instant now,
                                 pg_result_cb on_lapsed, pg_done_cb on_done, void *owner,
                                 struct err *);
int64_t agreed_plan_read_lapsed(const PGresult *);

#endif
