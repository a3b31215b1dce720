/* Callbacks in the tables: what is known about those that just came, and the one transaction that
 * books a batch of them. The statements stand in callback.sql. Nothing here decides. */
#ifndef DUNLIN_STORE_CALLBACK_STORE_H
#define DUNLIN_STORE_CALLBACK_STORE_H

#include "base/clock.h"
#include "domain/allocation.h"
#include "domain/payment.h"
#include "io/pg.h"

struct store;

enum {
    CALLBACK_BATCH_MAX = 256,  /* how many are flushed together at most */
    CALLBACK_SHARES_MAX = 512, /* of debts that they concern: one each, unless a payment is for
                                  several */
};

/* One callback as it came: whose it claims to be. */
struct callback_wanted {
    struct span provider, account, dedup_key;
    int64_t customer_id; /* PG_NULL_INT: our reference is missing or not ours */
    int64_t payment_no;
    struct span provider_reference; /* null base: none */
    struct span failed_refund;      /* its movement, where a refund failed; null base: none did */
};

/* What is known about it. */
struct callback_known {
    int64_t position; /* of the callback in the batch, from 0 */
    bool is_decided;  /* it has an outcome: it was here before */
    bool is_parked;   /* …and that outcome is not its last */
    int64_t attempts;
    struct instant next_try_at; /* when is_parked; .us PG_NULL_INT: not by itself */
    bool is_reference_known;    /* the provider's: it leads to a payment */
    bool has_payment;           /* the rest is meaningful */
    bool has_parked;            /* callbacks about this payment wait for it */
    bool is_failure_known;      /* that failed_refund did has been told */
    bool is_for_several;        /* its debts are read by callback_load_allocations */
    int64_t customer_id, payment_no, money_version;
    int64_t invoice_id; /* the debt it is for, or one of several */
};

/* One read; the rows are for callback_read_known, one a callback, in no order. */
MUST_CHECK int callback_load(struct store *, struct pg_query *, const struct callback_wanted *,
                             size_t count, pg_result_cb, void *owner, struct err *);
/* Fills the payment too, but for its movements. */
void callback_read_known(const PGresult *, int row, struct callback_known *, struct payment *);

/* One read of what is booked for these payments; the rows are for callback_read_movement. */
MUST_CHECK int callback_load_movements(struct store *, struct pg_query *,
                                       const int64_t *customer_ids, const int64_t *payment_nos,
                                       size_t count, pg_result_cb, void *owner, struct err *);
/* False for an entry that is no movement of a payment. */
bool callback_read_movement(const PGresult *, int row, int64_t *customer_id, int64_t *payment_no,
                            struct payment_movement *);

/* One read of what these payments are for; the rows are for callback_read_allocation, those of one
 * payment in their order. */
MUST_CHECK int callback_load_allocations(struct store *, struct pg_query *,
                                         const int64_t *customer_ids, const int64_t *payment_nos,
                                         size_t count, pg_result_cb, void *owner, struct err *);
void callback_read_allocation(const PGresult *, int row, int64_t *customer_id, int64_t *payment_no,
                              struct allocation *);

/* What becomes of one callback, and of the payment it is about. */
struct callback_decision {
    struct callback_wanted wanted;
    struct span headers, body, reference;
    const char *state;  /* "applied", "ignored", "parked" */
    const char *reason; /* a fixed word */
    int64_t attempts;
    struct instant next_try_at; /* .us PG_NULL_INT: not by itself */
    bool was_parked;            /* as loaded, with its next try then */
    struct instant next_try_before;
    bool has_new_reference; /* the provider's is to lead to this payment from now on */
    /* Only when a payment is concerned (has_payment): its new state, and the event. At most one
     * decision a customer has one. */
    bool has_payment, has_parked;
    bool is_told_only; /* the payment stays as it is: only the event is new */
    bool asks_why;     /* it failed, and nobody said why: of a BLIK code the provider is asked */
    /* The refund of `movement` and `amount_minor` came to nothing: before it was given back, or
     * because it came back. Which of ours it is may stand in our reference. */
    bool fails_refund, has_come_back;
    int64_t refund_no; /* PG_NULL_INT: not said */
    int64_t amount_minor;
    int64_t customer_id, payment_no, money_version;
    enum payment_state payment_state;
    struct span payment_reason; /* null base: none */
    struct payment_sums sums;
    const char *entry_kind; /* null: no money moved */
    int64_t entry_minor;    /* what the movement does to all debts of the payment together */
    struct span movement, currency;
    const char *event_kind;
};

/* What a decision with has_payment does to one debt: each such decision has at least one. */
struct callback_share {
    const struct callback_decision *decision;
    int64_t invoice_id;
    int64_t entry_minor; /* 0: no money moves on this one */
    struct span event_facts;
};

/* One transaction: on_done says whether it is on disk. ERR_CONFLICT when a customer's money moved
 * since it was loaded, or somebody woke what would be parked again: nothing was saved, load again.
 */
MUST_CHECK int callback_save(struct store *, struct pg_tx *, const struct callback_decision *,
                             size_t count, const struct callback_share *, size_t share_count,
                             struct instant now, struct instant wall, pg_done_cb on_done,
                             void *owner, struct err *);

/* Tells those who send reminders that there is something for them. */
MUST_CHECK int callback_notify(struct store *, struct pg_tx *, pg_done_cb on_done, void *owner,
                               struct err *);

/* A parked callback, to be read again. Spans die with the result. */
struct callback_parked {
    struct span provider, account, dedup_key, headers, body;
};
/* Of these accounts only: what nobody can read any more waits for people. */
struct callback_accounts {
    const struct span *providers, *accounts;
    size_t count;
};
MUST_CHECK int callback_parked_due(struct store *, struct pg_query *, struct instant wall,
                                   int64_t count_max, const struct callback_accounts *,
                                   pg_result_cb, void *owner, struct err *);
void callback_read_parked(const PGresult *, int row, struct callback_parked *);

/* Of one account: what is to be confirmed now, at most `count_max`, each put off until its next
 * time in the same step. The rows are for callback_read_to_confirm. */
MUST_CHECK int callback_confirm_claim(struct store *, struct pg_tx *, struct span provider,
                                      struct span account, struct instant wall, int64_t count_max,
                                      pg_result_cb on_row, pg_done_cb on_done, void *owner,
                                      struct err *);
struct callback_to_confirm {
    struct callback_parked message; /* provider and account are those that were asked for */
    int64_t customer_id, payment_no, key_no, amount_minor; /* of the payment, as it was asked for */
    struct span currency, provider_reference;
    struct instant received_at;
};
void callback_read_to_confirm(const PGresult *, int row, struct callback_to_confirm *);
/* The provider said no: it is left to people. */
MUST_CHECK int callback_confirm_refuse(struct store *, struct pg_tx *, struct span provider,
                                       struct span account, struct span dedup_key,
                                       pg_done_cb on_done, void *owner, struct err *);

/* For people. */
struct callback_listed {
    struct callback_parked message;
    struct span reason, reference, provider_reference;
    int64_t attempts;
    struct instant received_at, decided_at, next_try_at;
    bool has_next_try;
};
MUST_CHECK int callback_parked_list(struct store *, struct pg_query *, struct instant from,
                                    struct span behind_key, int64_t count_max, pg_result_cb,
                                    void *owner, struct err *);
void callback_read_listed(const PGresult *, int row, struct callback_listed *);

#endif
