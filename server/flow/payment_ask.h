/* Asking a provider about one payment: what became of it (its callback may be lost or late), for
 * the confirmation that makes money ours, or for a refund and what became of that. What it tells
 * goes the way of callbacks: kept, decided, booked once, whichever came first. */
#ifndef DUNLIN_FLOW_PAYMENT_ASK_H
#define DUNLIN_FLOW_PAYMENT_ASK_H

#include "flow/callback_apply.h"
#include "flow/world.h"
#include "provider/provider.h"

struct payment_question {
    enum provider_task_kind kind; /* all but START and CHECK */
    const struct provider_account *account;
    int64_t customer_id, payment_no;
    int64_t key_no;       /* its reference was sealed with */
    int64_t amount_minor; /* as it was asked for; of a refund: what is to go back */
    struct span currency;
    struct span provider_reference; /* empty: never heard */
    struct span movement;           /* CONFIRM, REFUND…: the provider's id of what came in */
    int64_t refund_no;              /* REFUND…: ours, of one payment */
    struct span refund_id;          /* REFUND…: theirs; empty: never heard */
    /* QUERY: the customer's time is over; if the provider answers and knows of no money, it failed.
     */
    bool is_overdue;
};

enum payment_ask_result {
    PAYMENT_ASK_TOLD = 1, /* it answered, and what it said is on disk */
    PAYMENT_ASK_NOTHING, /* it answered, and there is nothing to book; REFUND: it has taken it on */
    PAYMENT_ASK_REFUSED, /* CONFIRM, REFUND…: it said no; `reason` */
    PAYMENT_ASK_HALFWAY, /* REFUND: nothing has moved; keep `refund_id`, and ask again with it */
    PAYMENT_ASK_UNCLEAR, /* ask again later */
};
/* `reason` and `refund_id` are borrowed and may be empty. */
struct payment_ask_end {
    enum payment_ask_result result;
    const char *reason, *refund_id;
};
typedef void (*payment_ask_cb)(void *owner, const struct payment_ask_end *end);

struct payment_ask;

/* Copies the question. Calls back exactly once, later. */
void payment_ask_begin(struct world *, struct callback_queue *, const struct payment_question *,
                       payment_ask_cb on_done, void *owner, struct payment_ask **op);
/* The callback will not run; what was told already is booked all the same. */
void payment_ask_cancel(struct payment_ask *);

#endif
