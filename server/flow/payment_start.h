/* Starting a payment: on disk first, then the provider, then the customer's browser on its way.
 *
 * The same form sent twice is one payment and leads to the same place; so is another form sent
 * while the provider has not yet answered the first: it is asked again under the same reference,
 * which is its idempotency key, so there is one charge at most. A provider without such keys is not
 * sent the same start twice; what became of it is found by asking (jobs/asking.h).
 *
 * One payment may be for several debts of the customer, and for a part of one that is paid by a
 * plan. What the form
 * showed of each is what must be so still; one that has changed is a reason to look again at all.
 *
 * A start of which not a byte reached its provider goes to the next one in the creditor's order. */
#ifndef DUNLIN_FLOW_PAYMENT_START_H
#define DUNLIN_FLOW_PAYMENT_START_H

#include "domain/form_token.h"
#include "domain/payment_reference.h"
#include "flow/world.h"
#include "store/payment_store.h"

enum {
    PAYMENT_CALLS_FACTOR =
        4, /* calls to the provider a start, repetitions of the same form included */
    PAYMENT_STARTS_SECONDS = 600,
    PAYMENT_VALID_SECONDS = 3600, /* how long the customer may take at the provider */
    BLIK_CODE_LEN = 6,
    BLIK_CODE_SECONDS = 120, /* how long one may be confirmed */
};

/* Refusals in order of precedence, then what is left. */
enum payment_start_result {
    PAYMENT_START_NOWHERE = 1, /* no such link */
    PAYMENT_START_REVOKED,
    PAYMENT_START_SETTLED,   /* nothing is left to pay */
    PAYMENT_START_IN_HAND,   /* the bank is confirming another one, and the form did not say so */
    PAYMENT_START_ELSEWHERE, /* one was begun at another provider, or by a BLIK code, that may still
                                be finished there, and the form did not say so */
    PAYMENT_START_CHANGED,   /* the form showed another amount than is due of a debt, or asks
                                for a part that may not be paid alone, or was of another method,
                                amount, debt or account when it was sent first */
    PAYMENT_START_TOO_MANY,
    PAYMENT_START_NO_PROVIDER, /* none is configured for this method and currency */
    PAYMENT_START_UNANSWERED,  /* the provider did not answer: try again */
    PAYMENT_START_REDIRECT,    /* to redirect_url, at the provider */
    PAYMENT_START_WAIT,        /* to /back/{reference}: BLIK, refused, or started before */
};

struct payment_start_options {
    struct paylink_id link;
    struct span form_nonce;
    bool is_blik;
    struct span blik_code; /* BLIK_CODE_LEN digits */
    int64_t amount_minor;  /* as the form showed it: all that is due; without parts */
    /* What is to be paid, of debts of the link's customer in one currency, each once; the link's
     * own need not be among them. None: all that is due of the link's own. At most ALLOCATIONS_MAX,
     * with amounts of 1 … PAYMENT_AMOUNT_MAX_MINOR; less than is due only of a debt with a plan.
     * Copied. */
    const struct payment_part *parts;
    size_t part_count;
    struct span language;             /* of the visitor; empty: the customer's */
    bool pays_again;                  /* the form said that another payment is on its way */
    struct span page;                 /* what the form said, see flow/page_version.h */
    struct span payer_ip, user_agent; /* some providers want them of the visitor */
};

struct payment_start_outcome {
    enum payment_start_result result;
    const char *redirect_url;
    const char *reference; /* of the payment, for /back/ */
};

/* `outcome` is borrowed; null when err->code says that the database failed. */
typedef void (*payment_start_cb)(void *owner, const struct payment_start_outcome *outcome,
                                 const struct err *err);

struct payment_start;

/* Copies the options. Returns an error and never calls back, or 0 and calls back exactly once,
 * later. */
MUST_CHECK int payment_start_begin(struct world *, const struct payment_start_options *,
                                   payment_start_cb on_done, void *owner, struct payment_start **op,
                                   struct err *);
/* The visitor is gone: nobody is told. What is under way is finished: money may be moving. */
void payment_start_forget(struct payment_start *op);

#endif
