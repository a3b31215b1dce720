/* Refunds in the tables; see refund.sql. A refund is known by its customer, payment and number. */
#ifndef DUNLIN_STORE_REFUND_STORE_H
#define DUNLIN_STORE_REFUND_STORE_H

#include "base/clock.h"
#include "base/span.h"
#include "io/pg.h"

struct store;

enum { REFUND_ID_TEXT_MAX = 64 };

struct refund_key {
    int64_t customer_id, payment_no, refund_no;
};
/* "12-1-3", for addresses. */
void refund_key_print(const struct refund_key *, char out[REFUND_ID_TEXT_MAX]);
bool refund_key_read(struct span text, struct refund_key *);

struct refund_order {
    int64_t customer_id, invoice_id, payment_no;
    int64_t amount_minor; /* PG_NULL_INT: all that is left */
    struct span reason, asked_by, idempotency_key;
    int64_t alone_max_minor;   /* above it somebody else must allow it */
    const struct span *givers; /* "provider/account" of all that give back when they are asked */
    size_t giver_count;
    struct instant now, wall;
};
struct refund_made {
    bool has_payment, gives_back; /* gives_back: its provider does when it is asked */
    int64_t left_minor;           /* that could still be given back, before this one */
    struct span currency;
    int64_t refund_no; /* 0: none was made, it is more than is left */
    int64_t amount_minor;
    struct span reason, state;
    bool is_new; /* else the one of the same key */
};
/* One transaction. `on_made` gets the row for refund_read_made; it counts once on_done has no
 * error. */
MUST_CHECK int refund_make(struct store *, struct pg_tx *, const struct refund_order *,
                           pg_result_cb on_made, pg_done_cb on_done, void *owner, struct err *);
void refund_read_made(const PGresult *, struct refund_made *);

struct refund_decision {
    struct refund_key key;
    struct span by;
    bool is_allowed;
    struct instant now, wall;
};
struct refund_decided {
    bool has_refund, is_own;      /* is_own: whoever decides asked for it, and nothing was done */
    struct span state, state_now; /* null base: nothing was done */
};
MUST_CHECK int refund_decide(struct store *, struct pg_tx *, const struct refund_decision *,
                             pg_result_cb on_decided, pg_done_cb on_done, void *owner,
                             struct err *);
void refund_read_decided(const PGresult *, struct refund_decided *);

struct refund_listed {
    struct refund_key key;
    int64_t invoice_id, amount_minor;
    struct span provider, account, currency, reason, state, state_reason, asked_by, decided_by,
        refund_id;
    struct instant created_at, changed_at;
};
MUST_CHECK int refund_list(struct store *, struct pg_query *, struct span state, int64_t count_max,
                           pg_result_cb, void *owner, struct err *);
void refund_read_listed(const PGresult *, int row, struct refund_listed *);

/* Of one account: what is to be asked for or about now, each put off until its next time. */
struct refund_due {
    struct refund_key key;
    bool is_asked; /* the provider has it: ask what became of it */
    int64_t amount_minor, key_no;
    struct span currency, movement, refund_id, provider_reference; /* empty: not known */
};
MUST_CHECK int refund_claim(struct store *, struct pg_tx *, struct span provider,
                            struct span account, struct instant wall, struct instant now,
                            int64_t count_max, pg_result_cb on_row, pg_done_cb on_done, void *owner,
                            struct err *);
void refund_read_due(const PGresult *, int row, struct refund_due *);
/* The provider has it; an empty id when it gave none. */
MUST_CHECK int refund_asked(struct store *, struct pg_tx *, const struct refund_key *,
                            struct span refund_id, struct instant now, pg_done_cb on_done,
                            void *owner, struct err *);
/* What it will be known by is on disk, and it is due at once; see PROVIDER_HALFWAY. */
MUST_CHECK int refund_name(struct store *, struct pg_tx *, const struct refund_key *,
                           struct span refund_id, struct instant wall, pg_done_cb on_done,
                           void *owner, struct err *);
MUST_CHECK int refund_refuse(struct store *, struct pg_tx *, const struct refund_key *,
                             struct span reason, struct instant now, pg_done_cb on_done,
                             void *owner, struct err *);

#endif
