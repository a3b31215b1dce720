/* Payments in the tables: making one before the provider is called, what the provider answered, and
 * finding one again. The statements stand in payment.sql. */
#ifndef DUNLIN_STORE_PAYMENT_STORE_H
#define DUNLIN_STORE_PAYMENT_STORE_H

#include "base/clock.h"
#include "base/span.h"
#include "domain/allocation.h"
#include "io/pg.h"
#include "store/page_version_store.h"

struct store;

enum { PAYMENT_CHOICES_MAX = 16 };

/* An account that a payment may go to. */
struct payment_choice {
    struct span provider, account;
    struct span currencies;                     /* "PLN EUR"; empty: all */
    int64_t amount_min_minor, amount_max_minor; /* 0: any */
    bool is_repeatable;                         /* the same start twice is one charge */
    bool is_asked;                              /* it can be asked what became of a payment */
};

/* One debt that a payment is for. */
struct payment_part {
    int64_t invoice_id;
    int64_t amount_minor; /* to be paid of it */
    int64_t due_minor;    /* all that is due of it, as the form showed it */
};

struct payment_order {
    int64_t customer_id, link_no;
    struct span form_nonce, method;
    const struct payment_choice *choices; /* in the order in which they are to be tried */
    size_t choice_count;                  /* at most PAYMENT_CHOICES_MAX */
    int64_t amount_minor;                 /* in all */
    const struct payment_part *parts;     /* none: all that is due of the link's own debt */
    size_t part_count;                    /* at most ALLOCATIONS_MAX */
    int64_t starts_max, calls_max;
    struct instant counted_from; /* wall clock */
    struct instant codes_from;   /* wall clock: BLIK codes given since may still be confirmed */
    struct instant wall, now;
    int64_t key_no;         /* of the link key that seals the reference of a new one */
    bool pays_again;        /* knowingly, beside one that the bank is confirming */
    struct instant ask_at;  /* wall clock: when its provider is first asked what became of it */
    struct page_shown page; /* whose form it was */
};

/* What payment_make found and did. Spans die with the result. */
struct payment_made {
    bool has_link, is_link_active;
    int64_t due_minor;    /* of the debts that are to be paid, together */
    bool is_payable;      /* nothing about them is other than the form showed */
    bool is_for_the_same; /* an old one is for just these debts and amounts */
    struct span currency, title, language;
    int64_t payment_no; /* 0: none, because of what stands in the way */
    bool is_new;
    bool is_other_in_hand; /* the bank is confirming another one for the same debt */
    bool is_elsewhere;     /* one was begun at another provider, or by a BLIK code, and may be
                              finished there */
    bool is_called_again;  /* an old one whose provider may be asked again now */
    struct span state, method, redirect_url; /* of an old one; null base: none */
    struct span provider, account; /* of it, or that a new one goes to; null base: none takes it */
    int64_t amount_minor;
    struct span payer_name, payer_email; /* null base: not known */
    int64_t key_no; /* its reference is printed under this key, whatever signs by now */
};

/* One transaction. `on_made` gets the row for payment_read_made; it counts once on_done has no
 * error. */
MUST_CHECK int payment_make(struct store *, struct pg_tx *, const struct payment_order *,
                            pg_result_cb on_made, pg_done_cb on_done, void *owner, struct err *);
void payment_read_made(const PGresult *, struct payment_made *);

struct payment_answer {
    int64_t customer_id, payment_no;
    struct span provider, account;
    struct span provider_reference, redirect_url; /* empty redirect: none */
    struct instant wall, now;
};
/* The provider took it: its id leads to the payment from now on, and what was parked for it is
 * tried again. */
MUST_CHECK int payment_started(struct store *, struct pg_tx *, const struct payment_answer *,
                               pg_done_cb on_done, void *owner, struct err *);
/* Not a byte of it reached the provider: it goes to another account, unless another payment of the
 * debt was begun elsewhere. on_row gets a row for payment_read_moved; it counts once on_done has no
 * error. */
struct payment_move {
    int64_t customer_id, payment_no;
    struct span provider, account; /* from */
    struct span to_provider, to_account;
    struct instant ask_at; /* .us PG_NULL_INT: never */
    bool pays_again;       /* the customer knows of the other one */
    struct instant counted_from;
};
MUST_CHECK int payment_move(struct store *, struct pg_tx *, const struct payment_move *,
                            pg_result_cb on_row, pg_done_cb on_done, void *owner, struct err *);
void payment_read_moved(const PGresult *, bool *has_moved, bool *is_elsewhere);
/* The provider said no. */
MUST_CHECK int payment_refused(struct store *, struct pg_tx *, int64_t customer_id,
                               int64_t payment_no, struct span reason, struct instant now,
                               pg_done_cb on_done, void *owner, struct err *);

/* An hour each at the end: about ten days. */
enum { PAYMENT_ASKS_MAX = 250 };
/* Payments of one account that its provider is to be asked about now, at most `count_max`: those it
 * is silent about, and those that failed without a reason. Each is put off until its next time in
 * the same step. The rows are for payment_read_silent. */
MUST_CHECK int payment_ask_claim(struct store *, struct pg_tx *, struct span provider,
                                 struct span account, struct instant wall, int64_t count_max,
                                 pg_result_cb on_row, pg_done_cb on_done, void *owner,
                                 struct err *);
struct payment_silent {
    int64_t customer_id, payment_no, key_no, amount_minor;
    struct span currency, provider_reference; /* empty: never heard */
    struct instant asked_at;                  /* wall clock */
    bool has_failed;                          /* only why is not known */
};
void payment_read_silent(const PGresult *, int row, struct payment_silent *);

/* A read; at most one row, for payment_read_found. */
MUST_CHECK int payment_find(struct store *, struct pg_query *, int64_t customer_id,
                            int64_t payment_no, pg_result_cb, void *owner, struct err *);
/* False when there is no such payment. */
bool payment_read_found(const PGresult *, struct span *state, int32_t *link_no);

#endif
