/* The sandbox bank behind the panes: an HTTP provider on another origin, with its own books. The
 * gateway starts a payment over its API; the customer pays on its page, or a BLIK code is given;
 * what becomes of it is told in callbacks signed by Standard Webhooks and repeated, with growing
 * gaps, until somebody takes them. */
#ifndef DUNLIN_APP_BANK_H
#define DUNLIN_APP_BANK_H

#include "app/bank_rules.h"
#include "base/err.h"
#include "store/sandbox_bank_store.h"

struct world;
struct bank;

/* What makes the bank behave badly; each may be switched at any time. */
struct bank_trouble {
    bool is_late;       /* callbacks wait ten seconds; a BLIK without an answer is paid after all */
    bool is_twice;      /* each callback is sent twice at once */
    bool is_disordered; /* a stale "pending" follows each outcome */
    bool is_before_return; /* told and answered before the customer is sent back */
    bool is_wrongly_signed;
    bool is_refunded;     /* each payment is given back a moment after it was taken */
    bool is_charged_back; /* each payment is disputed a moment after it was taken */
};

struct bank_options {
    struct world *world;
    struct span callback_secret; /* "whsec_…", as the gateway has it */
    struct span ca_file;         /* of the gateway's certificate */
};

struct bank *bank_new(const struct bank_options *);
/* Stops telling; what is untold stays in the books. */
void bank_stop(struct bank *);
struct bank_trouble *bank_trouble_of(struct bank *);
/* What is still untold is told now: after a trouble was switched off. */
void bank_hurry(struct bank *);

enum bank_result {
    BANK_DONE = 1,
    BANK_IMPOSSIBLE, /* the payment's state does not allow it, or the amount */
    BANK_UNKNOWN,    /* no such payment */
    BANK_BROKEN,     /* the database did not do its part */
};

/* `payment` is null for BANK_UNKNOWN and BANK_BROKEN. Exactly once; before the call returned only
 * when the database takes nothing more. */
typedef void (*bank_cb)(void *owner, enum bank_result, const struct sandbox_payment *payment);

struct bank_order {
    struct span payment_id; /* empty: the newest paid one */
    enum bank_action action;
    int64_t amount_minor;    /* 0: all */
    const char *reason;      /* of a failure; null: the rule's own; static */
    bool waits_for_callback; /* calls back after the callback was answered or 3 s went by */
};

/* Moves a payment and books the callback that tells of it. */
void bank_move(struct bank *, const struct bank_order *, bank_cb on_moved, void *owner);

/* Books a new payment. For BLIK the customer's phone answers by itself, as the code says. Calls
 * back with the payment as booked. */
void bank_start(struct bank *, const struct sandbox_payment *, const struct bank_blik *blik,
                bank_cb on_started, void *owner);

#endif
