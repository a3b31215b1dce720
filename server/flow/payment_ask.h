/* Asking a provider about one payment: what became of it (its callback may be lost or late), or for
 * the confirmation that makes money ours. What it tells goes the way of callbacks: kept, decided,
 * booked once, whichever came first. */
#ifndef DUNLIN_FLOW_PAYMENT_ASK_H
#define DUNLIN_FLOW_PAYMENT_ASK_H

#include "flow/callback_apply.h"
#include "flow/world.h"
#include "provider/provider.h"

struct payment_question {
    enum provider_task_kind kind; /* QUERY or CONFIRM */
    const struct provider_account *account;
    int64_t customer_id, payment_no;
    int64_t key_no;       /* its reference was sealed with */
    int64_t amount_minor; /* as it was asked for */
    struct span currency;
    struct span provider_reference; /* empty: never heard */
    struct span movement;           /* CONFIRM: the provider's id of what came in */
    /* QUERY: the customer's time is over; if the provider answers and knows of no money, it failed.
     */
    bool is_overdue;
};

enum payment_ask_result {
    PAYMENT_ASK_TOLD = 1, /* what it said is on disk */
    PAYMENT_ASK_NOTHING,  /* it answered, and there is nothing new */
    PAYMENT_ASK_REFUSED,  /* CONFIRM: it said no */
    PAYMENT_ASK_UNCLEAR,  /* ask again later */
};
typedef void (*payment_ask_cb)(void *owner, enum payment_ask_result result);

struct payment_ask;

/* Copies the question. Calls back exactly once, later. */
void payment_ask_begin(struct world *, struct callback_queue *, const struct payment_question *,
                       payment_ask_cb on_done, void *owner, struct payment_ask **op);
/* The callback will not run; what was told already is booked all the same. */
void payment_ask_cancel(struct payment_ask *);

#endif
