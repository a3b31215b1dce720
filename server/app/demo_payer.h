/* A fictional debtor at the till: starts a payment by the routes that a customer would take, then
 * decides at the bank. */
#ifndef DUNLIN_APP_DEMO_PAYER_H
#define DUNLIN_APP_DEMO_PAYER_H

#include "app/bank_rules.h"
#include "domain/paylink.h"

#include <stdbool.h>
#include <stdint.h>

struct bank;
struct world;
struct err;

struct demo_payer_order {
    struct paylink_id link;
    int64_t due_minor; /* as the page would show it */
    bool leaves;       /* the bank's page open: the payment stays under way */
    enum bank_action action;
    int64_t amount_minor; /* 0: all */
};

/* `payment_id` is null where nothing was decided: it could not be started, or was left. */
typedef void (*demo_payer_cb)(void *owner, const char *payment_id);

/* Calls back exactly once, later, when the gateway has heard of it or would not listen; or returns
 * an error and does not. */
int demo_payer_begin(struct world *, struct bank *, const struct demo_payer_order *,
                     demo_payer_cb on_done, void *owner, struct err *);

#endif
